"""One contract for every channel."""

import asyncio
import base64
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import msgspec
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from hub.core.model import Signal
from hub.edges.avro import decode_notice
from hub.edges.channels.base import Channel, Delivered, Failed, type_of_result
from hub.edges.channels.kafka_topic import KafkaTopicChannel
from hub.edges.channels.webhook import WebhookChannel
from hub.edges.channels.worklist import WorklistChannel
from hub.edges.directory import Endpoint
from hub.edges.records import NoticeRecord
from hub.ops.kafka_embedded import EmbeddedKafka, free_ports
from hub.ops.topics import notices_topic
from tests.servers.webhooks import Receiver, receiving
from tests.store.records import GP, notice_record

SECRET = "whsec_" + base64.b64encode(b"made up for the tests").decode()
ENDPOINT = Endpoint(organisation=GP, channel="webhook", secret=SECRET)


@contextlib.asynccontextmanager
async def opened(channel: Channel) -> AsyncIterator[Channel]:
    """A channel between its start and its stop."""
    await channel.start()
    try:
        yield channel
    finally:
        await channel.stop()


def send(channel: Channel, endpoint: Endpoint, *notices: NoticeRecord) -> list[type_of_result]:
    """Send notices one after the other."""

    async def go() -> list[type_of_result]:
        async with opened(channel) as ready:
            return [await ready.send(notice, endpoint) for notice in notices]

    return asyncio.run(go())


# --- the contract ---------------------------------------------------------------------------


@dataclass
class Rig:
    """A channel with a live recipient and, where one can be, a dead one."""

    make: Callable[[], Channel]
    endpoint: Endpoint
    proves: Signal
    received: Callable[[], list[str]]
    """Ids of the notices that arrived."""
    make_dead: Callable[[], Channel] = WorklistChannel
    """One whose recipient is dead; the hub's own worklist never is while the hub is alive."""
    dead: Endpoint = field(default_factory=lambda: ENDPOINT)
    organisation: str = GP


MORTAL = ["webhook", pytest.param("kafka", marks=pytest.mark.stack)]


@pytest.fixture(params=["worklist", *MORTAL])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """Each channel in turn."""
    if request.param == "worklist":
        yield Rig(WorklistChannel, ENDPOINT, Signal.SENT, list)
    elif request.param == "webhook":
        with receiving() as receiver:
            yield _webhook_rig(receiver)
    else:
        yield _kafka_rig(request.getfixturevalue("kafka"))


def _webhook_rig(receiver: Receiver) -> Rig:
    def make() -> Channel:
        return WebhookChannel(allow_loopback=True, total_seconds=2)

    (closed,) = free_ports(0)
    return Rig(
        make=make,
        endpoint=msgspec.structs.replace(ENDPOINT, address=receiver.url),
        proves=Signal.DELIVERED,
        received=lambda: [taken.headers["webhook-id"] for taken in receiver.taken],
        make_dead=make,
        dead=msgspec.structs.replace(ENDPOINT, address=f"http://127.0.0.1:{closed}/hook"),
    )


def _kafka_rig(kafka: EmbeddedKafka) -> Rig:
    organisation = f"T{uuid4().hex[:6].upper()}"
    asyncio.run(_make_topic(kafka.bootstrap, notices_topic(organisation)))
    (closed,) = free_ports(0)
    return Rig(
        make=lambda: KafkaTopicChannel(kafka.bootstrap),
        endpoint=Endpoint(organisation=organisation, channel="kafka"),
        proves=Signal.SENT,
        received=lambda: asyncio.run(_read_topic(kafka.bootstrap, notices_topic(organisation))),
        make_dead=lambda: KafkaTopicChannel(f"127.0.0.1:{closed}", confirm_seconds=2),
        organisation=organisation,
    )


async def _make_topic(bootstrap: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def _read_topic(bootstrap: str, topic: str) -> list[str]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        ends = await consumer.end_offsets([TopicPartition(topic, 0)])
        found: list[str] = []
        while len(found) < ends[TopicPartition(topic, 0)]:
            fetched = await consumer.getmany(timeout_ms=5000)
            found += [
                decode_notice(row.value).notice_id for part in fetched.values() for row in part
            ]
        return found
    finally:
        await consumer.stop()


class TestEveryChannel:
    """What the delivery loop relies on, whatever the channel."""

    def test_it_claims_what_it_can_prove_and_no_more(self, rig: Rig) -> None:
        """SENT for a carrier's word, DELIVERED only for the recipient's own."""
        (result,) = send(rig.make(), rig.endpoint, notice_record(organisation=rig.organisation))
        assert isinstance(result, Delivered)
        assert rig.proves is result.signal

    def test_a_retry_arrives_under_the_same_notice_id(self, rig: Rig) -> None:
        """A duplicate can be told by the recipient; the worklist has it once by itself."""
        notice = notice_record("n-7", organisation=rig.organisation)
        results = send(rig.make(), rig.endpoint, notice, notice)
        assert [rig.proves] * 2 == [r.signal for r in results if isinstance(r, Delivered)]
        assert rig.received() in ([], ["n-7", "n-7"])

    def test_what_goes_together_arrives_in_its_order(self, rig: Rig) -> None:
        """As many at once as the channel allows: all arrive, in the order they were made."""
        made = [notice_record(f"n-{n}", organisation=rig.organisation) for n in range(100)]

        async def go() -> tuple[list[str], list[type_of_result]]:
            async with opened(rig.make()) as ready:
                some = made[: ready.together]
                results = await asyncio.gather(*(ready.send(each, rig.endpoint) for each in some))
                return [each.notice_id for each in some], results

        sent, results = asyncio.run(go())
        assert [rig.proves] * len(sent) == [r.signal for r in results if isinstance(r, Delivered)]
        assert rig.received() in ([], sent)

    @pytest.mark.parametrize("rig", MORTAL, indirect=True)
    def test_a_dead_recipient_is_an_answer_and_not_an_error(self, rig: Rig) -> None:
        """It says so within its time limit, and that a retry may help."""
        began = time.monotonic()
        notice = notice_record(organisation=rig.organisation)
        (result,) = send(rig.make_dead(), rig.dead, notice)
        assert isinstance(result, Failed)
        assert result.retry
        assert time.monotonic() - began < 8
