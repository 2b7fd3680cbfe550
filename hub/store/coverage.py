"""Who was told of an event, how far, when, and if not, why not."""

from datetime import datetime

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from hub.core.episode import Milestone
from hub.core.model import GapState, Level, ObligationState, Severity, Signal
from hub.core.receipts import HANDED_BACK
from hub.store import tables as t
from hub.store.episode_lines import CoverageGap, CoverageLine, HandedBack


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
    reached, gaps, codes = _reached(conn, ids), _open_gaps(conn, ids), _codes(conn, ids)
    notices, back = _notices(conn, ids), _handed_back(conn, ids)
    return tuple(
        _coverage(
            row,
            notices.get(key),
            back.get(key),
            reached.get(key, {}),
            gaps.get(key, []),
            frozenset(codes.get(key, frozenset())),
        )
        for row in duties
        if (key := row["obligation_id"])
    )


def _notices(conn: Connection, ids: list[str]) -> dict[str, str]:
    """The newest notice of each obligation."""
    n = t.notices
    rows = conn.execute(
        sa.select(n.c.obligation_id, n.c.notice_id)
        .where(n.c.obligation_id.in_(ids))
        .order_by(n.c.round, n.c.issued_at, n.c.seq)
    )
    return {row.obligation_id: row.notice_id for row in rows}


def _handed_back(conn: Connection, ids: list[str]) -> dict[str, HandedBack]:
    """How each obligation's notice came back, if one did: the last time."""
    lv = t.levels
    rows = conn.execute(
        sa.select(lv.c.obligation_id, lv.c.signal, lv.c.detail, lv.c.reached_at)
        .where(lv.c.obligation_id.in_(ids), lv.c.signal.in_(HANDED_BACK))
        .order_by(lv.c.seq, lv.c.n)
    )
    return {
        row.obligation_id: HandedBack(
            signal=Signal(row.signal), reason=row.detail, at=row.reached_at
        )
        for row in rows
    }


def _reached(conn: Connection, ids: list[str]) -> dict[str, dict[Level, datetime]]:
    """When each obligation first reached each level, by evidence that counts."""
    lv = t.levels
    rows = conn.execute(
        sa.select(lv.c.obligation_id, lv.c.level, sa.func.min(lv.c.reached_at).label("first"))
        .where(lv.c.obligation_id.in_(ids), lv.c.counts)
        .group_by(lv.c.obligation_id, lv.c.level)
        .order_by(lv.c.level)
    )
    found: dict[str, dict[Level, datetime]] = {}
    for row in rows:
        found.setdefault(row.obligation_id, {})[Level(row.level)] = row.first
    return found


def _open_gaps(conn: Connection, ids: list[str]) -> dict[str, list[CoverageGap]]:
    """The open gaps of each obligation, the gravest first."""
    g, d = t.gaps, t.gap_duties
    columns = [g.c[name] for name in CoverageGap.__dataclass_fields__]
    rows = conn.execute(
        sa.select(d.c.obligation_id, *columns)
        .select_from(d.join(g, g.c.gap_id == d.c.gap_id))
        .where(d.c.obligation_id.in_(ids), g.c.state == GapState.OPEN)
        .order_by(g.c.severity.desc(), g.c.gap_id)
    ).mappings()
    found: dict[str, list[CoverageGap]] = {}
    for row in rows:
        values = {name: row[name] for name in CoverageGap.__dataclass_fields__}
        values["severity"] = Severity(values["severity"])
        found.setdefault(row["obligation_id"], []).append(CoverageGap(**values))
    return found


def _codes(conn: Connection, ids: list[str]) -> dict[str, set[str]]:
    """The codes of all gaps that were ever about each obligation."""
    g, d = t.gaps, t.gap_duties
    rows = conn.execute(
        sa.select(d.c.obligation_id, g.c.code)
        .select_from(d.join(g, g.c.gap_id == d.c.gap_id))
        .where(d.c.obligation_id.in_(ids))
    )
    found: dict[str, set[str]] = {}
    for row in rows:
        found.setdefault(row.obligation_id, set()).add(row.code)
    return found


def _coverage(
    row: RowMapping,
    notice_id: str | None,
    handed_back: HandedBack | None,
    reached: dict[Level, datetime],
    open_gaps: list[CoverageGap],
    codes: frozenset[str],
) -> CoverageLine:
    met = row["met_at"] is not None
    needed, level = Level(row["level_needed"]), Level(row["level"])
    return CoverageLine(
        role=row["role"],
        organisation=row["organisation"],
        person=row["person"],
        obligation_id=row["obligation_id"],
        notice_id=notice_id,
        handed_back=handed_back,
        state=ObligationState(row["state"]),
        level=level,
        level_needed=needed,
        raised_at=row["raised_at"],
        reached=tuple(sorted(reached.items())),
        reached_at=reached.get(level),
        milestones=msgspec.convert(row["milestones"], tuple[Milestone, ...]),
        due_at=row["due_at"],
        met=met,
        late=row["late"],
        ended_reason=row["ended_reason"],
        ended_at=row["ended_at"],
        why_not=None if met else _why_not(row, needed, level, open_gaps),
        gap_id=open_gaps[0].gap_id if open_gaps else None,
        gaps=tuple(open_gaps),
        ever=codes,
        rule=row["rule"],
        because=row["because"],
        authority=row["authority"],
    )


def _why_not(row: RowMapping, needed: Level, level: Level, open_gaps: list[CoverageGap]) -> str:
    explained = open_gaps[0].explanation if open_gaps else None
    waiting = f"{level.name.lower()}, not yet {needed.name.lower()}"
    return row["ended_reason"] or explained or waiting
