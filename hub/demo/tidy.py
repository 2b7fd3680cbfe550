"""Takes harmless variation out of a scenario before it is read, and finds the line of a fault.

Whoever writes a scenario may write a time in any ISO form, a code with hyphens, `true` for `y`,
or a day without quotes.  What is left after that is one form, and a slip is told with its line.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from itertools import zip_longest
from typing import Any

from hub.core.deadlines import LOCAL
from hub.demo.bodies import in_its_form
from hub.demo.holding import Held
from hub.demo.spelling import (
    event_of_number,
    fields_of,
    level_of,
    role_of,
    severity_of,
)
from hub.edges.schemas import Schemas, default_schemas

TIMES = ("at", "occurred_at", "until", "due", "from")
"""Keys of rows that hold a local time."""
SECOND = " GMT"
"""What stands behind a time of the hour that comes twice, the second time."""
ROWS = ("outcomes", "also", "never")

type_of_tables = dict[str, Any]


class Slip(ValueError):  # noqa: N818  the file's, not ours
    """Something in a scenario that cannot be read.  Operator action: mend it at its line."""

    def __init__(self, line: int, words: str):
        super().__init__(f":{line}: {words}; see docs/scenarios.md")


def tidied(tables: type_of_tables, text: str, schemas: Schemas | None = None) -> type_of_tables:
    """The tables of a scenario file in one form, each row with its line.

    Raises Slip for a time that is none.
    """
    out = dict(tables)
    own = schemas or default_schemas()
    if isinstance(out.get("answer"), list):
        out["answer"] = [_spelled(row) for row in out["answer"]]
    if isinstance(out.get("given"), list):
        held = Held(out)
        types = {
            r.get("id"): event_of_number(r.get("event"))
            for r in out["given"]
            if isinstance(r, dict)
        }
        lines = lines_of(text, "given")
        out["given"] = [
            _given(_row(row, line), types, own, held)
            for row, line in zip_longest(out["given"], lines[: len(out["given"])], fillvalue=1)
        ]
    then = out.get("then")
    if isinstance(then, dict):
        if isinstance(day := _day(then.get("until")), str):
            then = then | {"until": f"{day} 23:59"}
        out["then"] = _times(then, lines_of(text, "then", table=True)[0]) | {
            name: [
                _outcome(row, line)
                for row, line in zip_longest(
                    then[name], lines_of(text, name)[: len(then[name])], fillvalue=1
                )
            ]
            for name in ROWS
            if isinstance(then.get(name), list)
        }
    return out


def _times(row: type_of_tables, line: int) -> type_of_tables:
    """A table with its times as rows hold them."""
    try:
        return row | {key: local_time(row[key]) for key in TIMES if key in row}
    except ValueError as error:
        raise Slip(line, str(error)) from None


def _row(row: Any, line: int) -> Any:
    """One row, with its times local and its words spelled as the hub spells them."""
    if not isinstance(row, dict):
        return row
    out = _spelled(_times(row, line)) | {"line": line}
    for key in ("gap", "escalated"):
        if isinstance(out.get(key), str):
            out[key] = out[key].strip().upper()
    return out


def _spelled(row: Any) -> Any:
    """A row with its words spelled as the hub spells them."""
    if not isinstance(row, dict):
        return row
    out = dict(row)
    for key in ("state", "reason", "purpose"):
        if isinstance(out.get(key), str):
            out[key] = re.sub(r"[\s-]+", "_", out[key].strip())
    spelled = {"role": role_of, "acting_as": role_of, "receipt": level_of, "level": level_of}
    for key, spell in (spelled | {"severity": severity_of, "event": event_of_number}).items():
        if key in out:
            out[key] = spell(out[key])
    return out


def _outcome(row: Any, line: int) -> Any:
    """A row of what follows; a day alone is any time of it."""
    if not isinstance(row, dict):
        return row
    days = {key: _day(row[key]) for key in ("at", "due") if key in row}
    out = _row(row, line) | {key: day for key, day in days.items() if day is not None}
    if isinstance(out.get("levels"), dict):
        out["levels"] = {level_of(k): _day(v) or v for k, v in out["levels"].items()}
        out["levels"] = {
            k: v if _day(v) else _times({"due": v}, line)["due"] for k, v in out["levels"].items()
        }
    return out


def _day(written: Any) -> str | None:
    """A day without a time, as it is written; None for anything else."""
    if isinstance(written, date) and not isinstance(written, datetime):
        return written.isoformat()
    if isinstance(written, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", _no_weekday(written)):
        return _no_weekday(written)
    return None


def _no_weekday(written: str) -> str:
    return re.sub(r"(?i)^(mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+", "", written.strip())


def _given(row: Any, types: dict[Any, Any], schemas: Schemas, held: Held) -> Any:
    if not isinstance(row, dict):
        return row
    out = dict(row)
    if isinstance(out.get("actor"), str):
        out["actor"] = {"role": out["actor"]}
    actor = out.get("actor")
    if isinstance(actor, dict) and "role" in actor:
        out["actor"] = actor = actor | {"role": role_of(actor["role"])}
    if "event" in out and "source" not in out:
        out["source"] = _speaker(out, held)
    source = out.get("source")
    if isinstance(source, str):
        if ":" not in source:
            out["source"] = f"{source}:SYSTEM"
        if isinstance(actor, dict) and not actor.get("org"):
            out["actor"] = actor | {"org": out["source"].partition(":")[0]}
    event = types.get(out["corrects"]) if "corrects" in out else out.get("event")
    if isinstance(out.get("body"), dict) and event in schemas.event_types():
        out["body"] = in_its_form(fields_of(event, out["body"]), schemas.avsc(event))
    return out


def _speaker(row: type_of_tables, held: Held) -> Any:
    """The organisation that sends an event, where its row says only in which role.

    Raises Slip where nobody, or more than one, holds that role.
    """
    actor = row.get("actor")
    if not isinstance(actor, dict):
        raise Slip(row["line"], "nobody says so: an event has an 'actor' or a 'source'")
    try:
        return actor.get("org") or held.organisation(actor.get("role"), row)
    except LookupError as error:
        raise Slip(row["line"], str(error.args[0])) from None


def local_time(written: Any) -> Any:
    """A time as rows hold it, `2026-03-24 17:00`; a day alone is its beginning.

    Raises ValueError for words that are no time, and for an hour that the change of clocks skips.
    """
    if isinstance(written, str) and written.strip().endswith(SECOND):
        # Said of the hour that comes twice; at any other time of the year it is an offset.
        written = f"{written.strip().removesuffix(SECOND)}+00:00"
    if isinstance(written, str):
        try:
            written = datetime.fromisoformat(_no_weekday(written))
        except ValueError:
            raise ValueError(
                f"{written!r} is no time; write it like '2026-03-24 17:00' (local), "
                "whole and not counted from another row"
            ) from None
    if isinstance(written, date) and not isinstance(written, datetime):
        written = datetime.combine(written, time())
    if not isinstance(written, datetime):
        return written
    second = ""
    if written.tzinfo is not None:
        written = written.astimezone(LOCAL)
        second = SECOND if written.fold else ""
        written = written.replace(tzinfo=None)
    elif written.replace(tzinfo=LOCAL).astimezone(UTC).astimezone(LOCAL).hour != written.hour:
        raise ValueError(f"{written:%Y-%m-%d %H:%M} does not exist: the clocks go forward then")
    return written.strftime("%Y-%m-%d %H:%M:%S" if written.second else "%Y-%m-%d %H:%M") + second


# --- where a fault stands ------------------------------------------------------------------------


def lines_of(text: str, name: str, *, table: bool = False) -> list[int]:
    """The lines at which the rows of a list stand; of a table, the line of its heading.

    There is at least one: the first line of the file, where nothing is found.
    """
    heads = list(re.finditer(rf"^[ \t]*\[\[?(?:\w+\.)*{name}\]\]?", text, re.MULTILINE))
    places = [found.start() for found in heads]
    begins = re.search(rf"(?<![\w.]){name}\s*=\s*\[", text)
    if not places and begins is not None and not table:
        places = list(_inline(text, begins.end()))
    return [text.count("\n", 0, place) + 1 for place in places] or [1]


def _inline(text: str, start: int) -> Iterator[int]:
    """Where each inline table of a list begins."""
    depth = 0
    for found in re.finditer(r'"""|"(?:\\.|[^"\\])*"|#[^\n]*|[{}\[\]]', text[start:]):
        if found[0] == "{":
            if depth == 0:
                yield start + found.start()
            depth += 1
        elif found[0] == "}":
            depth -= 1
        elif found[0] == "]" and depth == 0:
            return
        elif found[0] == "[":
            depth += 1
        elif found[0] == "]":
            depth -= 1


def line_of(text: str, refusal: str) -> int:
    """The line that a refusal's path, such as `$.then.outcomes[12]`, leads to."""
    quoted = re.findall(r"`([^`]*)`", refusal)
    steps = re.findall(r"\.(\w+)(?:\[(\d+)\])?", next((q for q in quoted if q[:1] == "$"), "$"))
    line = 1
    for name, number in steps:
        lines = lines_of(text, name)
        line = lines[min(int(number), len(lines) - 1)] if number else max(line, lines[0])
    own = [] if "missing" in refusal else [word for word in quoted if word[:1] != "$"]
    for word in (*(name for name, number in steps[-1:] if not number), *own):
        rows = text.splitlines()
        found = next(
            (i for i in range(line - 1, len(rows)) if re.search(rf"\b{word}\b", rows[i])), None
        )
        line = line if found is None else found + 1
    return line


def nearest(word: str, words: tuple[str, ...]) -> str:
    """A hint at the word that was probably meant, or all that are known."""
    found = get_close_matches(word, words, n=1, cutoff=0.6)
    return f"did you mean {found[0]!r}?" if found else "known: " + ", ".join(sorted(words))
