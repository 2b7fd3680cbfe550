"""Inputs that could not be decided: kept whole, until somebody redrives or returns them."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
from msgspec.structs import asdict
from sqlalchemy import Connection

from hub.core.outcomes import EventRecorded
from hub.edges.avro import DecisionRecord, QuarantineRecord
from hub.store import tables as t
from hub.store.upsert import put_once

REDRIVEN_EVENT: Final = "input.redriven"
BY_ITSELF: Final = "hub"
"""Who resolved it, where nobody had to: its pregnancy became known."""
WENT_THROUGH: Final = "went_through"
"""How a return ended whose original went through here after all."""


class QuarantineState(StrEnum):
    """Where an input in quarantine stands."""

    OPEN = "open"
    REDRIVEN = "redriven"
    RETURNED = "returned"
    """Recorded and offered to its sender, who has not collected it yet; it is still owned here."""
    COLLECTED = "collected"
    """Its sender has it back."""
    CLOSED = "closed"
    """A person gave it up, with a reason."""


UNRESOLVED: Final = (QuarantineState.OPEN, QuarantineState.RETURNED)
"""Somebody here still owns it."""


def apply_quarantine(conn: Connection, record: QuarantineRecord) -> bool:
    """Add one input to the quarantine; False when this refusal of it is known already.

    An original that is refused again, after a redrive in vain or because its sender repeated it,
    is open again, as of then.
    """
    fresh = _open(conn, record)
    if fresh:
        _as_it_was_returned(conn, record)
    let_go_at = _let_go_at(conn, record) if fresh else None
    if let_go_at is not None:
        refusal = (record.quarantine_id, record.received_at)
        went_through(conn, refusal, by=BY_ITSELF, now=let_go_at)
    return fresh


def note_redriven(conn: Connection, decisions: Iterable[DecisionRecord]) -> None:
    """Close what came out of quarantine, as decisions say; `apply_quarantine` may come after it."""
    for decision in decisions:
        for outcome in decision.outcomes:
            if isinstance(outcome, EventRecorded) and outcome.event_type == REDRIVEN_EVENT:
                quarantine_id, _, refused_at = outcome.event_id.split(":", 2)
                refusal = (quarantine_id, datetime.fromisoformat(refused_at))
                went_through(conn, refusal, by=BY_ITSELF, now=decision.at)


def went_through(
    conn: Connection, refusal: tuple[str, datetime], *, by: str, now: datetime
) -> bool:
    """Mark an original as redriven, be it open or on its way back to its sender.

    A return that is being ended at this moment is left to whoever ends it: the core hears of both
    in the same words.
    """
    r, q, redriven = t.returns, t.quarantine, QuarantineState.REDRIVEN
    under_way = sa.and_(r.c.state == QuarantineState.RETURNED, r.c.ended_how.is_(None))
    claimed = sa.and_(r.c.state == redriven, r.c.ended_by == BY_ITSELF)
    came_back = (
        sa.update(r)
        .where(
            r.c.quarantine_id == refusal[0],
            r.c.refused_at == refusal[1],
            sa.or_(under_way, claimed),
        )
        .values(state=redriven, ended_at=now, ended_by=by, ended_how=WENT_THROUGH)
    )
    if conn.execute(came_back).rowcount == 1:
        conn.execute(
            sa.update(q)
            .where(
                q.c.quarantine_id == refusal[0],
                q.c.received_at == refusal[1],
                q.c.state.in_((QuarantineState.RETURNED, redriven)),
            )
            .values(state=redriven, resolved_at=now, resolved_by=by)
        )
        return True
    return resolve_quarantine(conn, refusal, state=redriven, by=by, now=now)


def _as_it_was_returned(conn: Connection, record: QuarantineRecord) -> None:
    """A read model that is folded again finds what went back meanwhile where it was."""
    q, r = t.quarantine, t.returns
    found = conn.execute(
        sa.select(r).where(
            r.c.quarantine_id == record.quarantine_id, r.c.refused_at == record.received_at
        )
    ).one_or_none()
    if found is not None:
        conn.execute(
            sa.update(q)
            .where(q.c.quarantine_id == record.quarantine_id)
            .values(
                state=found.state,
                resolved_at=found.ended_at or found.returned_at,
                resolved_by=found.ended_by or found.returned_by,
            )
        )


def _let_go_at(conn: Connection, record: QuarantineRecord) -> datetime | None:
    """When a decision that was read before this record said that it came out of quarantine."""
    e = t.events
    named = f"{record.quarantine_id}:redriven:{record.received_at.isoformat()}"
    wanted = sa.select(e.c.decided_at).where(
        e.c.episode_id == f"q-{record.quarantine_id}", e.c.event_id == named
    )
    return conn.scalar(wanted)


def _open(conn: Connection, record: QuarantineRecord) -> bool:
    row = asdict(record)
    row["reason"] = str(record.reason)
    if put_once(conn, t.quarantine, row | {"state": QuarantineState.OPEN}):
        return True
    q = t.quarantine
    again = (
        sa.update(q)
        .where(q.c.quarantine_id == record.quarantine_id, q.c.received_at < record.received_at)
        .values(
            state=QuarantineState.OPEN,
            received_at=record.received_at,
            resolved_at=None,
            resolved_by=None,
        )
    )
    return conn.execute(again).rowcount == 1


def resolve_quarantine(
    conn: Connection,
    refusal: tuple[str, datetime],
    *,
    state: QuarantineState,
    by: str,
    now: datetime,
) -> bool:
    """Mark an open item as redriven or returned, by its id and the time of the refusal meant.

    False when it is not open (any more), or was refused again since.  What went through by itself
    may still be claimed by the person who sent it through, and can no longer be returned.
    """
    quarantine_id, received_at = refusal
    q = t.quarantine
    may_claim = state == QuarantineState.REDRIVEN
    claimed = sa.and_(q.c.resolved_by == BY_ITSELF, sa.literal(may_claim))
    change = (
        sa.update(q)
        .where(
            q.c.quarantine_id == quarantine_id,
            q.c.received_at == received_at,
            sa.or_(q.c.state == QuarantineState.OPEN, claimed),
        )
        .values(state=state, resolved_at=now, resolved_by=by)
    )
    return conn.execute(change).rowcount == 1
