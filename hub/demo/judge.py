"""What really followed, read back from Kafka: the decisions themselves, not anybody's summary."""

from collections import defaultdict

from aiokafka import AIOKafkaConsumer, TopicPartition

from hub.core.outcomes import EventRecorded
from hub.demo.compare import Seen, row_of
from hub.demo.rows import Row
from hub.edges.avro import DecisionRecord, decode_decision
from hub.ops.topics import DECISIONS


async def read_decisions(bootstrap: str, partitions: int) -> dict[str, list[DecisionRecord]]:
    """Every decision once, by episode and in its order.

    Raises AssertionError when one (episode, seq) carries two different contents: a split brain.
    """
    everywhere = [TopicPartition(DECISIONS, p) for p in range(partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    found: dict[str, dict[int, tuple[bytes, DecisionRecord]]] = defaultdict(dict)
    try:
        consumer.assign(everywhere)
        ends = await consumer.end_offsets(everywhere)
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    decision = decode_decision(record.value)
                    known = found[decision.episode_id].setdefault(
                        decision.seq, (record.value, decision)
                    )
                    assert known[0] == record.value, (
                        f"two decisions for {decision.episode_id} {decision.seq}"
                    )
    finally:
        await consumer.stop()
    return {
        episode: [decision for _, (_, decision) in sorted(rows.items())]
        for episode, rows in found.items()
    }


def rows_by_story(
    decisions: dict[str, list[DecisionRecord]], sent: dict[str, str]
) -> dict[str, list[Row]]:
    """Everything people saw, by story: an episode belongs to the story whose events it holds."""
    rows: dict[str, list[Row]] = defaultdict(list)
    for records in decisions.values():
        events = [
            outcome.event_id
            for record in records
            for outcome in record.outcomes
            if isinstance(outcome, EventRecorded)
        ]
        story = next((sent[event] for event in events if event in sent), "?")
        seen = Seen(gaps={})
        for record in records:
            for outcome in record.outcomes:
                row = row_of(outcome, record.at, seen)
                if row is not None:
                    rows[story].append(row)
    return rows
