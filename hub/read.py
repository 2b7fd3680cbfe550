"""`hub read`: what the hub makes of files, without Kafka and without changing anything.

It is what somebody tries who wants to know whether a system's messages would be understood: for
each file the format that was found, the events, or the reason why there are none, with the place
and the remedy.  One line of JSON for each file with `--json`.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hub.cli_words import give_up
from hub.edges.anything import LARGEST, Outcome, Part, Reader, read_anything
from hub.edges.doors import event_to_json
from hub.edges.formats import Format
from hub.edges.hl7v2_profile import DEFAULT, load_profile
from hub.ops.clock import RealClock

READ, NOT_ALL, NO_FILE = 0, 1, 2


def main(
    paths: list[Path],
    *,
    sender: str,
    at: datetime | None,
    profile_path: Path | None,
    as_json: bool,
    strict: bool,
) -> int:
    """Print the outcome of every file.

    0 when every file was looked at; 1 with `strict` when one would be quarantined; 2 when one is
    not there.
    """
    received_at = at.replace(tzinfo=UTC) if at else RealClock().now()
    try:
        profile = load_profile(profile_path or DEFAULT)
    except (OSError, ValueError) as error:
        give_up(str(error))
    reader = Reader(received_at=received_at, profile=profile, sender=sender)
    absent = [path for path in paths if not path.exists()]
    outcomes = list(_shown((path for path in paths if path.exists()), reader, as_json=as_json))
    if not as_json:
        _say(_sum(outcomes))
    for path in absent:
        sys.stderr.write(f"{path}: there is no such file or folder\n")
    if absent:
        return NO_FILE
    return NOT_ALL if strict and Outcome.QUARANTINED in outcomes else READ


def _shown(paths: Iterable[Path], reader: Reader, *, as_json: bool) -> Iterator[Outcome]:
    """Print each file's outcome, and give it."""
    for file in files_of(paths):
        record = record_of(file, parts_of(file, reader))
        _say(json.dumps(record, ensure_ascii=False) if as_json else in_words(record))
        yield Outcome(record["outcome"])


def _say(text: str) -> None:
    # A file name may hold bytes that are no text; it is shown as well as it can be.
    sys.stdout.write(text.encode("utf-8", "replace").decode() + "\n")


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """Each file; of a folder everything in it, in order of name, without what is hidden."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for inner in sorted(path.rglob("*")):
            parts = inner.relative_to(path).parts
            if inner.is_file() and not any(part.startswith(".") for part in parts):
                yield inner


def parts_of(file: Path, reader: Reader) -> tuple[Part, ...]:
    """The outcome of each message in a file; a file that cannot be opened has one too."""
    try:
        with file.open("rb") as opened:
            # One byte more than is taken, so that what is too large is seen and not read whole.
            body = opened.read(LARGEST + 1)
    except OSError as error:
        why = f"the file cannot be opened ({type(error).__name__})"
        return (Part(Format.UNKNOWN, Outcome.QUARANTINED, reason="unreadable", explanation=why),)
    return read_anything(body, reader)


_WORST_FIRST: Final = (Outcome.QUARANTINED, Outcome.EVENTS, Outcome.IGNORED)


def record_of(file: Path, parts: tuple[Part, ...]) -> dict[str, Any]:
    """What is said of one file.  Of several messages the worst outcome is that of the file."""
    outcomes = [part.outcome for part in parts]
    worst = next(each for each in _WORST_FIRST if each in outcomes)
    telling = next(part for part in parts if part.outcome is worst)
    record = {
        "file": str(file),
        "format": parts[0].format.value,
        "outcome": worst.value,
        "events": [event_to_json(event) for part in parts for event in part.events],
        "reason": telling.reason or None,
        "explanation": telling.explanation or None,
        "field": telling.field or None,
        "remedy": telling.remedy or None,
    }
    if len(parts) > 1:
        record["messages"] = [_message(part) for part in parts]
    return record


def _message(part: Part) -> dict[str, Any]:
    said = {
        "format": part.format.value,
        "outcome": part.outcome.value,
        "events": [event.id for event in part.events],
        "reason": part.reason,
        "explanation": part.explanation,
        "field": part.field,
        "remedy": part.remedy,
    }
    return {name: value for name, value in said.items() if value}


def in_words(record: dict[str, Any]) -> str:
    """The same for people: no identities, only what kind of event and where it would go."""
    said = {"events": "understood", "ignored": "taken, and nothing to pass on"}
    heading = said.get(record["outcome"], "would be kept in quarantine")
    lines = [f"{record['file']}  [{record['format']}]  {heading}"]
    lines += [f"  {event['type']}  at {event['time']}" for event in record["events"]]
    if record["reason"]:
        lines.append(f"  {record['reason']}: {record['explanation']}")
    for name in ("field", "remedy"):
        lines += [f"  {name}: {record[name]}"] if record[name] else []
    if "messages" in record:
        count = sum(each["outcome"] == Outcome.QUARANTINED for each in record["messages"])
        lines.append(f"  {len(record['messages'])} messages, {count} would be kept in quarantine")
    return "\n".join(lines)


def _sum(outcomes: list[Outcome]) -> str:
    counted = ", ".join(f"{outcomes.count(each)} {each}" for each in Outcome)
    return f"{len(outcomes)} files: {counted}"
