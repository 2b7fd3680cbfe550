"""A subscriber's topic on a broker that asks everybody who he is and enforces rules.

The rules are those that `hub kafka-rules` prints; the contract of every channel holds with them.
"""

import asyncio
import socket
import time
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAuthorizationFailedError
from confluent_kafka import Consumer as ConfluentConsumer
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from hub.core.model import Signal
from hub.edges.avro import decode_notice
from hub.edges.channels.base import Channel, Delivered, DeliveryReason, Failed
from hub.edges.channels.kafka_topic import KafkaTopicChannel
from hub.edges.directory import Endpoint
from hub.ops.kafka_access import Rule, hub_rules, receipt_rules, subscriber_rules
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.kafka_login import KafkaLogin
from hub.ops.kafka_properties import Access
from hub.ops.topics import RECEIPTS, notices_topic
from tests.channels.contract import Arrival, Contract, Peer, Trouble
from tests.channels.tools import send
from tests.patience import PATIENCE_SECONDS
from tests.ports import reserved_port
from tests.store.records import notice_record

pytestmark = pytest.mark.stack

OURS, THEIRS = "TACL01", "TACL02"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedKafka]:
    """A broker with the hub and two subscribers, and the rules that the hub prints for them."""
    people = {name: f"word-of-{name}" for name in ("keeper", "hub", OURS, THEIRS, "nobody")}
    with EmbeddedKafka(tmp_path_factory.mktemp("guarded"), access=Access(people)) as broker:
        rules = [*hub_rules("hub"), *subscriber_rules(OURS), *subscriber_rules(THEIRS)]
        give(broker, rules)
        asyncio.run(make_topics(broker, [notices_topic(OURS), notices_topic(THEIRS), RECEIPTS]))
        yield broker


def shown(broker: EmbeddedKafka, who: str = "") -> dict[str, str]:
    """The settings with which an ordinary client shows who it is."""
    login = broker.login(who)
    words = {"bootstrap.servers": broker.bootstrap, "security.protocol": login.security}
    if login.by_name:
        words |= {"sasl.mechanism": login.mechanism}
        words |= {"sasl.username": login.login, "sasl.password": login.password}
    files = {
        "ssl.ca.location": login.authorities,
        "ssl.certificate.location": login.certificate,
        "ssl.key.location": login.key,
    }
    return words | {name: file for name, file in files.items() if file}


def refusal(broker: EmbeddedKafka, who: str, topic: str, group: str) -> str:
    """The name of the first fault that an ordinary client meets when it reads."""
    settings = {"group.id": group, "auto.offset.reset": "earliest"}
    consumer = ConfluentConsumer(shown(broker, who) | settings)
    consumer.subscribe([topic])
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while time.monotonic() < deadline:
            met = consumer.poll(1.0)
            if met is not None:
                return met.error().name() if met.error() else "read"
    finally:
        consumer.close()
    return "nothing"


def give(broker: EmbeddedKafka, rules: Iterable[Rule]) -> None:
    """What an operator does with the printed commands."""
    admin = AdminClient(shown(broker))
    # That client calls the cluster a broker.
    kinds = {
        "topic": ResourceType.TOPIC,
        "group": ResourceType.GROUP,
        "cluster": ResourceType.BROKER,
    }
    bindings = [
        AclBinding(
            kinds[rule.kind],
            rule.name,
            ResourcePatternType.PREFIXED if rule.prefix else ResourcePatternType.LITERAL,
            f"User:{rule.who}",
            "*",
            AclOperation[rule.operation.upper()],
            AclPermissionType.ALLOW,
        )
        for rule in rules
    ]
    for made in admin.create_acls(bindings).values():
        made.result(PATIENCE_SECONDS)


async def make_topics(broker: EmbeddedKafka, names: list[str]) -> None:
    """As the hub does, which may."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap, **broker.login("hub").options())
    await admin.start()
    try:
        answer = await admin.create_topics([NewTopic(name, 1, 1) for name in names])
        assert [0] * len(names) == [each[1] for each in answer.topic_errors]
    finally:
        await admin.close()


async def read(
    broker: EmbeddedKafka, who: str, topic: str, group: str | None = None
) -> list[bytes]:
    """Everything on a topic, as somebody.  Raises what the broker answers."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=broker.bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        **broker.login(who).options(),
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        await consumer.start()
        try:
            while not (parts := consumer.assignment()):
                await consumer.getmany(timeout_ms=100)
            ends = await consumer.end_offsets(parts)
            found: list[bytes] = []
            while len(found) < sum(ends.values()):
                fetched = await consumer.getmany(timeout_ms=1000)
                found += [row.value for rows in fetched.values() for row in rows]
            if group:
                await consumer.commit()
            return found
        finally:
            await consumer.stop()


async def write(broker: EmbeddedKafka, who: str, topic: str) -> None:
    """One record, as somebody.  Raises what the broker answers."""
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap, acks="all", **broker.login(who).options()
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        await producer.start()
        try:
            await producer.send_and_wait(topic, b"x")
        finally:
            await producer.stop()


class _Guarded(Peer):
    """A subscriber who shows its name and reads its own topic; the hub shows its own."""

    proves = Signal.SENT
    cannot: ClassVar = {"later": "a broker takes a record or does not; it names no time"}

    def __init__(self, broker: EmbeddedKafka, silent: socket.socket) -> None:
        self.organisation = f"T{uuid4().hex[:6].upper()}"
        self._broker, self._silent = broker, silent
        give(broker, subscriber_rules(self.organisation, OURS))
        asyncio.run(make_topics(broker, [notices_topic(self.organisation)]))

    def make(self) -> tuple[Channel, Endpoint]:
        return self._through(self._broker.bootstrap, self._broker.login("hub"))

    def _through(self, bootstrap: str, login: KafkaLogin) -> tuple[Channel, Endpoint]:
        endpoint = Endpoint(organisation=self.organisation, channel="kafka")
        channel = KafkaTopicChannel(bootstrap, confirm_seconds=self.seconds, login=login)
        return channel, endpoint

    def arrivals(self) -> list[Arrival]:
        rows = asyncio.run(read(self._broker, OURS, notices_topic(self.organisation)))
        return [Arrival(decode_notice(raw).notice_id, raw) for raw in rows]

    def troubles(self) -> list[Trouble]:
        closed = reserved_port()
        hub, broker = self._broker.login("hub"), self._broker
        silent = f"127.0.0.1:{self._silent.getsockname()[1]}"
        nobody, wrong = broker.login("nobody"), KafkaLogin("sasl_plaintext", "PLAIN", "hub", "x")

        def through(bootstrap: str, login: KafkaLogin) -> Any:
            return lambda: self._through(bootstrap, login)

        ours = DeliveryReason.OUR_CREDENTIALS
        return [
            Trouble("dead", through(f"127.0.0.1:{closed}", hub), DeliveryReason.BROKER),
            Trouble("hanging", through(silent, hub), DeliveryReason.TIMED_OUT),
            Trouble("refused", through(broker.bootstrap, nobody), ours),
            Trouble("wrong password", through(broker.bootstrap, wrong), DeliveryReason.BROKER),
        ]


class TestGuardedTopic(Contract):
    """The whole contract, with rules in force."""

    @pytest.fixture
    def peer(self, guarded: EmbeddedKafka) -> Iterator[Peer]:
        """A topic of its own, and beside it a port that takes connections and says nothing."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            yield _Guarded(guarded, silent)


def sent_to(broker: EmbeddedKafka, organisation: str) -> Delivered | Failed:
    """The hub writes one notice."""
    channel = KafkaTopicChannel(broker.bootstrap, login=broker.login("hub"))
    notice = notice_record(organisation=organisation)
    (result,) = send(channel, Endpoint(organisation=organisation, channel="kafka"), notice)
    return result


def test_a_subscriber_reads_its_own_topic_and_no_other(guarded: EmbeddedKafka) -> None:
    """Nor the hub's, nor in a group of another's."""
    assert isinstance(sent_to(guarded, OURS), Delivered)
    assert isinstance(sent_to(guarded, THEIRS), Delivered)
    mine = asyncio.run(read(guarded, OURS, notices_topic(OURS), f"{OURS}-system"))
    assert mine
    mine_again = f"{OURS}-again"
    assert "read" == refusal(guarded, OURS, notices_topic(OURS), mine_again)
    for topic in (notices_topic(THEIRS), RECEIPTS):
        assert "TOPIC_AUTHORIZATION_FAILED" == refusal(guarded, OURS, topic, mine_again)
    theirs = f"{THEIRS}-system"
    assert "GROUP_AUTHORIZATION_FAILED" == refusal(guarded, OURS, notices_topic(OURS), theirs)


def test_a_subscriber_writes_nowhere_unless_it_may_answer(guarded: EmbeddedKafka) -> None:
    """Its own topic is the hub's to write; receipts need a rule of their own."""
    for topic in (notices_topic(OURS), RECEIPTS):
        with pytest.raises(TopicAuthorizationFailedError):
            asyncio.run(write(guarded, OURS, topic))
    give(guarded, receipt_rules(OURS))
    asyncio.run(write(guarded, OURS, RECEIPTS))
