"""Letting time pass: everything that falls due, in the order in which it falls due.

A wake says only 'it is now T'.  Whatever was due by then happens, each thing with its own time,
so that a deadline which passed while everything was down still opens its gap.
"""

from collections.abc import Iterator
from datetime import datetime

from msgspec.structs import replace

from hub.core import gaps, requirements
from hub.core.draft import Draft
from hub.core.lifecycle import ENDED
from hub.core.model import Obligation, Severity
from hub.core.receipts import basis_of

STEPS_MAX = 2_000
"""Things that may fall due in one decision.  An episode of a year down for a year has a few
hundred; more means that settling feeds itself."""


def _waiting(draft: Draft) -> Iterator[tuple[datetime, int, str]]:
    """Everything with a time still to come: its time, its kind and its id."""
    for obligation in draft.obligations.values():
        if obligation.state not in ENDED:
            if not obligation.organisation and obligation.gap_id is None:
                yield obligation.raised_at, 0, obligation.obligation_id
            for milestone in obligation.milestones:
                if milestone.met_at is None and not milestone.missed:
                    yield milestone.due_at, 1, obligation.obligation_id
    for expectation in draft.expectations.values():
        open_question = expectation.met_at is None and not expectation.withdrawn
        if open_question and expectation.gap_id is None and expectation.due_at is not None:
            yield expectation.due_at, 2, expectation.expectation_id
    for gap in draft.gaps.values():
        raised = requirements.next_raise(draft, gap)
        if raised is not None:
            yield raised[0], 3, gap.gap_id
        rung = gaps.next_rung(draft, gap)
        if rung is not None:
            yield rung[0], 4, gap.gap_id


def settle(draft: Draft, until: datetime, *, inclusive: bool) -> None:
    """Let everything happen that was due before `until`, or by it when `inclusive`."""
    for _ in range(STEPS_MAX):
        first = min(_waiting(draft), default=None)
        if first is None or first[0] > until or (first[0] == until and not inclusive):
            return
        _fall_due(draft, *first)
    raise AssertionError("settling did not come to rest")


def _fall_due(draft: Draft, due_at: datetime, kind: int, identity: str) -> None:
    """Let one thing happen."""
    match kind:
        case 0:
            _nobody(draft, draft.obligations[identity])
        case 1:
            _missed(draft, draft.obligations[identity], due_at)
        case 2:
            requirements.overdue(draft, draft.expectations[identity])
        case 3:
            raised = requirements.next_raise(draft, draft.gaps[identity])
            if raised is not None:
                gaps.raise_severity(draft, draft.gaps[identity], Severity(raised[1]), "time")
        case _:
            rung = gaps.next_rung(draft, draft.gaps[identity])
            if rung is not None:
                gaps.climb(draft, draft.gaps[identity], rung[1], due_at)


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
        gaps.unacknowledged(draft, missed, due_at)
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
