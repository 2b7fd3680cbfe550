"""Every topic of the hub, declared once; nobody else creates one.

Partition counts are chosen once and never change: a key's partition decides which worker holds
its episode, and a table's changelog must have its source's count (engine finding A19).  So a
count that differs is refused at the start, not found out at the first write.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import NoError, TopicAlreadyExistsError, for_code

from hub.core.matters import is_matter
from hub.ops.settings import Settings

APP = "hub"
"""The Faust app id; its changelogs are named `hub-<table>-changelog`."""

TABLES = ("persons", "episodes", "matters", "feeds")

FAMILIES = (
    "pregnancy",
    "discharge",
    "conference",
    "contact",
    "assessment",
    "infant",
    "safeguarding",
    "loss",
    "referral",
    "preference",
    "workforce",
    "directory",
    "feedback",
    "feed",
)
"""The public families, one topic each (design section 4)."""

RECEIPTS = "hub.receipts"
PERSONS = "hub.persons"
INPUTS = "hub.inputs"
MATTERS = "hub.matters"
"""The inputs of what is no pregnancy: feeds, practices, teams, areas."""
FEEDS = "hub.feeds"
"""What has come from each feed: how many events, and which numbers."""
DECISIONS = "hub.decisions"
QUARANTINE = "hub.quarantine"

CREATE_TIMEOUT = timedelta(seconds=30)
SETTLE_SECONDS = 0.2
SAFE_COPIES = 2
"""From three copies on, a write is confirmed by two (`min.insync.replicas`)."""


class TopicsUnfitError(Exception):
    """The cluster's topics are not the ones this hub needs.

    Operator action: the sentence says which topic; nothing was changed.
    """


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: its name, its partitions and copies, and its broker settings."""

    name: str
    partitions: int
    replication: int
    configs: Mapping[str, str] = field(default_factory=dict)


def family_topic(family: str) -> str:
    """The public topic of a family of events."""
    return f"perinatal.{family}"


def inputs_topic(identity: str) -> str:
    """Where the inputs of an episode, or of a matter, go."""
    return MATTERS if is_matter(identity) else INPUTS


def notices_topic(organisation: str) -> str:
    """The topic of a subscriber that reads Kafka, by its ODS code."""
    return f"notices.{organisation}"


def changelog_topic(table: str, app: str = APP) -> str:
    """The changelog of a Faust table."""
    return f"{app}-{table}-changelog"


def hub_topics(
    settings: Settings, tables: Sequence[str] = TABLES, subscribers: Sequence[str] = ()
) -> tuple[Topic, ...]:
    """Every topic of this hub.  `subscribers` are the ODS codes that read notices from Kafka."""
    record = _record_configs(settings.replication)
    names = [
        *(family_topic(family) for family in FAMILIES),
        *(RECEIPTS, PERSONS, INPUTS, MATTERS, FEEDS, DECISIONS, QUARANTINE),
        *(notices_topic(organisation) for organisation in subscribers),
    ]
    kept = [Topic(name, settings.partitions, settings.replication, record) for name in names]
    changelog = _changelog_configs(settings.replication)
    logs = [
        Topic(changelog_topic(table), settings.partitions, settings.replication, changelog)
        for table in tables
    ]
    leader = Topic(f"{APP}-__assignor-__leader", 1, settings.replication, record)
    return (*kept, *logs, leader)


async def create_topics(
    bootstrap: str,
    settings: Settings,
    tables: Sequence[str] = TABLES,
    subscribers: Sequence[str] = (),
) -> tuple[str, ...]:
    """Create what is missing and return its names; a second call creates nothing.

    Raises TopicsUnfitError when an existing topic has another partition count, before anything
    is created, and KafkaError when the cluster cannot be reached.
    """
    wanted = hub_topics(settings, tables, subscribers)
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, **settings.shown_to_kafka().options())
    await admin.start()
    try:
        missing = missing_topics(wanted, await _partition_counts(admin))
        if missing:
            await _create(admin, missing)
            await _settle(admin, wanted)
    finally:
        await admin.close()
    return tuple(topic.name for topic in missing)


def notices_topic_of(settings: Settings, organisation: str) -> Topic:
    """The topic of one subscriber, as it is made."""
    name, record = notices_topic(organisation), _record_configs(settings.replication)
    return Topic(name, settings.partitions, settings.replication, record)


async def create_one(settings: Settings, topic: Topic) -> bool:
    """Make one topic unless it is there; whether it is new.

    Raises TopicsUnfitError when the brokers refuse it, and KafkaError when they are away.
    """
    login = settings.shown_to_kafka()
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka, **login.options())
    await admin.start()
    try:
        if topic.name in await _partition_counts(admin):
            return False
        await _create(admin, [topic])
        await _settle(admin, [topic])
    finally:
        await admin.close()
    return True


def missing_topics(wanted: Iterable[Topic], found: Mapping[str, int]) -> list[Topic]:
    """The topics that are not there.  Raises TopicsUnfitError for one with another count."""
    missing: list[Topic] = []
    for topic in wanted:
        count = found.get(topic.name)
        if count is None:
            missing.append(topic)
        elif count != topic.partitions:
            raise TopicsUnfitError(
                f"topic {topic.name} has {count} partitions and HUB_PARTITIONS is "
                f"{topic.partitions}; set HUB_PARTITIONS={count}, or use an empty cluster: "
                f"a count cannot change without moving every episode"
            )
    return missing


async def _partition_counts(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """Partitions of every topic that the cluster knows."""
    found: list[dict[str, Any]] = await admin.describe_topics()
    return {str(topic["topic"]): len(topic["partitions"]) for topic in found}


async def _create(admin: AIOKafkaAdminClient, missing: Sequence[Topic]) -> None:
    """One request for all.  Somebody else having been quicker is no error."""
    answer = await admin.create_topics(
        [
            NewTopic(
                name=topic.name,
                num_partitions=topic.partitions,
                replication_factor=topic.replication,
                topic_configs=dict(topic.configs),
            )
            for topic in missing
        ],
        timeout_ms=int(CREATE_TIMEOUT.total_seconds() * 1000),
    )
    for name, code, *words in answer.topic_errors:
        error = for_code(code)
        if error not in (NoError, TopicAlreadyExistsError):
            detail = words[0] if words and words[0] else error.__name__
            raise TopicsUnfitError(f"topic {name} could not be created: {detail}")


async def _settle(admin: AIOKafkaAdminClient, wanted: Sequence[Topic]) -> None:
    """Wait until the cluster itself lists every topic: a create is answered before that."""
    async with asyncio.timeout(CREATE_TIMEOUT.total_seconds()):
        while missing_topics(wanted, await _partition_counts(admin)):  # noqa: ASYNC110  a broker tells nobody
            await asyncio.sleep(SETTLE_SECONDS)


def _record_configs(replication: int) -> dict[str, str]:
    """The log is the record: kept for ever, never compacted (inputs must stay gapless)."""
    return {
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "message.timestamp.type": "CreateTime",
        **_safety(replication),
    }


def _changelog_configs(replication: int) -> dict[str, str]:
    """Compacted soon and gently (engine finding A19)."""
    return {
        "cleanup.policy": "compact",
        "min.cleanable.dirty.ratio": "0.1",
        "segment.ms": _milliseconds(timedelta(hours=1)),
        "max.compaction.lag.ms": _milliseconds(timedelta(hours=24)),
        # A worker that was away for a week must still see that a key was deleted.
        "delete.retention.ms": _milliseconds(timedelta(days=7)),
        **_safety(replication),
    }


def _safety(replication: int) -> dict[str, str]:
    """A confirmed write outlives one machine, wherever there is more than one."""
    copies = SAFE_COPIES if replication > SAFE_COPIES else 1
    return {"min.insync.replicas": str(copies), "unclean.leader.election.enable": "false"}


def _milliseconds(span: timedelta) -> str:
    return str(int(span.total_seconds() * 1000))
