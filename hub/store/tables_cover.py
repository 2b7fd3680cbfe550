"""Absences, and notices given to a colleague.  Rows are ended and never taken away."""

import sqlalchemy as sa
from sqlalchemy import Index

from hub.store.columns import instant, metadata, text

absences = sa.Table(
    "absences",
    metadata,
    text("absence_id", pk=True),
    text("organisation"),
    text("person_id"),
    instant("since"),
    instant("until"),
    text("cover_id", null=True),
    instant("recorded_at"),
    text("recorded_by"),
    instant("ended_at", null=True),
    text("ended_by", null=True),
    Index("ix_absences_organisation", "organisation", "until"),
)

delegations = sa.Table(
    "delegations",
    metadata,
    text("delegation_id", pk=True),
    text("notice_id"),
    text("organisation"),
    text("giver_id"),
    text("to_id"),
    text("reason"),
    instant("since"),
    instant("until"),
    instant("ended_at", null=True),
    text("ended_by", null=True),
    Index("ix_delegations_organisation", "organisation", "until"),
    Index("ix_delegations_notice", "notice_id"),
)
