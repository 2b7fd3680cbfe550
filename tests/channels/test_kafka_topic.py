"""A subscriber's own topic keeps the contract of every channel, on a real broker."""

import asyncio
import socket
from collections.abc import Iterator
from typing import ClassVar
from uuid import uuid4

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from hub.core.model import Signal
from hub.edges.avro import decode_notice
from hub.edges.channels.base import Channel, DeliveryReason
from hub.edges.channels.kafka_topic import KafkaTopicChannel
from hub.edges.directory import Endpoint
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.topics import notices_topic
from tests.channels.contract import Arrival, Contract, Peer, Trouble
from tests.channels.tools import send
from tests.ports import reserved_port
from tests.topics import all_values

pytestmark = pytest.mark.stack


class _Topic(Peer):
    """A topic on a broker that makes none by itself."""

    proves = Signal.SENT
    cannot: ClassVar = {"later": "a broker takes a record or does not; it names no time"}

    def __init__(self, bootstrap: str, silent: socket.socket) -> None:
        self.organisation = f"T{uuid4().hex[:6].upper()}"
        self._bootstrap = bootstrap
        self._silent = silent
        asyncio.run(_make_topic(bootstrap, notices_topic(self.organisation)))

    def make(self) -> tuple[Channel, Endpoint]:
        return self._through(self._bootstrap)

    def _through(self, bootstrap: str) -> tuple[Channel, Endpoint]:
        endpoint = Endpoint(organisation=self.organisation, channel="kafka")
        return KafkaTopicChannel(bootstrap, confirm_seconds=self.seconds), endpoint

    def arrivals(self) -> list[Arrival]:
        rows = asyncio.run(all_values(self._bootstrap, notices_topic(self.organisation)))
        return [Arrival(decode_notice(raw).notice_id, raw) for raw in rows]

    def troubles(self) -> list[Trouble]:
        closed = reserved_port()
        silent = f"127.0.0.1:{self._silent.getsockname()[1]}"
        return [
            Trouble("dead", lambda: self._through(f"127.0.0.1:{closed}"), DeliveryReason.BROKER),
            Trouble("hanging", lambda: self._through(silent), DeliveryReason.TIMED_OUT),
            Trouble("refused", self._without_topic, DeliveryReason.TIMED_OUT),
        ]

    def _without_topic(self) -> tuple[Channel, Endpoint]:
        """Nobody made a topic for this organisation: the client looks for it until the deadline."""
        self.organisation = f"T{uuid4().hex[:6].upper()}"
        return self.make()


async def _make_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


class TestKafkaTopic(Contract):
    """The whole contract, on a broker."""

    @pytest.fixture
    def peer(self, kafka: EmbeddedKafka) -> Iterator[Peer]:
        """A topic of its own, and beside it a port that takes connections and says nothing."""
        with socket.create_server(("127.0.0.1", 0)) as silent:
            yield _Topic(kafka.bootstrap, silent)

    def test_a_family_keeps_its_order(self, peer: Peer) -> None:
        """One key, one partition, in the order of the decisions, also over two connections."""
        made = [f"n-{n}" for n in range(10)]
        send(*peer.make(), *map(peer.notice, made[:5]))
        send(*peer.make(), *map(peer.notice, made[5:]))
        assert made == [arrival.key for arrival in peer.arrivals()]
