"""Subscriptions as they were agreed, and everything that happened to them."""

import sqlalchemy as sa
from sqlalchemy import Column, Index

from hub.store.columns import flag, instant, json, metadata, number, text

agreements = sa.Table(
    "agreements",
    metadata,
    text("agreement_id", pk=True),
    text("organisation"),
    text("role"),
    text("channel"),
    text("address"),
    text("level"),
    json("events"),
    Column("filter", sa.Text, nullable=False, server_default=""),
    Column("payload", sa.Text, nullable=False, server_default="full-resource"),
    number("heartbeat_minutes", default="0"),
    Column("login", sa.Text, nullable=False, server_default=""),
    flag("receipts"),
    Column("brokers", sa.Text, nullable=False, server_default=""),
    text("basis"),
    text("secret"),
    text("secret_before", null=True),
    instant("secret_until", null=True),
    text("state"),
    instant("requested_at"),
    text("requested_by"),
    text("approved_by", null=True),
    instant("expires_at"),
    instant("paused_until", null=True),
    instant("tested_at", null=True),
    text("tested_with", null=True),
    flag("joined"),
    Index("ix_agreements_state", "state", "expires_at"),
)

agreement_changes = sa.Table(
    "agreement_changes",
    metadata,
    text("agreement_id", pk=True),
    number("n", pk=True),
    instant("at"),
    text("person_id"),
    text("signal"),
    text("state"),
)
