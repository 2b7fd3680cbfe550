"""What becomes known later: which rules are to speak again on what came before (ruling 29).

Her date of birth may stand in any event, and the booking may have come without it or with a wrong
one.  A baby may be weighed before the record of its birth is heard, or that record may be put
right.  What stands already is not raised twice.

A loss may be reported days after it, and cards have gone out meanwhile (G49).  And after a loss, or
a death of the mother, that never was: what came meanwhile told nobody of what
is routine, or is for her.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from hub.core import reports
from hub.core.draft import Draft, unpack_body
from hub.core.episode import Remembered
from hub.core.facts.people import ELSEWHERE
from hub.core.model import Event
from hub.core.policy import Requirement, TellRule
from hub.core.stopping import Losses, losses

AGES = frozenset(("age", "age_at_conception"))
"""Facts about the mother's age: known as soon as any event carries her date of birth."""

LOSSES = frozenset(("lost_at_least", "lost_more_than", "has_not_regained"))
"""Facts about what a baby has lost since birth: known with the record of that birth."""

LIVES = frozenset(("baby_living", "baby_with_her"))
"""Facts about who lives: what turns on them was silent while somebody was taken for dead."""

STILLBORN = frozenset(("loss_to_be_told", "loss_of_all", "loss_of_one"))
"""Facts about a loss by the record of a birth: silent while an end of the pregnancy told of it."""

GONE = frozenset(("goes_on", "bereaved"))
"""Facts about a loss that has happened: what came between it and its report went out after it."""

TELLS_OF_LOSS = ("pregnancy.ended", "demographics.changed")

BOOKED_ELSEWHERE = frozenset(("booked_elsewhere",))
"""The fact that keeps the question after a booking silent."""


@dataclass(frozen=True, slots=True)
class Question:
    """An earlier event, and those of its type's rules that are to speak on it again."""

    earlier: Remembered
    tells: tuple[TellRule, ...]
    requirements: tuple[Requirement, ...]
    since: datetime | None = None
    """Before when no clock begins; None where each counts from its own event."""


def asked_again(draft: Draft, event: Event, born_on_before: str | None) -> Iterator[Question]:
    """What an event lets the hub ask again; `born_on_before` is the birth date it had of her."""
    if (known := born_on(draft)) is not None and known != born_on_before:
        yield from _turning_on(draft, event, AGES, None)
    if event.type in TELLS_OF_LOSS or event.body.get("alive") == "n":
        for question in _turning_on(draft, event, GONE, None):
            # What came before it had its say then, when nothing was lost.
            if question.earlier.occurred_at >= event.occurred_at:
                yield question
    if event.type == "birth.recorded":
        yield from _turning_on(draft, event, LOSSES, event.body.get("baby_id"))


def born_on(draft: Draft) -> str | None:
    """The mother's date of birth, where it is known."""
    return draft.mother.birth_date if draft.mother is not None else None


def silenced(draft: Draft, loss: Remembered, before: Losses) -> Iterator[Question]:
    """What was heard after a loss that stands no more, and was silent because of it."""
    now = losses(draft)
    for earlier in list(draft.history):
        if earlier.received_at >= loss.received_at:
            speaks = partial(_speaks_again, before, now, earlier.subject)
            yield from question(draft, earlier, loss.id, speaks)


def _speaks_again(before: Losses, now: Losses, subject: str, rule: TellRule | Requirement) -> bool:
    """Whether a rule was silent about a subject because of a loss, and is so no more."""
    if now.stop(rule.tags, subject):
        return False
    lives = before != now and _turns_on(rule, LIVES)
    return bool(before.stop(rule.tags, subject)) or lives or _turns_on(rule, STILLBORN)


def reported_too(draft: Draft, gone: Remembered, because: Event) -> Iterator[Question]:
    """What other systems reported of a fact, and told nobody because one report had told it.

    That one is taken back, or is put right and may say something else now: the others speak, by
    clocks that begin with that.
    """
    for other in list(reports.of_one_fact(draft, gone)):
        yield from question(draft, other, gone.id, lambda _: True, because.occurred_at)


def not_elsewhere(draft: Draft, taken_back: Remembered) -> Iterator[Question]:
    """What was not asked while somebody's word stood that she is booked elsewhere (G08)."""
    if unpack_body(taken_back).get("booked_status") == ELSEWHERE:
        yield from _turning_on(draft, taken_back, BOOKED_ELSEWHERE, None)


def _turning_on(
    draft: Draft, event: Event | Remembered, facts: frozenset[str], subject: str | None
) -> Iterator[Question]:
    """The rules that turn on some facts, for each earlier event (of one baby, or of all)."""
    for earlier in list(draft.history):
        if subject is None or earlier.subject == subject:
            yield from question(draft, earlier, event.id, lambda rule: _turns_on(rule, facts))


def question(
    draft: Draft,
    earlier: Remembered,
    but: str,
    chosen: Callable[[TellRule | Requirement], bool],
    since: datetime | None = None,
) -> Iterator[Question]:
    """The chosen rules of an earlier event's type, where it stands and is decided here."""
    rule = draft.policy.events.get(earlier.type)
    if rule is None or earlier.id == but or earlier.retracted or earlier.followed:
        return
    tells = tuple(t for t in rule.tells if chosen(t))
    asked = tuple(r for r in rule.requirements if chosen(r))
    if tells or asked:
        yield Question(earlier, tells, asked, since)


def _turns_on(rule: TellRule | Requirement, facts: frozenset[str]) -> bool:
    return rule.when is not None and not facts.isdisjoint(rule.when.facts)
