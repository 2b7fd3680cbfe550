"""FHIR subscriptions, and the numbers of their events.

Revision 0006, after 0005.
"""

import sqlalchemy as sa
from alembic import op

from hub.store.columns import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "subscriptions",
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("heard_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("subscription_id"),
    )
    op.create_table(
        "subscription_events",
        sa.Column("subscription_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("subscription_id", "number"),
    )
    op.create_index(
        "ix_subscription_events_notice",
        "subscription_events",
        ["subscription_id", "notice_id"],
        unique=True,
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("subscription_events")
    op.drop_table("subscriptions")
