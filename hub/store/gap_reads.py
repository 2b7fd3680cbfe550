"""The gap board, and one gap with the rungs climbed."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from hub.core.model import GapState, Severity
from hub.store import tables as t
from hub.store.episode_lines import EscalationLine, GapView

BOARD = 200
"""Gaps on one page of the board when the caller does not say."""


def _gap_view(row: RowMapping, **more: Any) -> GapView:
    values = dict(row)
    values["severity"] = Severity(values["severity"])
    values["state"] = GapState(values["state"])
    values["evidence"] = tuple(values["evidence"])
    values["duty_ids"] = tuple(values["duty_ids"])
    return GapView(**values, **more)


def gap_board(
    conn: Connection,
    *,
    state: str | None = "open",
    organisation: str | None = None,
    episode_id: str | None = None,
    code: str | None = None,
    limit: int = BOARD,
    offset: int = 0,
) -> tuple[GapView, ...]:
    """Gaps, gravest first, then the oldest due time.  `state=None` means every state."""
    g = t.gaps
    asked = sa.select(g).order_by(g.c.severity.desc(), g.c.due_at, g.c.gap_id)
    conditions = {"state": state, "organisation": organisation, "code": code}
    conditions["episode_id"] = episode_id
    for name, value in conditions.items():
        if value is not None:
            asked = asked.where(g.c[name] == value)
    rows = conn.execute(asked.limit(limit).offset(offset)).mappings()
    return tuple(_gap_view(row) for row in rows)


def gap(conn: Connection, gap_id: str) -> GapView | None:
    """One gap with the duties it is about and the rungs climbed, or None."""
    found = conn.execute(sa.select(t.gaps).where(t.gaps.c.gap_id == gap_id)).mappings().first()
    if found is None:
        return None
    x = t.escalations
    columns = (x.c[name] for name in EscalationLine.__dataclass_fields__)
    climbed = conn.execute(
        sa.select(*columns).where(x.c.gap_id == gap_id).order_by(x.c.rung, x.c.at)
    )
    rungs = tuple(EscalationLine(**row) for row in climbed.mappings())
    return _gap_view(found, escalations=rungs)
