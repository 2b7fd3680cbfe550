"""The book of what MESH has taken: which message carries which notice, and where it stands."""

from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.store import tables as t
from hub.store.upsert import put_once


class Standing(StrEnum):
    """Where a message stands at MESH, as far as the hub has heard."""

    PREPARED = "prepared"
    """It is about to be handed over; whether MESH has it, nobody here knows yet."""
    ACCEPTED = "accepted"
    """MESH has it; nobody has collected it yet."""
    ACKNOWLEDGED = "acknowledged"
    """The recipient's system has collected it."""
    FAILED = "failed"
    """It came back, or must be sent once more."""
    FORGOTTEN = "forgotten"
    """MESH knows it no more, and has never said what became of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """A message that MESH has taken."""

    message_id: str
    notice_id: str
    bundle_id: str
    header_id: str
    recipient: str
    workflow: str


def prepare(conn: Connection, row: Handed, now: datetime) -> None:
    """Write down what is about to be handed over, under an id of our own (`prepared_id`).

    Whoever answers before MESH's own id is in the book is known by it all the same.
    """
    stands = {"standing": Standing.PREPARED, "handed_at": now, "looked_at": now}
    put_once(conn, t.mesh_book, asdict(row) | stands)


def prepared_id(notice_id: str) -> str:
    """What stands for the id that MESH has not given yet."""
    return f"prepared:{notice_id}"


def note(conn: Connection, row: Handed, now: datetime) -> None:
    """Write down that MESH has taken a message; what was prepared for it has done its work.

    What somebody has answered meanwhile stays: it is the newest that is known.
    """
    b = t.mesh_book
    prepared = sa.and_(
        b.c.message_id == prepared_id(row.notice_id), b.c.standing == Standing.PREPARED
    )
    conn.execute(sa.delete(b).where(prepared))
    stands = {"standing": Standing.ACCEPTED, "handed_at": now, "looked_at": now}
    put_once(conn, t.mesh_book, asdict(row) | stands)


def standing_of(conn: Connection, notice_id: str) -> Standing | None:
    """Where the newest message of a notice stands, or None when there is none."""
    b = t.mesh_book.c
    asked = sa.select(b.standing).where(b.notice_id == notice_id).order_by(b.handed_at.desc())
    found = conn.scalar(asked.limit(1))
    return None if found is None else Standing(found)


def by_message(conn: Connection, message_id: str) -> Handed | None:
    """The message of an id of MESH."""
    return _one(conn, t.mesh_book.c.message_id == message_id)


def by_notice(conn: Connection, notice_id: str) -> Handed | None:
    """The newest message that carries a notice."""
    return _one(conn, t.mesh_book.c.notice_id == notice_id)


def by_document(conn: Connection, document_id: str) -> Handed | None:
    """The newest message whose bundle or header has this id."""
    b = t.mesh_book.c
    return _one(conn, b.bundle_id == document_id) or _one(conn, b.header_id == document_id)


def _one(conn: Connection, chosen: sa.ColumnElement[bool]) -> Handed | None:
    b = t.mesh_book.c
    columns = (b[name] for name in Handed.__dataclass_fields__)
    asked = sa.select(*columns).where(chosen).order_by(b.handed_at.desc()).limit(1)
    row = conn.execute(asked).mappings().one_or_none()
    return None if row is None else Handed(**row)


def uncollected(conn: Connection, before: datetime, limit: int) -> list[Handed]:
    """Messages that nobody has collected as far as is known, longest not asked after first."""
    b = t.mesh_book.c
    asked = (
        sa.select(*(b[name] for name in Handed.__dataclass_fields__))
        .where(b.standing == Standing.ACCEPTED, b.looked_at <= before)
        .order_by(b.looked_at, b.message_id)
        .limit(limit)
    )
    return [Handed(**row) for row in conn.execute(asked).mappings()]


def move(conn: Connection, message_id: str, standing: Standing, looked_at: datetime) -> None:
    """Write down where a message stands now."""
    b = t.mesh_book
    change = sa.update(b).where(b.c.message_id == message_id)
    conn.execute(change.values(standing=standing, looked_at=looked_at))
