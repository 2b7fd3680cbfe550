"""Which notices a subscription takes, and what is known of a notice when that is asked.

Revision 0011, after 0010.
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.add_column("agreements", sa.Column("filter", sa.Text(), nullable=False, server_default=""))
    op.add_column("outbox", sa.Column("traits", sa.Text(), nullable=True))


def downgrade() -> None:
    """Back."""
    for table, name in (("outbox", "traits"), ("agreements", "filter")):
        with op.batch_alter_table(table) as changed:
            changed.drop_column(name)
