"""What goes back to those who publish: returned originals, and the posts that tell of them.

They are no part of the read model: that an original went back, and that its sender has it, stands
nowhere else.
"""

import sqlalchemy as sa
from sqlalchemy import Column, Index

from hub.store.columns import Instant, instant, metadata, number, text

returns = sa.Table(
    "returns",
    metadata,
    text("quarantine_id", pk=True),
    Column("refused_at", Instant, primary_key=True),
    text("organisation"),
    text("event_id", null=True),
    text("reason"),
    text("sentence"),
    text("way"),
    instant("returned_at"),
    text("returned_by"),
    text("state"),
    instant("ended_at", null=True),
    text("ended_by", null=True),
    text("ended_how", null=True),
    Index("ix_returns_organisation", "organisation", "returned_at"),
    Index("ix_returns_event", "organisation", "event_id"),
)
"""One row for each refusal of an original that went back; refused again, it has another."""

sender_posts = sa.Table(
    "sender_posts",
    metadata,
    text("post_id", pk=True),
    number("number"),
    text("organisation"),
    text("kind"),
    text("subject_id"),
    Column("body", sa.LargeBinary, nullable=False),
    text("state"),
    number("attempts", default="0"),
    instant("next_try_at"),
    instant("created_at"),
    text("last_reason", null=True),
    instant("delivered_at", null=True),
    Index("ix_sender_posts_due", "state", "organisation", "number"),
)

sender_mails = sa.Table(
    "sender_mails",
    metadata,
    text("organisation", pk=True),
    instant("newest_told", null=True),
    instant("mailed_at", null=True),
    number("attempts", default="0"),
    instant("next_try_at", null=True),
    text("last_reason", null=True),
)
"""One row for each publisher whose contact was mailed, or should have been."""

coverage_due = sa.Table(
    "coverage_due",
    metadata,
    text("obligation_id", pk=True),
    text("episode_id"),
    number("seq"),
    Index("ix_coverage_due_decision", "episode_id", "seq"),
)
"""Duties that a decision has touched, until their publishers have been told of it."""

coverage_said = sa.Table(
    "coverage_said",
    metadata,
    text("organisation", pk=True),
    text("event_id", pk=True),
    text("obligation_id", pk=True),
    text("digest"),
    instant("said_at"),
)
"""What a publisher was last told of one duty, so that nothing is told twice for one change."""
