"""The fold of decisions into the read model.

One decision is one record, known by `(episode_id, seq)`.  Seen again with the same content it is
dropped; seen with other content it is a conflict (a split brain), which is kept for people to look
at and never overwrites anything.  The caller's transaction holds the rows and the position they
came from, so that a process killed at any moment has done both or neither.
"""

from enum import StrEnum
from hashlib import blake2b

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.outcomes import EpisodeChanged, WakeWanted
from hub.edges.avro import DecisionRecord
from hub.store import tables as t
from hub.store.fold import fold
from hub.store.upsert import put, put_once

__all__ = ["Applied", "apply_decision", "digest_of"]

DIGEST_BYTES = 16
"""128 bits: two contents of one decision never meet by chance."""

_encode = msgspec.msgpack.Encoder(order="deterministic").encode


class Applied(StrEnum):
    """What became of a decision that was handed to the fold."""

    NEW = "new"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"


def digest_of(record: DecisionRecord) -> bytes:
    """What a decision says, in 16 bytes.

    Where its input lay in the log is left out: the same input decided alike is the same decision.
    """
    said = (record.input_id, record.at, record.policy_version, record.outcomes)
    return blake2b(_encode(said), digest_size=DIGEST_BYTES).digest()


def apply_decision(conn: Connection, record: DecisionRecord) -> Applied:
    """Fold one decision into the read model, within the caller's transaction."""
    digest = digest_of(record)
    head = {
        "episode_id": record.episode_id,
        "seq": record.seq,
        "digest": digest,
        "input_id": record.input_id,
        "input_partition": record.input_partition,
        "input_offset": record.input_offset,
        "at": record.at,
        "policy_version": record.policy_version,
    }
    if not put_once(conn, t.decisions, head):
        return _seen_before(conn, record, digest, head)
    _fold_episode(conn, record)
    for n, outcome in enumerate(record.outcomes):
        fold(conn, record, n, outcome)
    return Applied.NEW


def _seen_before(
    conn: Connection, record: DecisionRecord, digest: bytes, head: dict[str, object]
) -> Applied:
    d = t.decisions
    known = conn.scalar(
        sa.select(d.c.digest).where(d.c.episode_id == record.episode_id, d.c.seq == record.seq)
    )
    if known == digest:
        return Applied.DUPLICATE
    put_once(conn, t.conflicts, head)
    return Applied.CONFLICT


def _fold_episode(conn: Connection, record: DecisionRecord) -> None:
    """The row of the episode itself: its sequence number, its next wake, and what changed of it."""
    row: dict[str, object] = {
        "episode_id": record.episode_id,
        "seq": record.seq,
        "updated_at": record.at,
        "babies": [],
        "team": [],
    }
    keep = ["babies", "team"]
    for outcome in record.outcomes:
        if isinstance(outcome, EpisodeChanged):
            row |= _episode_columns(outcome)
            keep = []
        elif isinstance(outcome, WakeWanted):
            row["next_wake_at"] = outcome.at
    put(conn, t.episodes, row, keep=keep)


def _episode_columns(changed: EpisodeChanged) -> dict[str, object]:
    """The whole of what is shown: None means 'not so' (an end that was retracted), not 'as before'.

    Only the mother stays when she is not repeated: who she is does not become unknown.
    """
    row: dict[str, object] = {
        "edd": changed.edd,
        "provider": changed.provider,
        "practice": changed.practice,
        "ended_at": changed.ended_at,
        "outcome": changed.outcome,
        "babies": msgspec.to_builtins(changed.babies),
        "team": msgspec.to_builtins(changed.team),
    }
    if changed.mother is not None:
        row |= msgspec.structs.asdict(changed.mother)
    return row
