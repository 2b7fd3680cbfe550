"""Writing: explicit record batches, one per destination partition and slice.

A batch is handed to the driver without waiting for the broker; the commit of the input waits for
it (see `producer.py`).  A write that fails ends the process, so an agent has no error to handle.
"""

from collections.abc import Callable
from functools import lru_cache

import faust
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from faust.types.tuples import RecordMetadata

from agents.transport.limits import Headers, check_fits
from agents.transport.producer import producer_of
from agents.transport.stored import Written

Confirmed = Callable[[int, list[Written]], None]

_PARTITIONER = DefaultPartitioner()
KEYS_PLACED = 16_384
"""Keys whose partition is remembered, some 4 MB: to hash one again takes 5 microseconds."""


@lru_cache(KEYS_PLACED)
def partition_of(key: bytes, partitions: int) -> int:
    """The partition of a key among `partitions`: murmur2, as Java and aiokafka do by default."""
    everywhere = list(range(partitions))
    chosen: int = _PARTITIONER(key, everywhere, everywhere)
    return chosen


class RecordBatch:
    """Records for one partition of one topic, sent as explicit batches.

    `confirmed(last_offset, records)` is called once the broker has a part of it, with the offset
    of the last record of that part, or -1 when the broker did not tell.
    """

    def __init__(
        self, app: faust.App, topic: str, partition: int, confirmed: Confirmed | None = None
    ):
        self.topic = topic
        self.partition = partition
        self._producer = producer_of(app)
        self._confirmed = confirmed
        self._builder: BatchBuilder | None = None
        self._records: list[Written] = []

    async def append(self, key: bytes, value: bytes | None, headers: Headers | None = None) -> None:
        """Add a record; a value of None is a tombstone.  A full batch is sent on the way.

        Raises RecordTooLargeError, before anything of this record is appended.
        """
        check_fits(self.topic, key, value, headers)
        builder = self._builder or self._begin()
        carried = list(headers) if headers else []
        while not builder.append(timestamp=None, key=key, value=value, headers=carried):
            await self.send()
            builder = self._begin()
        self._records.append((key, value))

    def _begin(self) -> BatchBuilder:
        self._builder = self._producer.new_batch()
        return self._builder

    async def send(self) -> None:
        """Hand over what was appended; nothing to do when that is nothing."""
        if self._builder is None or not self._records:
            return
        builder, records = self._builder, self._records
        self._builder, self._records = None, []
        builder.close()
        await self._producer.hand_over(
            builder, self.topic, self.partition, lambda at: self._settled(at, records)
        )

    def _settled(self, at: RecordMetadata, records: list[Written]) -> None:
        if self._confirmed is not None:
            # A retry that the broker had already stored is confirmed without an offset (-1).
            self._confirmed(at.offset + len(records) - 1 if at.offset >= 0 else -1, records)


class Outbound:
    """Records whose partition follows from their key; one batch per destination partition.

    `partitions` is the partition count of `topic`; the default is the count of the whole hub.
    """

    def __init__(self, app: faust.App, topic: str, partitions: int | None = None):
        self._app = app
        self._topic = topic
        self._partitions: int = partitions or app.conf.topic_partitions
        self._batches: dict[int, RecordBatch] = {}

    async def append(self, key: bytes, value: bytes | None, headers: Headers | None = None) -> None:
        """Add a record to the batch of its key's partition.  Raises RecordTooLargeError."""
        partition = partition_of(key, self._partitions)
        batch = self._batches.get(partition)
        if batch is None:
            batch = self._batches[partition] = RecordBatch(self._app, self._topic, partition)
        await batch.append(key, value, headers)

    async def send(self) -> None:
        """Hand over all batches."""
        for batch in self._batches.values():
            await batch.send()


async def send_keyed(app: faust.App, topic: str, key: bytes, value: bytes | None) -> None:
    """Hand over one record to the partition of its key; the next commit waits for it.

    For a record outside a slice, such as a wake; inside a slice use `Outbound`.  Raises
    RecordTooLargeError.
    """
    check_fits(topic, key, value)
    partition = partition_of(key, app.conf.topic_partitions)
    await producer_of(app).hand_over_record(topic, partition, key, value)


async def confirmed(app: faust.App) -> None:
    """Return when the broker has confirmed everything handed over so far; past 30 s, end.

    For the rare input of which nothing can be kept beside it: what is confirmed need not be kept.
    """
    await producer_of(app).flush()
