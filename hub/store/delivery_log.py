"""The delivery log: one line for each attempt, found by notice, recipient, channel or result."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.store import tables as t


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One attempt.  Ids and codes only."""

    notice_id: str
    n: int
    at: datetime
    organisation: str
    role: str
    channel: str
    result: str
    reason: str | None
    http_status: int | None
    latency_ms: int
    replay_id: str | None
    state: str
    """Where the notice stands in the outbox now."""
    next_try_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What of the log is sought; what is empty narrows nothing."""

    notice_id: str = ""
    organisation: str = ""
    channel: str = ""
    result: str = ""
    reason: str = ""


def log_lines(conn: Connection, sought: Sought, limit: int, offset: int = 0) -> list[LogLine]:
    """Attempts, newest first."""
    a, x = t.attempts.c, t.outbox.c
    wanted = {
        a.notice_id: sought.notice_id,
        x.organisation: sought.organisation,
        a.channel: sought.channel,
        a.result: sought.result,
        a.reason: sought.reason,
    }
    columns = [
        a.notice_id,
        a.n,
        a.at,
        x.organisation,
        x.role,
        a.channel,
        a.result,
        a.reason,
        a.http_status,
        a.latency_ms,
        a.replay_id,
        x.state,
        x.next_try_at,
    ]
    asked = (
        sa.select(*columns)
        .select_from(t.attempts.join(t.outbox, x.notice_id == a.notice_id))
        .where(*(column == value for column, value in wanted.items() if value))
        .order_by(a.at.desc(), a.notice_id, a.n.desc())
        .limit(limit)
        .offset(offset)
    )
    return [LogLine(**row) for row in conn.execute(asked).mappings()]
