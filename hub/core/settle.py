"""Letting time pass: everything that falls due, in the order in which it falls due.

A wake says only 'it is now T'.  Whatever was due by then happens, each thing with its own time,
so that a deadline which passed while everything was down still opens its gap.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import IntEnum

from msgspec.structs import replace

from hub.core import gaps, ladders, requirements
from hub.core.draft import Draft
from hub.core.episode import Gap, Obligation
from hub.core.lifecycle import ENDED
from hub.core.model import GapState, Severity
from hub.core.receipts import basis_of


class Falling(IntEnum):
    """Kinds of thing that fall due, in the order in which they happen at one instant."""

    NOBODY = 0
    LEVEL = 1
    QUESTION = 2
    GRAVER = 3
    RUNG = 4


STEPS_MAX = 2_000
"""Things that may fall due in one decision.  An episode of a year down for a year has a few
hundred; more means that settling feeds itself."""


def _waiting(draft: Draft) -> Iterator[tuple[datetime, int, str]]:
    """Everything with a time still to come: its time, its kind and its id."""
    for obligation in draft.obligations.values():
        if obligation.state not in ENDED:
            yield from _waiting_for(obligation)
    for expectation in draft.expectations.values():
        asked = requirements.running(expectation) and expectation.gap_id is None
        if asked and expectation.due_at is not None:
            yield expectation.due_at, Falling.QUESTION, expectation.expectation_id
    for gap in draft.gaps.values():
        if gap.state is GapState.OPEN:
            yield from _climbing(draft, gap)


def _waiting_for(obligation: Obligation) -> Iterator[tuple[datetime, int, str]]:
    """A duty waits for a holder, and for its levels."""
    if not obligation.organisation and obligation.gap_id is None:
        yield obligation.raised_at, Falling.NOBODY, obligation.obligation_id
    for milestone in obligation.milestones:
        if milestone.met_at is None and not milestone.missed:
            yield milestone.due_at, Falling.LEVEL, obligation.obligation_id


def _climbing(draft: Draft, gap: Gap) -> Iterator[tuple[datetime, int, str]]:
    """An open gap may become graver, and climbs its ladder."""
    raised = requirements.next_raise(draft, gap)
    if raised is not None:
        yield raised[0], Falling.GRAVER, gap.gap_id
    rung = ladders.next_rung(draft, gap)
    if rung is not None:
        yield rung[0], Falling.RUNG, gap.gap_id


def settle(draft: Draft, until: datetime, *, inclusive: bool) -> None:
    """Let everything happen that was due before `until`, or by it when `inclusive`."""
    for _ in range(STEPS_MAX):
        first = min(_waiting(draft), default=None)
        if first is None or first[0] > until or (first[0] == until and not inclusive):
            draft.moment = draft.at
            return
        draft.moment = first[0]
        _fall_due(draft, *first)
    raise AssertionError("settling did not come to rest")


def _fall_due(draft: Draft, due_at: datetime, kind: int, identity: str) -> None:
    """Let one thing happen."""
    match kind:
        case Falling.NOBODY:
            _nobody(draft, draft.obligations[identity])
        case Falling.LEVEL:
            _missed(draft, draft.obligations[identity], due_at)
        case Falling.QUESTION:
            requirements.overdue(draft, draft.expectations[identity])
        case Falling.GRAVER:
            raised = requirements.next_raise(draft, draft.gaps[identity])
            if raised is not None:
                gaps.raise_severity(draft, draft.gaps[identity], Severity(raised[1]), "time")
        case _:
            rung = ladders.next_rung(draft, draft.gaps[identity])
            if rung is not None:
                ladders.climb(draft, draft.gaps[identity], rung[1], due_at)


def _nobody(draft: Draft, obligation: Obligation) -> None:
    """Nobody is known to hold the role: the duty stands, and that is a gap at once (G60)."""
    basis = basis_of(draft, obligation)
    gap = gaps.open_gap(
        draft,
        gaps.UNREACHABLE,
        basis,
        obligation,
        obligation.raised_at,
        raised_at=obligation.raised_at,
    )
    draft.put_obligation(replace(obligation, gap_id=gap.gap_id))


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


def next_wake(draft: Draft) -> datetime | None:
    """When the episode next wants to be told the time."""
    first = min(_waiting(draft), default=None)
    return first[0] if first else None
