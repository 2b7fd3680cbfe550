"""What the policy has by the codes of the domain: policies, event types and the hub's own records.

Rows of the policy table are counted by the rules that carry them out, event types by their
schemas.  Four event types of the catalogue never arrive from outside: they are what the hub itself
records, and their schemas are those of its own topics and of its log of accesses.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.core.basis import rung_basis
from hub.core.policy import Policy
from hub.edges.schemas import Schemas
from hub.policy.source import Source

LADDERS = "ladders.toml"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A rule, and the file and line at which it stands."""

    rule: str
    where: str


OWN_RECORDS: Mapping[str, str] = {
    "E50": "NoticeIssued",
    "E52": "GapOpened",
    "E53": "Escalated",
    "E56": "AccessAudited",
}
"""The hub's own records in the catalogue of events (domain 4.3), by the record in `OWN_SCHEMAS`."""

OWN_SCHEMAS = ("hub.decision", "hub.access")


def names_in(schema: Any) -> Iterator[str]:
    """The names of all records in a schema."""
    if isinstance(schema, dict):
        if schema.get("type") == "record":
            yield str(schema["name"]).rpartition(".")[2]
        for inner in schema.values():
            yield from names_in(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from names_in(inner)


def policies_of(policy: Policy) -> dict[str, tuple[Place, ...]]:
    """Every row of the policy table that some rule carries out, with its rules."""
    found: dict[str, set[Place]] = {}
    for code, place in _places(policy):
        found.setdefault(code, set()).add(place)
    return {code: tuple(sorted(places)) for code, places in sorted(found.items())}


def _places(policy: Policy) -> Iterator[tuple[str, Place]]:
    told = (rule.basis for rule in policy.tells.values())
    asked = (rule.basis for rule in policy.requirements.values())
    for basis in (*told, *asked):
        yield basis.policy, Place(basis.rule, basis.where)
    for ladder, rungs in policy.ladders.items():
        for number in range(len(rungs)):
            basis = rung_basis(f"{ladder}.{number}")
            yield basis.policy, Place(basis.rule, basis.where)


def rung_places(policy: Policy, folder: Path) -> dict[str, str]:
    """File and line of every rung, which the core knows by its ladder and its number only."""
    source = Source(folder / LADDERS, folder, [])
    found = {}
    for ladder, rungs in policy.ladders.items():
        for number in range(len(rungs)):
            needles = [f'ladder = "{ladder}"', *["[[ladder.rung]]"] * (number + 1)]
            found[f"{ladder}.{number}"] = f"{LADDERS}:{source.line(*needles)}"
    return found


def event_codes(schemas: Schemas) -> dict[str, str]:
    """Event types by their code; the hub's own records where a schema of ours has them."""
    recorded = {name for stem in OWN_SCHEMAS for name in names_in(schemas.avsc(stem))}
    own = {code: name for code, name in OWN_RECORDS.items() if name in recorded}
    return own | {schemas.code_of(each): each for each in schemas.event_types()}
