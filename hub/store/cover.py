"""Absences and delegations as they are kept: recorded, ended, and read as one roster.

Nothing here touches a notice: what an absence changes is who is named beside it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.covering import Absence, Delegation, DelegationReason, Roster
from hub.ops import limits_cover as limits
from hub.store import tables as t

LONGEST_ABSENCE_DAYS: Final = limits.ABSENCE_DAYS.value
LONGEST_DELEGATION_DAYS: Final = limits.DELEGATION_DAYS.value


def roster(
    conn: Connection, organisation: str, holds: Mapping[str, Collection[str]], now: datetime
) -> Roster:
    """What is arranged at an organisation and not over; `holds` are the roles of its staff."""
    a, d = t.absences.c, t.delegations.c
    absent = sa.select(t.absences).where(a.organisation == organisation, *_open(a, now))
    given = sa.select(t.delegations).where(d.organisation == organisation, *_open(d, now))
    return Roster(
        absences=tuple(
            _absence(row) for row in conn.execute(absent.order_by(a.since, a.absence_id)).mappings()
        ),
        delegations=tuple(
            _delegation(row)
            for row in conn.execute(given.order_by(d.since, d.delegation_id)).mappings()
        ),
        holds=holds,
    )


def _open(columns: Any, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return columns.until > now, columns.ended_at.is_(None)


def record_absence(conn: Connection, asked: Absence, by: str, now: datetime) -> None:
    """Write an absence down."""
    row = {
        "absence_id": asked.absence_id,
        "organisation": asked.organisation,
        "person_id": asked.person,
        "since": asked.since,
        "until": asked.until,
        "cover_id": asked.cover,
        "recorded_at": now,
        "recorded_by": by,
    }
    conn.execute(sa.insert(t.absences).values(**row))


def absence(conn: Connection, absence_id: str) -> Absence | None:
    """An absence that nobody has ended; None where there is none."""
    a = t.absences.c
    asked = sa.select(t.absences).where(a.absence_id == absence_id, a.ended_at.is_(None))
    row = conn.execute(asked).mappings().one_or_none()
    return None if row is None else _absence(row)


def ended_at(conn: Connection, absence_id: str) -> tuple[Absence, datetime | None] | None:
    """An absence, ended or not, and when it was ended; None where there is none."""
    asked = sa.select(t.absences).where(t.absences.c.absence_id == absence_id)
    row = conn.execute(asked).mappings().one_or_none()
    return None if row is None else (_absence(row), row["ended_at"])


def hold_still(conn: Connection, organisation: str) -> None:
    """Let nobody else arrange anything at an organisation until this transaction ends.

    On SQLite whoever writes is alone already.
    """
    if conn.dialect.name == "postgresql":
        name = sa.func.hashtextextended(f"cover:{organisation}", 0)
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(name)))


def end_absence(conn: Connection, absence_id: str, by: str, now: datetime) -> bool:
    """She is back, or it was wrong.  False when it was ended already."""
    a = t.absences
    still = sa.and_(a.c.absence_id == absence_id, a.c.ended_at.is_(None))
    done = conn.execute(sa.update(a).where(still).values(ended_at=now, ended_by=by))
    return done.rowcount == 1


def delegate(conn: Connection, asked: Delegation, now: datetime) -> None:
    """Give a notice to a colleague; one that was given before is given anew."""
    end_delegation(conn, asked.notice_id, asked.giver, now)
    row = {
        "delegation_id": asked.delegation_id,
        "notice_id": asked.notice_id,
        "organisation": asked.organisation,
        "giver_id": asked.giver,
        "to_id": asked.to,
        "reason": asked.reason.value,
        "since": asked.since,
        "until": asked.until,
    }
    conn.execute(sa.insert(t.delegations).values(**row))


def end_delegation(conn: Connection, notice_id: str, by: str, now: datetime) -> bool:
    """Back to the team.  False when it was with nobody."""
    d = t.delegations
    still = sa.and_(d.c.notice_id == notice_id, d.c.ended_at.is_(None), d.c.until > now)
    done = conn.execute(sa.update(d).where(still).values(ended_at=now, ended_by=by))
    return done.rowcount > 0


def history(conn: Connection, organisation: str, limit: int) -> list[sa.RowMapping]:
    """The absences of an organisation, ended ones too, newest first: who arranged what, when."""
    a = t.absences
    asked = sa.select(a).where(a.c.organisation == organisation)
    newest = asked.order_by(a.c.recorded_at.desc(), a.c.absence_id).limit(limit)
    return list(conn.execute(newest).mappings())


def _absence(row: sa.RowMapping) -> Absence:
    return Absence(
        absence_id=row["absence_id"],
        organisation=row["organisation"],
        person=row["person_id"],
        since=row["since"],
        until=row["until"],
        cover=row["cover_id"],
    )


def _delegation(row: sa.RowMapping) -> Delegation:
    return Delegation(
        delegation_id=row["delegation_id"],
        notice_id=row["notice_id"],
        organisation=row["organisation"],
        giver=row["giver_id"],
        to=row["to_id"],
        reason=DelegationReason(row["reason"]),
        since=row["since"],
        until=row["until"],
    )
