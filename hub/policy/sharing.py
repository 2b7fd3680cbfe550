"""Rules that speak on more event types than the one in whose file they stand (`also_on`)."""

from dataclasses import replace
from typing import TYPE_CHECKING

from hub.core.kinds import RECIPIENTS
from hub.core.policy import EventRule, Requirement, TellRule
from hub.policy import files

if TYPE_CHECKING:
    from hub.policy.here import Here
    from hub.policy.rules import RuleBuilder

type_of_shared = dict[str, list[TellRule | Requirement]]


def share(
    builder: "RuleBuilder",
    here: "Here",
    row: files.Sourced,
    rule: TellRule | Requirement,
    subject: str | None,
) -> None:
    """Let a rule speak on other event types too; its words must mean something in each."""
    for other in row.also_on:
        if other not in builder.kinds:
            words = f"it speaks on {other!r} too, which no schema describes"
            here.fault(words, f"name one of {', '.join(sorted(builder.kinds))}", other)
            continue
        there = replace(here, event=other)
        builder.expression(there, row.when)
        builder.expression(there, row.each, RECIPIENTS)
        builder.expression(there, subject, "")
        builder.counted_from(there, row)
        builder.shared.setdefault(other, []).append(rule)


def with_shared(event: EventRule, shared: type_of_shared) -> EventRule:
    """The rules of an event type, and those of other files that speak on it too."""
    rules = shared.get(event.type, ())
    return replace(
        event,
        tells=(*event.tells, *(r for r in rules if isinstance(r, TellRule))),
        requirements=(*event.requirements, *(r for r in rules if isinstance(r, Requirement))),
    )
