"""The schemas that cross a process boundary: loading, numbers, and what a registry may show.

`schemas/` is the contract: one Avro file per event type, six for the hub's own records, small
shared types, and `ids.toml` with the fixed numbers.  A number means one text for ever; bytes on a
topic name their schema by it.  A new event type is a new file in `schemas/events` and an entry in
`ids.toml`, and no Python.

Nothing here reads from the network, and nothing is ever registered by a client.
"""

import json
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import fastavro
from msgspec import Struct

from hub.edges.avsc import declared_name, inline, meaning, type_of_schema

FIRST_UNLISTED_ID = 9001
"""Event types from an extra folder (tests, trials) are numbered from here, in order of name."""
SAME_TOPIC = "same"
"""A correction or retraction travels on the topic of the event it speaks of."""


class Released(Struct, frozen=True, kw_only=True):
    """One version of one schema, complete in itself: every named type is spelled out inside."""

    id: int
    subject: str
    version: int
    stem: str
    """File name without `.avsc`: the event type, or `hub.decision` and the like."""
    event: bool
    name: str
    """Full record name, `perinatal.PregnancyBooked`."""
    avsc: type_of_schema
    parsed: Any
    """The same, prepared for fastavro."""

    def text(self) -> str:
        """The schema as a registry hands it out."""
        return json.dumps(self.avsc, ensure_ascii=False)


class Schemas:
    """Every schema of the hub, by number, by event type and by subject."""

    def __init__(self, folder: Path, current: list[Released], older: list[Released]) -> None:
        self.folder = folder
        self._current = {one.stem: one for one in current}
        self._by_id = {one.id: one for one in [*older, *current]}
        self._events = tuple(sorted(one.stem for one in current if one.event))
        self._subjects = self._gather_subjects()

    @classmethod
    def load(cls, folder: Path | None = None, extra: Path | None = None) -> "Schemas":
        """Read all schemas of `folder` (the packaged ones by default), and event types of `extra`.

        Raises ValueError, naming the file and the remedy, for a schema without a number, a number
        without a schema, a number given twice, and a type that is nowhere defined.
        """
        folder = folder or packaged_folder()
        named = _named_types(folder)
        entries = _read_ids(folder / "ids.toml")
        _require_numbers(folder, entries)
        newest = {
            e["file"]: max(x["version"] for x in entries if x["file"] == e["file"]) for e in entries
        }
        current: list[Released] = []
        older: list[Released] = []
        for entry in entries:
            latest = entry["version"] == newest[entry["file"]]
            path = folder / entry["file"] if latest else frozen_path(folder, entry)
            (current if latest else older).append(_released(entry, path, named))
        for number, path in enumerate(
            sorted(extra.glob("*.avsc")) if extra else [], FIRST_UNLISTED_ID
        ):
            current.append(_released(_unlisted(number, path), path, named))
        return cls(folder, current, older)

    def event_types(self) -> tuple[str, ...]:
        """Every event type, in alphabetical order."""
        return self._events

    def topic_of(self, event_type: str) -> str:
        """The public topic of an event type; `same` for a correction or retraction."""
        return str(self.current(event_type).avsc["topic"])

    def code_of(self, event_type: str) -> str:
        """The number of an event type in the catalogue, `E03`."""
        return str(self.current(event_type).avsc["code"])

    def is_restricted(self, event_type: str) -> bool:
        """Whether the event type belongs to a restricted family."""
        return bool(self.current(event_type).avsc["restricted"])

    def avsc(self, event_type: str) -> type_of_schema:
        """The complete schema of an event type (or of `hub.decision` and the like)."""
        return self.current(event_type).avsc

    def current(self, stem: str) -> Released:
        """The newest version.  Raises KeyError for a stem that is not ours."""
        return self._current[stem]

    def by_id(self, number: int) -> Released | None:
        """The version with this number, or None."""
        return self._by_id.get(number)

    def subjects(self) -> dict[str, tuple[Released, ...]]:
        """Versions by subject, oldest first; corrections appear under every public family."""
        return self._subjects

    def _gather_subjects(self) -> dict[str, tuple[Released, ...]]:
        found: dict[str, list[Released]] = {}
        families = {self.topic_of(one) for one in self._events} - {SAME_TOPIC}
        public = sorted(one for one in families if one.startswith("perinatal."))
        for one in sorted(self._by_id.values(), key=lambda it: it.version):
            subjects = [one.subject]
            if one.event and one.avsc["topic"] == SAME_TOPIC:
                subjects += [f"{family}-{one.name}" for family in public]
            for subject in subjects:
                found.setdefault(subject, []).append(one)
        return {subject: tuple(found[subject]) for subject in sorted(found)}

    def problems(self) -> list[str]:
        """Sentences naming each current file that no longer says what its number has promised."""
        wrong = []
        for one in self._current.values():
            frozen = self.folder / "released" / one.subject / f"{one.version}.avsc"
            if one.id >= FIRST_UNLISTED_ID:
                continue
            if not frozen.exists():
                wrong.append(f"{one.stem}: version {one.version} is not frozen in {frozen}")
            elif meaning(json.loads(frozen.read_text(encoding="utf-8"))) != meaning(one.avsc):
                wrong.append(
                    f"{one.stem}: the file has changed since version {one.version} was released;"
                    " undo the change, or give ids.toml a new version with a new number"
                )
        return wrong


def packaged_folder() -> Path:
    """Where the schemas lie that came with this code, in a checkout as in an installed wheel."""
    return Path(str(files("schemas")))


@cache
def schemas_in(folder: Path) -> Schemas:
    """The schemas of a folder, read once: no process sees them change while it runs."""
    return Schemas.load(folder)


def default_schemas() -> Schemas:
    """The packaged schemas, read once."""
    return schemas_in(packaged_folder())


def frozen_path(folder: Path, entry: dict[str, Any]) -> Path:
    """Where the frozen text of a released version lies."""
    return folder / "released" / str(entry["subject"]) / f"{entry['version']}.avsc"


def _named_types(folder: Path) -> dict[str, type_of_schema]:
    found = {}
    for path in [folder / "envelope.avsc", *sorted((folder / "types").glob("*.avsc"))]:
        schema = _read(path)
        found[declared_name(schema)] = schema
    return found


def _read(path: Path) -> type_of_schema:
    try:
        schema: type_of_schema = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: cannot be read as a schema: {error}") from error
    return schema


def _read_ids(path: Path) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = tomllib.loads(path.read_text(encoding="utf-8"))["schema"]
    numbers = [entry["id"] for entry in entries]
    twice = sorted({one for one in numbers if numbers.count(one) > 1})
    if twice:
        raise ValueError(f"{path}: number {twice[0]} is given twice; every version has its own")
    return entries


def _require_numbers(folder: Path, entries: list[dict[str, Any]]) -> None:
    listed = {entry["file"] for entry in entries}
    for path in sorted((folder / "events").glob("*.avsc")):
        if f"events/{path.name}" not in listed:
            raise ValueError(
                f"{path}: has no number; add a [[schema]] entry with the next free id to"
                f" {folder / 'ids.toml'} and run python -m tests.schemas.regenerate"
            )


def _unlisted(number: int, path: Path) -> dict[str, Any]:
    schema = _read(path)
    return {
        "id": number,
        "file": f"events/{path.name}",
        "subject": f"{schema['topic']}-{declared_name(schema)}",
        "version": 1,
    }


def _released(entry: dict[str, Any], path: Path, named: dict[str, type_of_schema]) -> Released:
    stem = Path(entry["file"]).stem
    event = str(entry["file"]).startswith("events/")
    schema = _read(path)
    if event:
        _require_event_form(path, stem, schema)
    try:
        avsc = inline(schema, named, set())
        parsed = fastavro.parse_schema(avsc)
    except (ValueError, KeyError, fastavro.schema.SchemaParseException) as error:
        raise ValueError(f"{path}: {error}") from error
    return Released(
        id=entry["id"],
        subject=entry["subject"],
        version=entry["version"],
        stem=stem,
        event=event,
        name=declared_name(schema),
        avsc=avsc,
        parsed=parsed,
    )


def _require_event_form(path: Path, stem: str, schema: type_of_schema) -> None:
    wanted = "".join(part.capitalize() for part in stem.replace("-", ".").split("."))
    missing = [key for key in ("topic", "code", "restricted") if key not in schema]
    if schema.get("name") != wanted or schema.get("namespace") != "perinatal":
        raise ValueError(f"{path}: the record must be named {wanted} in namespace perinatal")
    if missing:
        raise ValueError(f"{path}: the record lacks {', '.join(missing)}")
    if not schema["fields"] or schema["fields"][0]["name"] != "envelope":
        raise ValueError(f"{path}: the first field must be the envelope")
