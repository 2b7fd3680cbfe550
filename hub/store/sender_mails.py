"""What waits of a publisher, and when its contact was last mailed about it.

What is told is how many and why; nothing of any original leaves by this way.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.ops import limits_carriers as limits
from hub.store import tables as t
from hub.store.outbox import wait_after
from hub.store.quarantine import QuarantineState
from hub.store.upsert import put_once

REMIND_HOURS: Final = limits.CONTACT_REMINDER.value
REMIND_AFTER: Final = timedelta(hours=REMIND_HOURS)
"""As long as something waits of which the contact was told, it is told again so often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits in quarantine of one publisher."""

    newest: datetime
    """When the newest of them was refused, by the hub's time."""
    reasons: tuple[tuple[str, int], ...]
    """Each reason with how many wait for it, in order of their words."""

    @property
    def count(self) -> int:
        """How many."""
        return sum(number for _, number in self.reasons)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailed:
    """What the contact of one publisher was told last, and how the last attempt went."""

    newest_told: datetime | None = None
    mailed_at: datetime | None = None
    attempts: int = 0
    next_try_at: datetime | None = None
    last_reason: str | None = None


def waiting_of(conn: Connection, organisation: str) -> Waiting | None:
    """What is open of a publisher; None for nothing.

    What was returned is left out: the sender has a record, or a person is about to reach it.
    """
    q = t.quarantine
    asked = (
        sa.select(q.c.reason, sa.func.count(), sa.func.max(q.c.received_at))
        .where(
            q.c.state == QuarantineState.OPEN,
            sa.or_(
                q.c.source == organisation,
                q.c.source.startswith(f"{organisation}:", autoescape=True),
            ),
        )
        .group_by(q.c.reason)
        .order_by(q.c.reason)
    )
    rows = conn.execute(asked).all()
    if not rows:
        return None
    reasons = tuple((reason, number) for reason, number, _ in rows)
    return Waiting(newest=max(newest for *_, newest in rows), reasons=reasons)


def mailed_to(conn: Connection, organisation: str) -> Mailed:
    """When the contact of a publisher was mailed last."""
    m = t.sender_mails
    names = tuple(Mailed.__dataclass_fields__)
    asked = sa.select(*(m.c[name] for name in names)).where(m.c.organisation == organisation)
    row = conn.execute(asked).mappings().first()
    return Mailed() if row is None else Mailed(**row)


def is_due(waiting: Waiting, mailed: Mailed, every: timedelta, now: datetime) -> bool:
    """Whether a mail is due: for what is new, and once a day while anything waits."""
    if mailed.next_try_at is not None and now < mailed.next_try_at:
        return False
    if mailed.mailed_at is None or mailed.newest_told is None:
        return True
    is_new = waiting.newest > mailed.newest_told
    return now >= mailed.mailed_at + (every if is_new else max(every, REMIND_AFTER))


def note_mailed(conn: Connection, organisation: str, waiting: Waiting, now: datetime) -> None:
    """The mail server has taken a mail about what waits."""
    _put(
        conn,
        organisation,
        newest_told=waiting.newest,
        mailed_at=now,
        attempts=0,
        next_try_at=None,
        last_reason=None,
    )


def note_not_mailed(
    conn: Connection, organisation: str, reason: str, *, retry: bool, now: datetime, jitter: float
) -> None:
    """An attempt was in vain; one that was refused for good is made again after a day."""
    attempts = mailed_to(conn, organisation).attempts + 1
    wait = wait_after(attempts, jitter) if retry else REMIND_AFTER
    _put(conn, organisation, attempts=attempts, next_try_at=now + wait, last_reason=reason)


def _put(conn: Connection, organisation: str, **values: object) -> None:
    m = t.sender_mails
    put_once(conn, m, {"organisation": organisation})
    conn.execute(sa.update(m).where(m.c.organisation == organisation).values(**values))
