"""Every field that a publisher can fill belongs to a group, or nobody has decided who may have it.

A field that stands in no group is in no rule's content either, so it is not lost; but the next
person who adds a line for it would decide alone (domain section 8, must-hold rule 7).
"""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from hub.edges.schemas import default_schemas
from hub.policy.loader import HERE
from tests.core.stage import policy
from tests.house.tree import ROOT

SCHEMAS = default_schemas()
EVENTS = sorted(path.stem for path in (ROOT / "schemas" / "events").glob("*.avsc"))
POLICY = policy()


def leaves(fields: list[dict[str, Any]], named: dict[str, Any], above: str = "") -> Iterator[str]:
    """The path of every field that holds a value, through records, unions and arrays."""
    for field in fields:
        path = f"{above}{field['name']}"
        inner = _record_in(field["type"], named)
        if inner is None:
            yield path
        else:
            yield from leaves(inner["fields"], named, f"{path}.")


def _record_in(avro: Any, named: dict[str, Any]) -> dict[str, Any] | None:
    """The record that a type is, may be or is a list of; named types are remembered."""
    if isinstance(avro, list):
        return next(filter(None, (_record_in(one, named) for one in avro)), None)
    if isinstance(avro, str):
        known: dict[str, Any] | None = named.get(avro.rpartition(".")[2])
        return known
    match avro.get("type"):
        case "record":
            named[avro["name"]] = avro
            return dict(avro)
        case "array":
            return _record_in(avro["items"], named)
        case dict() as inner:
            return _record_in(inner, named)
    return None


def without_group(paths: Iterator[str], groups: dict[str, str]) -> list[str]:
    """The paths that neither stand in a group themselves nor lie below one that does."""

    def covered(path: str) -> bool:
        parts = path.split(".")
        return any(".".join(parts[:n]) in groups for n in range(1, len(parts) + 1))

    return [path for path in paths if not covered(path)]


@pytest.mark.parametrize("event", EVENTS)
def test_every_field_of_an_event_belongs_to_a_group(event: str) -> None:
    """`[groups]` of its policy file names what no notice shows; `[[field]]` names the rest."""
    body = [f for f in SCHEMAS.avsc(event)["fields"] if f["name"] != "envelope"]
    envelope = _record_in(SCHEMAS.avsc(event)["fields"][0]["type"], {}) or {}
    named: dict[str, Any] = {}
    list(leaves(envelope.get("fields", []), named))

    assert without_group(leaves(body, named), dict(POLICY.events[event].groups)) == []


def test_every_field_of_the_envelope_belongs_to_a_group() -> None:
    """The envelope is the same for all, and its groups stand in fields.toml."""
    rows = tomllib.loads((HERE / "fields.toml").read_text(encoding="utf-8"))["envelope"]
    groups = {path: group for group, paths in rows.items() for path in paths}
    envelope = SCHEMAS.avsc("pregnancy.booked")["fields"][0]["type"]

    assert without_group(leaves(envelope["fields"], {}), groups) == []


def test_the_check_sees_a_field_that_nobody_placed() -> None:
    """A check of absence must be able to fail: also deep in a list of records."""
    fields = [
        {"name": "a", "type": "string"},
        {
            "name": "b",
            "type": [
                "null",
                {
                    "type": "array",
                    "items": {
                        "type": "record",
                        "name": "B",
                        "fields": [{"name": "c", "type": "int"}, {"name": "d", "type": "int"}],
                    },
                },
            ],
        },
    ]

    assert without_group(leaves(fields, {}), {"a": "x", "b.c": "x"}) == ["b.d"]


def test_a_group_of_the_policy_is_one_of_the_table() -> None:
    """The loader refuses another; this holds for what stands in no rule."""
    used = {group for rule in POLICY.events.values() for group in rule.groups.values()}

    assert used <= set(POLICY.groups)
