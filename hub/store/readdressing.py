"""Gives what waits in the outbox the addresses that the directory has now."""

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.edges.choosing import traits_beside
from hub.edges.directory import Directory, Endpoint
from hub.store import tables as t
from hub.store.outbox import OutboxState

AT_ONCE: Final = 500
"""Notices that one statement moves."""


def readdress(
    conn: Connection, directory: Directory, now: datetime, clock_at: datetime | None = None
) -> int:
    """Give pending notices the address that the directory has now; those moved are due at once.

    With `clock_at`, the hub's time, a notice whose recipient has been given a further channel
    since may go over it from then on.
    """
    moved = _readdress_first(conn, directory, now) + _readdress_copies(conn, directory, now)
    if clock_at is not None and directory.has_further_channels():
        _offer_further(conn, directory, clock_at)
    return moved


def _readdress_first(conn: Connection, directory: Directory, now: datetime) -> int:
    x = t.outbox
    pending = x.c.state == OutboxState.PENDING
    where = (x.c.organisation, x.c.role, x.c.channel, x.c.destination_id)
    moved = 0
    for row in conn.execute(sa.select(*where).where(pending).distinct()).all():
        same = [column == value for column, value in zip(where, row, strict=True)]
        if directory.asks_traits(row.organisation, row.role):
            moved += _readdress_each(conn, directory, now, sa.and_(pending, *same))
            continue
        endpoint = directory.endpoint(row.organisation, row.role)
        if _is_at(endpoint, row):
            continue
        change = sa.update(x).where(pending, *same)
        moved += conn.execute(change.values(**_moved_to(endpoint, now))).rowcount
    return moved


def _readdress_each(
    conn: Connection, directory: Directory, now: datetime, those: sa.ColumnElement[bool]
) -> int:
    """Where each notice goes its own way: one after the other, and written together."""
    x = t.outbox
    columns = (x.c.notice_id, x.c.organisation, x.c.role, x.c.channel, x.c.destination_id)
    roads: dict[tuple[str, str], tuple[Endpoint, list[str]]] = {}
    for row in conn.execute(sa.select(*columns, x.c.traits, _old_payload()).where(those)):
        traits = traits_beside(row.old, row.traits)
        endpoint = directory.endpoint(row.organisation, row.role, traits)
        if not _is_at(endpoint, row):
            at = (endpoint.channel, endpoint.destination_id)
            roads.setdefault(at, (endpoint, []))[1].append(row.notice_id)
    moved = 0
    for endpoint, ids in roads.values():
        for begun in range(0, len(ids), AT_ONCE):
            piece = ids[begun : begun + AT_ONCE]
            change = sa.update(x).where(x.c.notice_id.in_(piece), those)
            moved += conn.execute(change.values(**_moved_to(endpoint, now))).rowcount
    return moved


def _old_payload() -> sa.Label[Any]:
    """The notice itself, where nothing was kept beside it."""
    x = t.outbox.c
    return sa.case((x.traits.is_(None), x.payload), else_=sa.null()).label("old")


def _readdress_copies(conn: Connection, directory: Directory, now: datetime) -> int:
    """A place that the directory has no more stays as it is: its next attempt gives it up."""
    x, c = t.outbox.c, t.copies
    asked = (
        sa.select(x.organisation, x.role, *(c.c[n] for n in ("notice_id", "place")))
        .add_columns(c.c.channel, c.c.destination_id, x.traits, _old_payload())
        .select_from(c.join(t.outbox, x.notice_id == c.c.notice_id))
        .where(c.c.state == OutboxState.PENDING)
    )
    moved = 0
    for row in conn.execute(asked).all():
        traits = traits_beside(row.old, row.traits)
        endpoints = directory.endpoints_of(row.organisation, row.role, traits)
        if row.place >= len(endpoints) or _is_at(endpoints[row.place], row):
            continue
        one = sa.and_(c.c.notice_id == row.notice_id, c.c.place == row.place)
        change = sa.update(c).where(one, c.c.state == OutboxState.PENDING)
        moved += conn.execute(change.values(**_moved_to(endpoints[row.place], now))).rowcount
    return moved


def _is_at(endpoint: Endpoint, row: Any) -> bool:
    return (endpoint.channel, endpoint.destination_id) == (row.channel, row.destination_id)


def _moved_to(endpoint: Endpoint, now: datetime) -> dict[str, Any]:
    return {
        "channel": endpoint.channel,
        "destination_id": endpoint.destination_id,
        "next_try_at": now,
    }


def _offer_further(conn: Connection, directory: Directory, clock_at: datetime) -> None:
    x = t.outbox
    untried = sa.and_(
        x.c.state == OutboxState.PENDING, x.c.place == 0, x.c.next_channel_at.is_(None)
    )
    recipients = sa.select(x.c.organisation, x.c.role).where(untried).distinct()
    for row in conn.execute(recipients).all():
        if len(directory.endpoints_of(row.organisation, row.role)) > 1:
            theirs = sa.and_(x.c.organisation == row.organisation, x.c.role == row.role)
            conn.execute(sa.update(x).where(untried, theirs).values(next_channel_at=clock_at))
