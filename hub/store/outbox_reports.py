"""Evidence from the outbox that the core must hear of, until it has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

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
    place: int = 0
    """0 on the first channel of the recipient, more on a further one."""
    replay_id: str | None = None


def unreported(conn: Connection, limit: int) -> list[Unreported]:
    """Evidence that the core has not yet been told, oldest first."""
    rows: list[Any] = []
    for table, columns, source in (_first(), _further()):
        asked = (
            sa.select(*columns)
            .select_from(source)
            .where(sa.not_(table.c.reported), table.c.signal_at.is_not(None))
            .order_by(table.c.signal_at, table.c.notice_id)
            .limit(limit)
        )
        rows += conn.execute(asked).mappings()
    rows.sort(key=lambda row: (row["signal_at"], row["notice_id"], row["place"]))
    return [Unreported(**{**row, "signal": Signal(row["signal"])}) for row in rows[:limit]]


type_of_source = tuple[sa.Table, Sequence[sa.ColumnElement[Any]], sa.FromClause]


def _first() -> type_of_source:
    own = [name for name in Unreported.__dataclass_fields__ if name != "place"]
    columns = [sa.literal(0).label("place"), *(t.outbox.c[name] for name in own)]
    return t.outbox, columns, t.outbox


def _further() -> type_of_source:
    x, c = t.outbox.c, t.copies.c
    columns = [c[name] if name in c else x[name] for name in Unreported.__dataclass_fields__]
    return t.copies, columns, t.copies.join(t.outbox, x.notice_id == c.notice_id)


def mark_reported(conn: Connection, told: Sequence[Unreported]) -> None:
    """The core has been told, confirmed by Kafka."""
    for signal, place in sorted({(each.signal, each.place) for each in told}):
        ids = [each.notice_id for each in told if (each.signal, each.place) == (signal, place)]
        table = t.copies if place else t.outbox
        # The signal is part of the condition: a later one may have come in meanwhile.
        same = sa.and_(table.c.notice_id.in_(ids), table.c.signal == signal)
        if place:
            same = sa.and_(same, table.c.place == place)
        conn.execute(sa.update(table).where(same).values(reported=True))


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
    further = (each.place,) if each.place else ()
    # What a copy proves is news of its own: the same was said of the first sending, and undone.
    again = () if each.replay_id is None else (each.replay_id,)
    return Input(
        input_id=derive("r", each.notice_id, each.signal.value, *further, *again),
        kind=InputKind.RECEIPT,
        at=each.signal_at,
        episode_id=each.episode_id,
        receipt=receipt,
    )
