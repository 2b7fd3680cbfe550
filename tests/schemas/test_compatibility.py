"""FULL_TRANSITIVE: every version reads every other version of the same schema, both ways."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import pytest

from hub.edges.schemas import Released, default_schemas, packaged_folder
from tests.schemas.compatibility import incompatible
from tests.schemas.examples import examples

SCHEMAS = default_schemas()
CURRENT = [SCHEMAS.current(one.stem) for held in SCHEMAS.subjects().values() for one in held]
CURRENT = sorted({one.id: one for one in CURRENT}.values(), key=lambda one: one.id)
FROZEN = sorted(
    (path, one)
    for one in CURRENT
    for path in (packaged_folder() / "released" / one.subject).glob("*.avsc")
)


def test_every_schema_says_what_its_number_promised() -> None:
    """A released schema never changes under its number; a change is a new version."""
    assert SCHEMAS.problems() == []


def test_every_released_file_belongs_to_a_schema() -> None:
    """No frozen version is forgotten by the tests below."""
    everything = set((packaged_folder() / "released").rglob("*.avsc"))

    assert everything == {path for path, _ in FROZEN}


@pytest.mark.parametrize(("path", "now"), FROZEN, ids=lambda it: getattr(it, "name", ""))
def test_released_and_present_schemas_read_each_other(path: Path, now: Released) -> None:
    """By the rules of resolution, and by really reading examples with the other schema."""
    released = json.loads(path.read_text(encoding="utf-8"))

    assert incompatible(released, now.avsc) == []
    old = fastavro.parse_schema(released)
    for value in examples(now):
        assert _read(old, _written(now.parsed, value), now.parsed) is not None
        assert _read(now.parsed, _written(old, value), old) is not None


BASE: dict[str, Any] = {
    "type": "record",
    "name": "R",
    "fields": [
        {"name": "a", "type": "int"},
        {"name": "b", "type": ["null", "string"], "default": None},
        {"name": "c", "type": {"type": "enum", "name": "E", "symbols": ["x", "y"]}},
        {"name": "d", "type": {"type": "array", "items": "E"}},
        {"name": "e", "type": {"type": "int", "logicalType": "date"}},
    ],
}
ENUM = {"type": "enum", "name": "E", "symbols": ["x", "y", "z"]}


@pytest.mark.parametrize(
    ("sentence", "field", "changed", "allowed"),
    [
        ("a new field with a default", None, {"name": "f", "type": "int", "default": 0}, True),
        ("a new field without one", None, {"name": "f", "type": "int"}, False),
        ("an optional field left out", "b", None, True),
        ("a required field left out", "a", None, False),
        ("int made long, which cannot go back", "a", {"name": "a", "type": "long"}, False),
        ("a field made optional", "a", {"name": "a", "type": ["null", "int"]}, False),
        ("a symbol added", "c", {"name": "c", "type": ENUM}, False),
        ("a symbol added to a default", "c", {"name": "c", "type": ENUM | {"default": "x"}}, False),
        ("a date made a number", "e", {"name": "e", "type": "int"}, False),
        ("a list made a text", "d", {"name": "d", "type": "string"}, False),
        ("an optional text made a number", "b", {"name": "b", "type": ["null", "int"]}, False),
        ("a doc written", "a", {"name": "a", "type": "int", "doc": "A number."}, True),
    ],
)
def test_the_checker_knows_what_breaks(
    sentence: str, field: str | None, changed: dict[str, Any] | None, *, allowed: bool
) -> None:
    """Each change to a small record, and whether old and new still read each other."""
    kept = [one if one["name"] != field else changed for one in BASE["fields"]]
    if field is None:
        kept.append(changed)
    new = {**BASE, "fields": [one for one in kept if one]}

    assert allowed is (incompatible(BASE, new) == []), sentence


def test_a_symbol_may_be_added_when_both_sides_have_a_default() -> None:
    """The rule behind the enums with `other` or `unknown` in them."""
    old = {"type": "enum", "name": "E", "symbols": ["x", "y"], "default": "x"}

    assert incompatible(old, {**ENUM, "default": "x"}) == []


def _written(schema: Any, value: Any) -> bytes:
    out = BytesIO()
    fastavro.schemaless_writer(out, schema, value)
    return out.getvalue()


def _read(reader: Any, written: bytes, writer: Any) -> Any:
    return fastavro.schemaless_reader(BytesIO(written), writer, reader)
