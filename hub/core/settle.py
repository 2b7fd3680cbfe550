"""Letting time pass: everything that falls due, in the order in which it falls due.

A wake says only 'it is now T'.  Whatever was due by then happens, each thing with its own time,
so that a deadline which passed while everything was down still opens its gap.
"""

from datetime import datetime

from msgspec.structs import replace

from hub.core import aiming, exposing, gaps, ladders, raising, reaching, requirements
from hub.core.draft import Draft
from hub.core.episode import Obligation
from hub.core.model import GapReason, GapState, Severity
from hub.core.receipts import basis_of
from hub.core.waiting import Falling, first_due

STEPS_MAX = 2_000
"""Things that may fall due in one decision.  An episode of a year down for a year has a few
hundred; more means that settling feeds itself."""


def settle(draft: Draft, until: datetime, *, inclusive: bool) -> None:
    """Let everything happen that was due before `until`, or by it when `inclusive`."""
    for _ in range(STEPS_MAX):
        first = first_due(draft, until, inclusive=inclusive)
        if first is None:
            draft.moment = draft.at
            return
        draft.moment = first[0]
        due_at, kind, _, identity = first
        _fall_due(draft, due_at, kind, identity)
    raise AssertionError("settling did not come to rest")


def _fall_due(draft: Draft, due_at: datetime, kind: int, identity: str) -> None:
    """Let one thing happen."""
    match kind:
        case Falling.HOLDERS:
            draft.turned_at = due_at
            draft.waits.stale.add(identity)
            aiming.holders_changed(draft)
        case Falling.NOBODY:
            _nobody(draft, draft.obligations[identity])
        case Falling.LEVEL:
            _missed(draft, draft.obligations[identity], due_at)
        case Falling.UNREAD:
            _unread(draft, draft.obligations[identity], due_at)
        case Falling.QUESTION:
            requirements.overdue(draft, draft.expectations[identity])
        case Falling.GRAVER:
            raised = raising.next_raise(draft, draft.gaps[identity])
            if raised is not None:
                gaps.raise_severity(draft, draft.gaps[identity], Severity(raised[1]), "time")
        case _:
            rung = ladders.next_rung(draft, draft.gaps[identity])
            if rung is not None:
                ladders.climb(draft, draft.gaps[identity], rung[1], due_at)


def _nobody(draft: Draft, obligation: Obligation) -> None:
    """Nobody, or more than one, is known to hold the role, or a notice would expose her: the duty
    stands, and that is a gap at once (G60, G40).
    """
    unsafe = obligation.doubt == exposing.UNSAFE
    basis = basis_of(draft, obligation)
    gap = gaps.open_gap(
        draft,
        exposing.UNSAFE_DISCLOSURE if unsafe else gaps.UNREACHABLE,
        basis,
        obligation,
        obligation.raised_at,
        raised_at=obligation.raised_at,
    )
    draft.put_obligation(replace(obligation, gap_id=gap.gap_id))


def _unread(draft: Draft, obligation: Obligation, due_at: datetime) -> None:
    """A notice has gone unread too long; the second time it is the inbox that counts as dead.

    Five working days unread is G60; ten without anything opened there makes it graver (domain G60,
    ruling 28).
    """
    first, later = len(obligation.unread) > 1, obligation.unread[1:]
    looked = replace(obligation, unread=later)
    draft.put_obligation(looked)
    basis = basis_of(draft, looked)
    if first:
        gaps.open_gap(draft, gaps.UNREACHABLE, basis, looked, due_at, raised_at=due_at)
        return
    graver = draft.policy.gaps[gaps.UNREACHABLE].severity_flagged
    for gap in list(draft.gaps.values()):
        behind = gap.code == gaps.UNREACHABLE and obligation.obligation_id in gap.duty_ids
        still = behind and gap.state is GapState.OPEN
        if still and graver and not reaching.inbox_opened(draft, looked):
            gaps.raise_severity(draft, gap, graver, GapReason.INBOX_UNOPENED)


def _missed(draft: Draft, obligation: Obligation, due_at: datetime) -> None:
    """A level was not reached in time: open the gap that says so most exactly."""
    milestones = tuple(
        replace(m, missed=True) if m.due_at <= due_at and m.met_at is None else m
        for m in obligation.milestones
    )
    missed = replace(obligation, milestones=milestones)
    draft.put_obligation(missed)
    rule = draft.policy.tells.get(obligation.rule)
    if rule is None:
        ladders.unacknowledged(draft, missed, due_at)
        return
    gaps.open_gap(
        draft,
        rule.gap,
        rule.basis,
        missed,
        due_at,
        raised_at=obligation.raised_at,
        purpose=rule.purpose,
    )
