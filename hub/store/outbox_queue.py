"""What a batch of decisions puts into the outbox and takes back, written with a few statements."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.edges.avro import NoticeRecord
from hub.edges.directory import Directory, Endpoint
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
        self._accepted: set[str] = set()

    def add(self, record: NoticeRecord, endpoint: Endpoint) -> None:
        """Queue a notice; one that is queued already stays as it is."""
        if record.notice_id not in self._rows:
            self._rows[record.notice_id] = queued(record, endpoint, self._now)

    def cancel(self, obligation_id: str, notice_ids: Collection[str]) -> None:
        """Cancel what is pending of an ended duty, but not the notice that takes it back."""
        self._ended.add(obligation_id)
        self._named.update(notice_ids)
        for notice_id, row in self._rows.items():
            ours = row["obligation_id"] == obligation_id or notice_id in notice_ids
            if ours and not row["takes_back"]:
                row["state"] = OutboxState.CANCELLED

    def accepted(self, notice_id: str) -> None:
        """A notice was accepted: it need not be sent again, if it waits for that."""
        self._accepted.add(notice_id)

    def write(self, conn: Connection) -> int:
        """Write it all; returns how many notices were new to the outbox."""
        # First what the outbox has already: a notice that is queued again is there, and counts
        # as queued before its end, wherever it comes in this batch.
        cancel_duties(conn, self._ended, self._named)
        accepted_since(conn, self._accepted)
        return put_once_many(conn, t.outbox, list(self._rows.values())) if self._rows else 0


def cancel_duty(conn: Connection, obligation_id: str, notice_ids: Sequence[str]) -> int:
    """Cancel what is still pending of an ended duty, but not the notice that takes it back."""
    return cancel_duties(conn, {obligation_id}, set(notice_ids))


def cancel_duties(
    conn: Connection, obligation_ids: Collection[str], notice_ids: Collection[str]
) -> int:
    """As `cancel_duty`, for several duties and notices at once."""
    x = t.outbox
    chosen: set[str] = set()
    # By one column alone and chosen here: with more terms SQLite reads everything that is pending.
    for column, ids in ((x.c.obligation_id, obligation_ids), (x.c.notice_id, notice_ids)):
        if ids:
            asked = sa.select(x.c.notice_id, x.c.state, x.c.takes_back).where(column.in_(ids))
            rows = conn.execute(asked).all()
            chosen.update(
                row.notice_id
                for row in rows
                if row.state == OutboxState.PENDING and not row.takes_back
            )
    if not chosen:
        return 0
    # On PostgreSQL a notice may have been sent since it was read; what was sent stays so.
    still = sa.and_(x.c.notice_id.in_(chosen), x.c.state == OutboxState.PENDING)
    change = sa.update(x).where(still).values(state=OutboxState.CANCELLED)
    return conn.execute(change).rowcount


def readdress(conn: Connection, directory: Directory, now: datetime) -> int:
    """Give pending notices the address that the directory has now; those moved are due at once."""
    x = t.outbox
    pending = x.c.state == OutboxState.PENDING
    where = (x.c.organisation, x.c.role, x.c.channel, x.c.destination_id)
    moved = 0
    for row in conn.execute(sa.select(*where).where(pending).distinct()).all():
        endpoint = directory.endpoint(row.organisation, row.role)
        if (endpoint.channel, endpoint.destination_id) == (row.channel, row.destination_id):
            continue
        same = (column == value for column, value in zip(where, row, strict=True))
        change = sa.update(x).where(pending, *same)
        new: dict[str, Any] = {
            "channel": endpoint.channel,
            "destination_id": endpoint.destination_id,
            "next_try_at": now,
        }
        moved += conn.execute(change.values(**new)).rowcount
    return moved
