"""After an outage: who would have been told in it and is not told yet, the gravest first."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.model import Level
from hub.ops import limits_replay as limits
from hub.store import tables as t
from hub.store.worklist import Listed

MOST: Final = limits.RECONCILED.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Untold:
    """A notice that stands open after an outage.  Ids and codes; nothing about the family."""

    notice_id: str
    organisation: str
    role: str
    purpose: str
    severity: int
    """Of the gravest open gap about it; 0 for none."""
    title: str
    due_at: datetime
    issued_at: datetime
    level: int
    level_needed: int
    channel: str | None
    outbox_state: str | None


COLUMNS: Final = tuple(Untold.__dataclass_fields__)


def untold(conn: Connection, since: datetime, until: datetime, limit: int = MOST) -> list[Untold]:
    """Notices of an outage whose duty is not met yet, by risk and then by deadline.

    Of an outage are those that were made in it, those that waited when it began and had not
    arrived, and those made later of something that happened in it.
    """
    n, x = t.notices.c, t.outbox.c
    made = sa.and_(n.issued_at >= since, n.issued_at < until)
    waited = sa.and_(
        n.issued_at < since,
        sa.or_(n.level < Level.DELIVERED, n.last_signal_at >= since),
    )
    happened = (
        sa.select(t.causes.c.obligation_id)
        .join(t.events, t.events.c.event_id == t.causes.c.event_id)
        .where(t.events.c.occurred_at >= since, t.events.c.occurred_at < until)
    )
    late = sa.and_(n.issued_at >= until, n.obligation_id.in_(happened))
    columns = [n[name] for name in COLUMNS if name not in ("channel", "outbox_state")]
    asked = (
        sa.select(*columns, x.channel, x.state.label("outbox_state"))
        .select_from(t.notices.outerjoin(t.outbox, x.notice_id == n.notice_id))
        .where(
            n.listed == Listed.OPEN,
            sa.not_(n.withdrawn),
            n.level < n.level_needed,
            sa.or_(made, waited, late),
        )
        .order_by(n.rank, n.due_at, n.notice_id)
        .limit(limit)
    )
    return [Untold(**row) for row in conn.execute(asked).mappings()]
