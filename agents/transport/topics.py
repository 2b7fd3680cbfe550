"""The check of the topics before anything is consumed: all there, all with one partition count.

Faust takes whatever it finds, and notices a changelog of another count at the first write of a
table, long after it has begun to decide (finding A19).
"""

from collections.abc import Iterable, Mapping
from typing import Any

import faust
from aiokafka.admin import AIOKafkaAdminClient

from agents.transport.ending import ExitCode, end_process
from hub.ops.kafka_login import KafkaLogin


def topics_of(app: faust.App) -> set[str]:
    """Every topic that the agents read and every changelog of a table."""
    read: set[str] = set()
    for agent in app.agents.values():
        channel: Any = agent.channel
        read |= set(channel.topics)
    tables: Any = app.tables
    return read | {table.changelog_topic.get_topic_name() for table in tables.values()}


def unfit(wanted: Iterable[str], partitions: int, found: Mapping[str, int]) -> list[str]:
    """A sentence for each topic that is missing or has another count, sorted by name."""
    faults = []
    for name in sorted(wanted):
        count = found.get(name, 0)
        if count == 0:
            faults.append(f"topic {name} is missing")
        elif count != partitions:
            faults.append(f"topic {name} has {count} partitions and not {partitions}")
    return faults


async def check_topics(app: faust.App, brokers: str, login: KafkaLogin) -> None:
    """End the process when the topics are not those that this worker needs.

    Raises KafkaError when the cluster cannot be reached.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers, **login.options())
    await admin.start()
    try:
        answer: list[dict[str, Any]] = await admin.describe_topics(sorted(topics_of(app)))
    finally:
        await admin.close()
    found = {str(topic["topic"]): len(topic["partitions"]) for topic in answer}
    faults = unfit(topics_of(app), app.conf.topic_partitions, found)
    if faults:
        end_process(ExitCode.TOPICS_UNFIT, "; ".join(faults))
