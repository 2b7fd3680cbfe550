"""Evidence from the outbox that the core must hear of, until it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.ids import derive
from hub.core.model import Input, InputKind, Receipt, Signal
from hub.store import tables as t


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreported:
    """Evidence that the core has not yet been told."""

    notice_id: str
    episode_id: str
    organisation: str
    role: str
    channel: str
    signal: Signal
    signal_at: datetime
    last_reason: str | None
    replay_id: str | None = None


def unreported(conn: Connection, limit: int) -> list[Unreported]:
    """Evidence that the core has not yet been told, oldest first."""
    x = t.outbox
    rows = conn.execute(
        sa.select(*(x.c[name] for name in Unreported.__dataclass_fields__))
        .where(sa.not_(x.c.reported), x.c.signal_at.is_not(None))
        .order_by(x.c.signal_at, x.c.notice_id)
        .limit(limit)
    ).mappings()
    return [Unreported(**{**row, "signal": Signal(row["signal"])}) for row in rows]


def mark_reported(conn: Connection, told: Sequence[Unreported]) -> None:
    """The core has been told, confirmed by Kafka."""
    x = t.outbox
    for signal in {each.signal for each in told}:
        ids = [each.notice_id for each in told if each.signal is signal]
        # The signal is part of the condition: a later one may have come in meanwhile.
        same = sa.and_(x.c.notice_id.in_(ids), x.c.signal == signal)
        conn.execute(sa.update(x).where(same).values(reported=True))


def receipt_of(each: Unreported) -> Input:
    """The input that tells the core how far a notice got; the same row gives the same input."""
    receipt = Receipt(
        notice_id=each.notice_id,
        signal=each.signal,
        organisation=each.organisation,
        role=each.role,
        at=each.signal_at,
        channel=each.channel,
        detail=each.last_reason if each.signal is Signal.BOUNCED else None,
    )
    # What a copy proves is news of its own: the same was said of the first sending, and undone.
    again = () if each.replay_id is None else (each.replay_id,)
    return Input(
        input_id=derive("r", each.notice_id, each.signal.value, *again),
        kind=InputKind.RECEIPT,
        at=each.signal_at,
        episode_id=each.episode_id,
        receipt=receipt,
    )
