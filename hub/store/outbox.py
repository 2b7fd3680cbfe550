"""The outbox: every notice that must go out, until it is out or has been given up.

Times here are real time, not the hub's clock: a held clock must not stop a retry.  Only
`signal_at`, which the receipt carries, is the hub's time.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.model import NoticeReason, Signal
from hub.edges.avro import NoticeRecord, encode_notice
from hub.edges.directory import Endpoint
from hub.store import tables as t
from hub.store.upsert import put_once

GIVE_UP: Final = timedelta(days=14)
"""Attempts go on this long: over Christmas, or the weeks in which a whole service has no systems.

Nobody waits for that: the duty opens its gap at its deadline, and `hub incidents` shows the
destination from its first failure."""

FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(hours=1)

PAUSE_AFTER: Final = 5
"""Failures in a row after which a destination is left alone for a while."""

FIRST_PAUSE: Final = timedelta(seconds=30)

TAKES_BACK: Final = (NoticeReason.WITHDRAWN, NoticeReason.RETRACTED)
"""The corrections that still go out when everything else of a duty is cancelled."""


AT_ONCE: Final = 500
"""Notices that one statement looks up."""


class OutboxState(StrEnum):
    """Where a notice stands in the outbox."""

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A notice whose next attempt is due."""

    notice_id: str
    episode_id: str
    organisation: str
    role: str
    channel: str
    destination_id: str
    payload: bytes
    attempts: int
    created_at: datetime
    place: int = 0
    """0 on the first channel of the recipient, more on a further one."""
    signal: str | None = None
    """What was proved before."""
    replay_id: str | None = None
    """The replay that sends it again, if any."""
    traits: str | None = None
    """What the choice of its road goes by (`hub.edges.choosing`); None from an older hub."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What one attempt came to."""

    due: Due
    at: datetime
    """Real time."""
    clock_at: datetime
    """The hub's time."""
    latency_ms: int
    signal: Signal | None
    """SENT or DELIVERED when it got through."""
    reason: str | None = None
    retry: bool = True
    wait: timedelta | None = None
    http_status: int | None = None


def queue_notice(conn: Connection, record: NoticeRecord, endpoint: Endpoint, now: datetime) -> bool:
    """Put a notice in the outbox; False when it is there already."""
    return put_once(conn, t.outbox, queued(record, endpoint, now))


def queued(
    record: NoticeRecord,
    endpoint: Endpoint,
    now: datetime,
    next_channel_at: datetime | None = None,
    traits: str | None = None,
) -> dict[str, Any]:
    """The row of a notice that is due at `now`; its next channel, by the hub's clock, then."""
    return {
        "notice_id": record.notice_id,
        "obligation_id": record.obligation_id,
        "episode_id": record.episode_id,
        "organisation": record.organisation,
        "role": record.role,
        "channel": endpoint.channel,
        "destination_id": endpoint.destination_id,
        "payload": encode_notice(record),
        "state": OutboxState.PENDING,
        "attempts": 0,
        "next_try_at": now,
        "created_at": now,
        "takes_back": record.reason in TAKES_BACK,
        "level": 0,
        "next_channel_at": next_channel_at,
        "traits": traits,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A notice that a later one answers to: to whom it went, and by what its road was chosen."""

    notice_id: str
    organisation: str
    traits: str | None


def earlier(conn: Connection, notice_ids: Collection[str]) -> list[Earlier]:
    """Those of some notices that the outbox has."""
    x = t.outbox.c
    columns = (x.notice_id, x.organisation, x.traits)
    found: list[Earlier] = []
    ids = sorted(notice_ids)
    for at in range(0, len(ids), AT_ONCE):
        piece = ids[at : at + AT_ONCE]
        rows = conn.execute(sa.select(*columns).where(x.notice_id.in_(piece))).mappings()
        found += [Earlier(**row) for row in rows]
    return found


# --- what is due ----------------------------------------------------------------------------


def due_destinations(conn: Connection, now: datetime) -> list[str]:
    """Destinations that have a notice due and are not paused, the longest waiting first."""
    since = dict[str, datetime]()
    for table in (t.outbox, t.copies):
        for row in conn.execute(_destinations_asked(table), {"now": now}):
            since[row.destination_id] = min(row.since, since.get(row.destination_id, row.since))
    return sorted(since, key=since.__getitem__)


@cache
def _destinations_asked(table: sa.Table) -> sa.Select[Any]:
    """Built once: building costs more than running, and it runs at every turn of the loop."""
    d, x, now = t.destinations, table.c, sa.bindparam("now", type_=table.c.next_try_at.type)
    return (
        sa.select(x.destination_id, sa.func.min(x.next_try_at).label("since"))
        .select_from(table.outerjoin(d, d.c.destination_id == x.destination_id))
        .where(
            x.state == OutboxState.PENDING,
            x.next_try_at <= now,
            sa.or_(d.c.paused_until.is_(None), d.c.paused_until <= now),
        )
        .group_by(x.destination_id)
    )


def due_notices(conn: Connection, destination_id: str, now: datetime, limit: int) -> list[Due]:
    """Notices due at one destination, in the order they were made; one only after a failure.

    One that failed for a reason of its own (`ABOUT_THE_NOTICE`) comes later, and holds up none.
    """
    return due_at(conn, [destination_id], now, limit)[destination_id]


def due_at(
    conn: Connection, destination_ids: Sequence[str], now: datetime, limit: int
) -> dict[str, list[Due]]:
    """As `due_notices`, for several destinations."""
    failing = failures_at(conn, destination_ids)
    waits = sa.exists().where(t.copies.c.state == OutboxState.PENDING)
    tables = (t.outbox, t.copies) if conn.scalar(sa.select(waits)) else (t.outbox,)
    found = {}
    for each in destination_ids:
        most = 1 if each in failing else limit
        given = {"at": each, "now": now, "most": most}
        rows = [row for table in tables for row in conn.execute(_notices_asked(table), given)]
        rows.sort(key=lambda row: (row.next_try_at, row.created_at, row.notice_id))
        # The last column is only there to sort by.
        found[each] = [Due(**dict(zip(_DUE, row, strict=False))) for row in rows[:most]]
    return found


def failures_at(conn: Connection, destination_ids: Sequence[str]) -> dict[str, int]:
    """How often each of these has failed in a row; those that have not are left out."""
    d = t.destinations.c
    asked = sa.select(d.destination_id, d.failures_in_a_row).where(
        d.destination_id.in_(destination_ids), d.failures_in_a_row > 0
    )
    return {row.destination_id: row.failures_in_a_row for row in conn.execute(asked)}


_DUE: Final = tuple(Due.__dataclass_fields__)


@cache
def _notices_asked(table: sa.Table) -> sa.Select[Any]:
    x = table.c
    return (
        sa.select(*_columns_of_due(table), x.next_try_at)
        .select_from(_with_its_notice(table))
        .where(
            x.state == OutboxState.PENDING,
            x.destination_id == sa.bindparam("at"),
            x.next_try_at <= sa.bindparam("now", type_=x.next_try_at.type),
        )
        .order_by(x.next_try_at, x.created_at, x.notice_id)
        .limit(sa.bindparam("most"))
    )


def _with_its_notice(table: sa.Table) -> sa.FromClause:
    if table is t.outbox:
        return table
    return table.join(t.outbox, t.outbox.c.notice_id == table.c.notice_id)


def _columns_of_due(table: sa.Table) -> list[sa.ColumnElement[Any]]:
    """A copy has what it needs of its own, and the rest from its notice."""
    if table is t.outbox:
        return [sa.literal(0).label(n) if n == "place" else table.c[n] for n in _DUE]
    return [table.c[name] if name in table.c else t.outbox.c[name] for name in _DUE]


def still_pending(conn: Connection, dues: Sequence[Due]) -> set[tuple[str, int]]:
    """Which of these have not been cancelled meanwhile, as (notice_id, place)."""
    first = [due.notice_id for due in dues if due.place == 0]
    found = {(due.notice_id, due.place) for due in dues if due.place and is_pending(conn, due)}
    if first:
        x = t.outbox.c
        asked = sa.select(x.notice_id, x.state).where(x.notice_id.in_(first))
        # The state is compared here: with it in the condition SQLite reads all that is pending.
        rows = conn.execute(asked)
        found |= {(row.notice_id, 0) for row in rows if row.state == OutboxState.PENDING}
    return found


def is_pending(conn: Connection, due: Due) -> bool:
    """Whether a notice that was due has not been cancelled meanwhile."""
    table = t.outbox if due.place == 0 else t.copies
    one = table.c.notice_id == due.notice_id
    if due.place:
        one = sa.and_(one, table.c.place == due.place)
    return conn.scalar(sa.select(table.c.state).where(one)) == OutboxState.PENDING


# --- how long to wait -----------------------------------------------------------------------
def wait_after(attempts: int, jitter: float) -> timedelta:
    """How long to wait after the `attempts`th failure: doubling, capped, and spread by jitter.

    `jitter` is between 0 and 1; half of the wait is fixed, so that retries never bunch at once.
    """
    doubled = FIRST_WAIT * int(2 ** min(attempts - 1, 20))
    capped: timedelta = min(doubled, LONGEST_WAIT)
    return capped * (0.5 + jitter / 2)


def pause_after(failures_in_a_row: int) -> timedelta | None:
    """How long a destination is left alone after so many failures in a row, or None."""
    if failures_in_a_row < PAUSE_AFTER:
        return None
    doubled = FIRST_PAUSE * int(2 ** min(failures_in_a_row - PAUSE_AFTER, 20))
    return min(doubled, LONGEST_WAIT)
