"""What proves that a duty is met besides a word about its notice, and proofs that count no more.

A later event may prove the action that a notice asked for.  An event that is taken back, or an
acceptance that turns out to be none, leaves the duty at what still stands; what it had met is owed
by the same due times, and may be missed again.
"""

from datetime import datetime

from msgspec.structs import replace

from hub.core.acceptance import NotAccepted
from hub.core.draft import Draft
from hub.core.episode import Obligation
from hub.core.lifecycle import EVIDENCE_LEVEL, step
from hub.core.milestones import unproven
from hub.core.model import Level, ObligationState, Signal
from hub.core.outcomes import LevelReached
from hub.core.receipts import reach, told_of

STANDS_BY_WORD = (ObligationState.ACCEPTED, ObligationState.ACTED)
"""The states that somebody's word of a notice can have brought a duty to."""


def act(draft: Draft, obligation: Obligation, at: datetime, event_id: str) -> None:
    """A follow-on event proves the action that a notice asked for (level 5)."""
    updated = replace(
        obligation,
        state=step(obligation.state, Signal.ACTED),
        level=Level.ACTED,
        acted_by=event_id,
    )
    draft.put_obligation(updated)
    _say_proof(draft, updated, Signal.ACTED, at, event_id)
    reach(draft, updated, at)


def take_proof_away(draft: Draft, event_id: str) -> None:
    """An event was taken back: what it alone had proved is owed again, by the same due times.

    What the recipient herself said of the notice still stands.
    """
    for obligation in list(draft.obligations.values()):
        if obligation.acted_by == event_id:
            take_one_proof_away(draft, obligation, event_id)


def take_one_proof_away(draft: Draft, obligation: Obligation, event_id: str) -> None:
    """What an event had proved of one duty is owed again; nothing where it is not proved now."""
    if obligation.state is not ObligationState.ACTED:
        return
    fallen = _as_said(replace(obligation, acted_by=""))
    draft.put_obligation(fallen)
    _say_proof(draft, fallen, Signal.REISSUE, draft.at, event_id)


def _as_said(obligation: Obligation) -> Obligation:
    """A duty at the level that its recipient's own words prove; above it everything is owed."""
    said = [t.level for t in obligation.told if t.organisation == obligation.organisation]
    level = max(said, default=Level.OWED)
    state = step(obligation.state, Signal.REISSUE)
    for signal, proven in EVIDENCE_LEVEL.items():
        state = step(state, signal) if proven is level else state
    return replace(
        obligation, state=state, level=level, milestones=unproven(obligation, still=level)
    )


def doubt(draft: Draft, notice_id: str, person: str | None) -> None:
    """An acceptance turned out to be one of a bulk: the notice was opened at most.

    The duty stands again by the same due times, unless a later event has proved the action, or
    the duty is over, or it has been turned to somebody else since.
    """
    found = told_of(draft, notice_id)
    if found is None or found[1].level < Level.ACCEPTED:
        return
    obligation, told = found
    opened = replace(told, level=Level.OPENED)
    rows = tuple(opened if t is told else t for t in obligation.told)
    fallen = now = replace(obligation, told=rows)
    if not obligation.acted_by and obligation.state in STANDS_BY_WORD:
        fallen = _as_said(now)
    draft.put_obligation(fallen)
    if fallen.level < obligation.level:
        draft.say(
            LevelReached(
                obligation_id=obligation.obligation_id,
                notice_id=notice_id,
                signal=Signal.REISSUE,
                level=fallen.level,
                state=fallen.state,
                counts=False,
                organisation=told.organisation,
                person=person,
                channel="hub",
                reached_at=draft.at,
                detail=NotAccepted.IN_BULK,
            )
        )


def _say_proof(
    draft: Draft, obligation: Obligation, signal: Signal, at: datetime, event_id: str
) -> None:
    """Say that an event proves an action, or, as `reissue`, that it proves it no more."""
    draft.say(
        LevelReached(
            obligation_id=obligation.obligation_id,
            notice_id=obligation.told[-1].notice_id if obligation.told else "",
            signal=signal,
            level=obligation.level,
            state=obligation.state,
            counts=signal is Signal.ACTED,
            organisation=obligation.organisation,
            channel="event",
            reached_at=at,
            detail=event_id,
        )
    )
