"""FHIR subscriptions as they go: where each stands, and the number of each of its events."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.store import tables as t
from hub.store.outbox import OutboxState
from hub.store.upsert import put, put_once


class Standing(StrEnum):
    """Where a subscription stands, in FHIR's words."""

    REQUESTED = "requested"
    """Its address has not shaken hands yet."""
    ACTIVE = "active"
    ERROR = "error"
    """The last thing sent there did not get through; it is tried again by itself."""


@dataclass(frozen=True, slots=True)
class Going:
    """A subscription as it goes."""

    standing: Standing
    events: int
    heard_at: datetime | None
    """When its address last took something."""

    @property
    def has_shaken_hands(self) -> bool:
        """Whether this address has taken a handshake."""
        return self.heard_at is not None


NEW = Going(Standing.REQUESTED, 0, None)


def going(conn: Connection, subscription_id: str, address: str) -> Going:
    """How a subscription goes; at a new address it must shake hands again."""
    s = t.subscriptions.c
    row = conn.execute(
        t.subscriptions.select().where(s.subscription_id == subscription_id)
    ).one_or_none()
    if row is None:
        return NEW
    if row.address != address:
        return Going(Standing.REQUESTED, row.events, None)
    return Going(Standing(row.standing), row.events, row.heard_at)


def number_of(
    conn: Connection, subscription_id: str, address: str, notice_id: str, at: datetime
) -> tuple[int, datetime]:
    """The number of an event and when it got it; a notice keeps its number on every retry."""
    e = t.subscription_events.c
    mine = sa.and_(e.subscription_id == subscription_id, e.notice_id == notice_id)
    found = conn.execute(sa.select(e.number, e.at).where(mine)).one_or_none()
    if found is not None:
        return found.number, found.at
    newest = conn.scalar(
        sa.select(sa.func.max(e.number)).where(e.subscription_id == subscription_id)
    )
    number = (newest or 0) + 1
    row = {"subscription_id": subscription_id, "number": number, "notice_id": notice_id, "at": at}
    put_once(conn, t.subscription_events, row)
    known = {"subscription_id": subscription_id, "address": address, "standing": Standing.REQUESTED}
    put(conn, t.subscriptions, known | {"events": number}, keep=("address", "standing"))
    return number, at


def heard(conn: Connection, subscription_id: str, address: str, at: datetime) -> None:
    """The address has taken something."""
    row = {"subscription_id": subscription_id, "address": address, "heard_at": at}
    put(conn, t.subscriptions, row | {"standing": Standing.ACTIVE})


def failed(conn: Connection, subscription_id: str, address: str) -> None:
    """The address has not taken something; one that never shook hands stays requested."""
    s = t.subscriptions
    change = sa.update(s).where(
        s.c.subscription_id == subscription_id,
        s.c.address == address,
        s.c.heard_at.is_not(None),
    )
    conn.execute(change.values(standing=Standing.ERROR))


@dataclass(frozen=True, slots=True)
class Numbered:
    """An event of a subscription, with the notice as it travels unless that was taken back."""

    number: int
    at: datetime
    notice_id: str
    payload: bytes | None


def events(
    conn: Connection, subscription_id: str, since: int, until: int | None, limit: int
) -> list[Numbered]:
    """The events from one number to another, both included; a cancelled notice says nothing."""
    e, x = t.subscription_events.c, t.outbox.c
    chosen = [e.subscription_id == subscription_id, e.number >= since]
    if until is not None:
        chosen.append(e.number <= until)
    asked = (
        sa.select(e.number, e.at, e.notice_id, x.payload, x.state)
        .select_from(t.subscription_events.outerjoin(t.outbox, x.notice_id == e.notice_id))
        .where(*chosen)
        .order_by(e.number)
        .limit(limit)
    )
    return [
        Numbered(
            row.number,
            row.at,
            row.notice_id,
            None if row.state == OutboxState.CANCELLED else row.payload,
        )
        for row in conn.execute(asked)
    ]


def payload_of(conn: Connection, notice_id: str) -> bytes | None:
    """A notice as it travels, unless it was taken back before it went out."""
    x = t.outbox.c
    row = conn.execute(sa.select(x.payload, x.state).where(x.notice_id == notice_id)).one_or_none()
    return None if row is None or row.state == OutboxState.CANCELLED else row.payload
