"""Gaps say whether the hub was down when they fell due.

Revision 0003, after 0002.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    late: sa.Column[bool] = sa.Column(
        "late_detected", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("gaps", late)


def downgrade() -> None:
    """Back."""
    op.drop_column("gaps", "late_detected")
