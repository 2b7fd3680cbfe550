"""Copies of a notice over the further channels of its recipient, and when the next is looked at.

Revision 0007, after 0006.
"""

import sqlalchemy as sa
from alembic import op

from hub.store.columns import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _count(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")


def upgrade() -> None:
    """Forward."""
    op.add_column("outbox", _count("place"))
    op.add_column("outbox", _count("level"))
    op.add_column("outbox", sa.Column("next_channel_at", Instant(), nullable=True))
    waiting = sa.text("next_channel_at IS NOT NULL")
    op.create_index(
        "ix_outbox_next_channel",
        "outbox",
        ["next_channel_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )
    op.create_table(
        "copies",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("destination_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _count("attempts"),
        sa.Column("next_try_at", Instant(), nullable=False),
        sa.Column("last_reason", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=True),
        sa.Column("signal_at", Instant(), nullable=True),
        sa.Column("reported", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("notice_id", "place"),
    )
    op.create_index("ix_copies_due", "copies", ["state", "destination_id", "next_try_at"])
    op.create_index("ix_copies_unreported", "copies", ["reported", "signal_at"])


def downgrade() -> None:
    """Back: what a further channel has proved is known to the core already."""
    op.drop_table("copies")
    op.drop_index("ix_outbox_next_channel", "outbox")
    op.drop_column("outbox", "next_channel_at")
    op.drop_column("outbox", "level")
    op.drop_column("outbox", "place")
