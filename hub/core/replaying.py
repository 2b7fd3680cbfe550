"""Sending notices again: which of them may go, and who may say so.

A replay is first a preview, which is one exact set of notices, and then at most one deed on that
set.  What was accepted, taken back, replaced or handed back is never sent again; and a large set
needs a second person.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from hub.core.model import Level, ObligationState


class ReplayReason(StrEnum):
    """Why notices are sent again."""

    OUTAGE = "outage"
    """The recipient's system, or the way to it, was away."""
    LOST = "lost"
    """The recipient had them and has lost them."""
    ADDRESS_MENDED = "address_mended"
    """They went to an address that was wrong."""
    ASKED_FOR = "asked_for"
    """The recipient asks for them and gives no other reason."""
    JOINED = "joined"
    """It has a subscription now, and gets what stands open; nobody chooses this reason."""


class LeftOut(StrEnum):
    """Why a notice is not sent again."""

    ACCEPTED = "accepted"
    TAKEN_BACK = "taken_back"
    """It was withdrawn or retracted, or its duty ended before it went out."""
    REPLACED = "replaced"
    """A later notice says what holds now."""
    HANDED_BACK = "handed_back"
    """The recipient has said that it is not theirs."""
    UNDER_WAY = "under_way"
    """It is on its way already."""
    TRIED_SINCE = "tried_since"
    """It was tried again after the preview."""
    ON_WORKLIST = "on_worklist"
    """Nothing is sent to the recipient now: it stands on the hub's own worklist."""
    UNKNOWN = "unknown"
    """The hub cannot tell where it stands, so it cannot rule out that it was accepted."""


HANDED_BACK = frozenset({ObligationState.NOT_OURS, ObligationState.REFUSED})
ENDED = frozenset(
    {
        ObligationState.WITHDRAWN,
        ObligationState.RETRACTED,
        ObligationState.SUPPRESSED,
        ObligationState.WAIVED,
        ObligationState.DECLINED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """Where a notice stands when somebody wants to send it again."""

    level: Level | None
    """None when the read model does not have it."""
    state: ObligationState | None
    withdrawn: bool
    replaced: bool
    cancelled: bool
    """Its duty ended before it went out."""
    pending: bool
    on_worklist: bool
    attempts: int


def left_out(stands: Stands, *, attempts_then: int | None = None) -> LeftOut | None:
    """Why a notice is not sent again, or None; `attempts_then` is the count at the preview."""
    if stands.level is None or stands.state is None:
        return LeftOut.UNKNOWN
    if stands.level >= Level.ACCEPTED:
        return LeftOut.ACCEPTED
    if stands.withdrawn or stands.cancelled or stands.state in ENDED:
        return LeftOut.TAKEN_BACK
    if stands.state in HANDED_BACK:
        return LeftOut.HANDED_BACK
    if stands.replaced:
        return LeftOut.REPLACED
    if stands.pending:
        return LeftOut.UNDER_WAY
    if attempts_then is not None and attempts_then != stands.attempts:
        return LeftOut.TRIED_SINCE
    return LeftOut.ON_WORKLIST if stands.on_worklist else None


class ReplayState(StrEnum):
    """Where a replay stands."""

    PREVIEWED = "previewed"
    ASKED = "asked"
    """It is large, one person wants it, and a second has not agreed yet."""
    ACTING = "acting"
    """Begun; whoever calls again goes on where it stopped."""
    DONE = "done"


class Refused(StrEnum):
    """Why a replay does not go on."""

    OTHER_SET = "other_set"
    """The token is not that of this preview."""
    NOTHING = "nothing"
    TOO_OLD = "too_old"
    SECOND_PERSON = "second_person"
    """Whoever asked, or looked, is not the second person."""
    NOT_SIGNED_IN = "not_signed_in"
    """A large one needs two people who have signed in; a command cannot know who calls it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A replay, as far as going on with it is concerned."""

    state: ReplayState
    count: int
    previewed_by: str
    previewed_at: datetime
    asked_by: str | None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who wants to go on with a replay."""

    person_id: str
    signed_in: bool


def go_on(
    replay: Replay, actor: Actor, now: datetime, *, alone: int, valid: timedelta
) -> ReplayState | Refused:
    """The state after somebody goes on with a replay, or why nothing comes of it.

    `alone` is how many notices one person may send again; `valid` how long a preview holds.
    """
    if replay.state in (ReplayState.ACTING, ReplayState.DONE):
        return replay.state
    if not replay.count:
        return Refused.NOTHING
    if now - replay.previewed_at > valid:
        return Refused.TOO_OLD
    if replay.count <= alone:
        return ReplayState.ACTING
    if not actor.signed_in:
        return Refused.NOT_SIGNED_IN
    if replay.state is ReplayState.PREVIEWED:
        return ReplayState.ASKED
    if actor.person_id in (replay.asked_by, replay.previewed_by):
        return Refused.SECOND_PERSON
    return ReplayState.ACTING
