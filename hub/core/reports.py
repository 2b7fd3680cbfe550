"""Two reports of one fact, from two systems: one duty with two pieces of evidence (ruling 23).

A fact is the same where type and subject are, it happened within a day of the other, and neither
report contradicts the other.  A field that only one of them has is no contradiction, but it is
news: whoever is told that field is told it.  One system that reports twice reports two facts.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from hub.core.draft import Draft, unpack_body
from hub.core.episode import Remembered
from hub.core.policy import EventRule, FactOf

ONE_FACT = timedelta(hours=24)
"""Within what time two systems may report one fact (ruling 23)."""

ONE_PLACE = timedelta(hours=1)
"""The same where another organisation would be another place: the ambulance's report and the
ward's are of one attendance, two departments in one day are two."""

A_DAY = "_on"
"""How a field ends that is the day on which something was done."""

EMPTY: tuple[Any, ...] = (None, "", "unknown", "not_completed", [], {})
"""What says nothing, and so neither contradicts nor is news."""


def of_one_fact(draft: Draft, event: Remembered) -> Iterator[Remembered]:
    """The other reports of what an event reports, as they stand."""
    rule = draft.policy.events.get(event.type)
    if rule is None or rule.matter is not None:
        return
    body = None
    for other in draft.history:
        if other.id == event.id or other.retracted or not _may_be_one(rule, event, other):
            continue
        body = unpack_body(event) if body is None else body
        if not contradicts(body, unpack_body(other)):
            yield other


def together(draft: Draft, event: Remembered) -> dict[str, Any]:
    """What an event says, and what of that it leaves open the other reports of it say."""
    said: dict[str, Any] = unpack_body(event)
    for other in of_one_fact(draft, event):
        said = _filled(said, unpack_body(other))
    return said


def _filled(said: Any, known: Any) -> Any:
    """A value, with what another that does not contradict it says besides."""
    if isinstance(said, dict) and isinstance(known, dict):
        return {name: _filled(value, known.get(name)) for name, value in said.items()}
    return known if said in EMPTY else said


def too(draft: Draft, trigger: str) -> tuple[str, ...]:
    """Ids of the other reports of what an event reports: they are evidence beside it."""
    event = draft.remembered(trigger)
    return tuple(other.id for other in of_one_fact(draft, event)) if event is not None else ()


def _may_be_one(rule: EventRule, event: Remembered, other: Remembered) -> bool:
    """Whether two events are alike in all but what they say."""
    if (event.type, event.subject) != (other.type, other.subject):
        return False
    if not event.source or not other.source or event.source == other.source:
        return False
    theirs = (event.organisation, event.actor_role) == (other.organisation, other.actor_role)
    if rule.fact_of is FactOf.AUTHOR and not theirs:
        return False
    elsewhere = rule.fact_of is FactOf.PLACE and event.organisation != other.organisation
    within = ONE_PLACE if elsewhere else ONE_FACT
    return abs(event.occurred_at - other.occurred_at) <= within


def contradicts(one: Any, other: Any, name: str = "") -> bool:
    """Whether two values cannot both be true: of what only one says, nothing is contradicted.

    Two lists are put together: a summary may be copied to more than either system knows.  Of what
    was done on a day one system may say the next.
    """
    if one in EMPTY or other in EMPTY:
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return any(contradicts(value, other.get(name), name) for name, value in one.items())
    if name.endswith(A_DAY) and isinstance(one, str) and isinstance(other, str):
        return abs(date.fromisoformat(one) - date.fromisoformat(other)) > ONE_FACT
    if isinstance(one, datetime) and isinstance(other, datetime):
        return abs(one - other) > ONE_FACT
    return bool(one != other) and not (isinstance(one, list) and isinstance(other, list))


def adds(said: Any, known: Any) -> bool:
    """Whether a value says more than another that it does not contradict."""
    if said in EMPTY:
        return False
    if isinstance(said, dict) and isinstance(known, dict):
        return any(adds(value, known.get(name)) for name, value in said.items())
    if isinstance(said, list) and isinstance(known, list):
        return any(item not in known for item in said)
    return known in EMPTY
