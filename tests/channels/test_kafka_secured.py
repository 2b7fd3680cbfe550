"""TLS and SCRAM as the hub's clients meet them: who is let in, and what is said of who is not."""

import asyncio
import ssl
from collections.abc import Iterator
from dataclasses import replace

import pytest

from hub.edges.channels.base import Delivered, DeliveryReason, Failed, type_of_result
from hub.edges.channels.kafka_topic import KafkaTopicChannel
from hub.edges.directory import Endpoint
from hub.ops.kafka_access import giving_rules, hub_rules, subscriber_rules
from hub.ops.kafka_embedded import EmbeddedKafka, cluster_ready
from hub.ops.kafka_giving import Gave
from hub.ops.kafka_giving import give as give_as_hub
from hub.ops.kafka_login import KafkaLogin
from hub.ops.settings import Settings
from hub.ops.topics import create_one, notices_topic, notices_topic_of
from tests.acceptance.test_guarded_brokers import settings_for
from tests.channels.test_kafka_access import give, refusal
from tests.channels.tools import send
from tests.servers.kafka_secured import KEEPER, Scram, papers, words_of
from tests.store.records import notice_record

pytestmark = pytest.mark.stack

THEIRS = "TSEC01"
PEOPLE = (KEEPER, "hub", THEIRS)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """A broker behind TLS that knows three names by SCRAM."""
    folder = tmp_path_factory.mktemp("secured")
    access = Scram(words_of(PEOPLE), papers=papers(folder / "papers", PEOPLE))
    with EmbeddedKafka(folder / "kafka", access=access) as broker:
        give(broker, [*hub_rules("hub"), *giving_rules("hub")])
        yield broker


def sent_with(broker: EmbeddedKafka, login: KafkaLogin) -> type_of_result:
    """A notice, written with a login."""
    channel = KafkaTopicChannel(broker.bootstrap, login=login)
    endpoint = Endpoint(organisation=THEIRS, channel="kafka")
    (result,) = send(channel, endpoint, notice_record(organisation=THEIRS))
    return result


def test_the_hub_makes_a_topic_and_gives_rules_over_tls(secured: EmbeddedKafka) -> None:
    """The topic, the rules and the write, each with its own client."""
    settings = Settings(secret_key="x", **settings_for(secured, "hub"))
    asyncio.run(create_one(settings, notices_topic_of(settings, THEIRS)))
    assert Gave.DONE is asyncio.run(give_as_hub(settings, subscriber_rules(THEIRS)))
    assert isinstance(sent_with(secured, secured.login("hub")), Delivered)
    assert "read" == refusal(secured, THEIRS, notices_topic(THEIRS), f"{THEIRS}-a")
    assert secured.cluster_id == asyncio.run(cluster_ready(secured.bootstrap, secured.login("hub")))


@pytest.mark.parametrize(
    "change",
    [{"password": "another"}, {"login": "stranger"}, {"authorities": ""}, {"security": "ssl"}],
    ids=["password", "name", "unknown authority", "no name"],
)
def test_whoever_cannot_show_it_is_not_let_in(
    secured: EmbeddedKafka, change: dict[str, str]
) -> None:
    """The notice waits, and nothing goes out in the clear or to a broker nobody vouches for."""
    login = replace(secured.login("hub"), **change)
    failed = sent_with(secured, login)
    assert isinstance(failed, Failed)
    assert failed.reason in (DeliveryReason.BROKER, DeliveryReason.TIMED_OUT)
    assert failed.retry


def test_a_certificate_for_another_place_is_refused(secured: EmbeddedKafka) -> None:
    """The name is checked, not only who signed."""
    context = secured.login("hub").context()
    assert context is not None
    assert (True, ssl.CERT_REQUIRED) == (context.check_hostname, context.verify_mode)
    elsewhere = secured.bootstrap.replace("127.0.0.1", "localhost")
    channel = KafkaTopicChannel(elsewhere, login=secured.login("hub"))
    (result,) = send(
        channel,
        Endpoint(organisation=THEIRS, channel="kafka"),
        notice_record(organisation=THEIRS),
    )
    assert Failed(DeliveryReason.BROKER) == result
