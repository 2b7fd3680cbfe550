"""What fails at one destination is one incident, however many notices it holds up."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.store import tables as t
from hub.store.outbox import OutboxState

REMEMBERED: Final = timedelta(days=21)
"""How long what came back is counted: over the two weeks of attempts and one to mend it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One destination that fails, with all that it holds up."""

    destination_id: str
    channel: str
    reason: str
    """The most frequent one."""
    waiting: int
    """Notices that are still tried, or wait behind those."""
    came_back: int
    """Notices that have been given up here; each opens its gap unless another channel has it."""
    oldest: datetime
    newest: datetime
    paused_until: datetime | None


@dataclass(frozen=True, slots=True)
class Held:
    """One notice that an incident holds up."""

    notice_id: str
    organisation: str
    role: str
    state: str
    reason: str | None
    created_at: datetime


def incidents(conn: Connection, now: datetime) -> list[Incident]:
    """The destinations that fail now, or have lately; most notices first."""
    by_place: dict[tuple[str, str], list[Any]] = {}
    d = t.destinations.c
    for table in (t.outbox, t.copies):
        x = table.c
        asked = (
            sa.select(
                x.destination_id,
                x.channel,
                x.state,
                x.last_reason,
                d.paused_until,
                sa.func.count().label("many"),
                sa.func.min(x.created_at).label("oldest"),
                sa.func.max(x.created_at).label("newest"),
            )
            .select_from(_joined(table))
            .where(_held(table, now))
            .group_by(x.destination_id, x.channel, x.state, x.last_reason, d.paused_until)
        )
        for row in conn.execute(asked):
            by_place.setdefault((row.destination_id, row.channel), []).append(row)
    found = [_incident(*place, rows) for place, rows in by_place.items()]
    return sorted(found, key=lambda one: (-one.waiting - one.came_back, one.destination_id))


def held(conn: Connection, destination_id: str, now: datetime, limit: int) -> list[Held]:
    """What one incident holds up, oldest first."""
    found: list[Held] = []
    for table in (t.outbox, t.copies):
        x, of = table.c, t.outbox.c
        asked = (
            sa.select(x.notice_id, of.organisation, of.role, x.state, x.last_reason, x.created_at)
            .select_from(_joined(table))
            .where(x.destination_id == destination_id, _held(table, now))
            .order_by(x.created_at, x.notice_id)
            .limit(limit)
        )
        found += [Held(*row) for row in conn.execute(asked)]
    return sorted(found, key=lambda one: (one.created_at, one.notice_id))[:limit]


def _joined(table: sa.Table) -> sa.Join:
    """What is on its way over a first channel, or over a further one, with its destination."""
    places = t.destinations
    whole: sa.FromClause = table
    if table is not t.outbox:
        whole = table.join(t.outbox, t.outbox.c.notice_id == table.c.notice_id)
    return whole.outerjoin(places, places.c.destination_id == table.c.destination_id)


def _held(table: sa.Table, now: datetime) -> sa.ColumnElement[bool]:
    x, d = table.c, t.destinations.c
    waits = sa.and_(x.state == OutboxState.PENDING, d.failures_in_a_row > 0)
    back = sa.and_(x.state == OutboxState.EXHAUSTED, x.created_at > now - REMEMBERED)
    return sa.or_(waits, back)


def _incident(destination_id: str, channel: str, rows: Iterable[Any]) -> Incident:
    all_rows = list(rows)
    reasons: Counter[str] = Counter()
    states: Counter[str] = Counter()
    for row in all_rows:
        states[row.state] += row.many
        reasons[row.last_reason or ""] += row.many if row.last_reason else 0
    return Incident(
        destination_id=destination_id,
        channel=channel,
        reason=reasons.most_common(1)[0][0],
        waiting=states[OutboxState.PENDING],
        came_back=states[OutboxState.EXHAUSTED],
        oldest=min(row.oldest for row in all_rows),
        newest=max(row.newest for row in all_rows),
        paused_until=all_rows[0].paused_until,
    )
