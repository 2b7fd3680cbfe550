"""What a carrier says of a notice after it was sent: collected, come back, or to be sent again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.model import Signal
from hub.store import tables as t
from hub.store.outbox import GIVE_UP, OutboxState, wait_after
from hub.store.outbox_copies import came_back, place_over, row_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Whose notice it is: what a receipt about it needs."""

    notice_id: str
    episode_id: str
    organisation: str
    role: str


def sent(conn: Connection, notice_id: str) -> Sent | None:
    """The notice of an id, or None."""
    x = t.outbox.c
    asked = sa.select(*(x[name] for name in Sent.__dataclass_fields__))
    row = conn.execute(asked.where(x.notice_id == notice_id)).mappings().one_or_none()
    return None if row is None else Sent(**row)


def carrier_says(
    conn: Connection,
    notice_id: str,
    channel: str,
    signal: Signal,
    clock_at: datetime,
    reason: str | None = None,
) -> bool:
    """Note DELIVERED or BOUNCED, to be reported to the core; False when it says nothing new.

    What was delivered does not come back: whoever says so later was slow.
    """
    place = place_over(conn, notice_id, channel)
    table, one = row_at(notice_id, place)
    open_still = sa.or_(table.c.signal.is_(None), table.c.signal == Signal.SENT)
    change: dict[str, Any] = {"last_reason": reason}
    if signal is Signal.BOUNCED:
        open_still = sa.and_(open_still, table.c.state != OutboxState.EXHAUSTED)
        change["state"] = OutboxState.EXHAUSTED
    else:
        change |= {"state": OutboxState.DELIVERED, "signal": signal}
        change |= {"signal_at": clock_at, "reported": False}
    new = conn.execute(sa.update(table).where(one, open_still).values(**change)).rowcount == 1
    if new and signal is Signal.BOUNCED:
        came_back(conn, notice_id, place, clock_at)
    return new


def send_again(conn: Connection, notice_id: str, channel: str, now: datetime) -> bool:
    """Put a notice back to be tried once more; False when it has been tried for too long."""
    table, one = row_at(notice_id, place_over(conn, notice_id, channel))
    row = conn.execute(sa.select(table).where(one)).one_or_none()
    if row is None or now - row.created_at >= GIVE_UP:
        # A test of a subscription is in no outbox: whoever answers it has changed nothing.
        return False
    due = now + wait_after(row.attempts or 1, 1.0)
    again = sa.and_(one, table.c.state.in_([OutboxState.SENT, OutboxState.DELIVERED]))
    change = sa.update(table).where(again)
    conn.execute(change.values(state=OutboxState.PENDING, next_try_at=due))
    return True
