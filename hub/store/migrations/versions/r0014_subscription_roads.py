"""What a subscription over FHIR or Kafka is set to, and what was done for it on the brokers.

Revision 0014, after 0013.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

COLUMNS = ("payload", "heartbeat_minutes", "login", "receipts", "brokers")


def upgrade() -> None:
    """Forward."""
    whole = sa.Column("payload", sa.Text(), nullable=False, server_default="full-resource")
    op.add_column("agreements", whole)
    beat = sa.Column("heartbeat_minutes", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("agreements", beat)
    op.add_column("agreements", sa.Column("login", sa.Text(), nullable=False, server_default=""))
    answers: sa.Column[bool] = sa.Column(
        "receipts", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("agreements", answers)
    op.add_column("agreements", sa.Column("brokers", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Back."""
    with op.batch_alter_table("agreements") as changed:
        for name in COLUMNS:
            changed.drop_column(name)
