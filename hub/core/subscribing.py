"""The life of a subscription: who may have which notices over a channel of its own, and until when.

A subscription only chooses the road and how much travels; what must be told to whom stays policy.
So when one ends, for whatever reason, its notices stand on the hub's own worklist: an end is never
a silence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final


class SubscriptionState(StrEnum):
    """Where a subscription stands."""

    REQUESTED = "requested"
    REFUSED = "refused"
    APPROVED = "approved"
    """Agreed, and no test has got through yet: nothing goes over it."""
    ACTIVE = "active"
    PAUSED = "paused"
    """Its notices wait; nothing is dropped, and the pause ends by itself."""
    REVOKED = "revoked"
    EXPIRED = "expired"


class SubscriptionSignal(StrEnum):
    """What happens to a subscription."""

    APPROVE = "approve"
    REFUSE = "refuse"
    TESTED = "tested"
    """A test notice got through."""
    PAUSE = "pause"
    RESUME = "resume"
    ROTATE = "rotate"
    """It gets a new secret; the old one signs too for a while."""
    REVOKE = "revoke"
    EXPIRE = "expire"


S, G = SubscriptionState, SubscriptionSignal

MOVES: Final[Mapping[tuple[SubscriptionState, SubscriptionSignal], SubscriptionState]] = {
    (S.REQUESTED, G.APPROVE): S.APPROVED,
    (S.REQUESTED, G.REFUSE): S.REFUSED,
    (S.REQUESTED, G.REVOKE): S.REVOKED,
    (S.REQUESTED, G.EXPIRE): S.EXPIRED,
    (S.APPROVED, G.TESTED): S.ACTIVE,
    (S.APPROVED, G.ROTATE): S.APPROVED,
    (S.APPROVED, G.REVOKE): S.REVOKED,
    (S.APPROVED, G.EXPIRE): S.EXPIRED,
    (S.ACTIVE, G.TESTED): S.ACTIVE,
    (S.ACTIVE, G.PAUSE): S.PAUSED,
    (S.ACTIVE, G.ROTATE): S.ACTIVE,
    (S.ACTIVE, G.REVOKE): S.REVOKED,
    (S.ACTIVE, G.EXPIRE): S.EXPIRED,
    (S.PAUSED, G.TESTED): S.PAUSED,
    (S.PAUSED, G.RESUME): S.ACTIVE,
    (S.PAUSED, G.ROTATE): S.PAUSED,
    (S.PAUSED, G.REVOKE): S.REVOKED,
    (S.PAUSED, G.EXPIRE): S.EXPIRED,
}
"""Every move there is; what is not here is refused and changes nothing."""

CARRIES: Final = frozenset({S.ACTIVE, S.PAUSED})
"""The states in which notices take its road."""

ENDED: Final = frozenset({S.REFUSED, S.REVOKED, S.EXPIRED})


class NotMoved(StrEnum):
    """Why a signal came to nothing."""

    NOT_FROM_HERE = "not_from_here"
    SAME_PERSON = "same_person"
    """Whoever asked for it cannot approve it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A subscription, as far as its next move is concerned."""

    state: SubscriptionState
    requested_by: str


def moved(
    standing: Standing, signal: SubscriptionSignal, person_id: str
) -> SubscriptionState | NotMoved:
    """The state after a signal, or why there is none."""
    then = MOVES.get((standing.state, signal))
    if then is None:
        return NotMoved.NOT_FROM_HERE
    if signal is SubscriptionSignal.APPROVE and person_id == standing.requested_by:
        return NotMoved.SAME_PERSON
    return then


def falls_due(
    state: SubscriptionState, now: datetime, *, expires_at: datetime, paused_until: datetime | None
) -> SubscriptionSignal | None:
    """What the passing of time does to a subscription: it expires, or its pause ends."""
    if state not in ENDED and expires_at <= now:
        return SubscriptionSignal.EXPIRE
    if state is S.PAUSED and paused_until is not None and paused_until <= now:
        return SubscriptionSignal.RESUME
    return None


def is_expiring(
    state: SubscriptionState, now: datetime, *, expires_at: datetime, warn: timedelta
) -> bool:
    """Whether somebody must be warned that it ends soon."""
    return state in CARRIES and now < expires_at <= now + warn


class PayloadLevel(StrEnum):
    """How much of a notice travels over a subscription."""

    SIGNAL = "signal"
    """That there is one: ids, times, purpose, and the level that it asks for."""
    SUMMARY = "summary"
    """Its title and the rule behind it as well, and nothing of what it says."""
    FULL = "full"
    """All that the policy lets this role have."""


class LawfulBasis(StrEnum):
    """On what ground the subscriber has notices, as whoever asks for it says."""

    DIRECT_CARE = "direct_care"
    """UK GDPR Art. 6(1)(e) and 9(2)(h): care of the person."""
    SAFEGUARDING = "safeguarding"
    """UK GDPR Art. 6(1)(e) and 9(2)(g) with DPA 2018 Sch. 1 para. 18."""
    LEGAL_DUTY = "legal_duty"
    """UK GDPR Art. 6(1)(c): a duty laid down by law."""
