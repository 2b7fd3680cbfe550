"""Inputs that could not be decided: kept whole, until somebody redrives or returns them."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from msgspec.structs import asdict
from sqlalchemy import Connection

from hub.edges.avro import QuarantineRecord
from hub.store import tables as t
from hub.store.upsert import put_once


class QuarantineState(StrEnum):
    """Where an input in quarantine stands."""

    OPEN = "open"
    REDRIVEN = "redriven"
    RETURNED = "returned"


def apply_quarantine(conn: Connection, record: QuarantineRecord) -> bool:
    """Add one input to the quarantine; False when this refusal of it is known already.

    An original that is refused again, after a redrive in vain or because its sender repeated it,
    is open again, as of then.
    """
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

    False when it is not open (any more), or was refused again since.
    """
    quarantine_id, received_at = refusal
    q = t.quarantine
    change = (
        sa.update(q)
        .where(
            q.c.quarantine_id == quarantine_id,
            q.c.received_at == received_at,
            q.c.state == QuarantineState.OPEN,
        )
        .values(state=state, resolved_at=now, resolved_by=by)
    )
    return conn.execute(change).rowcount == 1
