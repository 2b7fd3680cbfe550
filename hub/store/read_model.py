"""Questions that the pages, the story player and the metrics ask of the database.

Each takes an open Connection and returns values of `read_lines`; none writes but `take` and
`untake`.  Nothing here decides who may see what: the page asks only for its own organisation.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.model import GapState, Level, Severity
from hub.store import tables as t
from hub.store.coverage import event_coverage
from hub.store.episode_reads import episode, episode_timeline, episodes
from hub.store.gap_reads import gap, gap_board
from hub.store.notice_reads import notice, notice_trail, notices
from hub.store.positions import saved_positions
from hub.store.quarantine import UNRESOLVED
from hub.store.read_lines import Gauges, QuarantineItem, QuarantineLine
from hub.store.worklist import PAGE, Listed, take, untake, worklist, worklist_counts

__all__ = [
    "Listed",
    "decided_event",
    "decided_input",
    "episode",
    "episode_timeline",
    "episodes",
    "event_coverage",
    "gap",
    "gap_board",
    "gauges",
    "lag",
    "min_next_wake",
    "notice",
    "notice_trail",
    "notices",
    "quarantine_item",
    "quarantine_list",
    "take",
    "untake",
    "worklist",
    "worklist_counts",
]


# --- quarantine -----------------------------------------------------------------------------


def _quarantine_columns() -> list[sa.ColumnElement[Any]]:
    return [t.quarantine.c[name] for name in QuarantineLine.__dataclass_fields__]


def quarantine_list(
    conn: Connection,
    *,
    state: str = "open",
    reason: str | None = None,
    owner: str | None = None,
    source: str | None = None,
    limit: int = PAGE,
    offset: int = 0,
) -> tuple[QuarantineLine, ...]:
    """Inputs that could not be decided, oldest first, without their bytes."""
    q = t.quarantine
    asked = sa.select(*_quarantine_columns()).where(q.c.state == state)
    if reason is not None:
        asked = asked.where(q.c.reason == reason)
    if owner is not None:
        asked = asked.where(q.c.owner == owner)
    if source is not None:
        asked = asked.where(q.c.source == source)
    page = asked.order_by(q.c.received_at, q.c.quarantine_id).limit(limit).offset(offset)
    return tuple(QuarantineLine(**row) for row in conn.execute(page).mappings())


def quarantine_item(conn: Connection, quarantine_id: str) -> QuarantineItem | None:
    """One of them with its original bytes, or None."""
    asked = sa.select(*_quarantine_columns(), t.quarantine.c.original)
    row = conn.execute(asked.where(t.quarantine.c.quarantine_id == quarantine_id)).mappings()
    found = row.first()
    if found is None:
        return None
    values = dict(found)
    original = values.pop("original")
    return QuarantineItem(line=QuarantineLine(**values), original=original)


# --- positions, wakes and figures -----------------------------------------------------------


def decided_event(conn: Connection, event_id: str) -> bool:
    """Whether a decision about this event has been folded in."""
    return conn.scalar(sa.select(sa.exists().where(t.events.c.event_id == event_id))) or False


def decided_input(conn: Connection, input_id: str) -> bool:
    """Whether the decision about this input has been folded in."""
    return conn.scalar(sa.select(sa.exists().where(t.decisions.c.input_id == input_id))) or False


def min_next_wake(conn: Connection, *, after: datetime | None = None) -> datetime | None:
    """The earliest wake that any episode still waits for; with `after`, the earliest beyond it.

    A story player asks with its clock's time: the wakes up to then are on their way.
    """
    wake = t.episodes.c.next_wake_at
    asked = sa.select(sa.func.min(wake))
    if after is not None:
        asked = asked.where(wake > after)
    earliest: datetime | None = conn.scalar(asked)
    return earliest


def lag(conn: Connection, consumer: str) -> dict[tuple[str, int], int]:
    """The next offset that a consumer will read, by topic and partition."""
    return saved_positions(conn, consumer)


def gauges(conn: Connection, *, now: datetime) -> Gauges:
    """The figures for the metrics."""
    g, n, q = t.gaps, t.notices, t.quarantine
    gaps = conn.execute(
        sa.select(g.c.code, g.c.severity, sa.func.count().label("many"))
        .where(g.c.state == GapState.OPEN)
        .group_by(g.c.code, g.c.severity)
    )
    depth = conn.execute(
        sa.select(q.c.reason, sa.func.count().label("many"))
        .where(q.c.state.in_(UNRESOLVED))
        .group_by(q.c.reason)
    )
    oldest = conn.scalar(
        sa.select(sa.func.min(n.c.due_at)).where(
            n.c.listed == Listed.OPEN,
            n.c.level_needed >= Level.ACCEPTED,
            n.c.level < Level.ACCEPTED,
        )
    )
    late = (now - oldest).total_seconds() if oldest is not None else 0.0
    return Gauges(
        gaps_open={(row.code, Severity(row.severity)): row.many for row in gaps},
        oldest_unaccepted_seconds=max(late, 0.0),
        quarantine_depth={row.reason: row.many for row in depth},
    )
