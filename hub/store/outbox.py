"""The outbox: every notice that must go out, until it is out or has been given up.

Times here are real time, not the hub's clock: a held clock must not stop a retry.  Only
`signal_at`, which the receipt carries, is the hub's time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.model import NoticeReason, Signal
from hub.edges.avro import NoticeRecord, encode_notice
from hub.edges.directory import Endpoint
from hub.store import tables as t
from hub.store.proved import bounced, evidence
from hub.store.upsert import put, put_many, put_once

GIVE_UP: Final = timedelta(days=5)
"""Attempts go on this long: over a bank-holiday weekend and a working day to mend the fault."""

FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(hours=1)

PAUSE_AFTER: Final = 5
"""Failures in a row after which a destination is left alone for a while."""

FIRST_PAUSE: Final = timedelta(seconds=30)

TAKES_BACK: Final = (NoticeReason.WITHDRAWN, NoticeReason.RETRACTED)
"""The corrections that still go out when everything else of a duty is cancelled."""


class OutboxState(StrEnum):
    """Where a notice stands in the outbox."""

    PENDING = "pending"
    SENT = "sent"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A notice whose next attempt is due."""

    notice_id: str
    episode_id: str
    organisation: str
    role: str
    channel: str
    destination_id: str
    payload: bytes
    attempts: int
    created_at: datetime
    signal: str | None = None
    """What was proved before."""
    replay_id: str | None = None
    """The replay that sends it again, if any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What one attempt came to."""

    due: Due
    at: datetime
    """Real time."""
    clock_at: datetime
    """The hub's time."""
    latency_ms: int
    signal: Signal | None
    """SENT or DELIVERED when it got through."""
    reason: str | None = None
    retry: bool = True
    wait: timedelta | None = None
    http_status: int | None = None


def queue_notice(conn: Connection, record: NoticeRecord, endpoint: Endpoint, now: datetime) -> bool:
    """Put a notice in the outbox; False when it is there already."""
    return put_once(conn, t.outbox, queued(record, endpoint, now))


def queued(record: NoticeRecord, endpoint: Endpoint, now: datetime) -> dict[str, Any]:
    """The row of a notice that is due at `now`."""
    return {
        "notice_id": record.notice_id,
        "obligation_id": record.obligation_id,
        "episode_id": record.episode_id,
        "organisation": record.organisation,
        "role": record.role,
        "channel": endpoint.channel,
        "destination_id": endpoint.destination_id,
        "payload": encode_notice(record),
        "state": OutboxState.PENDING,
        "attempts": 0,
        "next_try_at": now,
        "created_at": now,
        "takes_back": record.reason in TAKES_BACK,
    }


# --- what is due ----------------------------------------------------------------------------


def due_destinations(conn: Connection, now: datetime) -> list[str]:
    """Destinations that have a notice due and are not paused, the longest waiting first."""
    x, d = t.outbox, t.destinations
    asked = (
        sa.select(x.c.destination_id)
        .select_from(x.outerjoin(d, d.c.destination_id == x.c.destination_id))
        .where(
            x.c.state == OutboxState.PENDING,
            x.c.next_try_at <= now,
            sa.or_(d.c.paused_until.is_(None), d.c.paused_until <= now),
        )
        .group_by(x.c.destination_id)
        .order_by(sa.func.min(x.c.next_try_at))
    )
    return list(conn.scalars(asked))


def due_notices(conn: Connection, destination_id: str, now: datetime, limit: int) -> list[Due]:
    """Notices due at one destination, in the order they were made; one only after a failure."""
    x, d = t.outbox, t.destinations
    failures = conn.scalar(
        sa.select(d.c.failures_in_a_row).where(d.c.destination_id == destination_id)
    )
    asked = (
        sa.select(*(x.c[name] for name in Due.__dataclass_fields__))
        .where(
            x.c.state == OutboxState.PENDING,
            x.c.destination_id == destination_id,
            x.c.next_try_at <= now,
        )
        .order_by(x.c.next_try_at, x.c.created_at, x.c.notice_id)
        .limit(1 if failures else limit)
    )
    return [Due(**row) for row in conn.execute(asked).mappings()]


def is_pending(conn: Connection, notice_id: str) -> bool:
    """Whether a notice has not been cancelled meanwhile."""
    state = conn.scalar(sa.select(t.outbox.c.state).where(t.outbox.c.notice_id == notice_id))
    return state == OutboxState.PENDING


# --- what an attempt came to ----------------------------------------------------------------


def wait_after(attempts: int, jitter: float) -> timedelta:
    """How long to wait after the `attempts`th failure: doubling, capped, and spread by jitter.

    `jitter` is between 0 and 1; half of the wait is fixed, so that retries never bunch at once.
    """
    doubled = FIRST_WAIT * int(2 ** min(attempts - 1, 20))
    capped: timedelta = min(doubled, LONGEST_WAIT)
    return capped * (0.5 + jitter / 2)


def pause_after(failures_in_a_row: int) -> timedelta | None:
    """How long a destination is left alone after so many failures in a row, or None."""
    if failures_in_a_row < PAUSE_AFTER:
        return None
    doubled = FIRST_PAUSE * int(2 ** min(failures_in_a_row - PAUSE_AFTER, 20))
    return min(doubled, LONGEST_WAIT)


def record_attempt(conn: Connection, tried: Attempt, jitter: float) -> OutboxState:
    """Log an attempt and move the notice and its destination on; returns where it stands now."""
    (stands,) = record_attempts(conn, [(tried, jitter)])
    return stands


def record_attempts(conn: Connection, tried: Sequence[tuple[Attempt, float]]) -> list[OutboxState]:
    """As `record_attempt`, each with its jitter, for attempts made together at one destination.

    However many of them failed, the destination has failed once: they were one try at it.
    """
    stands = [_record(conn, each, jitter) for each, jitter in tried]
    last = tried[-1][0]
    _note_destination(conn, next((each for each, _ in tried if each.signal is None), last))
    return stands


def _record(conn: Connection, tried: Attempt, jitter: float) -> OutboxState:
    due = tried.due
    n = due.attempts + 1
    put(conn, t.attempts, _logged(tried, n))
    change: dict[str, Any] = {"attempts": n, "last_reason": tried.reason}
    if tried.signal is not None:
        delivered = tried.signal is Signal.DELIVERED
        change["state"] = OutboxState.DELIVERED if delivered else OutboxState.SENT
        change |= evidence(due.signal, tried.signal, tried.clock_at, due.replay_id)
    elif tried.retry and tried.at - due.created_at < GIVE_UP:
        change["state"] = OutboxState.PENDING
        change["next_try_at"] = tried.at + wait_after(n, jitter)
    else:
        change["state"] = OutboxState.EXHAUSTED
        change |= evidence(due.signal, Signal.BOUNCED, tried.clock_at, due.replay_id)
    one = t.outbox.c.notice_id == due.notice_id
    if change["state"] is OutboxState.PENDING:
        # A notice that was cancelled while it was being tried stays cancelled.
        one = sa.and_(one, t.outbox.c.state == OutboxState.PENDING)
    conn.execute(sa.update(t.outbox).where(one).values(**change))
    return OutboxState(change["state"])


def record_sent(conn: Connection, tried: Sequence[Attempt]) -> None:
    """As `record_attempt`, for attempts at one destination that all got through as SENT."""
    put_many(conn, t.attempts, [_logged(each, each.due.attempts + 1) for each in tried])
    _note_destination(conn, tried[-1])
    one = t.outbox.c.notice_id == sa.bindparam("sent_id")
    change = (
        sa.update(t.outbox)
        .where(one)
        .values(
            state=OutboxState.SENT,
            signal=Signal.SENT,
            reported=False,
            last_reason=None,
            attempts=sa.bindparam("n"),
            signal_at=sa.bindparam("clock_at"),
        )
    )
    rows = [
        {"sent_id": each.due.notice_id, "n": each.due.attempts + 1, "clock_at": each.clock_at}
        for each in tried
    ]
    conn.execute(change, rows)


def _logged(tried: Attempt, n: int) -> dict[str, Any]:
    status = tried.http_status
    return {
        "notice_id": tried.due.notice_id,
        "n": n,
        "at": tried.at,
        "channel": tried.due.channel,
        "destination_id": tried.due.destination_id,
        "result": tried.signal if tried.signal is not None else "failed",
        "reason": tried.reason,
        "http_status": status,
        "latency_ms": tried.latency_ms,
        # Answers may hold anything; the status is all that is kept of them.
        "answer": None if status is None else f"HTTP {status}",
        "replay_id": tried.due.replay_id,
    }


def _note_destination(conn: Connection, tried: Attempt) -> None:
    d = t.destinations
    destination_id = tried.due.destination_id
    failures = conn.scalar(
        sa.select(d.c.failures_in_a_row).where(d.c.destination_id == destination_id)
    )
    if tried.signal is not None:
        if failures:
            put(conn, d, _standing(destination_id, 0, None))
        return
    failures = (failures or 0) + 1
    pause = max(pause_after(failures) or timedelta(0), tried.wait or timedelta(0))
    put(conn, d, _standing(destination_id, failures, tried.at + pause if pause else None))


def _standing(destination_id: str, failures: int, paused_until: datetime | None) -> dict[str, Any]:
    return {
        "destination_id": destination_id,
        "paused_until": paused_until,
        "failures_in_a_row": failures,
    }


def give_up_old(conn: Connection, now: datetime, clock_at: datetime) -> int:
    """Give up what has been tried in vain for `GIVE_UP`, also while its destination is paused."""
    x = t.outbox
    change = (
        sa.update(x)
        .where(
            x.c.state == OutboxState.PENDING,
            x.c.created_at <= now - GIVE_UP,
            x.c.attempts > 0,
        )
        .values(state=OutboxState.EXHAUSTED, **bounced(clock_at))
    )
    return conn.execute(change).rowcount
