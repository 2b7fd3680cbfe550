"""What an attempt came to: into the log, and on with the notice and its destination."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.model import Signal
from hub.edges.channels.base import ABOUT_THE_NOTICE
from hub.store import outbox_copies
from hub.store import tables as t
from hub.store.outbox import (
    GIVE_UP,
    PAUSE_AFTER,
    Attempt,
    OutboxState,
    failures_at,
    pause_after,
    wait_after,
)
from hub.store.proved import evidence
from hub.store.upsert import put, put_many

NUMBERS_OF_A_PLACE: Final = 1000
"""The attempts over a second channel are numbered from 1001, over a third from 2001: one at least
every half hour or so, for as long as a notice is tried, never comes near a thousand."""


GIVEN_UP_AT_ONCE: Final = 1000
"""In one transaction, which SQLite's other writers wait for; the others follow a minute later."""


def record_attempt(conn: Connection, tried: Attempt, jitter: float) -> OutboxState:
    """Log an attempt and move the notice and its destination on; returns where it stands now."""
    (stands,) = record_attempts(conn, [(tried, jitter)])
    return stands


type_of_together = Sequence[tuple[Attempt, float]]
"""Attempts made together at one destination, each with its jitter."""


def record_attempts(conn: Connection, tried: type_of_together) -> list[OutboxState]:
    """As `record_attempt`, for attempts made together at one destination."""
    (stands,) = record_many(conn, [tried])
    return stands


def record_many(conn: Connection, groups: Sequence[type_of_together]) -> list[list[OutboxState]]:
    """As `record_attempts`, for different destinations, with a few statements for most.

    However many of a group failed, its destination has failed once: they were one try at it.
    """
    every = [one for group in groups for one in group]
    put_many(conn, t.attempts, [_logged(tried) for tried, _ in every])
    _get_through(conn, [tried for tried, _ in every if _is_plain(tried)])
    stands = [
        [
            _through(tried) if _is_plain(tried) else _move(conn, tried, jitter)
            for tried, jitter in group
        ]
        for group in groups
    ]
    before = failures_at(conn, [group[-1][0].due.destination_id for group in groups])
    for group in groups:
        failed = (one for one in group if one[0].signal is None)
        _note_destination(conn, *next(failed, group[-1]), before)
    return stands


def _is_plain(tried: Attempt) -> bool:
    """A first sending over the first channel that got through: nearly every attempt is."""
    due = tried.due
    return tried.signal is not None and due.place == 0 and due.replay_id is None


def _through(tried: Attempt) -> OutboxState:
    delivered = tried.signal is Signal.DELIVERED
    return OutboxState.DELIVERED if delivered else OutboxState.SENT


def _get_through(conn: Connection, tried: Sequence[Attempt]) -> None:
    rows = [
        {
            "through_id": each.due.notice_id,
            "state_now": _through(each),
            "signal_now": each.signal,
            "n": each.due.attempts + 1,
            "clock_at": each.clock_at,
        }
        # In one order, so that no two transactions on PostgreSQL wait for each other.
        for each in sorted(tried, key=lambda one: one.due.notice_id)
    ]
    if rows:
        conn.execute(_THROUGH, rows)


_THROUGH: Final = (
    sa.update(t.outbox)
    .where(t.outbox.c.notice_id == sa.bindparam("through_id"))
    .values(
        state=sa.bindparam("state_now"),
        signal=sa.bindparam("signal_now"),
        reported=False,
        last_reason=None,
        attempts=sa.bindparam("n"),
        signal_at=sa.bindparam("clock_at"),
    )
)


def _move(conn: Connection, tried: Attempt, jitter: float) -> OutboxState:
    """Move one notice on, whatever became of it."""
    due = tried.due
    n = due.attempts + 1
    change: dict[str, Any] = {"attempts": n, "last_reason": tried.reason}
    if tried.signal is not None:
        change["state"] = _through(tried)
        change |= evidence(due.signal, tried.signal, tried.clock_at, due.replay_id)
    elif tried.retry and tried.at - due.created_at < GIVE_UP:
        change["state"] = OutboxState.PENDING
        if tried.reason in ABOUT_THE_NOTICE:
            change["next_try_at"] = tried.at + wait_after(n, jitter)
    else:
        change["state"] = OutboxState.EXHAUSTED
    table, one = outbox_copies.row_at(due.notice_id, due.place)
    if change["state"] is OutboxState.PENDING:
        # A notice that was cancelled while it was being tried stays cancelled.
        one = sa.and_(one, table.c.state == OutboxState.PENDING)
    conn.execute(sa.update(table).where(one).values(**change))
    if change["state"] is OutboxState.EXHAUSTED:
        outbox_copies.came_back(conn, due.notice_id, due.place, tried.clock_at)
    return OutboxState(change["state"])


def _logged(tried: Attempt) -> dict[str, Any]:
    due, status = tried.due, tried.http_status
    return {
        "notice_id": due.notice_id,
        "n": due.place * NUMBERS_OF_A_PLACE + due.attempts + 1,
        "at": tried.at,
        "channel": due.channel,
        "destination_id": due.destination_id,
        "result": tried.signal if tried.signal is not None else "failed",
        "reason": tried.reason,
        "http_status": status,
        "latency_ms": tried.latency_ms,
        # Answers may hold anything; the status is all that is kept of them.
        "answer": None if status is None else f"HTTP {status}",
        "replay_id": due.replay_id,
    }


def _note_destination(
    conn: Connection, tried: Attempt, jitter: float, before: Mapping[str, int]
) -> None:
    """Count what fails there.  Where nobody answered, the destination waits and not the notice.

    So the oldest notice is the first at each new try, and the others follow it in their order.
    """
    d, destination_id = t.destinations, tried.due.destination_id
    failures = before.get(destination_id, 0)
    if tried.signal is not None:
        if failures:
            put(conn, d, _standing(destination_id, 0, None))
        return
    failures += 1
    nothing = timedelta(0)
    own = nothing if tried.reason in ABOUT_THE_NOTICE else wait_after(failures, jitter)
    pause = max(pause_after(failures) or nothing, tried.wait or nothing, own)
    put(conn, d, _standing(destination_id, failures, tried.at + pause if pause else None))


def _standing(destination_id: str, failures: int, paused_until: datetime | None) -> dict[str, Any]:
    return {
        "destination_id": destination_id,
        "paused_until": paused_until,
        "failures_in_a_row": failures,
    }


def give_up_old(conn: Connection, now: datetime, clock_at: datetime) -> int:
    """Give up what has been tried in vain for `GIVE_UP`, also while its destination is paused.

    Some at a time: each may be the last channel of its notice, of which the core must hear.
    """
    given_up: list[tuple[str, int]] = []
    d = t.destinations.c
    for table in (t.outbox, t.copies):
        x = table.c
        down = sa.select(d.destination_id).where(d.failures_in_a_row >= PAUSE_AFTER)
        old = sa.and_(
            x.state == OutboxState.PENDING,
            x.created_at <= now - GIVE_UP,
            # What waits behind others of a dead destination was never tried there.
            sa.or_(x.attempts > 0, x.destination_id.in_(down)),
        )
        some = sa.select(x.notice_id).where(old).order_by(x.created_at).limit(GIVEN_UP_AT_ONCE)
        change = sa.update(table).where(old, x.notice_id.in_(some))
        is_first = table is t.outbox
        rows = conn.execute(
            change.values(state=OutboxState.EXHAUSTED).returning(x.notice_id, x.place)
        ).all()
        given_up += [(row.notice_id, 0 if is_first else row.place) for row in rows]
    for notice_id, place in given_up:
        outbox_copies.came_back(conn, notice_id, place, clock_at)
    return len(given_up)
