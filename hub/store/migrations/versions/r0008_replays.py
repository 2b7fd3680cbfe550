"""Sending again: previews, what came of them, and the attempts that they made.

Revision 0008.
"""

import sqlalchemy as sa
from alembic import op

from hub.store.columns import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "replays",
        sa.Column("replay_id", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("notices", sa.BigInteger(), nullable=False),
        sa.Column("oldest", Instant(), nullable=True),
        sa.Column("newest", Instant(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("previewed_by", sa.Text(), nullable=False),
        sa.Column("previewed_at", Instant(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=True),
        sa.Column("asked_at", Instant(), nullable=True),
        sa.Column("acted_by", sa.Text(), nullable=True),
        sa.Column("acted_at", Instant(), nullable=True),
        sa.Column("done_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("replay_id"),
    )
    op.create_index("ix_replays_previewed", "replays", ["previewed_at"])
    op.create_table(
        "replay_notices",
        sa.Column("replay_id", sa.Text(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("state_before", sa.Text(), nullable=False),
        sa.Column("created_before", Instant(), nullable=False),
        sa.Column("came_of", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("replay_id", "notice_id"),
    )
    op.create_index("ix_replay_notices_notice", "replay_notices", ["notice_id"])
    for table in ("outbox", "attempts"):
        op.add_column(table, sa.Column("replay_id", sa.Text(), nullable=True))


def downgrade() -> None:
    """Back."""
    for table in ("attempts", "outbox"):
        op.drop_column(table, "replay_id")
    op.drop_table("replay_notices")
    op.drop_table("replays")
