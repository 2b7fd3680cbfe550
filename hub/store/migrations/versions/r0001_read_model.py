"""The read model: what is folded from decisions and quarantine.

Revision 0001, after nothing.
"""

import sqlalchemy as sa
from alembic import op

from hub.store.columns import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "positions",
    "decisions",
    "conflicts",
    "episodes",
    "events",
    "obligations",
    "causes",
    "notices",
    "levels",
    "expectations",
    "gaps",
    "gap_duties",
    "escalations",
    "quarantine",
)


def _flag(name: str) -> "sa.Column[bool]":
    return sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false())


def _count(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")


def _part(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.BigInteger(), nullable=False, autoincrement=False)


def upgrade() -> None:
    """Forward."""
    _positions()
    _decisions()
    _conflicts()
    _episodes()
    _events()
    _obligations()
    _causes()
    _notices()
    _levels()
    _expectations()
    _gaps()
    _gap_duties()
    _escalations()
    _quarantine()


def downgrade() -> None:
    """Back."""
    for name in reversed(TABLES):
        op.drop_table(name)


def _positions() -> None:
    op.create_table(
        "positions",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        _part("partition"),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consumer", "topic", "partition"),
    )


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("episode_id", sa.Text(), nullable=False),
        _part("seq"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("input_id", sa.Text(), nullable=False),
        sa.Column("input_partition", sa.BigInteger(), nullable=False),
        sa.Column("input_offset", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("episode_id", "seq"),
    )
    op.create_index("ix_decisions_input", "decisions", ["input_id"])


def _conflicts() -> None:
    op.create_table(
        "conflicts",
        sa.Column("episode_id", sa.Text(), nullable=False),
        _part("seq"),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("input_id", sa.Text(), nullable=False),
        sa.Column("input_partition", sa.BigInteger(), nullable=False),
        sa.Column("input_offset", sa.BigInteger(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("policy_version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("episode_id", "seq", "digest"),
    )


def _episodes() -> None:
    op.create_table(
        "episodes",
        sa.Column("episode_id", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("nhs_number", sa.Text(), nullable=True),
        sa.Column("family_name", sa.Text(), nullable=True),
        sa.Column("given_name", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("edd", sa.Text(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("practice", sa.Text(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("babies", sa.JSON(), nullable=False),
        sa.Column("team", sa.JSON(), nullable=False),
        sa.Column("next_wake_at", Instant(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("episode_id"),
    )
    op.create_index("ix_episodes_next_wake", "episodes", ["next_wake_at"])
    op.create_index("ix_episodes_nhs_number", "episodes", ["nhs_number"])
    op.create_index("ix_episodes_provider", "episodes", ["provider", "updated_at"])


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("episode_id", sa.Text(), nullable=False),
        _part("seq"),
        _part("n"),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("occurred_at", Instant(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("episode_id", "seq", "n"),
    )
    op.create_index("ix_events_event", "events", ["event_id"])


def _obligations() -> None:
    op.create_table(
        "obligations",
        sa.Column("obligation_id", sa.Text(), nullable=False),
        sa.Column("episode_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("level_needed", sa.BigInteger(), nullable=False),
        sa.Column("milestones", sa.JSON(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("raised_at", Instant(), nullable=False),
        sa.Column("met_at", Instant(), nullable=True),
        _flag("late"),
        sa.Column("ended_reason", sa.Text(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("obligation_id"),
    )
    op.create_index("ix_obligations_episode", "obligations", ["episode_id", "seq"])


def _causes() -> None:
    op.create_table(
        "causes",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("obligation_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "obligation_id"),
    )


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("obligation_id", sa.Text(), nullable=False),
        sa.Column("episode_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("level_needed", sa.BigInteger(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("in_reply_to", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        _count("level"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("last_signal_at", Instant(), nullable=True),
        sa.Column("accepted_by", sa.Text(), nullable=True),
        _flag("withdrawn"),
        sa.Column("listed", sa.Text(), nullable=False),
        _count("severity"),
        sa.Column("rank", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("notice_id"),
    )
    op.create_index("ix_notices_episode", "notices", ["episode_id", "issued_at"])
    op.create_index("ix_notices_obligation", "notices", ["obligation_id"])
    op.create_index(
        "ix_notices_unaccepted", "notices", ["listed", "level_needed", "level", "issued_at"]
    )
    op.create_index(
        "ix_notices_worklist",
        "notices",
        ["organisation", "role", "listed", "rank", "due_at", "notice_id"],
    )


def _levels() -> None:
    op.create_table(
        "levels",
        sa.Column("episode_id", sa.Text(), nullable=False),
        _part("seq"),
        _part("n"),
        sa.Column("obligation_id", sa.Text(), nullable=False),
        sa.Column("notice_id", sa.Text(), nullable=False),
        sa.Column("signal", sa.Text(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        _flag("counts"),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reached_at", Instant(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("episode_id", "seq", "n"),
    )
    op.create_index("ix_levels_notice", "levels", ["notice_id"])
    op.create_index("ix_levels_obligation", "levels", ["obligation_id"])


def _expectations() -> None:
    op.create_table(
        "expectations",
        sa.Column("expectation_id", sa.Text(), nullable=False),
        sa.Column("episode_id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("raised_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("expectation_id"),
    )
    op.create_index("ix_expectations_episode", "expectations", ["episode_id"])


def _gaps() -> None:
    op.create_table(
        "gaps",
        sa.Column("gap_id", sa.Text(), nullable=False),
        sa.Column("episode_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("severity", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("closed_at", Instant(), nullable=True),
        _flag("late_informed"),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("next_action", sa.Text(), nullable=False),
        sa.Column("ladder", sa.Text(), nullable=False),
        sa.Column("rung", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("duty_ids", sa.JSON(), nullable=False),
        sa.Column("close_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("gap_id"),
    )
    op.create_index("ix_gaps_board", "gaps", ["state", "severity", "due_at"])
    op.create_index("ix_gaps_episode", "gaps", ["episode_id"])
    op.create_index("ix_gaps_organisation", "gaps", ["organisation", "state", "severity", "due_at"])


def _gap_duties() -> None:
    op.create_table(
        "gap_duties",
        sa.Column("gap_id", sa.Text(), nullable=False),
        sa.Column("obligation_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("gap_id", "obligation_id"),
    )
    op.create_index("ix_gap_duties_obligation", "gap_duties", ["obligation_id"])


def _escalations() -> None:
    op.create_table(
        "escalations",
        sa.Column("gap_id", sa.Text(), nullable=False),
        _part("rung"),
        sa.Column("obligation_id", sa.Text(), nullable=False),
        sa.Column("episode_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("gap_id", "rung", "obligation_id"),
    )


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("quarantine_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("explanation", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("door", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("event_type", sa.Text(), nullable=True),
        sa.Column("family", sa.Text(), nullable=True),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("original", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("episode_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("resolved_at", Instant(), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("quarantine_id"),
    )
    op.create_index("ix_quarantine_state", "quarantine", ["state", "reason", "received_at"])
