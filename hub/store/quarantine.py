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
    """Add one input to the quarantine; False when it is there already, in whatever state."""
    row = asdict(record)
    row["reason"] = str(record.reason)
    return put_once(conn, t.quarantine, row | {"state": QuarantineState.OPEN})


def resolve_quarantine(
    conn: Connection, quarantine_id: str, *, state: QuarantineState, by: str, now: datetime
) -> bool:
    """Mark an open item as redriven or returned; False when it is not open (any more)."""
    q = t.quarantine
    change = (
        sa.update(q)
        .where(q.c.quarantine_id == quarantine_id, q.c.state == QuarantineState.OPEN)
        .values(state=state, resolved_at=now, resolved_by=by)
    )
    return conn.execute(change).rowcount == 1
