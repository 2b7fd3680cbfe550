"""Who was shown what: the log of accesses.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

from hub.store.columns import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "accesses",
        sa.Column("n", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("access_id", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("episode_id", sa.Text(), nullable=True),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("n"),
    )
    op.create_index("ix_accesses_episode", "accesses", ["episode_id", "n"])
    op.create_index("ix_accesses_person", "accesses", ["person_id", "n"])


def downgrade() -> None:
    """Back."""
    op.drop_table("accesses")
