"""Faust's consumer thread, with seeks that a fetch cannot overtake and heartbeats we can see.

The aiokafka client lives in this thread.  Each seek carries an epoch, and each fetch is stamped,
in the same step of the same loop, with the epochs that were in force when its records were taken
out: so the other side knows for certain whether a record was fetched before or after a seek.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP

from agents.transport.fence import Fence, elapsed_clock

Rows = list[ConsumerRecord[bytes, bytes]]


class Fetched(dict[TopicPartition, Rows]):
    """Records of one fetch, and the epoch of the last seek of each partition at that moment."""

    def __init__(self, records: Mapping[TopicPartition, Rows], epochs: Mapping[TP, int]):
        super().__init__(records)
        self.epochs = dict(epochs)


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread that owns the aiokafka consumer."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._epochs: dict[TP, int] = {}

    @property
    def _fence(self) -> Fence:
        fence: Fence = self.app.fence  # type: ignore[attr-defined]  # our App subclass has it
        return fence

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        """A consumer to which what a publisher has taken back was never there.

        In at-least-once mode Faust also reads the records of transactions that were aborted.
        """
        consumer = super()._create_worker_consumer(transport)
        consumer._isolation_level = "read_committed"  # noqa: SLF001  Faust passes no other way in
        return consumer

    async def on_start(self) -> None:
        """Start the consumer and watch its heartbeats."""
        await super().on_start()
        self.watch_membership(self._ensure_consumer()._coordinator)  # noqa: SLF001  see there

    def watch_membership(self, coordinator: Any) -> None:
        """Let the fence hear what the group's coordinator hears of this member.

        aiokafka has no hook for heartbeats, and the lease of the fence rests on them.
        """
        heartbeat = coordinator._do_heartbeat  # noqa: SLF001  as said above
        reset = coordinator.reset_generation

        async def watched_heartbeat() -> bool:
            sent_at = elapsed_clock()
            answered: bool = await heartbeat()
            if answered:
                self._fence.renew(sent_at)
            return answered

        def watched_reset() -> None:
            # The broker no longer knows this member, whether a heartbeat or a commit was told so.
            # aiokafka would quietly join again, while what is in hand is still being written.
            # During a join everything was given up before, and on closing nothing is left.
            joining = coordinator._performed_join_prepare  # noqa: SLF001  as said above
            if not joining and not coordinator._closing.done():  # noqa: SLF001  as said above
                self._fence.membership_lost()
            reset()

        coordinator._do_heartbeat = watched_heartbeat  # noqa: SLF001  as said above
        coordinator.reset_generation = watched_reset

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """A completed join is as good as a heartbeat: the broker has just counted us in."""
        self._fence.renew(elapsed_clock())
        await super().on_partitions_assigned(assigned, generation_id)

    async def seek_inputs(
        self, epoch: int, topics: Collection[str]
    ) -> Mapping[TP, tuple[int | None, int]]:
        """Seek the assigned partitions of `topics`; answers (committed offset, start) for each.

        Empty when a rebalance took the assignment away meanwhile: the next one seeks again.
        """
        consumer = self._ensure_consumer()
        sought: Mapping[TP, tuple[int | None, int]]
        sought = await self.call_thread(self._seek_inputs, consumer, epoch, set(topics))
        return sought

    async def _seek_inputs(
        self, consumer: AIOKafkaConsumer, epoch: int, topics: set[str]
    ) -> Mapping[TP, tuple[int | None, int]]:
        try:
            mine = [tp for tp in consumer.assignment() if tp.topic in topics]
            offsets = await asyncio.gather(*(consumer.committed(tp) for tp in mine))
            fresh = [tp for tp, offset in zip(mine, offsets, strict=True) if offset is None]
            first = await consumer.beginning_offsets(fresh) if fresh else {}
            sought: dict[TP, tuple[int | None, int]] = {}
            # No await from here on: all partitions are sought and stamped in one step.
            for tp, offset in zip(mine, offsets, strict=True):
                start = first[tp] if offset is None else offset
                self._seek_now(consumer, tp, start, epoch)
                sought[TP(*tp)] = (offset, start)
        except IllegalStateError:
            return {}
        return sought

    async def seek_changelogs(self, offsets: Mapping[TP, int], epoch: int) -> None:
        """Seek changelog partitions and wait until they stand there.

        Raises IllegalStateError when a rebalance took one away, which Faust's recovery expects.
        """
        consumer = self._ensure_consumer()
        await self.call_thread(self._seek_changelogs, consumer, offsets, epoch)

    async def _seek_changelogs(
        self, consumer: AIOKafkaConsumer, offsets: Mapping[TP, int], epoch: int
    ) -> None:
        # Faust seeks without an await, so that both happen in one step.
        self._epochs.update(dict.fromkeys((TP(*tp) for tp in offsets), epoch))
        await self._seek_wait(consumer, offsets)

    async def seek_back(self, tp: TP, offset: int, epoch: int) -> None:
        """Seek one partition; does nothing when a rebalance took it away meanwhile."""
        consumer = self._ensure_consumer()
        await self.call_thread(self._seek_back, consumer, TopicPartition(*tp), offset, epoch)

    async def _seek_back(
        self, consumer: AIOKafkaConsumer, tp: TopicPartition, offset: int, epoch: int
    ) -> None:
        if tp in consumer.assignment():
            self._seek_now(consumer, tp, offset, epoch)

    def _seek_now(
        self, consumer: AIOKafkaConsumer, tp: TopicPartition, offset: int, epoch: int
    ) -> None:
        consumer.seek(tp, offset)
        self._epochs[TP(*tp)] = epoch

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109  Faust's name
        max_records: int | None = None,
    ) -> Fetched:
        try:
            records = await super()._fetch_records(
                consumer, active_partitions, timeout, max_records
            )
        except IllegalStateError:
            # "No current assignment": a rebalance began while this fetch was under way.  Faust
            # would crash; the seek at the end of the rebalance fetches all of it again.
            return Fetched({}, self._epochs)
        return Fetched(records, self._epochs)
