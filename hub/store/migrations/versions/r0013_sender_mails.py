"""When the contact of a publisher was last mailed that something of theirs waits.

Revision 0013, after 0012.
"""

import sqlalchemy as sa
from alembic import op

from hub.store.columns import Instant

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "sender_mails",
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("newest_told", Instant(), nullable=True),
        sa.Column("mailed_at", Instant(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("next_try_at", Instant(), nullable=True),
        sa.Column("last_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("organisation"),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("sender_mails")
