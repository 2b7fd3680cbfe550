"""Avro's resolution rules as a checker: can records of one schema be read with another?

It follows the specification's section on schema resolution, and is stricter in one thing: a
logical type may not change, since a date read as a plain number is no longer a date.
"""

from typing import Any

PROMOTIONS = {
    "int": {"long", "float", "double"},
    "long": {"float", "double"},
    "float": {"double"},
    "string": {"bytes"},
    "bytes": {"string"},
}
type_of_named = dict[str, Any]


def unreadable(writer: Any, reader: Any) -> list[str]:
    """Why records written with `writer` cannot be read with `reader`; empty when they can."""
    return _Pair().compare(writer, reader, "")


def incompatible(one: Any, other: Any) -> list[str]:
    """Both ways: the rule FULL."""
    forth = [f"old read as new: {why}" for why in unreadable(one, other)]
    return forth + [f"new read as old: {why}" for why in unreadable(other, one)]


class _Pair:
    """The named types met so far on each side."""

    def __init__(self) -> None:
        self.written: type_of_named = {}
        self.wanted: type_of_named = {}

    def compare(self, writer: Any, reader: Any, path: str) -> list[str]:
        writer, reader = _known(writer, self.written), _known(reader, self.wanted)
        if isinstance(writer, list):
            return [why for one in writer for why in self.compare(one, reader, path)]
        if isinstance(reader, list):
            tried = [self.compare(writer, one, path) for one in reader]
            return [] if [] in tried else [f"{path}: no branch takes {_name(writer)}"]
        if _logical(writer) != _logical(reader):
            return [f"{path}: the logical type changed"]
        if _kind(writer) == _kind(reader):
            return self.compare_alike(writer, reader, path)
        promoted = _kind(reader) in PROMOTIONS.get(_kind(writer), set())
        return [] if promoted else [f"{path}: {_kind(writer)} cannot be read as {_kind(reader)}"]

    def compare_alike(self, writer: Any, reader: Any, path: str) -> list[str]:
        kind = _kind(writer)
        if kind in {"record", "enum"} and _short(writer) != _short(reader):
            return [f"{path}: {_short(writer)} is not {_short(reader)}"]
        match kind:
            case "array":
                return self.compare(writer["items"], reader["items"], f"{path}[]")
            case "enum":
                lost = sorted(set(writer["symbols"]) - set(reader["symbols"]))
                hidden = not lost or "default" in reader
                return [] if hidden else [f"{path}: unknown symbols {lost}"]
            case "record":
                return self.compare_fields(writer, reader, path)
        return []

    def compare_fields(self, writer: Any, reader: Any, path: str) -> list[str]:
        # A field that only one side has is skipped, but the types named in it stay known.
        _learn(writer, self.written)
        _learn(reader, self.wanted)
        theirs = {one["name"]: one["type"] for one in writer["fields"]}
        found: list[str] = []
        for field in reader["fields"]:
            here = f"{path}.{field['name']}".lstrip(".")
            if field["name"] in theirs:
                found += self.compare(theirs[field["name"]], field["type"], here)
            elif "default" not in field:
                found.append(f"{here}: is new and has no default")
        return found


def _learn(schema: Any, named: type_of_named) -> None:
    if isinstance(schema, list):
        for one in schema:
            _learn(one, named)
    elif isinstance(schema, dict):
        if "name" in schema:
            named[_short(schema)] = schema
        for one in schema.get("fields", []):
            _learn(one["type"], named)
        for key in ("items", "type"):
            if isinstance(schema.get(key), dict | list):
                _learn(schema[key], named)


def _known(schema: Any, named: type_of_named) -> Any:
    _learn(schema, named)
    if isinstance(schema, str):
        return named.get(schema.rpartition(".")[2], schema)
    return schema


def _kind(schema: Any) -> str:
    return schema if isinstance(schema, str) else str(schema["type"])


def _logical(schema: Any) -> Any:
    return None if isinstance(schema, str) else schema.get("logicalType")


def _short(schema: Any) -> str:
    return str(schema["name"]).rpartition(".")[2]


def _name(schema: Any) -> str:
    return _short(schema) if isinstance(schema, dict) and "name" in schema else _kind(schema)
