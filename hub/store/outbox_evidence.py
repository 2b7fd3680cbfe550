"""What a carrier says of a notice after it was sent: collected, come back, or to be sent again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.model import Signal
from hub.store import tables as t
from hub.store.outbox import GIVE_UP, OutboxState, wait_after

_STATES: Final = {
    Signal.DELIVERED: OutboxState.DELIVERED,
    Signal.BOUNCED: OutboxState.EXHAUSTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Whose notice it is: what a receipt about it needs."""

    notice_id: str
    episode_id: str
    organisation: str
    role: str
    channel: str


def sent(conn: Connection, notice_id: str) -> Sent | None:
    """The notice of an id, or None."""
    x = t.outbox.c
    asked = sa.select(*(x[name] for name in Sent.__dataclass_fields__))
    row = conn.execute(asked.where(x.notice_id == notice_id)).mappings().one_or_none()
    return None if row is None else Sent(**row)


def carrier_says(
    conn: Connection, notice_id: str, signal: Signal, clock_at: datetime, reason: str | None = None
) -> bool:
    """Note DELIVERED or BOUNCED, to be reported to the core; False when it says nothing new.

    What was delivered does not come back: whoever says so later was slow.
    """
    x = t.outbox
    open_still = sa.or_(x.c.signal.is_(None), x.c.signal == Signal.SENT)
    change = (
        sa.update(x)
        .where(x.c.notice_id == notice_id, open_still)
        .values(
            state=_STATES[signal],
            signal=signal,
            signal_at=clock_at,
            last_reason=reason,
            reported=False,
        )
    )
    return conn.execute(change).rowcount == 1


def send_again(conn: Connection, notice_id: str, now: datetime) -> bool:
    """Put a notice back to be tried once more; False when it has been tried for too long."""
    x = t.outbox
    row = conn.execute(sa.select(x).where(x.c.notice_id == notice_id)).one()
    if now - row.created_at >= GIVE_UP:
        return False
    attempts = row.attempts or 1
    due = now + wait_after(attempts, 1.0)
    again = sa.and_(
        x.c.notice_id == notice_id, x.c.state.in_([OutboxState.SENT, OutboxState.DELIVERED])
    )
    change = sa.update(x).where(again)
    conn.execute(change.values(state=OutboxState.PENDING, next_try_at=due))
    return True
