"""Sessions: the rows that say who is signed in."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from hub.store import tables
from hub.web.auth import SESSION_LIFE


def begin(
    conn: Connection, session_id: str, person_id: str, organisation: str, now: datetime
) -> None:
    """Open a session, and sweep out those that have run out."""
    conn.execute(sa.delete(tables.sessions).where(tables.sessions.c.expires_at < now))
    conn.execute(
        sa.insert(tables.sessions).values(
            session_id=session_id,
            person_id=person_id,
            organisation=organisation,
            created_at=now,
            expires_at=now + SESSION_LIFE,
        )
    )


def person_of(conn: Connection, session_id: str, now: datetime) -> str | None:
    """Whose session it is, while it lives."""
    table = tables.sessions
    found = conn.execute(
        sa.select(table.c.person_id).where(
            table.c.session_id == session_id, table.c.expires_at > now
        )
    ).scalar()
    return None if found is None else str(found)


def end(conn: Connection, session_id: str) -> None:
    """End a session at once."""
    conn.execute(sa.delete(tables.sessions).where(tables.sessions.c.session_id == session_id))
