"""The outbox, and what belongs to the pages.

Revision 0002, after 0001.
"""

import sqlalchemy as sa
from alembic import op

from hub.store.columns import Instant

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = (
    "outbox",
    "attempts",
    "destinations",
    "sessions",
    "takes",
)


def _flag(name: str) -> "sa.Column[bool]":
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _count(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")


def _part(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=False, autoincrement=False)


def upgrade() -> None:
    """Forward."""
    _outbox()
    _attempts()
    _destinations()
    _sessions()
    _takes()


def downgrade() -> None:
    """Back."""
    for name in reversed(TABLES):
        op.drop_table(name)


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("obligation_id", sa.Text(), nullable=False),
        sa.Column("episode_id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("destination_id", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _count("attempts"),
        sa.Column("next_try_at", Instant(), nullable=False),
        sa.Column("last_reason", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=True),
        sa.Column("signal_at", Instant(), nullable=True),
        _flag("takes_back"),
        _flag("reported"),
        sa.PrimaryKeyConstraint("notice_id"),
    )
    op.create_index("ix_outbox_due", "outbox", ["state", "destination_id", "next_try_at"])
    op.create_index("ix_outbox_obligation", "outbox", ["obligation_id"])
    op.create_index("ix_outbox_unreported", "outbox", ["reported", "signal_at"])


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("notice_id", sa.Text(), nullable=False),
        _part("n"),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("destination_id", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("http_status", sa.Integer(), nullable=True),
        sa.Column("latency_ms", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("notice_id", "n"),
    )
    op.create_index("ix_attempts_at", "attempts", ["at"])


def _destinations() -> None:
    op.create_table(
        "destinations",
        sa.Column("destination_id", sa.Text(), nullable=False),
        sa.Column("paused_until", Instant(), nullable=True),
        _count("failures_in_a_row"),
        sa.PrimaryKeyConstraint("destination_id"),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("session_id"),
    )
    op.create_index("ix_sessions_expires", "sessions", ["expires_at"])


def _takes() -> None:
    op.create_table(
        "takes",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("taken_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id"),
    )
    op.create_index("ix_takes_person", "takes", ["person_id", "expires_at"])
