"""AA is only said of what is on its topic: the broker is killed at every stage of a conversation.

After the broker the role is killed too, so that nothing it may still hold in memory can arrive
later and hide that it was not written when its sender was told.  Every message has an id of its
own.  After the last kill the topics are read from their beginning: what was answered AA must be
there, what was answered AE with a quarantine id must be in quarantine, and everything else must
have been answered "try again" or not at all.  A message that was answered so and is there all the
same is no fault: its sender sends it again and the second copy is dropped.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hub.edges.mllp import END, framed
from hub.ops import leash
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.settings import Settings, environment_of
from hub.ops.topics import create_topics
from tests.edges.mllp_told import Ledger, faults_of, on_disk
from tests.patience import PATIENCE_SECONDS
from tests.ports import reserved_port

pytestmark = pytest.mark.stack

DIRECTORY = '[[organisation]]\nods = "RXX"\nname = "Invented Trust"\nkind = "trust"\n'
SENDERS = 4
"""In each stage."""

ROLE_AFTER_SECONDS = (0.3, None, 0.1, 0.6)
"""How long after each kill of the broker the role is killed: mostly before it has given an answer,
once (None) not before it has said "try again" to more than half of the senders."""

TAKEN_BEFORE = 30
"""Messages answered AA before each kill: only what was promised can be lost."""

NEAR_SECONDS = 0.008
type_of_talk = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Scene:
    """A broker and a role that can be killed, and what was said."""

    kafka: EmbeddedKafka
    settings: Settings
    luck: random.Random
    ledger: Ledger = field(default_factory=Ledger)
    role: "subprocess.Popen[bytes] | None" = None

    async def kill_broker(self) -> None:
        """SIGKILL: nothing is flushed, nothing is said goodbye to."""
        os.kill(self.kafka.pid, signal.SIGKILL)
        while self.kafka.alive():  # noqa: ASYNC110  a process tells of its end in no other way
            await asyncio.sleep(0.01)

    def start_role(self) -> None:
        """`hub mllp`, as operated."""
        command = [sys.executable, "-m", "hub.cli", "mllp"]
        environment = os.environ | environment_of(self.settings)
        self.role = leash.start(command, self.settings.data_dir / "mllp.log", environment)

    def kill_role(self) -> None:
        """SIGKILL, with whatever it holds."""
        if self.role is not None:
            self.role.kill()
            self.role.wait()

    async def restart(self) -> None:
        """The broker on the same data and port, and the role anew."""
        await asyncio.to_thread(self.kafka.stop)
        await asyncio.to_thread(self.kafka.start)
        self.start_role()

    async def connected(self) -> type_of_talk:
        """A sender's connection."""
        return await asyncio.open_connection("127.0.0.1", self.settings.mllp_port)

    async def hear(self, reader: asyncio.StreamReader) -> bool:
        """Note the next answer; False when the connection ended without one."""
        try:
            answer = await asyncio.wait_for(reader.readuntil(END), PATIENCE_SECONDS)
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        self.ledger.note(answer)
        return True

    async def talk(self, *, until: asyncio.Event) -> None:
        """Messages one after the other on one connection, while it lasts."""
        reader, writer = await self.connected()
        while not until.is_set():
            writer.write(framed(self.ledger.body(self.luck)[1]))
            if not await self.hear(reader):
                break
        writer.close()

    async def until_taken(self) -> None:
        """As senders do: again and again, until there is a role and it has its Kafka."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                if await self._is_taken():
                    return
                await asyncio.sleep(0.1)

    def told(self, code: str) -> int:
        """How many messages were answered so."""
        return Counter(self.ledger.answers.values())[code]

    async def until_told(self, code: str, many: int) -> None:
        """Wait until so many more messages have been answered so."""
        wanted = self.told(code) + many
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.told(code) < wanted:  # noqa: ASYNC110  the senders note it down, no more
                await asyncio.sleep(0.01)

    async def _is_taken(self) -> bool:
        with suppress(ConnectionError):
            reader, writer = await self.connected()
            number, body = self.ledger.body(self.luck)
            writer.write(framed(body))
            await self.hear(reader)
            writer.close()
            return self.ledger.answers.get(number) == "AA"
        return False


@dataclass
class Moments:
    """The moments around one kill that the senders wait for."""

    near: asyncio.Event = field(default_factory=asyncio.Event)
    dead: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)


async def before_the_first_byte(scene: Scene, moments: Moments) -> None:
    """The connection stands, the broker goes, then the message comes."""
    reader, writer = await scene.connected()
    await moments.dead.wait()
    writer.write(framed(scene.ledger.body(scene.luck)[1]))
    await scene.hear(reader)
    writer.close()


async def mid_frame(scene: Scene, moments: Moments) -> None:
    """Some bytes before, some after; any byte of the message is as likely as another."""
    reader, writer = await scene.connected()
    stream = framed(scene.ledger.body(scene.luck)[1])
    cut = scene.luck.randrange(1, len(stream))
    writer.write(stream[:cut])
    await moments.dead.wait()
    writer.write(stream[cut:])
    await scene.hear(reader)
    writer.close()


async def before_the_answer(scene: Scene, moments: Moments) -> None:
    """The frame is whole a few milliseconds before the broker goes."""
    reader, writer = await scene.connected()
    stream = framed(scene.ledger.body(scene.luck)[1])
    await moments.near.wait()
    await asyncio.sleep(scene.luck.uniform(0, NEAR_SECONDS))
    writer.write(stream)
    await scene.hear(reader)
    writer.close()


async def many_under_way(scene: Scene, moments: Moments) -> None:
    """Message after message, before, while and after the broker goes."""
    await scene.talk(until=moments.over)


STAGES = (before_the_first_byte, mid_frame, before_the_answer, many_under_way)


async def one_kill(scene: Scene, role_after: float | None) -> None:
    """Senders in every stage, the broker killed among them, then the role; then both are back."""
    moments = Moments()
    senders = [
        asyncio.create_task(stage(scene, moments)) for stage in STAGES for _ in range(SENDERS)
    ]
    await scene.until_told("AA", TAKEN_BEFORE)
    await asyncio.sleep(scene.luck.uniform(0, 0.3))
    moments.near.set()
    await asyncio.sleep(NEAR_SECONDS)
    await scene.kill_broker()
    moments.dead.set()
    if role_after is None:
        await scene.until_told("AE", 2 * SENDERS + 1)
    else:
        await asyncio.sleep(role_after)
    scene.kill_role()
    moments.over.set()
    await asyncio.gather(*senders)
    await scene.restart()
    await scene.until_taken()


def settings_in(folder: Path, kafka: EmbeddedKafka) -> Settings:
    """A hub with one organisation and a port of its own."""
    (folder / "directory.toml").write_text(DIRECTORY)
    return Settings(
        kafka=kafka.bootstrap,
        data_dir=folder,
        directory=folder / "directory.toml",
        mllp_port=reserved_port(),
        secret_key="of the test",
    )


def test_aa_is_only_said_of_what_survives_the_death_of_the_broker(tmp_path: Path) -> None:
    """Four kills, each with senders in all four stages, at moments drawn from a seed."""
    luck = random.Random(20261128)  # noqa: S311  seeded, no secret
    port = reserved_port()
    kafka = EmbeddedKafka(tmp_path / "kafka", port=port)
    kafka.start()
    began = time.monotonic()

    async def play(settings: Settings) -> Ledger:
        await create_topics(kafka.bootstrap, settings)
        scene = Scene(kafka, settings, luck)
        scene.start_role()
        try:
            await scene.until_taken()
            for role_after in ROLE_AFTER_SECONDS:
                await one_kill(scene, role_after)
        finally:
            scene.kill_role()
        return scene.ledger

    try:
        ledger = asyncio.run(play(settings_in(tmp_path, kafka)))
        events, kept, copies = on_disk(kafka)
    finally:
        kafka.stop()
    answers = Counter(ledger.answers.get(each, "none") for each in ledger.sent)
    late = sum(ledger.answers.get(each) != "AA" for each in events)
    print(  # noqa: T201  the counts are what the test is for
        f"{len(ROLE_AFTER_SECONDS)} kills with {len(STAGES) * SENDERS} senders "
        f"in {time.monotonic() - began:.0f} s; "
        f"{len(ledger.sent)} messages: {dict(answers)}; "
        f"{copies} events on the topic, {late} of them not promised; "
        f"{len(ledger.kept_as)} said to be in quarantine, {len(kept)} there"
    )
    assert [] == faults_of(ledger, events, kept)
    assert answers["AA"] > 100
    assert answers["AE"] > 2 * SENDERS


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
