"""Subscriptions as they were agreed: asked for, moved on, and ended."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.placing import Place
from hub.core.subscribing import (
    CARRIES,
    NotMoved,
    Standing,
    SubscriptionSignal,
    SubscriptionState,
    falls_due,
    moved,
)
from hub.ops import limits_subscriptions as limits
from hub.store import tables as t
from hub.store.sealing import Sealed
from hub.store.upsert import put

LONGEST_DAYS: Final = limits.SUBSCRIPTION_DAYS.value
WARN_DAYS: Final = limits.SUBSCRIPTION_WARNING.value
PAUSE_HOURS: Final = limits.PAUSE_HOURS.value
SECRET_DAYS: Final = limits.SECRET_DAYS.value

BY_ITSELF: Final = "hub"
"""Who ends a pause or lets a subscription expire."""


class UnknownSubscriptionError(Exception):
    """There is no subscription of this id.

    Operator action: open the list of subscriptions.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asks for."""

    agreement_id: str
    organisation: str
    role: str
    """`*` is every role there that has no row of its own."""
    channel: str
    address: str
    payload: str = "full-resource"
    """Of FHIR: what a notification carries."""
    heartbeat_minutes: int = 0
    """Of FHIR: how long it may be silent; 0 means that silence says nothing."""
    login: str = ""
    """Of Kafka: the name under which the subscriber reads; empty is its ODS code."""
    receipts: bool = False
    """Of Kafka: whether it may write its receipts there."""
    level: str
    events: tuple[str, ...]
    """Event types; none narrows nothing."""
    filter: str = ""
    """Which of their notices (docs/subscribe.md); empty narrows nothing."""
    basis: str
    secret: Sealed = field(repr=False)
    expires_at: datetime
    requested_by: str
    requested_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """A subscription as it stands, without its secrets."""

    agreement_id: str
    organisation: str
    role: str
    channel: str
    address: str
    payload: str
    heartbeat_minutes: int
    login: str
    receipts: bool
    brokers: str
    """Of Kafka: what was done for it on the brokers (`hub.edges.channels.kafka_place.Place`)."""
    level: str
    events: tuple[str, ...]
    filter: str
    basis: str
    state: SubscriptionState
    requested_by: str
    requested_at: datetime
    approved_by: str | None
    expires_at: datetime
    paused_until: datetime | None
    secret_until: datetime | None
    tested_at: datetime | None
    tested_with: str | None
    joined: bool

    @property
    def destination_id(self) -> str:
        """Its own place in the outbox: a pause of one holds up no other."""
        return f"{self.channel}:{self.agreement_id}"


def request(conn: Connection, wanted: Wanted) -> None:
    """Write down what somebody asks for."""
    row: dict[str, Any] = asdict(wanted) | {"events": list(wanted.events)}
    conn.execute(sa.insert(t.agreements).values(state=SubscriptionState.REQUESTED, **row))
    _log(conn, wanted.agreement_id, wanted.requested_at, wanted.requested_by, "request")


def agreements(conn: Connection) -> list[Agreement]:
    """All of them, those that carry first, then the newest."""
    rows = conn.execute(sa.select(t.agreements)).mappings()
    found = [agreement_from(row) for row in rows]
    found.sort(key=lambda each: each.requested_at, reverse=True)
    return sorted(found, key=lambda each: each.state not in CARRIES)


def agreement(conn: Connection, agreement_id: str) -> Agreement:
    """One of them.  Raises UnknownSubscriptionError."""
    return agreement_from(row_of(conn, agreement_id))


def row_of(conn: Connection, agreement_id: str) -> sa.RowMapping:
    """The row of one, held until the transaction ends.  Raises UnknownSubscriptionError."""
    one = t.agreements.c.agreement_id == agreement_id
    asked = sa.select(t.agreements).where(one).with_for_update()
    row = conn.execute(asked).mappings().one_or_none()
    if row is None:
        raise UnknownSubscriptionError(agreement_id)
    return row


def agreement_from(row: sa.RowMapping) -> Agreement:
    """The subscription of a row."""
    names = Agreement.__dataclass_fields__.keys() & row.keys()
    plain: dict[str, Any] = {name: row[name] for name in names}
    plain |= {"events": tuple(row["events"]), "state": SubscriptionState(row["state"])}
    return Agreement(**plain)


# --- moving on ------------------------------------------------------------------------------


def move(
    conn: Connection,
    agreement_id: str,
    signal: SubscriptionSignal,
    person_id: str,
    now: datetime,
    more: Mapping[str, Any] | None = None,
) -> SubscriptionState | NotMoved:
    """What a signal makes of a subscription.  Raises UnknownSubscriptionError.

    `more` is what the signal brings: the new secret, sealed, or what a test was answered with.
    """
    row = row_of(conn, agreement_id)
    standing = Standing(state=SubscriptionState(row["state"]), requested_by=row["requested_by"])
    then = moved(standing, signal, person_id)
    if isinstance(then, NotMoved):
        return then
    change = {"state": then} | _brings(row, signal, person_id, now) | dict(more or {})
    one = t.agreements.c.agreement_id == agreement_id
    conn.execute(sa.update(t.agreements).where(one).values(**change))
    _log(conn, agreement_id, now, person_id, signal)
    if signal in (SubscriptionSignal.PAUSE, SubscriptionSignal.RESUME):
        _hold(conn, agreement_from(row_of(conn, agreement_id)))
    return then


def _brings(
    row: sa.RowMapping, signal: SubscriptionSignal, person_id: str, now: datetime
) -> dict[str, Any]:
    match signal:
        case SubscriptionSignal.APPROVE:
            return {"approved_by": person_id}
        case SubscriptionSignal.PAUSE:
            return {"paused_until": now + timedelta(hours=PAUSE_HOURS)}
        case SubscriptionSignal.RESUME:
            return {"paused_until": None}
        case SubscriptionSignal.ROTATE:
            until = now + timedelta(days=SECRET_DAYS)
            return {"secret_before": row["secret"], "secret_until": until}
        case SubscriptionSignal.TESTED:
            return {"tested_at": now}
    return {}


def _hold(conn: Connection, held: Agreement) -> None:
    """A pause is one of the destination, as after failures: what comes waits in the outbox."""
    row = {"destination_id": held.destination_id, "paused_until": held.paused_until}
    put(conn, t.destinations, row | {"failures_in_a_row": 0}, keep=("failures_in_a_row",))


def _log(conn: Connection, agreement_id: str, at: datetime, person_id: str, signal: str) -> None:
    a, c = t.agreements.c, t.agreement_changes
    mine = c.c.agreement_id == agreement_id
    n = conn.scalar(sa.select(sa.func.count()).select_from(c).where(mine)) or 0
    state = conn.scalar(sa.select(a.state).where(a.agreement_id == agreement_id))
    row = {"agreement_id": agreement_id, "n": n + 1, "at": at, "person_id": person_id}
    conn.execute(sa.insert(c).values(**row, signal=signal, state=state))


def changes(conn: Connection, agreement_id: str) -> list[sa.Row[Any]]:
    """Everything that happened to one, oldest first."""
    c = t.agreement_changes
    asked = sa.select(c).where(c.c.agreement_id == agreement_id).order_by(c.c.n)
    return list(conn.execute(asked))


def note_joined(conn: Connection, agreement_id: str) -> None:
    """What stood open has been sent to it."""
    one = t.agreements.c.agreement_id == agreement_id
    conn.execute(sa.update(t.agreements).where(one).values(joined=True))


def note_brokers(conn: Connection, agreement_id: str, place: Place, now: datetime) -> None:
    """How its topic and its rights on the brokers stand now."""
    one = t.agreements.c.agreement_id == agreement_id
    conn.execute(sa.update(t.agreements).where(one).values(brokers=place))
    _log(conn, agreement_id, now, BY_ITSELF, f"brokers_{place}")


def anything_due(conn: Connection, now: datetime) -> bool:
    """Whether the passing of time has something to do; a look that holds up no writer."""
    a = t.agreements.c
    old = sa.select(sa.exists().where(a.secret_until <= now))
    return bool(conn.scalar(old)) or any(_due(each, now) for each in agreements(conn))


def _due(each: Agreement, now: datetime) -> SubscriptionSignal | None:
    return falls_due(each.state, now, expires_at=each.expires_at, paused_until=each.paused_until)


def pass_time(conn: Connection, now: datetime) -> int:
    """Let expire, end pauses and forget old secrets; returns how many subscriptions moved."""
    many = 0
    for each in agreements(conn):
        if (due := _due(each, now)) is not None:
            move(conn, each.agreement_id, due, BY_ITSELF, now)
            many += 1
    a = t.agreements
    old = sa.and_(a.c.secret_before.is_not(None), a.c.secret_until <= now)
    conn.execute(sa.update(a).where(old).values(secret_before=None, secret_until=None))
    return many
