"""What publishers were told 'yes' to: one row per event id, so that a repeat gets the same answer.

The row is written after Kafka has confirmed.  When the process dies between the two, a repeat is
published again and dropped later as a duplicate; it is never the other way round.
"""

from datetime import datetime

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, Engine

from hub.core.ids import derive
from hub.core.model import Event
from hub.store.columns import EPOCH, Instant
from hub.store.engine import writing
from hub.store.upsert import put_once

metadata = sa.MetaData()

accepted_events = sa.Table(
    "accepted_events",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("event_id", sa.Text, primary_key=True),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("receipt", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("accepted_at", Instant, nullable=False),
)


class Accepted(Struct, frozen=True, kw_only=True):
    """The answer that a publisher got."""

    digest: str
    receipt: str
    topic: str


by_event = sa.Index("ix_accepted_events_event", accepted_events.c.event_id)
"""For a publisher that asks what became of an event, and names no system."""


def prepare(engine: Engine) -> None:
    """Make the table when it is not there.  It belongs to the gateway and to no other role.

    As a writer from its first statement: what only looks first may not write on SQLite once
    another role has written meanwhile, and roles start together.
    """
    with writing(engine) as conn:
        metadata.create_all(conn, checkfirst=True)
        # A table that an earlier release made does not get a new index by itself.
        by_event.create(conn, checkfirst=True)


def digest_of(event: Event) -> str:
    """What an event says, whatever the order of its fields and whenever it arrived."""
    timeless = msgspec.structs.replace(event, received_at=EPOCH, numbered=None)
    return derive("d", msgspec.json.encode(timeless, order="deterministic").decode())


def receipt_of(event: Event, digest: str) -> str:
    """The receipt for an event: derived, so that it can be shown again at any time."""
    return derive("r", event.source, event.id, digest)


def find(conn: Connection, source: str, event_id: str) -> Accepted | None:
    """The answer given earlier under this id, or None."""
    table = accepted_events
    row = (
        conn.execute(
            sa.select(table.c.digest, table.c.receipt, table.c.topic).where(
                table.c.source == source, table.c.event_id == event_id
            )
        )
        .mappings()
        .first()
    )
    return None if row is None else Accepted(**dict(row))


def find_of(conn: Connection, organisation: str, event_id: str) -> tuple[Accepted, datetime] | None:
    """The newest answer given to any system of an organisation under this id, and when."""
    table = accepted_events
    row = (
        conn.execute(
            sa.select(table.c.digest, table.c.receipt, table.c.topic, table.c.accepted_at)
            .where(
                table.c.event_id == event_id,
                table.c.source.startswith(f"{organisation}:", autoescape=True),
            )
            .order_by(table.c.accepted_at.desc())
            .limit(1)
        )
        .mappings()
        .first()
    )
    if row is None:
        return None
    said = dict(row)
    at: datetime = said.pop("accepted_at")
    return Accepted(**said), at


def keep(conn: Connection, event: Event, answer: Accepted, now: datetime) -> None:
    """Remember an answer; one that is already there stays."""
    put_once(
        conn,
        accepted_events,
        {
            "source": event.source,
            "event_id": event.id,
            "digest": answer.digest,
            "receipt": answer.receipt,
            "topic": answer.topic,
            "accepted_at": now,
        },
    )
