"""The MLLP role against a real Kafka, talked to over a bare socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from hub.core.faults import FaultReason
from hub.edges import avro
from hub.edges.mllp import END, LARGEST_FRAME_BYTES, START, framed
from hub.ops.clock import RealClock
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.settings import Settings
from hub.ops.topics import QUARANTINE, create_topics
from hub.roles.mllp import publisher_of, server_of
from tests.edges.hl7_messages import message
from tests.patience import PATIENCE_SECONDS
from tests.pausing import paused
from tests.stopwatch import Stopwatch

pytestmark = pytest.mark.stack

DISCHARGE = "perinatal.discharge"
DIRECTORY = '[[organisation]]\nods = "RXX"\nname = "Invented Trust"\nkind = "trust"\n'


@dataclass
class Talk:
    """A sender's connection, and a look at what Kafka holds."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    kafka: AIOKafkaConsumer

    async def say(self, body: bytes) -> str:
        """Send one message and wait for its answer."""
        self.writer.write(framed(body))
        return await self.hear()

    async def hear(self) -> str:
        """The next answer."""
        answer = await asyncio.wait_for(self.reader.readuntil(END), PATIENCE_SECONDS)
        return answer.removeprefix(START).removesuffix(END).decode()

    async def fresh(self, topic: str) -> list[bytes]:
        """What was written to a topic since the talk began, or since this was last asked."""
        partitions = [each for each in self.kafka.assignment() if each.topic == topic]
        ends = await self.kafka.end_offsets(partitions)
        found: list[bytes] = []
        for partition in partitions:
            while await self.kafka.position(partition) < ends[partition]:
                record = await asyncio.wait_for(self.kafka.getone(partition), PATIENCE_SECONDS)
                found.append(record.value)
        return found


@asynccontextmanager
async def talk(kafka: EmbeddedKafka, folder: Path) -> AsyncIterator[Talk]:
    """The role with all its parts, one connection to it, and a reader of the topics."""
    (folder / "directory.toml").write_text(DIRECTORY)
    settings = Settings(
        kafka=kafka.bootstrap,
        data_dir=folder,
        directory=folder / "directory.toml",
        mllp_port=0,
        secret_key="of the test",
    )
    await create_topics(kafka.bootstrap, settings)
    async with AsyncExitStack() as stack:
        publisher = publisher_of(settings)
        server = server_of(settings, publisher)
        await publisher.start()
        stack.push_async_callback(server.serve)
        stack.push_async_callback(publisher.stop)
        await server.start()
        stack.push_async_callback(server.stop)
        consumer = AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap, group_id=None)
        stack.push_async_callback(consumer.stop)
        await consumer.start()
        topics = (DISCHARGE, QUARANTINE)
        consumer.assign([TopicPartition(topic, n) for topic in topics for n in range(4)])
        await consumer.seek_to_end()
        for partition in consumer.assignment():
            await consumer.position(partition)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        stack.callback(writer.close)
        yield Talk(reader, writer, consumer)


def test_aa_means_that_the_event_is_on_its_topic(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """And a resend writes the same event id, for the duplicate to be known by."""

    async def scene() -> None:
        async with talk(kafka, tmp_path) as sender:
            assert "MSA|AA|M-A03\r" in await sender.say(message("a03-discharged"))
            (value,) = await sender.fresh(DISCHARGE)
            event = avro.decode_event(value, RealClock().now())
            assert ("hl7:RXX:M-A03", "discharged") == (event.id, event.body["kind"])
            assert "MSA|AA|M-A03\r" in await sender.say(message("a03-discharged"))
            (again,) = await sender.fresh(DISCHARGE)
            assert event.id == avro.decode_event(again, RealClock().now()).id
            assert [] == await sender.fresh(QUARANTINE)

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("body", "says", "reason"),
    [
        (message("bad-number-no-visit-stray-line"), "AE|B-GB|", FaultReason.NHS_NUMBER_INVALID),
        (message("bad-version"), "AR|B-VER|", FaultReason.UNSUPPORTED_MESSAGE),
        (b"\x00\xffhello", "AE||", FaultReason.UNPARSEABLE),
        (
            message("a01-admitted").replace(b"|RXX|PERI", b"|QQQ|PERI"),
            "AE|M-A01|",
            FaultReason.UNKNOWN_ORGANISATION,
        ),
        (
            message("a05-booking").replace(b"20261020", b"20271020"),
            "AE|M-A05|",
            FaultReason.DUE_DATE_OUT_OF_RANGE,
        ),
    ],
    ids=["mapping", "unsupported", "noise", "unknown sender", "due date"],
)
def test_what_is_refused_is_in_quarantine_byte_for_byte(
    kafka: EmbeddedKafka, tmp_path: Path, body: bytes, says: str, reason: FaultReason
) -> None:
    """The answer names the quarantine id, and the record under it holds the same bytes."""

    async def scene() -> None:
        async with talk(kafka, tmp_path) as sender:
            answer = await sender.say(body)
            assert f"MSA|{says}" in answer
            (value,) = await sender.fresh(QUARANTINE)
            kept = avro.decode_quarantine(value)
            assert (body, reason, "mllp") == (kept.original, kept.reason, kept.door)
            assert kept.quarantine_id in answer
            assert [] == await sender.fresh(DISCHARGE)

    asyncio.run(scene())


def test_messages_sent_at_once_are_answered_in_order(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """Good, bad and oversize in one write; the last one is none the worse for those before."""
    bodies = [
        message("a01-admitted"),
        message("bad-no-visit"),
        b"A" * (LARGEST_FRAME_BYTES + 5),
        message("a04-outpatient"),
        message("a03-discharged"),
    ]

    async def scene() -> None:
        async with talk(kafka, tmp_path) as sender:
            sender.writer.write(b"noise" + b"".join(framed(body) for body in bodies))
            answers = [(await sender.hear()).split("\r")[1][:12] for _ in bodies]
            assert [
                "MSA|AA|M-A01",
                "MSA|AE|B-NOP",
                "MSA|AE||the ",
                "MSA|AA|M-A04",
                "MSA|AA|M-A03",
            ] == (answers)
            assert 2 == len(await sender.fresh(DISCHARGE))
            kept = [avro.decode_quarantine(each).reason for each in await sender.fresh(QUARANTINE)]
            assert {FaultReason.MISSING_SEGMENT, FaultReason.OVERSIZE} == set(kept)

    asyncio.run(scene())


def test_without_kafka_nothing_is_answered_aa(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """A stopped broker: AE with 207 within the bound, then at once; afterwards AA again."""

    async def scene() -> None:
        async with talk(kafka, tmp_path) as sender:
            assert "MSA|AA|" in await sender.say(message("a01-admitted"))
            with paused(kafka.pid):
                with Stopwatch() as waiting:
                    first = await sender.say(message("a03-discharged"))
                with Stopwatch() as at_once:
                    second = await sender.say(message("bad-no-visit"))
                assert at_once.seconds < 1
            for answer in (first, second):
                assert "MSA|AE|" in answer
                assert "|207^" in answer
            assert 4 < waiting.seconds < 8
            await answered_aa(sender)
            ids = [
                avro.decode_event(value, RealClock().now()).id
                for value in await sender.fresh(DISCHARGE)
            ]
            assert "hl7:RXX:M-A02" in ids

    asyncio.run(scene())


async def answered_aa(sender: Talk) -> None:
    """A sender repeats until it is taken, as HL7 senders do."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if "MSA|AA|" in await sender.say(message("a02-transferred")):
                return
            await asyncio.sleep(0.2)
