"""Reads a topic of a real Kafka to its end, as the broker says where that is."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.patience import PATIENCE_SECONDS


async def all_values(bootstrap: str, topic: str) -> list[bytes]:
    """Every value that lies on a topic now, partition by partition in their order.

    It reads up to the ends that the broker names: one that is slow to answer must not look like one
    that has no more.
    """
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="earliest"
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        await consumer.start()
        try:
            return await _to_the_end(consumer)
        finally:
            await consumer.stop()


async def _to_the_end(consumer: AIOKafkaConsumer) -> list[bytes]:
    found: dict[TopicPartition, list[bytes]] = {}
    # The client knows the partitions a moment after its start.
    while not (partitions := sorted(consumer.assignment())):
        await _take(consumer, found)
    ends = await consumer.end_offsets(partitions)
    while any([await consumer.position(each) < ends[each] for each in partitions]):
        await _take(consumer, found)
    return [value for each in partitions for value in found.get(each, ())]


async def _take(consumer: AIOKafkaConsumer, found: dict[TopicPartition, list[bytes]]) -> None:
    for partition, records in (await consumer.getmany(timeout_ms=200)).items():
        found.setdefault(partition, []).extend(record.value for record in records)
