"""When is a run over?  When nothing is under way any more and nothing can begin by itself.

The hub's clock stands still at its end by then.  Everything is asked twice, and nothing may have
moved in between.
"""

import sqlite3
from pathlib import Path
from typing import Any

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from hub.ops.topics import (
    APP,
    DECISIONS,
    FAMILIES,
    FEEDS,
    INPUTS,
    MATTERS,
    PERSONS,
    QUARANTINE,
    RECEIPTS,
)
from hub.ops.topics import family_topic as public
from tests.chaos.watch import ASK_SECONDS, Watch

READ = (
    *(public(family) for family in FAMILIES),
    *(RECEIPTS, PERSONS, INPUTS, MATTERS, FEEDS, QUARANTINE),
)
"""Everything the worker reads."""


class Quiet:
    """Says what is still under way, in words; nothing when the run is over."""

    def __init__(self, bootstrap: str, watch: Watch, database: Path, end_microseconds: int) -> None:
        self._watch, self._database, self._end = watch, database, end_microseconds
        self._bootstrap, self._admin = bootstrap, _admin(bootstrap)

    def waiting_for(self) -> str:
        """The first thing that is not at rest, or an empty text."""
        try:
            found = self._looked()
            return found or self._looked()
        except (KafkaException, TimeoutError, sqlite3.OperationalError) as error:
            # A client that was left waiting for an answer may wait for ever: another one asks.
            self._admin = _admin(self._bootstrap)
            return f"an answer ({type(error).__name__})"

    def _looked(self) -> str:
        ends = self._ends((*READ, DECISIONS))
        if ends is None:
            return "the broker"
        committed = self._committed()
        behind = {at: end - committed.get(at, 0) for at, end in ends.items() if at[0] != DECISIONS}
        worst = max(behind, key=lambda at: behind[at])
        if behind[worst] > 0:
            return f"the worker, {behind[worst]} behind on {worst[0]}/{worst[1]}"
        return self._looked_in_database(ends)

    def _ends(self, topics: tuple[str, ...]) -> dict[tuple[str, int], int] | None:
        found = {(t, p): self._watch.end_of(t, p) for t in topics for p in self._watch.partitions}
        if any(end is None for end in found.values()):
            return None
        return {at: end for at, end in found.items() if end is not None}

    def _committed(self) -> dict[tuple[str, int], int]:
        asked = [TopicPartition(t, p) for t in READ for p in self._watch.partitions]
        answers = self._admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(APP, asked)], request_timeout=ASK_SECONDS
        )
        found = answers[APP].result(ASK_SECONDS).topic_partitions
        return {(each.topic, each.partition): max(0, each.offset) for each in found}

    def _looked_in_database(self, ends: dict[tuple[str, int], int]) -> str:
        with sqlite3.connect(f"file:{self._database}?mode=ro", uri=True, timeout=10) as conn:
            saved = {row[:3]: row[3] for row in conn.execute("SELECT * FROM positions")}
            for consumer, topic in (
                ("project", DECISIONS),
                ("project", QUARANTINE),
                ("deliver", DECISIONS),
            ):
                for p in self._watch.partitions:
                    left = ends[topic, p] - saved.get((consumer, topic, p), 0)
                    if left > 0:
                        return f"{consumer}, {left} behind on {topic}/{p}"
            pending = _one(conn, "SELECT count(*) FROM outbox WHERE state = 'pending'")
            if pending:
                return f"delivery of {pending} notices"
            asked = "SELECT count(*) FROM outbox WHERE NOT reported AND signal_at IS NOT NULL"
            untold = _one(conn, asked)
            if untold:
                return f"the report of {untold} deliveries"
            asked = "SELECT count(*) FROM episodes WHERE next_wake_at <= ?"
            due = _one(conn, asked, self._end)
            return f"{due} episodes that want waking" if due else ""


def _admin(bootstrap: str) -> AdminClient:
    return AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})


def _one(conn: sqlite3.Connection, query: str, *given: Any) -> int:
    return int(conn.execute(query, given).fetchone()[0])
