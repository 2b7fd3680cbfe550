"""For those who audit: who was shown what, chained so that a change shows, and what was withheld.

The accesses stand nowhere else; what was withheld is a part of the read model.
"""

import sqlalchemy as sa
from sqlalchemy import Column, Index

from hub.store.columns import instant, metadata, number, text

accesses = sa.Table(
    "accesses",
    metadata,
    number("n", pk=True),
    text("access_id"),
    instant("at"),
    text("person_id", null=True),
    text("organisation"),
    text("what"),
    text("subject_id"),
    text("episode_id", null=True),
    Column("record", sa.LargeBinary, nullable=False),
    text("digest"),
    Index("ix_accesses_episode", "episode_id", "n"),
    Index("ix_accesses_person", "person_id", "n"),
)

withheld = sa.Table(
    "withheld",
    metadata,
    text("episode_id", pk=True),
    number("seq", pk=True),
    number("n", pk=True),
    number("place", pk=True),
    text("about"),
    text("role"),
    text("organisation"),
    text("rule"),
    text("field_group"),
    text("shown"),
    text("ground"),
    text("label"),
    text("route"),
    text("route_role"),
    text("route_organisation"),
    instant("decided_at"),
)
