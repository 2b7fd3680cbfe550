"""AA is only said of what is on its topic: the broker is killed at every stage of a conversation.

Every message has an id of its own.  After the last kill the topics are read from their beginning:
what was answered AA must be there, what was answered AE with a quarantine id must be in quarantine,
and everything else must have been answered "try again" or not at all.  A message that was answered
so and is there all the same is no fault: its sender sends it again and the second copy is dropped.
"""

import asyncio
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bench.rig import Broker
from hub.edges import avro
from hub.edges.mllp import END, framed
from hub.edges.publish import Publisher
from hub.ops.clock import RealClock
from hub.ops.kafka_embedded import EmbeddedKafka, free_ports
from hub.ops.settings import Settings
from hub.ops.topics import QUARANTINE, create_topics
from hub.roles.mllp import server_of
from tests.edges.hl7_messages import message

pytestmark = pytest.mark.stack

DISCHARGE = "perinatal.discharge"
DIRECTORY = '[[organisation]]\nods = "RXX"\nname = "Invented Trust"\nkind = "trust"\n'
GOOD, BAD = message("a03-discharged"), message("bad-no-visit")
SENDERS = 4
"""In each stage."""

BAD_SHARE = 0.15
KILLS = 5
NEAR_SECONDS = 0.008
ANSWER_SECONDS = 20
CONFIRM_SECONDS = 1.5
"""Shorter than in operation, where it is 5: so the test ends in time, and more falls due."""
_MSA = re.compile(rb"MSA\|(A[AER])\|([^|\r]*)")
_KEPT = re.compile(rb"q-[0-9a-f]{32}")


@dataclass
class Ledger:
    """What each message was answered; one without an entry in `answers` got no answer."""

    sent: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    kept_as: dict[str, str] = field(default_factory=dict)

    def body(self, luck: random.Random) -> tuple[str, bytes]:
        """The next message, good or bad, with an id of its own."""
        good = luck.random() >= BAD_SHARE
        number = f"{'G' if good else 'B'}-{len(self.sent)}"
        self.sent.append(number)
        model, own = (GOOD, b"M-A03") if good else (BAD, b"B-NOPV1")
        return number, model.replace(own, number.encode())

    def note(self, answer: bytes) -> None:
        """An answer, by the id that it is for."""
        found = _MSA.search(answer)
        assert found is not None, answer
        number = found[2].decode()
        self.answers[number] = found[1].decode()
        if kept := _KEPT.search(answer):
            self.kept_as[number] = kept[0].decode()


@dataclass
class Scene:
    """A broker that can be killed, the role before it, and what was said."""

    kafka: EmbeddedKafka
    port: int
    luck: random.Random
    ledger: Ledger = field(default_factory=Ledger)

    async def kill(self) -> None:
        """SIGKILL: nothing is flushed, nothing is said goodbye to."""
        os.kill(self.kafka.pid, signal.SIGKILL)
        while self.kafka.alive():  # noqa: ASYNC110  a process tells of its end in no other way
            await asyncio.sleep(0.01)

    async def restart(self) -> None:
        """The same data, cluster and port."""
        await asyncio.to_thread(self.kafka.stop)
        await asyncio.to_thread(self.kafka.start)

    async def talk(self, *, until: asyncio.Event | None = None, most: int = 10**6) -> int:
        """Messages one after the other on one connection; how many were answered AA."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        taken = 0
        for _ in range(most):
            if until is not None and until.is_set():
                break
            number, body = self.ledger.body(self.luck)
            writer.write(framed(body))
            self.ledger.note(await asyncio.wait_for(reader.readuntil(END), ANSWER_SECONDS))
            taken += self.ledger.answers[number] == "AA"
        writer.close()
        return taken

    async def until_taken(self) -> None:
        """As senders do: again and again, until Kafka is back for the role as well."""
        for _ in range(200):
            if await self.talk(most=1):
                return
            await asyncio.sleep(0.1)
        pytest.fail("Kafka was back and the door did not open")


@dataclass
class Moments:
    """The moments around one kill that the senders wait for."""

    near: asyncio.Event = field(default_factory=asyncio.Event)
    dead: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


async def before_the_first_byte(scene: Scene, moments: Moments) -> None:
    """The connection stands, the broker goes, then the message comes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
    await moments.dead.wait()
    writer.write(framed(scene.ledger.body(scene.luck)[1]))
    scene.ledger.note(await asyncio.wait_for(reader.readuntil(END), ANSWER_SECONDS))
    writer.close()


async def mid_frame(scene: Scene, moments: Moments) -> None:
    """Some bytes before, some after; any byte of the message is as likely as another."""
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
    stream = framed(scene.ledger.body(scene.luck)[1])
    cut = scene.luck.randrange(1, len(stream))
    writer.write(stream[:cut])
    await moments.dead.wait()
    writer.write(stream[cut:])
    scene.ledger.note(await asyncio.wait_for(reader.readuntil(END), ANSWER_SECONDS))
    writer.close()


async def before_the_answer(scene: Scene, moments: Moments) -> None:
    """The frame is whole a few milliseconds before the broker goes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", scene.port)
    stream = framed(scene.ledger.body(scene.luck)[1])
    await moments.near.wait()
    await asyncio.sleep(scene.luck.uniform(0, NEAR_SECONDS))
    writer.write(stream)
    scene.ledger.note(await asyncio.wait_for(reader.readuntil(END), ANSWER_SECONDS))
    writer.close()


async def many_under_way(scene: Scene, moments: Moments) -> None:
    """Message after message, before, while and after the broker goes."""
    await scene.talk(until=moments.over)


STAGES = (before_the_first_byte, mid_frame, before_the_answer, many_under_way)


async def one_kill(scene: Scene) -> None:
    """Senders in every stage, some of each, and the broker killed among them; then it is back."""
    moments = Moments()
    senders = [
        asyncio.create_task(stage(scene, moments)) for stage in STAGES for _ in range(SENDERS)
    ]
    await asyncio.sleep(scene.luck.uniform(0.3, 0.6))
    moments.near.set()
    await asyncio.sleep(NEAR_SECONDS)
    await scene.kill()
    moments.dead.set()
    await asyncio.sleep(0.2)
    moments.over.set()
    await asyncio.gather(*senders)
    await scene.restart()
    await scene.until_taken()


@asynccontextmanager
async def scene_in(folder: Path, kafka: EmbeddedKafka, luck: random.Random) -> AsyncIterator[Scene]:
    """The role with all its parts, as `hub mllp` has them."""
    (folder / "directory.toml").write_text(DIRECTORY)
    settings = Settings(
        kafka=kafka.bootstrap,
        data_dir=folder,
        directory=folder / "directory.toml",
        mllp_port=0,
        secret_key="of the test",
    )
    await create_topics(kafka.bootstrap, settings)
    publisher = Publisher(kafka.bootstrap, settings.secret(), confirm_seconds=CONFIRM_SECONDS)
    server = server_of(settings, publisher)
    await publisher.start()
    await server.start()
    try:
        yield Scene(kafka, server.port, luck)
    finally:
        await server.stop()
        await publisher.stop()


def faults_of(ledger: Ledger, events: set[str], kept: set[str]) -> list[str]:
    """What was promised and is not there, and what is no answer at all."""
    found = []
    for number, answer in ledger.answers.items():
        if answer == "AA" and number not in events:
            found.append(f"{number} was answered AA and is not on its topic")
        if answer == "AA" and number.startswith("B"):
            found.append(f"{number} is faulty and was answered AA")
        if answer != "AA" and (as_id := ledger.kept_as.get(number)) and as_id not in kept:
            found.append(f"{number} was said to be in quarantine and is not there")
    return found


def on_disk(kafka: EmbeddedKafka) -> tuple[set[str], set[str], int]:
    """The ids of all events and quarantine records there are; and the events, copies too."""
    broker, now = Broker(kafka.bootstrap), RealClock().now()
    events = [
        avro.decode_event(value, now).id.rpartition(":")[2]
        for _, value, _ in broker.read(DISCHARGE, 4)
    ]
    kept = {
        avro.decode_quarantine(value).quarantine_id for _, value, _ in broker.read(QUARANTINE, 4)
    }
    return set(events), kept, len(events)


def test_aa_is_only_said_of_what_survives_the_death_of_the_broker(tmp_path: Path) -> None:
    """Five kills, each with senders in all four stages, at moments drawn from a seed."""
    luck = random.Random(20261128)  # noqa: S311  seeded, no secret
    (port,) = free_ports(0)
    kafka = EmbeddedKafka(tmp_path / "kafka", port=port)
    kafka.start()
    began = time.monotonic()

    async def play() -> Ledger:
        async with scene_in(tmp_path, kafka, luck) as scene:
            await scene.until_taken()
            for _ in range(KILLS):
                await one_kill(scene)
            return scene.ledger

    try:
        ledger = asyncio.run(play())
        events, kept, copies = on_disk(kafka)
    finally:
        kafka.stop()
    answers = Counter(ledger.answers.get(each, "none") for each in ledger.sent)
    late = sum(ledger.answers.get(each) != "AA" for each in events)
    print(  # noqa: T201  the counts are what the test is for
        f"{KILLS} kills with {len(STAGES) * SENDERS} senders in {time.monotonic() - began:.0f} s; "
        f"{len(ledger.sent)} messages: {dict(answers)}; "
        f"{copies} events on the topic, {late} of them not promised; "
        f"{len(ledger.kept_as)} said to be in quarantine, {len(kept)} there"
    )
    assert [] == faults_of(ledger, events, kept)
    assert answers["AA"] > 100
    assert answers["AE"] > KILLS * SENDERS


def test_the_judge_finds_what_was_promised_and_lost() -> None:
    """A judge that cannot fail would prove nothing."""
    ledger = Ledger(
        sent=["G-0", "G-1", "B-2", "B-3"],
        answers={"G-0": "AA", "G-1": "AE", "B-2": "AE", "B-3": "AA"},
        kept_as={"B-2": "q-1"},
    )

    assert [] == faults_of(Ledger(answers={"G-0": "AA", "G-1": "AE"}), {"G-0", "G-1"}, set())
    found = faults_of(ledger, set(), set())
    assert ["G-0", "B-2", "B-3", "B-3"] == [each.split()[0] for each in found]
