"""The read model: a fold of `hub.decisions` and `hub.quarantine`, which can be folded again.

Identity (names, NHS number, birth date) stands in `episodes` and in the content of notices, and
nowhere else.
"""

import sqlalchemy as sa
from sqlalchemy import Column, Index

from hub.store.columns import flag, instant, json, metadata, number, text

positions = sa.Table(
    "positions",
    metadata,
    text("consumer", pk=True),
    text("topic", pk=True),
    number("partition", pk=True),
    number("next_offset"),
)

decisions = sa.Table(
    "decisions",
    metadata,
    text("episode_id", pk=True),
    number("seq", pk=True),
    Column("digest", sa.LargeBinary, nullable=False),
    text("input_id"),
    number("input_partition"),
    number("input_offset"),
    instant("at"),
    text("policy_version"),
    Index("ix_decisions_input", "input_id"),
)

conflicts = sa.Table(
    "conflicts",
    metadata,
    text("episode_id", pk=True),
    number("seq", pk=True),
    Column("digest", sa.LargeBinary, nullable=False, primary_key=True),
    text("input_id"),
    number("input_partition"),
    number("input_offset"),
    instant("at"),
    text("policy_version"),
)

episodes = sa.Table(
    "episodes",
    metadata,
    text("episode_id", pk=True),
    text("reference", null=True),
    text("nhs_number", null=True),
    text("family_name", null=True),
    text("given_name", null=True),
    text("birth_date", null=True),
    text("postcode", null=True),
    text("edd", null=True),
    text("provider", null=True),
    text("practice", null=True),
    instant("ended_at", null=True),
    text("outcome", null=True),
    json("babies"),
    json("team"),
    instant("next_wake_at", null=True),
    number("seq"),
    instant("updated_at"),
    Index("ix_episodes_nhs_number", "nhs_number"),
    Index("ix_episodes_provider", "provider", "updated_at"),
    Index("ix_episodes_next_wake", "next_wake_at"),
)

events = sa.Table(
    "events",
    metadata,
    text("episode_id", pk=True),
    number("seq", pk=True),
    number("n", pk=True),
    text("event_id"),
    text("how"),
    text("type"),
    instant("occurred_at"),
    text("organisation"),
    instant("decided_at"),
    Index("ix_events_event", "event_id"),
)

obligations = sa.Table(
    "obligations",
    metadata,
    text("obligation_id", pk=True),
    text("episode_id"),
    number("seq"),
    text("rule"),
    text("policy"),
    text("because"),
    text("authority"),
    text("role"),
    text("organisation"),
    text("person", null=True),
    text("subject"),
    text("purpose"),
    text("state"),
    number("level"),
    number("level_needed"),
    json("milestones"),
    instant("due_at", null=True),
    instant("raised_at"),
    instant("met_at", null=True),
    flag("late"),
    text("ended_reason", null=True),
    instant("ended_at", null=True),
    Index("ix_obligations_episode", "episode_id", "seq"),
)

causes = sa.Table(
    "causes",
    metadata,
    text("event_id", pk=True),
    text("obligation_id", pk=True),
)
"""Which events stand behind an obligation: 'who was told of this event?' starts here."""

notices = sa.Table(
    "notices",
    metadata,
    text("notice_id", pk=True),
    text("obligation_id"),
    text("episode_id"),
    number("seq"),
    text("reason"),
    text("role"),
    text("organisation"),
    text("person", null=True),
    number("round"),
    text("purpose"),
    text("title"),
    number("level_needed"),
    instant("due_at"),
    json("content"),
    text("in_reply_to", null=True),
    text("rule"),
    text("policy"),
    text("because"),
    text("authority"),
    instant("issued_at"),
    number("level", default="0"),
    text("state"),
    instant("last_signal_at", null=True),
    text("accepted_by", null=True),
    flag("withdrawn"),
    text("listed"),
    number("severity", default="0"),
    number("rank"),
    Index("ix_notices_worklist", "organisation", "role", "listed", "rank", "due_at", "notice_id"),
    Index("ix_notices_obligation", "obligation_id"),
    Index("ix_notices_episode", "episode_id", "issued_at"),
    Index("ix_notices_unaccepted", "listed", "level_needed", "level", "issued_at"),
)
"""`listed` is where the worklist shows it (`Listed` in projector.py); `rank` is the order there."""

levels = sa.Table(
    "levels",
    metadata,
    text("episode_id", pk=True),
    number("seq", pk=True),
    number("n", pk=True),
    text("obligation_id"),
    text("notice_id"),
    text("signal"),
    number("level"),
    text("state"),
    flag("counts"),
    text("organisation"),
    text("person", null=True),
    text("channel"),
    instant("reached_at"),
    text("detail", null=True),
    Index("ix_levels_notice", "notice_id"),
    Index("ix_levels_obligation", "obligation_id"),
)

expectations = sa.Table(
    "expectations",
    metadata,
    text("expectation_id", pk=True),
    text("episode_id"),
    text("rule"),
    text("policy"),
    text("because"),
    text("role"),
    text("organisation"),
    text("subject"),
    instant("raised_at"),
    instant("due_at", null=True),
    text("state"),
    instant("ended_at", null=True),
    Index("ix_expectations_episode", "episode_id"),
)

gaps = sa.Table(
    "gaps",
    metadata,
    text("gap_id", pk=True),
    text("episode_id"),
    text("code"),
    text("name"),
    number("severity"),
    text("role"),
    text("organisation"),
    text("subject"),
    text("state"),
    instant("opened_at"),
    instant("due_at"),
    instant("closed_at", null=True),
    flag("late_informed"),
    flag("late_detected"),
    text("explanation"),
    text("next_action"),
    text("ladder"),
    number("rung"),
    text("rule"),
    text("policy"),
    text("because"),
    text("authority"),
    json("evidence"),
    json("duty_ids"),
    text("close_reason", null=True),
    Index("ix_gaps_board", "state", "severity", "due_at"),
    Index("ix_gaps_organisation", "organisation", "state", "severity", "due_at"),
    Index("ix_gaps_episode", "episode_id"),
)

gap_duties = sa.Table(
    "gap_duties",
    metadata,
    text("gap_id", pk=True),
    text("obligation_id", pk=True),
    Index("ix_gap_duties_obligation", "obligation_id"),
)
"""The obligations that a gap is about, escalations included; an open gap ranks their notices."""

escalations = sa.Table(
    "escalations",
    metadata,
    text("gap_id", pk=True),
    number("rung", pk=True),
    text("obligation_id", pk=True),
    text("episode_id"),
    text("role"),
    text("organisation"),
    instant("at"),
)

quarantine = sa.Table(
    "quarantine",
    metadata,
    text("quarantine_id", pk=True),
    text("reason"),
    text("explanation"),
    text("field"),
    text("remedy"),
    text("door"),
    text("source"),
    text("event_type", null=True),
    text("family", null=True),
    text("content_type"),
    Column("original", sa.LargeBinary, nullable=False),
    instant("received_at"),
    text("owner"),
    text("episode_id", null=True),
    text("state"),
    instant("resolved_at", null=True),
    text("resolved_by", null=True),
    Index("ix_quarantine_state", "state", "reason", "received_at"),
)
