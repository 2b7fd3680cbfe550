"""Posts to those who publish: what went back to them, and how far their events got.

As in the outbox, times are real time.  Each organisation gets its posts in the order in which they
were made; one that cannot be reached holds up nobody else.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.store import tables as t
from hub.store.outbox import GIVE_UP, wait_after
from hub.store.upsert import put_once


class PostKind(StrEnum):
    """What a post tells; the word is the `type` in its body."""

    RETURNED = "quarantine.returned"
    COVERAGE = "coverage.changed"


class PostState(StrEnum):
    """Where a post stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    """The sender's system has answered that it has it."""
    EXHAUSTED = "exhausted"
    """Tried in vain for days, or refused for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A post that is due."""

    post_id: str
    organisation: str
    kind: str
    subject_id: str
    """The quarantine id, or the event id."""
    body: bytes
    attempts: int
    created_at: datetime


def queue_post(
    conn: Connection,
    post_id: str,
    organisation: str,
    kind: PostKind,
    subject_id: str,
    body: bytes,
    now: datetime,
) -> bool:
    """Queue a post; False when it is there already."""
    row = {
        "post_id": post_id,
        "number": newest_number(conn) + 1,
        "organisation": organisation,
        "kind": kind,
        "subject_id": subject_id,
        "body": body,
        "state": PostState.PENDING,
        "attempts": 0,
        "next_try_at": now,
        "created_at": now,
        "last_reason": None,
        "delivered_at": None,
    }
    return put_once(conn, t.sender_posts, row)


def newest_number(conn: Connection) -> int:
    """The number of the last post that was queued; 0 before the first."""
    return conn.scalar(sa.select(sa.func.max(t.sender_posts.c.number))) or 0


def due_organisations(conn: Connection, now: datetime) -> list[str]:
    """Who has a post due, in order of their codes."""
    return [each for each in _waiting(conn) if next_post(conn, each, now) is not None]


def _waiting(conn: Connection) -> list[str]:
    p = t.sender_posts
    asked = sa.select(p.c.organisation).where(p.c.state == PostState.PENDING).distinct()
    return list(conn.scalars(asked.order_by(p.c.organisation)))


def next_post(conn: Connection, organisation: str, now: datetime) -> Post | None:
    """The oldest pending post to an organisation, when its next attempt is due."""
    p = t.sender_posts
    row = (
        conn.execute(
            sa.select(*(p.c[name] for name in Post.__dataclass_fields__), p.c.next_try_at)
            .where(p.c.state == PostState.PENDING, p.c.organisation == organisation)
            .order_by(p.c.number)
            .limit(1)
        )
        .mappings()
        .first()
    )
    if row is None or row["next_try_at"] > now:
        return None
    return Post(**{name: row[name] for name in Post.__dataclass_fields__})


def note_delivered(conn: Connection, post: Post, now: datetime) -> None:
    """The sender's system has it."""
    _set(conn, post, state=PostState.DELIVERED, delivered_at=now, last_reason=None)


def note_failed(
    conn: Connection, post: Post, reason: str, *, retry: bool, now: datetime, jitter: float
) -> PostState:
    """An attempt was in vain; returns where the post stands now."""
    again = retry and now - post.created_at < GIVE_UP
    state = PostState.PENDING if again else PostState.EXHAUSTED
    wait = wait_after(post.attempts + 1, jitter)
    _set(conn, post, state=state, next_try_at=now + wait, last_reason=reason)
    return state


def _set(conn: Connection, post: Post, **change: object) -> None:
    p = t.sender_posts
    conn.execute(
        sa.update(p).where(p.c.post_id == post.post_id).values(attempts=post.attempts + 1, **change)
    )


def post_about(conn: Connection, kind: PostKind, subject_id: str) -> tuple[str, int] | None:
    """State and attempts of the newest post about something, for the page; None for none."""
    p = t.sender_posts
    row = conn.execute(
        sa.select(p.c.state, p.c.attempts)
        .where(p.c.kind == kind, p.c.subject_id == subject_id)
        .order_by(p.c.number.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else (row.state, row.attempts)
