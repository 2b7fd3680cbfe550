"""The fold of decisions into the read model.

One decision is one record, known by `(episode_id, seq)`.  Seen again with the same content it is
dropped; seen with other content it is a conflict (a split brain), which is kept for people to look
at and never overwrites anything.  The caller's transaction holds the rows and the position they
came from, so that a process killed at any moment has done both or neither.
"""

from collections.abc import Sequence
from enum import StrEnum
from hashlib import blake2b

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection

from hub.core.outcomes import EpisodeChanged, WakeWanted
from hub.edges.avro import DecisionRecord
from hub.store import tables as t
from hub.store.book import Book
from hub.store.fold import fold
from hub.store.rows import type_of_row
from hub.store.upsert import put_once_many
from hub.store.withheld import fold_withheld

__all__ = ["Applied", "apply_decision", "apply_decisions", "digest_of"]

DIGEST_BYTES = 16
"""128 bits: two contents of one decision never meet by chance."""

FOLD_LOCK = 0x666F6C64
"""PostgreSQL advisory lock of the one who folds ('fold' in ASCII)."""

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
    return apply_decisions(conn, (record,))[0]


def apply_decisions(conn: Connection, records: Sequence[DecisionRecord]) -> list[Applied]:
    """Fold decisions in their order, within the caller's transaction; what became of each.

    However they are cut into batches, the rows come out the same.
    """
    if conn.dialect.name == "postgresql":
        # What a batch has loaded must stay so until it is written; SQLite has one writer anyway.
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(FOLD_LOCK)))
    book = Book()
    applied = _enter(conn, book, [_head(record) for record in records])
    new = [record for record, was in zip(records, applied, strict=True) if was is Applied.NEW]
    book.load(conn, new)
    for record in new:
        _fold_episode(book, record)
        for n, outcome in enumerate(record.outcomes):
            fold(book, record, n, outcome)
            fold_withheld(book, record, n, outcome)
    book.write(conn)
    return applied


def _head(record: DecisionRecord) -> type_of_row:
    return {
        "episode_id": record.episode_id,
        "seq": record.seq,
        "digest": digest_of(record),
        "input_id": record.input_id,
        "input_partition": record.input_partition,
        "input_offset": record.input_offset,
        "at": record.at,
        "policy_version": record.policy_version,
    }


def _enter(conn: Connection, book: Book, heads: Sequence[type_of_row]) -> list[Applied]:
    """Enter decisions among those that are folded; what each is.

    Nearly always all are new, which one INSERT finds out.  To ask first would cost more, for
    SQLite reads the whole table to find pairs of episode and number (`IN (VALUES ...)`).
    """
    if _all_new(conn, heads):
        return [Applied.NEW] * len(heads)
    book.decisions.load(conn, "episode_id", {head["episode_id"] for head in heads})
    return [_enter_one(book, head) for head in heads]


def _all_new(conn: Connection, heads: Sequence[type_of_row]) -> bool:
    """Enter all of them if none is known; nothing is changed otherwise."""
    if len({(head["episode_id"], head["seq"]) for head in heads}) < len(heads):
        return False
    attempt = conn.begin_nested()
    if put_once_many(conn, t.decisions, heads) == len(heads):
        attempt.commit()
        return True
    attempt.rollback()
    return False


def _enter_one(book: Book, head: type_of_row) -> Applied:
    known = book.decisions.get((head["episode_id"], head["seq"]))
    if known is None:
        book.decisions.put(head)
        return Applied.NEW
    if known["digest"] == head["digest"]:
        return Applied.DUPLICATE
    book.conflicts.put(head)
    return Applied.CONFLICT


def _fold_episode(book: Book, record: DecisionRecord) -> None:
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
    book.episodes.put(row, keep=keep)


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
