"""FHIR subscriptions as they go: where each stands, and the number of each of its events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.store import tables as t
from hub.store.outbox import OutboxState
from hub.store.upsert import put_many, put_once_many


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
    row = conn.execute(_going_asked(), {"own": subscription_id}).one_or_none()
    if row is None:
        return NEW
    if row.address != address:
        return Going(Standing.REQUESTED, row.events, None)
    return Going(Standing(row.standing), row.events, row.heard_at)


@cache
def _going_asked() -> sa.Select[Any]:
    """Built once: building costs more than running."""
    s = t.subscriptions
    return s.select().where(s.c.subscription_id == sa.bindparam("own"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ToNumber:
    """A notice that is to be an event of a subscription at an address."""

    subscription_id: str
    address: str
    notice_id: str
    at: datetime
    shaken: bool = False
    """Whether the address has just shaken hands, whatever the database says."""


@dataclass(frozen=True, slots=True)
class Given:
    """The number of an event, when it got it, and the newest number of its subscription."""

    number: int
    at: datetime
    newest: int


def number_of(
    conn: Connection, subscription_id: str, address: str, notice_id: str, at: datetime
) -> tuple[int, datetime]:
    """The number of an event and when it got it; a notice keeps its number on every retry."""
    asked = ToNumber(subscription_id=subscription_id, address=address, notice_id=notice_id, at=at)
    (given,) = number_many(conn, [asked])
    return given.number, given.at


def number_shaken(conn: Connection, asked: Sequence[ToNumber]) -> list[Given | None]:
    """As `number_of`, for several; None, and no number, where the address has not shaken hands."""
    shaken = [
        each.shaken or going(conn, each.subscription_id, each.address).has_shaken_hands
        for each in asked
    ]
    ready = (each for each, has in zip(asked, shaken, strict=True) if has)
    given = iter(number_many(conn, list(ready)))
    return [next(given) if has else None for has in shaken]


def number_many(conn: Connection, asked: Sequence[ToNumber]) -> list[Given]:
    """As `number_of`, for several."""
    newest = {own: _newest(conn, own) for own in {each.subscription_id for each in asked}}
    known: dict[tuple[str, str], Given] = {}
    events, standings = [], []
    for each in asked:
        own, key = each.subscription_id, (each.subscription_id, each.notice_id)
        found = known.get(key) or _given(conn, key, newest[own])
        if found is None:
            newest[own] += 1
            found = Given(newest[own], each.at, newest[own])
            numbered = {"subscription_id": own, "number": found.number}
            events.append(numbered | {"notice_id": each.notice_id, "at": each.at})
            standings.append(
                {
                    "subscription_id": own,
                    "address": each.address,
                    "standing": Standing.REQUESTED,
                    "events": found.number,
                }
            )
        known[key] = found
    if events:
        put_once_many(conn, t.subscription_events, events)
        put_many(conn, t.subscriptions, standings, keep=("address", "standing"))
    return [known[each.subscription_id, each.notice_id] for each in asked]


def _newest(conn: Connection, subscription_id: str) -> int:
    return conn.scalar(_newest_asked(), {"own": subscription_id}) or 0


def _given(conn: Connection, key: tuple[str, str], newest: int) -> Given | None:
    row = conn.execute(_given_asked(), dict(zip(("own", "notice"), key, strict=True))).one_or_none()
    return None if row is None else Given(row.number, row.at, newest)


@cache
def _newest_asked() -> sa.Select[tuple[int]]:
    """Built once, as above."""
    e = t.subscription_events.c
    return sa.select(sa.func.max(e.number)).where(e.subscription_id == sa.bindparam("own"))


@cache
def _given_asked() -> sa.Select[tuple[int, datetime]]:
    e = t.subscription_events.c
    mine = sa.and_(e.subscription_id == sa.bindparam("own"), e.notice_id == sa.bindparam("notice"))
    return sa.select(e.number, e.at).where(mine)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of a post to the address of a subscription."""

    subscription_id: str
    address: str
    at: datetime
    took: bool


def note(conn: Connection, said: Sequence[Heard]) -> None:
    """Write down what addresses have taken, and what not."""
    took: dict[str, Heard] = {}
    for each in said:
        if each.took:
            took[each.subscription_id] = each
        else:
            # What it took before this one it must have taken when this one is written down.
            _heard(conn, took)
            took = {}
            failed(conn, each.subscription_id, each.address)
    _heard(conn, took)


def heard(conn: Connection, subscription_id: str, address: str, at: datetime) -> None:
    """The address has taken something."""
    said = Heard(subscription_id=subscription_id, address=address, at=at, took=True)
    note(conn, [said])


def _heard(conn: Connection, took: Mapping[str, Heard]) -> None:
    rows = [
        {
            "subscription_id": own,
            "address": each.address,
            "heard_at": each.at,
            "standing": Standing.ACTIVE,
        }
        for own, each in took.items()
    ]
    if rows:
        put_many(conn, t.subscriptions, rows)


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
