"""The kinds of an event's fields, read from its Avro schema, so that conditions can be checked."""

import json
from pathlib import Path
from typing import Any

from hub.core.kinds import DATE, INSTANT, LIST, NUMBER, TEXT, TRUTH, Code, Kind, Record

_PLAIN: dict[str, Kind] = {
    "string": TEXT,
    "int": NUMBER,
    "long": NUMBER,
    "double": NUMBER,
    "boolean": TRUTH,
    "bytes": TEXT,
}


def kind_of(schema: Any, named: dict[str, Kind]) -> Kind:
    """The kind of one Avro type; of a union with null, the kind of the rest."""
    if isinstance(schema, list):
        rest = [branch for branch in schema if branch != "null"]
        return kind_of(rest[0], named) if len(rest) == 1 else TEXT
    if isinstance(schema, str):
        return _PLAIN.get(schema) or named.get(schema) or named.get(schema.rpartition(".")[2], TEXT)
    match schema.get("type"):
        case "enum":
            kind: Kind = Code(tuple(schema["symbols"]))
        case "record":
            kind = Record({f["name"]: kind_of(f["type"], named) for f in schema["fields"]})
        case "array":
            return LIST
        case inner:
            logical = schema.get("logicalType", "")
            if logical == "date":
                return DATE
            if logical.startswith("timestamp"):
                return INSTANT
            return kind_of(inner, named)
    named[schema["name"]] = kind
    return kind


def event_kinds(folder: Path) -> dict[str, Record]:
    """For every event schema in a folder, by event type: the kinds of its body's fields."""
    shared: dict[str, Kind] = {}
    for path in sorted((folder.parent / "types").glob("*.avsc")):
        kind_of(json.loads(path.read_text(encoding="utf-8")), shared)
    found: dict[str, Record] = {}
    for path in sorted(folder.glob("*.avsc")):
        schema = json.loads(path.read_text(encoding="utf-8"))
        named = dict(shared)
        fields = {
            f["name"]: kind_of(f["type"], named)
            for f in schema["fields"]
            if f["name"] != "envelope"
        }
        found[path.stem] = Record(fields)
    return found


INNER_KINDS: dict[str, Kind] = {
    "text": TEXT,
    "number": NUMBER,
    "truth": TRUTH,
    "instant": INSTANT,
    "list": LIST,
}
"""How the hub's own inner events, which have no schema, write the kinds of their fields."""
