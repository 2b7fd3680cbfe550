"""The log of accesses: who was shown what about a family, chained so that a change shows."""

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
