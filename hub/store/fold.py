"""What each outcome does to the rows of the read model, one function for each."""

from typing import assert_never

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

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
from hub.store import tables as t
from hub.store.fold_notices import (
    end_notices,
    fold_level,
    fold_notice,
    meet_notices,
    rank_notices,
)
from hub.store.upsert import put, put_once


def fold(  # noqa: C901, PLR0912  one branch for each outcome, so that none can be forgotten
    conn: Connection, record: DecisionRecord, n: int, outcome: type_of_outcome
) -> None:
    """Fold the `n`th outcome of a decision.  The episode's own row is folded by the projector."""
    match outcome:
        case ObligationRaised():
            _obligation_raised(conn, record, outcome)
        case NoticeIssued():
            fold_notice(conn, record, outcome)
        case LevelReached():
            fold_level(conn, record, n, outcome)
        case ObligationMet():
            _obligation_met(conn, outcome)
        case ObligationEnded():
            _obligation_ended(conn, record, outcome)
        case ExpectationRaised():
            _expectation_raised(conn, record, outcome)
        case ExpectationEnded():
            _expectation_ended(conn, outcome)
        case GapOpened():
            _gap_opened(conn, record, outcome)
        case GapRaised():
            _gap_raised(conn, outcome)
        case GapClosed():
            _gap_closed(conn, outcome)
        case Escalated():
            _escalated(conn, record, outcome)
        case EventRecorded():
            _event_recorded(conn, record, n, outcome)
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


def _event_recorded(
    conn: Connection, record: DecisionRecord, n: int, outcome: EventRecorded
) -> None:
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
    put(conn, t.events, row)


# --- obligations ----------------------------------------------------------------------------


def _obligation_raised(conn: Connection, record: DecisionRecord, outcome: ObligationRaised) -> None:
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
    put(conn, t.obligations, row)
    _note_causes(conn, record, outcome.obligation_id, outcome.why)


def _note_causes(conn: Connection, record: DecisionRecord, obligation_id: str, why: Why) -> None:
    """The events behind an obligation: those its rule names, and the one now being decided."""
    deciding = (o.event_id for o in record.outcomes if isinstance(o, EventRecorded))
    for event_id in sorted({*why.evidence, *deciding}):
        put_once(conn, t.causes, {"event_id": event_id, "obligation_id": obligation_id})


def _obligation_met(conn: Connection, outcome: ObligationMet) -> None:
    o = t.obligations
    conn.execute(
        sa.update(o)
        .where(o.c.obligation_id == outcome.obligation_id)
        .values(met_at=outcome.met_at, late=outcome.late)
    )
    meet_notices(conn, outcome)


def _obligation_ended(conn: Connection, record: DecisionRecord, outcome: ObligationEnded) -> None:
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
    put(conn, t.obligations, row, keep=sorted(row.keys() - change))
    _note_causes(conn, record, outcome.obligation_id, outcome.why)
    end_notices(conn, outcome)


# --- expectations ---------------------------------------------------------------------------


def _expectation_raised(
    conn: Connection, record: DecisionRecord, outcome: ExpectationRaised
) -> None:
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
    put(conn, t.expectations, row)


def _expectation_ended(conn: Connection, outcome: ExpectationEnded) -> None:
    """Met, withdrawn, or re-dated: a re-dated one is still open, with another due time."""
    x = t.expectations
    change: dict[str, object] = {"state": outcome.reason, "ended_at": outcome.ended_at}
    if outcome.reason == "recomputed":
        change = {"due_at": outcome.due_at}
    conn.execute(sa.update(x).where(x.c.expectation_id == outcome.expectation_id).values(**change))


# --- gaps -----------------------------------------------------------------------------------


def _gap_opened(conn: Connection, record: DecisionRecord, outcome: GapOpened) -> None:
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
    put(conn, t.gaps, row)
    for obligation_id in outcome.duty_ids:
        put_once(conn, t.gap_duties, {"gap_id": outcome.gap_id, "obligation_id": obligation_id})
        rank_notices(conn, obligation_id)


def _gap_raised(conn: Connection, outcome: GapRaised) -> None:
    g = t.gaps
    # Severity never falls, whatever order the records are read in.
    conn.execute(
        sa.update(g)
        .where(g.c.gap_id == outcome.gap_id, g.c.severity < outcome.severity)
        .values(severity=outcome.severity)
    )
    _rank_duties(conn, outcome.gap_id)


def _gap_closed(conn: Connection, outcome: GapClosed) -> None:
    g = t.gaps
    one = g.c.gap_id == outcome.gap_id
    evidence = conn.scalar(sa.select(g.c.evidence).where(one)) or []
    fresh = [each for each in outcome.evidence if each not in evidence]
    conn.execute(
        sa.update(g)
        .where(one)
        .values(
            state=outcome.state,
            closed_at=outcome.closed_at,
            close_reason=outcome.reason,
            evidence=[*evidence, *fresh],
        )
    )
    _rank_duties(conn, outcome.gap_id)


def _rank_duties(conn: Connection, gap_id: str) -> None:
    d = t.gap_duties
    for obligation_id in conn.scalars(sa.select(d.c.obligation_id).where(d.c.gap_id == gap_id)):
        rank_notices(conn, obligation_id)


def _escalated(conn: Connection, record: DecisionRecord, outcome: Escalated) -> None:
    g = t.gaps
    row = {
        "gap_id": outcome.gap_id,
        "obligation_id": outcome.obligation_id,
        "episode_id": record.episode_id,
        "rung": outcome.rung,
        "role": outcome.role,
        "organisation": outcome.organisation,
        "at": outcome.at,
    }
    put(conn, t.escalations, row)
    conn.execute(
        sa.update(g)
        .where(g.c.gap_id == outcome.gap_id, g.c.rung < outcome.rung)
        .values(rung=outcome.rung)
    )
    put_once(conn, t.gap_duties, {"gap_id": outcome.gap_id, "obligation_id": outcome.obligation_id})
    rank_notices(conn, outcome.obligation_id)
