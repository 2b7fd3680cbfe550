"""Reads a topic of a real Kafka to its end, as the broker says where that is."""

import asyncio

from aiokafka import AIOKafkaConsumer, TopicPartition

from tests.patience import PATIENCE_SECONDS


async def all_values(bootstrap: str, topic: str) -> list[bytes]:
    """Every value that lies on a topic now, partition by partition in their order.

    It reads up to the ends that the broker names: one that is slow to answer must not look like one
    that has no more.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await consumer.start()
        try:
            return await _to_the_end(consumer, topic)
        finally:
            await consumer.stop()


async def _to_the_end(consumer: AIOKafkaConsumer, topic: str) -> list[bytes]:
    await consumer.topics()
    partitions = [TopicPartition(topic, n) for n in consumer.partitions_for_topic(topic) or ()]
    assert partitions, f"there is no topic {topic}"
    consumer.assign(partitions)
    await consumer.seek_to_beginning()
    ends = await consumer.end_offsets(partitions)
    found: dict[TopicPartition, list[bytes]] = {each: [] for each in partitions}
    while any([await consumer.position(each) < ends[each] for each in partitions]):
        for partition, records in (await consumer.getmany(timeout_ms=200)).items():
            found[partition] += [record.value for record in records]
    return [value for each in sorted(partitions) for value in found[each]]
