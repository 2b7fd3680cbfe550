"""What each outcome does to the rows of the read model, one function for each.

The rows are those of a `Book`, in memory: nothing here asks a database.
"""

from typing import assert_never

import msgspec

from hub.core.model import GapState, Level, ObligationState, Purpose
from hub.core.outcomes import (
    EpisodeChanged,
    Escalated,
    EventRecorded,
    ExpectationEnded,
    ExpectationRaised,
    GapClosed,
    GapOpened,
    GapRaised,
    LevelReached,
    NoticeIssued,
    ObligationEnded,
    ObligationMet,
    ObligationRaised,
    WakeWanted,
    Why,
    type_of_outcome,
)
from hub.edges.avro import DecisionRecord
from hub.store.book import Book
from hub.store.fold_notices import (
    end_notices,
    fold_level,
    fold_notice,
    meet_notices,
    rank_notices,
)


def fold(  # noqa: C901, PLR0912  one branch for each outcome, so that none can be forgotten
    book: Book, record: DecisionRecord, n: int, outcome: type_of_outcome
) -> None:
    """Fold the `n`th outcome of a decision.  The episode's own row is folded by the projector."""
    match outcome:
        case ObligationRaised():
            _obligation_raised(book, record, outcome)
        case NoticeIssued():
            fold_notice(book, record, outcome)
        case LevelReached():
            fold_level(book, record, n, outcome)
        case ObligationMet():
            _obligation_met(book, outcome)
        case ObligationEnded():
            _obligation_ended(book, record, outcome)
        case ExpectationRaised():
            _expectation_raised(book, record, outcome)
        case ExpectationEnded():
            _expectation_ended(book, outcome)
        case GapOpened():
            _gap_opened(book, record, outcome)
        case GapRaised():
            _gap_raised(book, outcome)
        case GapClosed():
            _gap_closed(book, outcome)
        case Escalated():
            _escalated(book, record, outcome)
        case EventRecorded():
            _event_recorded(book, record, n, outcome)
        case EpisodeChanged() | WakeWanted():
            pass
        case _:
            assert_never(outcome)


def _why(why: Why) -> dict[str, object]:
    return {
        "rule": why.rule,
        "policy": why.policy,
        "because": why.because,
        "authority": why.authority,
    }


def _event_recorded(book: Book, record: DecisionRecord, n: int, outcome: EventRecorded) -> None:
    row = {
        "episode_id": record.episode_id,
        "seq": record.seq,
        "n": n,
        "event_id": outcome.event_id,
        "how": outcome.how,
        "type": outcome.event_type,
        "occurred_at": outcome.occurred_at,
        "organisation": outcome.organisation,
        "decided_at": record.at,
    }
    book.events.put(row)


# --- obligations ----------------------------------------------------------------------------


def _obligation_raised(book: Book, record: DecisionRecord, outcome: ObligationRaised) -> None:
    last = max(outcome.milestones, key=lambda milestone: milestone.level, default=None)
    row = {
        "obligation_id": outcome.obligation_id,
        "episode_id": record.episode_id,
        "seq": record.seq,
        **_why(outcome.why),
        "role": outcome.role,
        "organisation": outcome.organisation,
        "person": outcome.person,
        "subject": outcome.subject,
        "purpose": outcome.purpose,
        "state": ObligationState.OWED,
        "level": Level.OWED,
        "level_needed": last.level if last else Level.DELIVERED,
        "milestones": msgspec.to_builtins(outcome.milestones),
        "due_at": last.due_at if last else None,
        "raised_at": record.at,
        "met_at": None,
        "late": False,
        "ended_reason": None,
        "ended_at": None,
    }
    book.obligations.put(row)
    _note_causes(book, record, outcome.obligation_id, outcome.why)


def _note_causes(book: Book, record: DecisionRecord, obligation_id: str, why: Why) -> None:
    """The events behind an obligation: those its rule names, and the one now being decided."""
    deciding = (o.event_id for o in record.outcomes if isinstance(o, EventRecorded))
    for event_id in sorted({*why.evidence, *deciding}):
        book.causes.put({"event_id": event_id, "obligation_id": obligation_id})


def _obligation_met(book: Book, outcome: ObligationMet) -> None:
    change = {"met_at": outcome.met_at, "late": outcome.late}
    book.obligations.change(outcome.obligation_id, change)
    meet_notices(book, outcome)


def _obligation_ended(book: Book, record: DecisionRecord, outcome: ObligationEnded) -> None:
    """End an obligation.  One that a restriction stopped may end without ever being raised."""
    row = {
        "obligation_id": outcome.obligation_id,
        "episode_id": record.episode_id,
        "seq": record.seq,
        **_why(outcome.why),
        "role": outcome.role,
        "organisation": outcome.organisation,
        "subject": "",
        "purpose": Purpose.DIRECT_CARE,
        "level": Level.OWED,
        "level_needed": Level.DELIVERED,
        "milestones": [],
        "raised_at": record.at,
        "late": False,
        "state": outcome.state,
        "ended_reason": outcome.reason,
        "ended_at": record.at,
    }
    change = {"state", "ended_reason", "ended_at"}
    book.obligations.put(row, keep=sorted(row.keys() - change))
    _note_causes(book, record, outcome.obligation_id, outcome.why)
    end_notices(book, outcome)


# --- expectations ---------------------------------------------------------------------------


def _expectation_raised(book: Book, record: DecisionRecord, outcome: ExpectationRaised) -> None:
    row = {
        "expectation_id": outcome.expectation_id,
        "episode_id": record.episode_id,
        "rule": outcome.why.rule,
        "policy": outcome.why.policy,
        "because": outcome.why.because,
        "role": outcome.role,
        "organisation": outcome.organisation,
        "subject": outcome.subject,
        "raised_at": record.at,
        "due_at": outcome.due_at,
        "state": "open",
        "ended_at": None,
    }
    book.expectations.put(row)


def _expectation_ended(book: Book, outcome: ExpectationEnded) -> None:
    """Met, withdrawn, or re-dated: a re-dated one is still open, with another due time."""
    change: dict[str, object] = {"state": outcome.reason, "ended_at": outcome.ended_at}
    if outcome.reason == "recomputed":
        change = {"due_at": outcome.due_at}
    book.expectations.change(outcome.expectation_id, change)


# --- gaps -----------------------------------------------------------------------------------


def _gap_opened(book: Book, record: DecisionRecord, outcome: GapOpened) -> None:
    row = {
        "gap_id": outcome.gap_id,
        "episode_id": record.episode_id,
        "code": outcome.code,
        "name": outcome.name,
        "severity": outcome.severity,
        "role": outcome.role,
        "organisation": outcome.organisation,
        "subject": outcome.subject,
        "state": GapState.OPEN,
        "opened_at": outcome.opened_at,
        "due_at": outcome.due_at,
        "closed_at": None,
        "late_informed": outcome.late_informed,
        "late_detected": outcome.late_detected,
        "explanation": outcome.explanation,
        "next_action": outcome.next_action,
        "ladder": outcome.ladder,
        "rung": 0,
        **_why(outcome.why),
        "evidence": list(outcome.why.evidence),
        "duty_ids": list(outcome.duty_ids),
        "close_reason": None,
    }
    book.gaps.put(row)
    for obligation_id in outcome.duty_ids:
        book.put_duty(outcome.gap_id, obligation_id)
        rank_notices(book, obligation_id)


def _gap_raised(book: Book, outcome: GapRaised) -> None:
    gap = book.gaps.get(outcome.gap_id)
    # Severity never falls, whatever order the records are read in.
    if gap is not None and gap["severity"] < outcome.severity:
        book.gaps.change(outcome.gap_id, {"severity": outcome.severity})
    if gap is not None and outcome.organisation:
        book.gaps.change(outcome.gap_id, {"organisation": outcome.organisation})
    _rank_duties(book, outcome.gap_id)


def _gap_closed(book: Book, outcome: GapClosed) -> None:
    gap = book.gaps.get(outcome.gap_id)
    if gap is not None:
        known = gap["evidence"]
        fresh = [each for each in outcome.evidence if each not in known]
        change = {
            "state": outcome.state,
            "closed_at": outcome.closed_at,
            "close_reason": outcome.reason,
            "evidence": [*known, *fresh],
        }
        book.gaps.change(outcome.gap_id, change)
    _rank_duties(book, outcome.gap_id)


def _rank_duties(book: Book, gap_id: str) -> None:
    for obligation_id in book.duties_of(gap_id):
        rank_notices(book, obligation_id)


def _escalated(book: Book, record: DecisionRecord, outcome: Escalated) -> None:
    row = {
        "gap_id": outcome.gap_id,
        "obligation_id": outcome.obligation_id,
        "episode_id": record.episode_id,
        "rung": outcome.rung,
        "role": outcome.role,
        "organisation": outcome.organisation,
        "at": outcome.at,
    }
    book.escalations.put(row)
    gap = book.gaps.get(outcome.gap_id)
    if gap is not None and gap["rung"] < outcome.rung:
        book.gaps.change(outcome.gap_id, {"rung": outcome.rung})
    book.put_duty(outcome.gap_id, outcome.obligation_id)
    rank_notices(book, outcome.obligation_id)
