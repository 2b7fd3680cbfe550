"""The book of what MESH has taken.

Revision 0005, after 0004.
"""

import sqlalchemy as sa
from alembic import op

from hub.store.columns import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXTS = ("notice_id", "bundle_id", "header_id", "recipient", "workflow", "standing")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "mesh_book",
        sa.Column("message_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in TEXTS),
        sa.Column("handed_at", Instant(), nullable=False),
        sa.Column("looked_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
    )
    op.create_index("ix_mesh_book_notice", "mesh_book", ["notice_id"])
    op.create_index("ix_mesh_book_bundle", "mesh_book", ["bundle_id"])
    op.create_index("ix_mesh_book_header", "mesh_book", ["header_id"])
    op.create_index("ix_mesh_book_standing", "mesh_book", ["standing", "looked_at"])


def downgrade() -> None:
    """Back."""
    op.drop_table("mesh_book")
