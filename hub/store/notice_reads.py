"""One notice whole, and everything that happened to it."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping, Select

from hub.core.model import Level, ObligationState, Signal
from hub.core.outcomes import ContentLine
from hub.store import tables as t
from hub.store.read_lines import AttemptLine, DeliveryLine, LevelLine, NoticeTrail, NoticeView
from hub.store.worklist import with_words


def _notices() -> Select[Any]:
    return sa.select(
        *(column for column in t.notices.c if column.name != "rank"),
        t.takes.c.person_id.label("taken_by"),
        t.takes.c.expires_at.label("taken_until"),
    ).select_from(t.notices.outerjoin(t.takes, t.takes.c.notice_id == t.notices.c.notice_id))


def _notice_view(row: RowMapping) -> NoticeView:
    values = with_words(row)
    values["content"] = tuple(ContentLine(**line) for line in values["content"])
    return NoticeView(**values)


def notice(conn: Connection, notice_id: str) -> NoticeView | None:
    """One notice whole, or None.  `taken_until` may lie in the past: compare it with your clock."""
    row = conn.execute(_notices().where(t.notices.c.notice_id == notice_id)).mappings().first()
    return None if row is None else _notice_view(row)


def notices(
    conn: Connection, *, episode_id: str | None = None, limit: int = 10_000
) -> tuple[NoticeView, ...]:
    """Notices in the order they were issued, of one episode or of all (for the story player)."""
    asked = _notices().order_by(t.notices.c.issued_at, t.notices.c.notice_id).limit(limit)
    if episode_id is not None:
        asked = asked.where(t.notices.c.episode_id == episode_id)
    return tuple(_notice_view(row) for row in conn.execute(asked).mappings())


def notice_trail(conn: Connection, notice_id: str) -> NoticeTrail:
    """The evidence about a notice, the attempts to deliver it, and where it stands now."""
    evidence = (
        sa.select(*(t.levels.c[name] for name in LevelLine.__dataclass_fields__))
        .where(t.levels.c.notice_id == notice_id)
        .order_by(t.levels.c.seq, t.levels.c.n)
    )
    tries = (
        sa.select(*(t.attempts.c[name] for name in AttemptLine.__dataclass_fields__))
        .where(t.attempts.c.notice_id == notice_id)
        .order_by(t.attempts.c.at, t.attempts.c.n)
    )
    stands = sa.select(*(t.outbox.c[name] for name in DeliveryLine.__dataclass_fields__)).where(
        t.outbox.c.notice_id == notice_id
    )
    delivery = conn.execute(stands).mappings().first()
    return NoticeTrail(
        levels=tuple(_level_line(row) for row in conn.execute(evidence).mappings()),
        attempts=tuple(AttemptLine(**row) for row in conn.execute(tries).mappings()),
        delivery=None if delivery is None else DeliveryLine(**delivery),
    )


def _level_line(row: RowMapping) -> LevelLine:
    values = dict(row)
    values["signal"] = Signal(values["signal"])
    values["level"] = Level(values["level"])
    values["state"] = ObligationState(values["state"])
    return LevelLine(**values)
