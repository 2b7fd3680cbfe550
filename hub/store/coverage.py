"""Who was told of an event, how far, when, and if not, why not."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from hub.core.model import GapState, Level, ObligationState
from hub.store import tables as t
from hub.store.episode_lines import CoverageLine


def event_coverage(conn: Connection, event_id: str) -> tuple[CoverageLine, ...]:
    """For each duty that an event raised: how far it got, when, and if unmet, why not."""
    o, c = t.obligations, t.causes
    rows = conn.execute(
        sa.select(o)
        .select_from(c.join(o, o.c.obligation_id == c.c.obligation_id))
        .where(c.c.event_id == event_id)
        .order_by(o.c.role, o.c.organisation, o.c.obligation_id)
    ).mappings()
    duties = rows.all()
    ids = [row["obligation_id"] for row in duties]
    reached, gaps = _reached(conn, ids), _open_gaps(conn, ids)
    return tuple(_coverage(row, reached, gaps.get(row["obligation_id"])) for row in duties)


def _reached(conn: Connection, ids: list[str]) -> dict[tuple[str, int], datetime]:
    """When each obligation first reached each level, by evidence that counts."""
    lv = t.levels
    rows = conn.execute(
        sa.select(lv.c.obligation_id, lv.c.level, sa.func.min(lv.c.reached_at).label("first"))
        .where(lv.c.obligation_id.in_(ids), lv.c.counts)
        .group_by(lv.c.obligation_id, lv.c.level)
    )
    return {(row.obligation_id, row.level): row.first for row in rows}


def _open_gaps(conn: Connection, ids: list[str]) -> dict[str, tuple[str, str]]:
    """The gravest open gap of each obligation: its id and explanation."""
    g, d = t.gaps, t.gap_duties
    rows = conn.execute(
        sa.select(d.c.obligation_id, g.c.gap_id, g.c.explanation)
        .select_from(d.join(g, g.c.gap_id == d.c.gap_id))
        .where(d.c.obligation_id.in_(ids), g.c.state == GapState.OPEN)
        .order_by(g.c.severity, g.c.gap_id)
    )
    return {row.obligation_id: (row.gap_id, row.explanation) for row in rows}


def _coverage(
    row: RowMapping,
    reached: dict[tuple[str, int], datetime],
    open_gap: tuple[str, str] | None,
) -> CoverageLine:
    met = row["met_at"] is not None
    needed, level = Level(row["level_needed"]), Level(row["level"])
    why_not = None
    if not met:
        explained = open_gap[1] if open_gap else None
        waiting = f"{level.name.lower()}, not yet {needed.name.lower()}"
        why_not = row["ended_reason"] or explained or waiting
    return CoverageLine(
        role=row["role"],
        organisation=row["organisation"],
        person=row["person"],
        obligation_id=row["obligation_id"],
        state=ObligationState(row["state"]),
        level=level,
        level_needed=needed,
        reached_at=reached.get((row["obligation_id"], level)),
        due_at=row["due_at"],
        met=met,
        late=row["late"],
        why_not=why_not,
        gap_id=open_gap[0] if open_gap else None,
        rule=row["rule"],
        authority=row["authority"],
    )
