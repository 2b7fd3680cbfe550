"""What a batch of decisions puts into the outbox and takes back, written with a few statements."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.model import Level
from hub.edges.avro import NoticeRecord
from hub.edges.directory import Endpoint
from hub.store import tables as t
from hub.store.outbox import OutboxState, queued
from hub.store.replay_rows import accepted_since
from hub.store.upsert import put_once_many


class Queue:
    """What a batch of decisions asks of the outbox, in memory until it is written.

    One after the other: an end cancels what was queued before it, and nothing that comes later.
    """

    def __init__(self, now: datetime) -> None:
        """`now` is real time: what is queued is due at once."""
        self._now = now
        self._rows: dict[str, dict[str, Any]] = {}
        self._ended: set[str] = set()
        self._named: set[str] = set()
        self._met: set[str] = set()
        self._returned: set[str] = set()
        self._levels: dict[str, Level] = {}
        self._accepted: set[str] = set()

    def add(
        self,
        record: NoticeRecord,
        endpoint: Endpoint,
        next_channel_at: datetime | None = None,
        traits: str | None = None,
    ) -> None:
        """Queue a notice; one that is queued already stays as it is.

        `next_channel_at`, by the hub's clock, is when its second channel is looked at.
        """
        if record.notice_id not in self._rows:
            row = queued(record, endpoint, self._now, next_channel_at, traits)
            self._rows[record.notice_id] = row

    def cancel(self, obligation_id: str, notice_ids: Collection[str]) -> None:
        """Cancel what is pending of an ended duty, but not the notice that takes it back."""
        self._ended.add(obligation_id)
        self._named.update(notice_ids)
        for notice_id, row in self._rows.items():
            ours = row["obligation_id"] == obligation_id or notice_id in notice_ids
            if ours and not row["takes_back"]:
                row["state"] = OutboxState.CANCELLED
                row["next_channel_at"] = None

    def reached(self, notice_id: str, level: Level) -> None:
        """Evidence that counts: whether a further channel is still wanted depends on it."""
        level = max(level, self._levels.get(notice_id, level))
        self._levels[notice_id] = level
        if notice_id in self._rows:
            self._rows[notice_id]["level"] = level

    def met(self, obligation_id: str) -> None:
        """A duty has what it asks for: none of its notices needs a further channel."""
        self._met.add(obligation_id)
        for row in self._rows.values():
            if row["obligation_id"] == obligation_id and not row["takes_back"]:
                row["next_channel_at"] = None

    def returned(self, notice_id: str) -> None:
        """Somebody has read it and handed it back: nothing is won by a further channel."""
        self._returned.add(notice_id)
        if notice_id in self._rows:
            self._rows[notice_id]["next_channel_at"] = None

    def accepted(self, notice_id: str) -> None:
        """A notice was accepted: it need not be sent again, if it waits for that."""
        self._accepted.add(notice_id)

    def write(self, conn: Connection) -> int:
        """Write it all; returns how many notices were new to the outbox."""
        # First what the outbox has already: a notice that is queued again is there, and counts
        # as queued before its end, wherever it comes in this batch.
        cancel_duties(conn, self._ended, self._named)
        self._look_no_further(conn)
        accepted_since(conn, self._accepted)
        return put_once_many(conn, t.outbox, list(self._rows.values())) if self._rows else 0

    def _look_no_further(self, conn: Connection) -> None:
        x = t.outbox
        if self._levels:
            raised = (
                sa.update(x)
                .where(x.c.notice_id == sa.bindparam("of"), x.c.level < sa.bindparam("to"))
                .values(level=sa.bindparam("to"))
            )
            conn.execute(raised, [{"of": of, "to": int(to)} for of, to in self._levels.items()])
        waits = x.c.next_channel_at.is_not(None)
        for column, ids in ((x.c.obligation_id, self._met), (x.c.notice_id, self._returned)):
            if ids:
                change = sa.update(x).where(column.in_(ids), waits, sa.not_(x.c.takes_back))
                conn.execute(change.values(next_channel_at=None))


def cancel_duty(conn: Connection, obligation_id: str, notice_ids: Sequence[str]) -> int:
    """Cancel what is still pending of an ended duty, but not the notice that takes it back."""
    return cancel_duties(conn, {obligation_id}, set(notice_ids))


def cancel_duties(
    conn: Connection, obligation_ids: Collection[str], notice_ids: Collection[str]
) -> int:
    """As `cancel_duty`, for several duties and notices at once."""
    x = t.outbox
    pending: set[str] = set()
    further: set[str] = set()
    # By one column alone and chosen here: with more terms SQLite reads everything that is pending.
    for column, ids in ((x.c.obligation_id, obligation_ids), (x.c.notice_id, notice_ids)):
        if ids:
            columns = (x.c.notice_id, x.c.state, x.c.takes_back, x.c.place, x.c.next_channel_at)
            for row in conn.execute(sa.select(*columns).where(column.in_(ids))):
                if row.takes_back:
                    continue
                if row.state == OutboxState.PENDING:
                    pending.add(row.notice_id)
                if row.place or row.next_channel_at is not None:
                    further.add(row.notice_id)
    if not pending and not further:
        return 0
    # On PostgreSQL in one order, as attempts are written down, so that neither blocks the other.
    ours = sa.select(x.c.notice_id).where(x.c.notice_id.in_(pending | further))
    conn.execute(ours.order_by(x.c.notice_id).with_for_update())
    if further:
        _cancel_further(conn, further)
    if not pending:
        return 0
    # On PostgreSQL a notice may have been sent since it was read; what was sent stays so.
    still = sa.and_(x.c.notice_id.in_(pending), x.c.state == OutboxState.PENDING)
    change = sa.update(x).where(still).values(state=OutboxState.CANCELLED)
    return conn.execute(change).rowcount


def _cancel_further(conn: Connection, notice_ids: Collection[str]) -> None:
    """Of an ended duty nothing goes out over a further channel either."""
    x, c = t.outbox, t.copies
    # The notice first: whoever puts a copy on its way looks there whether it is still wanted.
    no_more = sa.update(x).where(x.c.notice_id.in_(notice_ids)).values(next_channel_at=None)
    conn.execute(no_more)
    still = sa.and_(c.c.notice_id.in_(notice_ids), c.c.state == OutboxState.PENDING)
    conn.execute(sa.update(c).where(still).values(state=OutboxState.CANCELLED))
