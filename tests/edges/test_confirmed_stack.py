"""Writes to a real Kafka that stops, comes back, or is gone for good."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka.errors import KafkaError

from hub.edges.confirmed import ConfirmedWrites, Unavailable
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.settings import Settings
from hub.ops.topics import QUARANTINE, create_topics
from tests.patience import PATIENCE_SECONDS
from tests.pausing import paused
from tests.ports import reserved_port
from tests.stopwatch import Stopwatch

pytestmark = pytest.mark.stack


async def until_written(writes: ConfirmedWrites) -> None:
    """Repeat a write, as a sender does, until it is confirmed."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                await writes.write(QUARANTINE, b"k", b"again")
            except Unavailable:
                await asyncio.sleep(0.2)
            else:
                return


def settings_for(kafka: EmbeddedKafka, folder: Path) -> Settings:
    """Settings that name this broker."""
    return Settings(kafka=kafka.bootstrap, data_dir=folder, secret_key="of the test")


@asynccontextmanager
async def writing(
    bootstrap: str, confirm_seconds: float, **more: float
) -> AsyncIterator[ConfirmedWrites]:
    """Writes to this broker, confirmed once; closed after the scene, however it ends."""
    writes = ConfirmedWrites(bootstrap, "test", confirm_seconds=confirm_seconds, **more)
    await writes.start()
    try:
        await until_written(writes)
        yield writes
    finally:
        await writes.stop()


def test_a_producer_whose_writes_are_stuck_is_given_up(
    kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    """A new one takes its place, and nothing of the old one is left running."""

    async def scene() -> None:
        await create_topics(kafka.bootstrap, settings_for(kafka, tmp_path))
        async with writing(kafka.bootstrap, 0.5, renew_seconds=0.5) as writes:
            first = writes._producer
            with paused(kafka.pid):
                for _ in range(4):
                    with pytest.raises(Unavailable):
                        await writes.write(QUARANTINE, b"k", b"lost, and answered as lost")
                    await asyncio.sleep(0.3)
            await until_written(writes)
            assert writes._producer is not first
        assert {asyncio.current_task()} == asyncio.all_tasks()

    asyncio.run(scene())


def test_a_killed_broker_that_comes_back_is_written_to_again(tmp_path: Path) -> None:
    """SIGKILL, then the same broker at the same address."""
    port = reserved_port()

    async def scene() -> None:
        broker = EmbeddedKafka(tmp_path / "kafka", port=port)
        await asyncio.to_thread(broker.start)
        try:
            await create_topics(broker.bootstrap, settings_for(broker, tmp_path))
            async with writing(broker.bootstrap, 1) as writes:
                os.kill(broker.pid, signal.SIGKILL)
                with pytest.raises(Unavailable):
                    await writes.write(QUARANTINE, b"k", b"v")
                await asyncio.to_thread(broker.stop)
                broker = EmbeddedKafka(tmp_path / "kafka", port=port)
                await asyncio.to_thread(broker.start)
                await until_written(writes)
        finally:
            await asyncio.to_thread(broker.stop)

    asyncio.run(scene())


def test_stopping_does_not_wait_for_a_kafka_that_is_gone(
    kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    """With a write on its way: a few seconds, and no task is left behind."""

    async def scene() -> None:
        await create_topics(kafka.bootstrap, settings_for(kafka, tmp_path))
        async with writing(kafka.bootstrap, 0.3) as writes:
            with paused(kafka.pid):
                with pytest.raises(Unavailable):
                    await writes.write(QUARANTINE, b"k", b"v")
                with Stopwatch() as watch:
                    await writes.stop()
                assert watch.seconds < 10
                assert {asyncio.current_task()} == asyncio.all_tasks()

    asyncio.run(scene())


def test_a_late_write_that_fails_does_not_make_the_next_sender_wait(
    kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    """Kafka has been away for as long as a write may take: nobody is to wait as long once more."""

    async def scene() -> None:
        await create_topics(kafka.bootstrap, settings_for(kafka, tmp_path))
        async with writing(kafka.bootstrap, 1.5) as writes:
            with paused(kafka.pid):
                with pytest.raises(Unavailable):
                    await writes.write(QUARANTINE, b"k", b"late")
                (late,) = writes._overdue
                late.set_exception(KafkaError("the connection is lost"))
                await asyncio.sleep(0)
                with Stopwatch() as watch, pytest.raises(Unavailable):
                    await writes.write(QUARANTINE, b"k", b"v")
                assert watch.seconds < 0.5
            await until_written(writes)

    asyncio.run(scene())
