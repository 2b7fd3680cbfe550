"""Copies: a notice on its way over a further channel of its recipient, beside the first.

The first channel of a notice is its row in the outbox, place 0; each further one is a row of its
own here, with attempts, state and evidence of its own.  `outbox.next_channel_at` is when the next
channel is looked at, by the hub's clock, and empty when there is no next one to look at.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.model import Signal
from hub.edges.directory import Endpoint
from hub.store import tables as t
from hub.store.outbox import PAUSE_AFTER, OutboxState
from hub.store.upsert import put_once

OPEN: Final = (OutboxState.PENDING, OutboxState.SENT, OutboxState.DELIVERED)
"""A channel over which the notice has gone, or may still go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A notice whose next channel is to be looked at."""

    notice_id: str
    organisation: str
    role: str
    payload: bytes
    takes_back: bool
    level: int
    place: int
    """Of the channel tried last."""
    next_channel_at: datetime
    state: str
    """On the channel tried last."""
    down: bool
    """Whether the destination of that channel has failed so often that it is left alone."""
    traits: str | None = None
    """What the choice of its road goes by."""


def any_wait(conn: Connection) -> bool:
    """Whether any notice has a further channel to be looked at some time."""
    waits = t.outbox.c.next_channel_at.is_not(None)
    return bool(conn.scalar(sa.select(sa.exists().where(waits))))


def waiting(conn: Connection, clock_at: datetime, limit: int) -> list[Waiting]:
    """Notices whose time on the latest channel is up, or whose destination there is down.

    `clock_at` is the hub's time.
    """
    x, c, d = t.outbox.c, t.copies.c, t.destinations.c
    down = sa.func.coalesce(d.failures_in_a_row, 0) >= PAUSE_AFTER
    state = sa.func.coalesce(c.state, x.state)
    where = [x.next_channel_at <= clock_at]
    if names := _down(conn):
        pending = (
            sa.and_(each.state == OutboxState.PENDING, each.destination_id.in_(names))
            for each in (x, c)
        )
        on_first, on_copy = pending
        where.append(sa.or_(on_copy, sa.and_(x.place == 0, on_first)))
    asked = (
        sa.select(
            *(x[name] for name in ("notice_id", "organisation", "role", "payload", "takes_back")),
            *(x[name] for name in ("level", "place", "next_channel_at", "traits")),
            state.label("state"),
            down.label("down"),
        )
        .select_from(
            t.outbox.outerjoin(
                t.copies, sa.and_(c.notice_id == x.notice_id, c.place == x.place)
            ).outerjoin(
                t.destinations,
                d.destination_id == sa.func.coalesce(c.destination_id, x.destination_id),
            )
        )
        .where(x.next_channel_at.is_not(None), sa.or_(*where))
        .order_by(x.next_channel_at, x.notice_id)
        .limit(limit)
    )
    return [Waiting(**row) for row in conn.execute(asked).mappings()]


def _down(conn: Connection) -> list[str]:
    d = t.destinations.c
    return list(conn.scalars(sa.select(d.destination_id).where(d.failures_in_a_row >= PAUSE_AFTER)))


def begin(
    conn: Connection,
    one: Waiting,
    endpoint: Endpoint,
    now: datetime,
    next_channel_at: datetime | None,
) -> bool:
    """Put a copy on its way over the next channel; False when that is not wanted any more.

    `now` is real time, `next_channel_at` the hub's.
    """
    x, place = t.outbox, one.place + 1
    wanted = sa.and_(
        x.c.notice_id == one.notice_id,
        x.c.place == one.place,
        x.c.state != OutboxState.CANCELLED,
        x.c.next_channel_at.is_not(None),
    )
    change = sa.update(x).where(wanted).values(place=place, next_channel_at=next_channel_at)
    if not conn.execute(change).rowcount:
        return False
    row = {
        "notice_id": one.notice_id,
        "place": place,
        "channel": endpoint.channel,
        "destination_id": endpoint.destination_id,
        "state": OutboxState.PENDING,
        "next_try_at": now,
        "created_at": now,
    }
    return put_once(conn, t.copies, row)


def look_no_further(conn: Connection, notice_id: str, clock_at: datetime) -> None:
    """No further channel is looked at; the core hears of it when none of those tried is open."""
    x = t.outbox
    change = sa.update(x).where(x.c.notice_id == notice_id).values(next_channel_at=None)
    conn.execute(change)
    _tell_when_none_is_open(conn, notice_id, clock_at)


def came_back(conn: Connection, notice_id: str, place: int, clock_at: datetime) -> None:
    """A channel has given a notice up: the next one follows at once, or the core must hear.

    The core hears that a notice bounced only when no channel is left that may still carry it:
    from then on nothing that comes late over another would count.
    """
    x = t.outbox
    asked = sa.select(x.c.place, x.c.next_channel_at).where(x.c.notice_id == notice_id)
    # Two channels may give up at the same moment, and neither must rely on the other.
    row = conn.execute(asked.with_for_update()).one()
    if row.next_channel_at is None:
        _tell_when_none_is_open(conn, notice_id, clock_at)
    elif row.place == place and row.next_channel_at > clock_at:
        change = sa.update(x).where(x.c.notice_id == notice_id).values(next_channel_at=clock_at)
        conn.execute(change)


def _tell_when_none_is_open(conn: Connection, notice_id: str, clock_at: datetime) -> None:
    x, c = t.outbox, t.copies.c
    one_is_open = sa.exists().where(c.notice_id == notice_id, c.state.in_(OPEN))
    conn.execute(
        sa.update(x)
        .where(
            x.c.notice_id == notice_id,
            x.c.state == OutboxState.EXHAUSTED,
            # What was delivered stays so, though a later copy of it came back.
            sa.func.coalesce(x.c.signal, "").not_in((Signal.BOUNCED, Signal.DELIVERED)),
            sa.not_(one_is_open),
        )
        .values(signal=Signal.BOUNCED, signal_at=clock_at, reported=False)
    )


def place_over(conn: Connection, notice_id: str, channel: str) -> int:
    """The place of a channel among those over which a notice goes; the first when it is none."""
    x, c = t.outbox.c, t.copies.c
    if channel == conn.scalar(sa.select(x.channel).where(x.notice_id == notice_id)):
        return 0
    asked = sa.select(c.place).where(c.notice_id == notice_id, c.channel == channel)
    return conn.scalar(asked.order_by(c.place).limit(1)) or 0


def row_at(notice_id: str, place: int) -> tuple[sa.Table, sa.ColumnElement[bool]]:
    """The table that holds a notice on one of its channels, and the condition that finds it."""
    if place == 0:
        return t.outbox, t.outbox.c.notice_id == notice_id
    c = t.copies.c
    return t.copies, sa.and_(c.notice_id == notice_id, c.place == place)
