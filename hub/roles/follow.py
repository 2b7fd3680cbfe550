"""Reading topics from positions that our own database keeps.

No consumer group commits anything: the next offset is saved in the transaction that holds what was
made of the records, so that a role killed at any moment continues exactly where its rows end.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from hub.ops.kafka_login import OPEN, KafkaLogin
from hub.store.positions import type_of_positions

BATCH_RECORDS: Final = 100
"""Records in one transaction, at most.  A role that keeps up folds what has just come, one record
or a few; only one that catches up fills its batches, and a full one holds SQLite's one writer for
some 0.05 s (measured on 150,000 notices: `python -m bench.projector --grown 40`).  200 or 500 are
faster by a tenth, and keep the other writers waiting in proportion."""

FETCH_WAIT_MILLISECONDS: Final = 100
"""How long the broker keeps a fetch that finds nothing.  aiokafka has one on its way at a time:
when a batch took longer than 0.1 s, it has asked for the other partitions meanwhile, and what
comes in the one just read waits for that fetch, with Kafka's own 500 ms up to half a second."""

POLL_MILLISECONDS: Final = 200
"""How long an idle poll waits; it is also how fast a role notices that it should stop."""

STOP_SECONDS: Final = 3.0
"""How long a stopping role waits for its consumer; the supervisor waits 10 s for the role."""

TOPICS_SECONDS: Final = 60.0
"""How long a role waits at its start for the topics to be created."""


class TopicsMissing(Exception):  # noqa: N818  it names a state of Kafka
    """The topics do not exist.

    Operator action: create them (`hub topics`), then start the role again.
    """


class PositionBeyondEnd(Exception):  # noqa: N818  it names a state of Kafka
    """The database has read further than the topic goes: they do not belong together.

    Operator action: point the role at the Kafka that its database was filled from.
    """


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a reader is behind: records, and seconds by the age of what it read last."""

    records: int
    seconds: float


class Follower:
    """Reads all partitions of some topics, each from its saved position."""

    def __init__(
        self,
        bootstrap: str,
        topics: Sequence[str],
        saved: type_of_positions,
        login: KafkaLogin = OPEN,
    ) -> None:
        """`saved` is the next offset of each partition; one that is missing starts at the first."""
        self._bootstrap, self._login = bootstrap, login
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            max_poll_records=BATCH_RECORDS,
            fetch_max_wait_ms=FETCH_WAIT_MILLISECONDS,
            **login.options(),
        )
        self._topics = tuple(topics)
        self._saved = saved
        self._next: dict[TopicPartition, int] = {}
        self._read_at: dict[TopicPartition, float] = {}

    async def start(self) -> None:
        """Connect and go to the saved positions.  Raises TopicsMissing, PositionBeyondEnd."""
        await self._consumer.start()
        partitions = await self._find_partitions()
        self._consumer.assign(partitions)
        first = await self._consumer.beginning_offsets(partitions)
        end = await self._consumer.end_offsets(partitions)
        for partition in partitions:
            wanted = self._saved.get((partition.topic, partition.partition), first[partition])
            if wanted > end[partition]:
                raise PositionBeyondEnd(
                    f"{partition.topic}/{partition.partition} ends at {end[partition]} "
                    f"and the saved position is {wanted}"
                )
            self._next[partition] = wanted
            self._consumer.seek(partition, wanted)

    async def stop(self) -> None:
        """Disconnect, with or without Kafka."""
        stopping = asyncio.ensure_future(self._consumer.stop())
        # While Kafka is away the consumer's own stop ends as cancelled, or not at all; neither is
        # a reason to end as failed.
        await asyncio.wait({stopping}, timeout=STOP_SECONDS)
        if not stopping.done():
            stopping.cancel()
        elif not stopping.cancelled():
            stopping.result()

    async def batch(self) -> list[ConsumerRecord]:
        """The next records, in the order of each partition; empty when nothing came in time."""
        fetched = await self._consumer.getmany(timeout_ms=POLL_MILLISECONDS)
        records = [record for part in fetched.values() for record in part]
        for partition, part in fetched.items():
            self._next[partition] = part[-1].offset + 1
            self._read_at[partition] = part[-1].timestamp / 1000
        return records

    def lag(self) -> Lag:
        """How far behind this reader is, by what the broker said with the last fetch."""
        records, seconds = 0, 0.0
        for partition, next_offset in self._next.items():
            behind = (self._consumer.highwater(partition) or 0) - next_offset
            if behind > 0:
                records += behind
                since = self._read_at.get(partition)
                seconds = max(seconds, time.time() - since if since is not None else 0.0)
        return Lag(records, seconds)

    async def _find_partitions(self) -> list[TopicPartition]:
        """Every partition of the topics.  Raises TopicsMissing when one does not come to be."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap, **self._login.options())
        await admin.start()
        try:
            async with asyncio.timeout(TOPICS_SECONDS):
                # Kafka has no event for 'created': asking again is the only way.
                while not (  # noqa: ASYNC110  as said
                    partitions := self._among(await admin.describe_topics())
                ):
                    await asyncio.sleep(POLL_MILLISECONDS / 1000)
        except TimeoutError:
            raise TopicsMissing(f"of {', '.join(self._topics)} not all exist") from None
        finally:
            await admin.close()
        return partitions

    def _among(self, described: Iterable[Mapping[str, Any]]) -> list[TopicPartition]:
        """The partitions of the topics when all of them have some, else none."""
        counts = {each["topic"]: len(each["partitions"]) for each in described}
        if not all(counts.get(topic) for topic in self._topics):
            return []
        return [
            TopicPartition(topic, number)
            for topic in self._topics
            for number in range(counts[topic])
        ]


def positions_after(records: Sequence[ConsumerRecord]) -> type_of_positions:
    """The next offsets once `records` are dealt with."""
    moved: type_of_positions = {}
    for record in records:
        where = (record.topic, record.partition)
        moved[where] = max(moved.get(where, 0), record.offset + 1)
    return moved
