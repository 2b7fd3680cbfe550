"""What somebody has begun to report and not sent: kept for a week, for nobody but its writer.

A draft holds identities, as she typed them.  The table belongs to the gateway and to no other
role; what has run out is swept at each write.
"""

from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy import Connection, Engine, RowMapping

from hub.ops import limits_documents as limits
from hub.store.columns import Instant
from hub.store.engine import writing
from hub.store.upsert import put

KEPT_DAYS = limits.DRAFT_DAYS.value
KEPT_FOR = timedelta(days=KEPT_DAYS)
MOST_OF_ONE = limits.DRAFTS.value

metadata = sa.MetaData()

drafts = sa.Table(
    "drafts",
    metadata,
    sa.Column("draft_id", sa.Text, primary_key=True),
    sa.Column("person_id", sa.Text, nullable=False),
    sa.Column("organisation", sa.Text, nullable=False),
    sa.Column("event_type", sa.Text, nullable=False),
    sa.Column("answers", sa.Text, nullable=False),
    sa.Column("begun_at", Instant, nullable=False),
    sa.Column("saved_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index("ix_drafts_person", "person_id", "organisation", "expires_at"),
    sa.Index("ix_drafts_expires", "expires_at"),
)


class Draft(Struct, frozen=True, kw_only=True):
    """A report that was begun."""

    draft_id: str
    person_id: str
    organisation: str
    event_type: str
    answers: dict[str, str]
    begun_at: datetime
    saved_at: datetime
    expires_at: datetime


def prepare(engine: Engine) -> None:
    """Make the table when it is not there, as a writer from the first statement."""
    with writing(engine) as conn:
        metadata.create_all(conn, checkfirst=True)


def save(conn: Connection, draft: Draft, now: datetime) -> None:
    """Keep a draft, and sweep what has run out; of one writer only the newest are kept."""
    table = drafts
    conn.execute(sa.delete(table).where(table.c.expires_at <= now))
    row = {
        **msgspec.structs.asdict(draft),
        "answers": msgspec.json.encode(draft.answers).decode(),
        "saved_at": now,
        "expires_at": now + KEPT_FOR,
    }
    put(conn, table, row)
    hers = _hers(draft.person_id, draft.organisation, now)
    stale = (
        sa.select(table.c.draft_id)
        .where(*hers)
        .order_by(table.c.saved_at.desc(), table.c.draft_id)
        .offset(MOST_OF_ONE)
        .limit(MOST_OF_ONE)
    )
    old = [row.draft_id for row in conn.execute(stale)]
    conn.execute(sa.delete(table).where(table.c.draft_id.in_(old)))


def find(
    conn: Connection, draft_id: str, person_id: str, organisation: str, now: datetime
) -> Draft | None:
    """A draft of this writer; another's is as unknown as one that is not there."""
    asked = sa.select(drafts).where(
        drafts.c.draft_id == draft_id, *_hers(person_id, organisation, now)
    )
    row = conn.execute(asked).mappings().first()
    return None if row is None else _draft(row)


def of_person(
    conn: Connection, person_id: str, organisation: str, now: datetime
) -> tuple[Draft, ...]:
    """What a writer has begun, the latest first."""
    asked = (
        sa.select(drafts)
        .where(*_hers(person_id, organisation, now))
        .order_by(drafts.c.saved_at.desc(), drafts.c.draft_id)
        .limit(MOST_OF_ONE)
    )
    return tuple(_draft(row) for row in conn.execute(asked).mappings())


def discard(conn: Connection, draft_id: str, person_id: str) -> None:
    """Forget a draft of this writer."""
    conn.execute(
        sa.delete(drafts).where(drafts.c.draft_id == draft_id, drafts.c.person_id == person_id)
    )


def _hers(person_id: str, organisation: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        drafts.c.person_id == person_id,
        drafts.c.organisation == organisation,
        drafts.c.expires_at > now,
    )


def _draft(row: RowMapping) -> Draft:
    answers = msgspec.json.decode(row["answers"], type=dict[str, str])
    return Draft(**{**row, "answers": answers})
