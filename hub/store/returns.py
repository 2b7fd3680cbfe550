"""Originals that went back to their senders, until the sender has them or somebody closes them.

*Returned* means recorded and offered.  *Collected* means that the sender has it: its system read
the record or took the post, or its contact said so to a person.  *Closed* means that a person gave
it up, with a reason.  *Redriven* means that it went through here afterwards.  Until one of the
last three, it is owned here.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.store import tables as t
from hub.store.quarantine import WENT_THROUGH, QuarantineState, resolve_quarantine
from hub.store.upsert import put_once


class Way(StrEnum):
    """How an original was offered to its sender."""

    WEBHOOK = "webhook"
    """A signed post to the address that the sender registered, and the record beside it."""
    RECORD = "record"
    """A record that the sender's system finds when it asks with its key."""
    CONTACT = "contact"
    """No system of the sender can be told: a person here must reach the registered contact."""
    NOBODY = "nobody"
    """Neither an address nor a contact is registered."""


class Ended(StrEnum):
    """How a return came to its end."""

    FETCHED = "fetched"
    """The sender's system read the record with its key."""
    POSTED = "posted"
    """The sender's system took the signed post."""
    CONFIRMED = "confirmed"
    """The sender's contact said to a person that they have it."""
    SENT_ANEW = "sent_anew"
    """What it told has come in another message since."""
    NOT_NEEDED = "not_needed"
    """It told nothing that anybody has to know."""
    SENDER_GONE = "sender_gone"
    """The sender is closed, or nobody there can be found."""
    WENT_THROUGH = WENT_THROUGH
    """It went through here after all: by itself, or because somebody here mended the cause."""


HAS_IT = frozenset({Ended.FETCHED, Ended.POSTED, Ended.CONFIRMED})
"""The ends after which the sender has it; the others give it up."""
BY_A_PERSON = (Ended.CONFIRMED, Ended.SENT_ANEW, Ended.NOT_NEEDED, Ended.SENDER_GONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnLine:
    """One original on its way back."""

    quarantine_id: str
    refused_at: datetime
    organisation: str
    event_id: str | None
    reason: str
    sentence: str
    way: str
    returned_at: datetime
    returned_by: str
    state: str = QuarantineState.RETURNED
    ended_at: datetime | None = None
    ended_by: str | None = None
    ended_how: str | None = None


_NAMES = tuple(ReturnLine.__dataclass_fields__)


def give_back(conn: Connection, line: ReturnLine) -> bool:
    """Record a return; False when the original is not open any more, or was refused again."""
    gone = resolve_quarantine(
        conn,
        (line.quarantine_id, line.refused_at),
        state=QuarantineState.RETURNED,
        by=line.returned_by,
        now=line.returned_at,
    )
    return gone and put_once(conn, t.returns, {name: getattr(line, name) for name in _NAMES})


def begin_end(conn: Connection, line: ReturnLine, how: Ended | None) -> bool:
    """Say how a return is about to end, before the core hears of it; None takes it back.

    The core hears of an end as it hears of an original that went through, and whoever reads its
    decision must be able to tell the two apart.
    """
    r = t.returns
    change = (
        sa.update(r)
        .where(
            r.c.quarantine_id == line.quarantine_id,
            r.c.refused_at == line.refused_at,
            r.c.state == QuarantineState.RETURNED,
        )
        .values(ended_how=how)
    )
    return conn.execute(change).rowcount == 1


def end_return(conn: Connection, line: ReturnLine, how: Ended, by: str, now: datetime) -> bool:
    """The sender has it, or somebody gives it up; False when it had ended before."""
    state = QuarantineState.COLLECTED if how in HAS_IT else QuarantineState.CLOSED
    r, q = t.returns, t.quarantine
    change = (
        sa.update(r)
        .where(
            r.c.quarantine_id == line.quarantine_id,
            r.c.refused_at == line.refused_at,
            r.c.state == QuarantineState.RETURNED,
        )
        .values(state=state, ended_at=now, ended_by=by, ended_how=how)
    )
    if conn.execute(change).rowcount != 1:
        return False
    conn.execute(
        sa.update(q)
        .where(
            q.c.quarantine_id == line.quarantine_id,
            q.c.received_at == line.refused_at,
            q.c.state == QuarantineState.RETURNED,
        )
        .values(state=state, resolved_at=now, resolved_by=by)
    )
    return True


def return_of(conn: Connection, quarantine_id: str) -> ReturnLine | None:
    """The newest return of an original, or None."""
    r = t.returns
    asked = sa.select(*(r.c[name] for name in _NAMES)).where(r.c.quarantine_id == quarantine_id)
    row = conn.execute(asked.order_by(r.c.refused_at.desc()).limit(1)).mappings().first()
    return None if row is None else ReturnLine(**row)


def returned_before(conn: Connection, line: tuple[str, datetime]) -> ReturnLine | None:
    """The newest return of an original after an earlier refusal than this one, or None."""
    r = t.returns
    asked = sa.select(*(r.c[name] for name in _NAMES)).where(
        r.c.quarantine_id == line[0], r.c.refused_at < line[1]
    )
    row = conn.execute(asked.order_by(r.c.refused_at.desc()).limit(1)).mappings().first()
    return None if row is None else ReturnLine(**row)


def returns_to(
    conn: Connection, organisation: str, *, state: str | None = None, limit: int = 100
) -> tuple[ReturnLine, ...]:
    """What went back to an organisation, the oldest first."""
    r = t.returns
    asked = sa.select(*(r.c[name] for name in _NAMES)).where(r.c.organisation == organisation)
    if state is not None:
        asked = asked.where(r.c.state == state)
    page = asked.order_by(r.c.returned_at, r.c.quarantine_id).limit(limit)
    return tuple(ReturnLine(**row) for row in conn.execute(page).mappings())


def return_named(conn: Connection, organisation: str, named: str) -> ReturnLine | None:
    """The newest return to an organisation under a quarantine id or an event id of its own."""
    r = t.returns
    asked = sa.select(*(r.c[name] for name in _NAMES)).where(
        r.c.organisation == organisation,
        sa.or_(r.c.quarantine_id == named, r.c.event_id == named),
    )
    row = conn.execute(asked.order_by(r.c.returned_at.desc()).limit(1)).mappings().first()
    return None if row is None else ReturnLine(**row)
