"""What goes back to those who publish.

Revision 0010, after 0006.
"""

import sqlalchemy as sa
from alembic import op

from hub.store.columns import Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    _returns()
    _posts()
    op.create_table(
        "coverage_due",
        sa.Column("obligation_id", sa.Text(), nullable=False),
        sa.Column("episode_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("obligation_id"),
    )
    op.create_index("ix_coverage_due_decision", "coverage_due", ["episode_id", "seq"])
    op.create_table(
        "coverage_said",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("obligation_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("said_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("organisation", "event_id", "obligation_id"),
    )


def _returns() -> None:
    op.create_table(
        "returns",
        sa.Column("quarantine_id", sa.Text(), nullable=False),
        sa.Column("refused_at", Instant(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("returned_at", Instant(), nullable=False),
        sa.Column("returned_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_how", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("quarantine_id", "refused_at"),
    )
    op.create_index("ix_returns_organisation", "returns", ["organisation", "returned_at"])
    op.create_index("ix_returns_event", "returns", ["organisation", "event_id"])


def _posts() -> None:
    op.create_table(
        "sender_posts",
        sa.Column("post_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("next_try_at", Instant(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("last_reason", sa.Text(), nullable=True),
        sa.Column("delivered_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("post_id"),
    )
    op.create_index("ix_sender_posts_due", "sender_posts", ["state", "organisation", "number"])


def downgrade() -> None:
    """Back."""
    for name in ("coverage_said", "coverage_due", "sender_posts", "returns"):
        op.drop_table(name)
