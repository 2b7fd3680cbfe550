"""What was sent again, by whom and why: kept beside the outbox, and as precious."""

import sqlalchemy as sa
from sqlalchemy import Index

from hub.store.columns import instant, json, metadata, number, text

replays = sa.Table(
    "replays",
    metadata,
    text("replay_id", pk=True),
    text("token"),
    json("chosen"),
    json("left_out"),
    text("reason"),
    number("notices"),
    instant("oldest", null=True),
    instant("newest", null=True),
    text("state"),
    text("previewed_by"),
    instant("previewed_at"),
    text("asked_by", null=True),
    instant("asked_at", null=True),
    text("acted_by", null=True),
    instant("acted_at", null=True),
    instant("done_at", null=True),
    Index("ix_replays_previewed", "previewed_at"),
)

replay_notices = sa.Table(
    "replay_notices",
    metadata,
    text("replay_id", pk=True),
    text("notice_id", pk=True),
    text("organisation"),
    text("role"),
    text("channel"),
    instant("issued_at"),
    number("attempts"),
    text("state_before"),
    instant("created_before"),
    text("came_of", null=True),
    Index("ix_replay_notices_notice", "notice_id"),
)
"""`came_of` is empty until the replay comes to the notice: `sent_again`, or why it was left out."""
