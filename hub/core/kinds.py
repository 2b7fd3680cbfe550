"""What an expression can speak about: kinds of value, records of fields, facts, and a scope."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

TEXT, NUMBER, TRUTH, INSTANT, DATE, LIST, NOTHING, RECIPIENTS = (
    "text",
    "number",
    "truth",
    "instant",
    "date",
    "list",
    "none",
    "recipients",
)


@dataclass(frozen=True, slots=True)
class Code:
    """A coded field: the values its schema allows."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """A group of fields, by name."""

    fields: Mapping[str, "Kind"]


Kind = str | Code | Record


@dataclass(frozen=True, slots=True)
class Fact:
    """A named pure function of the context, with what it takes and what it gives."""

    function: Callable[..., Any]
    takes: Mapping[str, Kind]
    gives: Kind


@dataclass(frozen=True, slots=True)
class Scope:
    """Every name that an expression may use."""

    records: Mapping[str, Record]
    facts: Mapping[str, Fact]


def named(kind: Kind) -> str:
    """A kind in words."""
    if isinstance(kind, Code):
        return "a code"
    if isinstance(kind, Record):
        return "a group of fields"
    return {TEXT: "text", NUMBER: "a number", TRUTH: "true or false"}.get(kind, kind)
