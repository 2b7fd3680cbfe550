import asyncio
from pathlib import Path

import pytest

from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.settings import Settings
from hub.ops.topics import FAMILIES, TopicsUnfitError, create_topics, hub_topics, missing_topics


def test_inputs_are_never_compacted_and_never_forgotten(tmp_path: Path) -> None:
    """A hole in the inputs stops an agent, so nothing may ever be taken out of them."""
    inputs = next(
        topic for topic in hub_topics(Settings(data_dir=tmp_path)) if topic.name == "hub.inputs"
    )
    assert ("delete", "-1", "-1") == (
        inputs.configs["cleanup.policy"],
        inputs.configs["retention.ms"],
        inputs.configs["retention.bytes"],
    )


def test_a_changelog_has_its_sources_partitions(tmp_path: Path) -> None:
    """Faust finds a table's partition by its source's number, so the counts are one."""
    topics = {topic.name: topic for topic in hub_topics(Settings(data_dir=tmp_path, partitions=7))}
    assert topics["hub.inputs"].partitions == topics["hub-episodes-changelog"].partitions == 7
    assert topics["hub-episodes-changelog"].configs["cleanup.policy"] == "compact"


def test_every_family_and_subscriber_has_a_topic(tmp_path: Path) -> None:
    """Fourteen public families, and one topic for each subscriber that reads Kafka."""
    names = {
        topic.name for topic in hub_topics(Settings(data_dir=tmp_path), subscribers=["Y90001"])
    }
    assert {f"perinatal.{family}" for family in FAMILIES} | {"notices.Y90001"} <= names
    assert 14 == len(FAMILIES)


def test_three_copies_are_confirmed_by_two(tmp_path: Path) -> None:
    """A confirmed write outlives a machine; with one copy Kafka would refuse to ask for two."""
    three = hub_topics(Settings(data_dir=tmp_path, replication=3))
    one = hub_topics(Settings(data_dir=tmp_path))
    assert {"2"} == {topic.configs["min.insync.replicas"] for topic in three}
    assert {"1"} == {topic.configs["min.insync.replicas"] for topic in one}


def test_another_partition_count_is_refused_in_words(tmp_path: Path) -> None:
    """The sentence names the topic, both counts and the setting; nothing is created."""
    wanted = hub_topics(Settings(data_dir=tmp_path))
    with pytest.raises(TopicsUnfitError, match=r"hub\.inputs has 3.*is 4.*HUB_PARTITIONS=3"):
        missing_topics(wanted, {"hub.inputs": 3})


@pytest.mark.stack
def test_topics_are_created_once(own_kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """The first call makes every topic, the second none, and another count is refused."""
    settings = Settings(data_dir=tmp_path)
    first = asyncio.run(create_topics(own_kafka.bootstrap, settings, subscribers=["Y90001"]))
    second = asyncio.run(create_topics(own_kafka.bootstrap, settings, subscribers=["Y90001"]))
    assert () == second
    assert {"hub.inputs", "hub-episodes-changelog", "notices.Y90001"} <= set(first)
    with pytest.raises(TopicsUnfitError):
        asyncio.run(create_topics(own_kafka.bootstrap, Settings(data_dir=tmp_path, partitions=5)))
