"""Who was shown what, and what was withheld.

Revision 0004, after 0003.
"""

import sqlalchemy as sa
from alembic import op

from hub.store.columns import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WITHHELD_TEXTS = (
    "about",
    "role",
    "organisation",
    "rule",
    "field_group",
    "shown",
    "ground",
    "label",
    "route",
    "route_role",
    "route_organisation",
)


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
    op.create_table(
        "withheld",
        sa.Column("episode_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("n", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("place", sa.BigInteger(), nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in WITHHELD_TEXTS),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("episode_id", "seq", "n", "place"),
    )


def downgrade() -> None:
    """Back."""
    op.drop_table("withheld")
    op.drop_table("accesses")
