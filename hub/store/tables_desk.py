"""The outbox, which remembers what was sent to whom, and the tables of the pages."""

import sqlalchemy as sa
from sqlalchemy import Column, Index

from hub.store.columns import flag, instant, metadata, number, text

# --- the outbox -----------------------------------------------------------------------------

outbox = sa.Table(
    "outbox",
    metadata,
    text("notice_id", pk=True),
    text("obligation_id"),
    text("episode_id"),
    text("organisation"),
    text("role"),
    text("channel"),
    text("destination_id"),
    Column("payload", sa.LargeBinary, nullable=False),
    text("state"),
    number("attempts", default="0"),
    instant("next_try_at"),
    text("last_reason", null=True),
    instant("created_at"),
    text("signal", null=True),
    instant("signal_at", null=True),
    flag("takes_back"),
    flag("reported"),
    number("place", default="0"),
    number("level", default="0"),
    instant("next_channel_at", null=True),
    text("replay_id", null=True),
    text("traits", null=True),
    Index("ix_outbox_due", "state", "destination_id", "next_try_at"),
    Index("ix_outbox_unreported", "reported", "signal_at"),
    Index("ix_outbox_obligation", "obligation_id"),
    Index(
        "ix_outbox_next_channel",
        "next_channel_at",
        sqlite_where=sa.text("next_channel_at IS NOT NULL"),
        postgresql_where=sa.text("next_channel_at IS NOT NULL"),
    ),
)

copies = sa.Table(
    "copies",
    metadata,
    text("notice_id", pk=True),
    number("place", pk=True),
    text("channel"),
    text("destination_id"),
    text("state"),
    number("attempts", default="0"),
    instant("next_try_at"),
    text("last_reason", null=True),
    instant("created_at"),
    text("signal", null=True),
    instant("signal_at", null=True),
    flag("reported"),
    Index("ix_copies_due", "state", "destination_id", "next_try_at"),
    Index("ix_copies_unreported", "reported", "signal_at"),
)

attempts = sa.Table(
    "attempts",
    metadata,
    text("notice_id", pk=True),
    number("n", pk=True),
    instant("at"),
    text("channel"),
    text("destination_id"),
    text("result"),
    text("reason", null=True),
    Column("http_status", sa.Integer, nullable=True),
    number("latency_ms"),
    text("answer", null=True),
    text("replay_id", null=True),
    Index("ix_attempts_at", "at"),
)

destinations = sa.Table(
    "destinations",
    metadata,
    text("destination_id", pk=True),
    instant("paused_until", null=True),
    number("failures_in_a_row", default="0"),
)

# --- the desk -------------------------------------------------------------------------------

sessions = sa.Table(
    "sessions",
    metadata,
    text("session_id", pk=True),
    text("person_id"),
    text("organisation"),
    instant("created_at"),
    instant("expires_at"),
    Index("ix_sessions_expires", "expires_at"),
)

takes = sa.Table(
    "takes",
    metadata,
    text("notice_id", pk=True),
    text("person_id"),
    instant("taken_at"),
    instant("expires_at"),
    Index("ix_takes_person", "person_id", "expires_at"),
)
