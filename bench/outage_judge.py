"""Reads every decision from the first on, and keeps only what the verdict on an outage needs."""

import asyncio
from hashlib import blake2b

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from hub.core.outcomes import EventRecorded, GapOpened
from hub.edges.avro import decode_decision
from hub.ops.topics import DECISIONS

GAP = "G12"
"""The discharge summary did not come within its day."""

NEW, AGAIN = "new", "duplicate"


class Judge:
    """Follows `hub.decisions` by itself, also over the time when there is no Kafka."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        self._bootstrap = bootstrap
        self._next = dict.fromkeys((TopicPartition(DECISIONS, n) for n in range(partitions)), 0)
        self._known: dict[tuple[str, int], bytes] = {}
        self.decided: set[str] = set()
        self.said_again = 0
        self.conflicting = 0
        self.opened: dict[str, bool] = {}
        """Episodes with the gap, and whether it was detected later than it was due."""
        self.opened_twice = 0

    @property
    def records(self) -> int:
        """How many records have been read."""
        return sum(self._next.values())

    async def follow(self) -> None:
        """Read until cancelled; connect again whenever Kafka was away."""
        while True:
            consumer = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, group_id=None)
            try:
                await consumer.start()
                consumer.assign(list(self._next))
                for partition, offset in self._next.items():
                    consumer.seek(partition, offset)
                while True:
                    await self._read(consumer)
            except KafkaError:
                await asyncio.sleep(0.5)
            finally:
                await consumer.stop()

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        for partition, records in (await consumer.getmany(timeout_ms=200)).items():
            for record in records:
                self._note(record.value)
                self._next[partition] = record.offset + 1
            # Decoding is work: the publishers of this process must not wait for all of it.
            await asyncio.sleep(0)

    def _note(self, value: bytes) -> None:
        decision = decode_decision(value)
        place = (decision.episode_id, decision.seq)
        digest = blake2b(value, digest_size=16).digest()
        known = self._known.setdefault(place, digest)
        self.conflicting += known != digest
        if known is not digest:
            return
        for outcome in decision.outcomes:
            match outcome:
                case EventRecorded(how=how):
                    self.decided.add(outcome.event_id)
                    self.said_again += how == AGAIN
                case GapOpened(code=code) if code == GAP:
                    self.opened_twice += decision.episode_id in self.opened
                    self.opened[decision.episode_id] = decision.at > outcome.opened_at
