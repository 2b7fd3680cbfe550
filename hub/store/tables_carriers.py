"""What carriers have taken and not yet proved: kept beside the outbox, and as precious."""

import sqlalchemy as sa
from sqlalchemy import Index

from hub.store.columns import instant, metadata, number, text

mesh_book = sa.Table(
    "mesh_book",
    metadata,
    text("message_id", pk=True),
    text("notice_id"),
    text("bundle_id"),
    text("header_id"),
    text("recipient"),
    text("workflow"),
    text("standing"),
    instant("handed_at"),
    instant("looked_at"),
    Index("ix_mesh_book_notice", "notice_id"),
    Index("ix_mesh_book_bundle", "bundle_id"),
    Index("ix_mesh_book_header", "header_id"),
    Index("ix_mesh_book_standing", "standing", "looked_at"),
)

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    text("subscription_id", pk=True),
    text("address"),
    text("standing"),
    number("events", default="0"),
    instant("heard_at", null=True),
)

subscription_events = sa.Table(
    "subscription_events",
    metadata,
    text("subscription_id", pk=True),
    number("number", pk=True),
    text("notice_id"),
    instant("at"),
    Index("ix_subscription_events_notice", "subscription_id", "notice_id", unique=True),
)
