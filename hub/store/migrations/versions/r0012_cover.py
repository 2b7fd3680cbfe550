"""Absences with their covers, and notices given to a colleague.

Revision 0012, after 0011.
"""

import sqlalchemy as sa
from alembic import op

from hub.store.columns import Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "absences",
        sa.Column("absence_id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("cover_id", sa.Text(), nullable=True),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("absence_id"),
    )
    op.create_index("ix_absences_organisation", "absences", ["organisation", "until"])
    op.create_table(
        "delegations",
        sa.Column("delegation_id", sa.Text(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("giver_id", sa.Text(), nullable=False),
        sa.Column("to_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("delegation_id"),
    )
    op.create_index("ix_delegations_organisation", "delegations", ["organisation", "until"])
    op.create_index("ix_delegations_notice", "delegations", ["notice_id"])


def downgrade() -> None:
    """Back."""
    op.drop_table("delegations")
    op.drop_table("absences")
