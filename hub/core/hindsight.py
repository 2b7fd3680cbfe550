"""What becomes known later: which rules are to speak again on what came before (ruling 29).

Her date of birth may stand in any event, and the booking may have come without it or with a wrong
one.  A baby may be weighed before the record of its birth is heard, or that record may be put
right.  What stands already is not raised twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from hub.core.draft import Draft
from hub.core.episode import Remembered
from hub.core.model import Event
from hub.core.policy import Requirement, TellRule

AGES = frozenset(("age", "age_at_conception"))
"""Facts about the mother's age: known as soon as any event carries her date of birth."""

LOSSES = frozenset(("lost_at_least", "lost_more_than"))
"""Facts about what a baby has lost since birth: known with the record of that birth."""


@dataclass(frozen=True, slots=True)
class Question:
    """An earlier event, and those of its type's rules that are to speak on it again."""

    earlier: Remembered
    tells: tuple[TellRule, ...]
    requirements: tuple[Requirement, ...]


def asked_again(draft: Draft, event: Event, born_on_before: str | None) -> Iterator[Question]:
    """What an event lets the hub ask again; `born_on_before` is the birth date it had of her."""
    born_on = draft.mother.birth_date if draft.mother is not None else None
    if born_on is not None and born_on != born_on_before:
        yield from _turning_on(draft, event, AGES, None)
    if event.type == "birth.recorded":
        yield from _turning_on(draft, event, LOSSES, event.body.get("baby_id"))


def _turning_on(
    draft: Draft, event: Event, facts: frozenset[str], subject: str | None
) -> Iterator[Question]:
    """The rules that turn on some facts, for each earlier event (of one baby, or of all)."""
    for earlier in list(draft.history):
        rule = draft.policy.events.get(earlier.type)
        if rule is None or earlier.id == event.id or earlier.retracted or earlier.followed:
            continue
        if subject is not None and earlier.subject != subject:
            continue
        tells = tuple(t for t in rule.tells if _turns_on(t, facts))
        asked = tuple(r for r in rule.requirements if _turns_on(r, facts))
        if tells or asked:
            yield Question(earlier, tells, asked)


def _turns_on(rule: TellRule | Requirement, facts: frozenset[str]) -> bool:
    return rule.when is not None and not facts.isdisjoint(rule.when.facts)
