"""Questions that only the gap board asks."""

from datetime import datetime

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection

from hub.core.model import GapState, Level, ObligationState
from hub.store import tables as t
from hub.web.auth import OPERATOR_ROLE, Viewer
from hub.web.queries import PAGE


class BoardLine(Struct, frozen=True, kw_only=True):
    """One gap on the board."""

    gap_id: str
    episode_id: str
    code: str
    name: str
    severity: int
    role: str
    organisation: str
    state: str
    opened_at: datetime
    due_at: datetime
    explanation: str
    next_action: str
    rung: int
    stuck: str
    """How far its least-told duty got: not sent, not delivered, not opened, not acted on."""


class Sieve(Struct, frozen=True, kw_only=True):
    """What the board is asked to show; an empty word means everything."""

    state: str = GapState.OPEN.value
    severity: int = 0
    code: str = ""
    organisation: str = ""


def may_see_gap(viewer: Viewer, role: str, organisation: str) -> bool:
    """Safeguarding roles see every gap; others those that they can do something about."""
    if viewer.safeguards or owns_gap(viewer, role, organisation):
        return True
    return viewer.operates and role == OPERATOR_ROLE


def owns_gap(viewer: Viewer, role: str, organisation: str) -> bool:
    """Whether the gap belongs to her own role, or to the organisation that she leads."""
    return organisation == viewer.organisation and (viewer.leads or role in viewer.roles)


def _visible(viewer: Viewer) -> sa.ColumnElement[bool]:
    """`may_see_gap` as SQL."""
    g = t.gaps
    if viewer.safeguards:
        return sa.true()
    own = g.c.organisation == viewer.organisation
    if not viewer.leads:
        own = sa.and_(own, g.c.role.in_(sorted(viewer.roles)))
    return sa.or_(own, g.c.role == OPERATOR_ROLE) if viewer.operates else own


def board(
    conn: Connection, viewer: Viewer, sieve: Sieve, *, offset: int = 0
) -> tuple[BoardLine, ...]:
    """One page of the board, gravest first and then the longest due, plus one line if more."""
    g = t.gaps
    chosen = [_visible(viewer)]
    for column, value in (
        (g.c.state, sieve.state),
        (g.c.severity, sieve.severity),
        (g.c.code, sieve.code),
        (g.c.organisation, sieve.organisation),
    ):
        if value:
            chosen.append(column == value)
    rows = (
        conn.execute(
            sa.select(g)
            .where(*chosen)
            .order_by(g.c.severity.desc(), g.c.due_at, g.c.gap_id)
            .limit(PAGE + 1)
            .offset(offset)
        )
        .mappings()
        .all()
    )
    stuck = _stuck(conn, [row["gap_id"] for row in rows])
    names = BoardLine.__struct_fields__
    return tuple(
        BoardLine(
            **{name: row[name] for name in names if name != "stuck"},
            stuck=stuck.get(row["gap_id"], ""),
        )
        for row in rows
    )


STUCK_WORDS = {
    Level.OWED: "Not sent",
    Level.SENT: "Not delivered",
    Level.DELIVERED: "Not opened",
    Level.OPENED: "Not accepted",
    Level.ACCEPTED: "Not acted on",
}


def _stuck(conn: Connection, gap_ids: list[str]) -> dict[str, str]:
    """For each gap, where its least-told unmet duty stopped; escalations are not duties of it."""
    o, d, x = t.obligations, t.gap_duties, t.escalations
    climbed = sa.exists().where(x.c.gap_id == d.c.gap_id, x.c.obligation_id == d.c.obligation_id)
    ended = (ObligationState.WITHDRAWN, ObligationState.WAIVED, ObligationState.RETRACTED)
    rows = conn.execute(
        sa.select(d.c.gap_id, sa.func.min(o.c.level).label("least"))
        .select_from(d.join(o, o.c.obligation_id == d.c.obligation_id))
        .where(d.c.gap_id.in_(gap_ids), o.c.met_at.is_(None), ~climbed, o.c.state.not_in(ended))
        .group_by(d.c.gap_id)
    )
    return {row.gap_id: STUCK_WORDS.get(Level(row.least), "") for row in rows}


def open_by_severity(conn: Connection, viewer: Viewer) -> dict[int, int]:
    """How many open gaps of each severity this person may see."""
    g = t.gaps
    rows = conn.execute(
        sa.select(g.c.severity, sa.func.count().label("many"))
        .where(_visible(viewer), g.c.state == GapState.OPEN)
        .group_by(g.c.severity)
    )
    return {int(row.severity): int(row.many) for row in rows}
