"""One family of a year as a scenario file, so that a miss or a false alarm can be looked at.

The file holds everything that was reported and answered, and everything that followed; `hub
simulate` plays it.  Whoever mends something changes its `then` to what should follow.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hub.demo.scenario import local_words
from hub.edges.schemas import default_schemas
from hub.policy.loader import load_policy
from hub.synth.account import Account, read_part
from hub.synth.place import directory
from hub.synth.play import FamilyRig
from hub.synth.year import PART, part_path


def replay(folder: Path, family: int) -> str:
    """The scenario of a family.  Raises LookupError when the year has no such family."""
    path = part_path(folder, family // PART)
    found = (
        next((a for a in read_part(path) if a.family == family), None) if path.exists() else None
    )
    if found is None:
        raise LookupError(f"{folder}: the year there has no family {family}")
    rig = FamilyRig(found, load_policy(), default_schemas())
    rig.run_through()
    return "\n".join([*_head(found), *_given(found, rig), *_then(found, rig)]) + "\n"


def _head(account: Account) -> list[str]:
    people: dict[str, dict[str, Any]] = {}
    for event in account.events:
        people.setdefault(_person(event), event["subject"])
    lines = [
        f'id = "SYNTH-{account.family}"',
        f'title = "Family {account.family} of a synthetic year"',
        'story = "Everything that was reported and answered, and all that followed."',
    ]
    for name, subject in people.items():
        lines += ["", f"[people.{name}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in subject.items()]
    tables = directory() | {"registration": account.registrations}
    lines += ["", "[directory]"]
    for name, rows in tables.items():
        lines += [f"{name} = [", *(f"  {_toml(row)}," for row in rows), "]"]
    return lines


def _person(event: dict[str, Any]) -> str:
    return "p" + "".join(c for c in event["subject"]["reference"].lower() if c.isalnum())


def _given(account: Account, rig: FamilyRig) -> list[str]:
    known = set(rig.schemas.event_types())
    rows: list[tuple[datetime, list[str]]] = []
    for event in account.events:
        if event["type"] not in known:
            continue
        at = datetime.fromisoformat(event["recordedat"])
        keys = {
            "at": _local(at),
            "occurred_at": _local(datetime.fromisoformat(event["time"])),
            "event": event["type"],
            "id": event["id"],
            "subject": _person(event),
            "source": event["source"],
            "actor": event["actor"],
            "labels": event["labels"],
            "body": event["data"],
        }
        rows.append((at, [f"{key} = {_toml(value)}" for key, value in keys.items()]))
    for at, signal, notice, person in rig.answered:
        answered = {
            "at": _local(at), "receipt": signal, "rule": notice.why.rule, "role": notice.role,
            "organisation": notice.organisation, "person": person,
            "about": rig.subjects[notice.obligation_id],
        }  # fmt: skip
        lines = [f"{key} = {_toml(value)}" for key, value in answered.items() if value is not None]
        rows.append((at, lines))
    rows.sort(key=lambda row: row[0])
    return [line for _, lines in rows for line in ("", "[[given]]", *lines)]


def _then(account: Account, rig: FamilyRig) -> list[str]:
    lines = ["", "[then]", f'until = "{local_words(account.until)}"', "outcomes = ["]
    for row in rig.rows:
        told = {key: getattr(row, key) for key in row.__struct_fields__}
        lines.append(f"  {_toml({k: v for k, v in told.items() if v is not None})},")
    return [*lines, "]"]


def _local(moment: datetime) -> str:
    """As a scenario writes it, with the seconds that a deadline at the end of a day may need."""
    return local_words(moment.astimezone(UTC)) + moment.strftime(":%S")


def _toml(value: Any) -> str:
    """A value as TOML writes it on one line; what is absent is left out."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        inner = ", ".join(f"{k} = {_toml(v)}" for k, v in value.items() if v is not None)
        return "{ " + inner + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)
