"""A record that the broker could refuse is refused before anything of it is written."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from agents.outputs import Output, Sender
from agents.transport import (
    MAX_RECORD_BYTES,
    Outbound,
    PartitionStore,
    RecordBatch,
    RecordTooLargeError,
    send_keyed,
)
from agents.transport.app import BATCH_BYTES
from agents.transport.producer import producer_of
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.settings import Settings
from hub.ops.topics import hub_topics
from tests.engine.bench_parts import hub_app
from tests.engine.rig import Rig
from tests.patience import PATIENCE_SECONDS

TOO_LARGE = b"v" * MAX_RECORD_BYTES
LARGEST = b"v" * (MAX_RECORD_BYTES - 1)
BROKER_DEFAULT = 1_048_588
"""Kafka's own `message.max.bytes`, which counts a whole batch."""


@asynccontextmanager
async def app_that_counts(folder: Path) -> AsyncIterator[tuple[Any, list[int]]]:
    """Our app, and the sizes of the batches that were handed over in it."""
    app = hub_app(folder)
    producer, sizes = producer_of(app), []
    producer._producer = AIOKafkaProducer(
        bootstrap_servers="127.0.0.1:1", max_batch_size=BATCH_BYTES
    )

    async def hand_over(batch: Any, _topic: str, _partition: int, _confirmed: Any) -> None:
        sizes.append(batch.size())

    producer.hand_over = hand_over  # type: ignore[assignment, method-assign]  # there is no broker
    yield app, sizes
    await producer._producer.stop()


def test_no_part_of_an_oversized_record_is_written(tmp_path: Path) -> None:
    """What was appended before it stays and is sent; of itself nothing is, on every way out."""

    async def ours() -> tuple[list[int], bytes | None]:
        async with app_that_counts(tmp_path) as (app, sizes):
            store = PartitionStore(app, app.Table("episodes"))
            batch, out = RecordBatch(app, "outputs", 0), Outbound(app, "outputs")
            changes = store.changelog(0)
            await store.put(0, b"k", b"before", changes)
            for write in (
                batch.append(b"k", TOO_LARGE),
                out.append(b"k", TOO_LARGE),
                store.put(0, b"k", TOO_LARGE, changes),
                send_keyed(app, "outputs", b"k", TOO_LARGE),
                batch.append(b"k", b"v", [("header", TOO_LARGE)]),
            ):
                with pytest.raises(RecordTooLargeError):
                    await write
            await batch.send()
            await out.send()
            await changes.send()
            return sizes, store.get(0, b"k")

    sizes, kept = asyncio.run(ours())
    assert (1, b"before") == (len(sizes), kept)
    assert sizes[0] < 200


def test_the_outputs_of_an_input_are_all_written_or_none(tmp_path: Path) -> None:
    """An oversized quarantine record does not leave the decision before it behind."""

    async def ours() -> list[int]:
        async with app_that_counts(tmp_path) as (app, sizes):
            sender = Sender(app)
            both = (Output("decisions", b"k", b"small"), Output("quarantine", b"k", TOO_LARGE))
            with pytest.raises(RecordTooLargeError):
                await sender.append(both)
            await sender.send()
            return sizes

    assert [] == asyncio.run(ours())


def test_what_is_settled_is_confirmed(tmp_path: Path) -> None:
    """It returns after the broker's confirmation and not with the hand-over."""

    async def ours() -> tuple[bool, bool]:
        async with app_that_counts(tmp_path) as (app, _):
            waiting = asyncio.get_running_loop().create_future()
            producer: Any = producer_of(app)
            producer.unconfirmed.add(waiting)
            producer.buffer.flush = producer._producer.flush = nothing_there
            settling = asyncio.create_task(Sender(app).settle())
            await asyncio.sleep(0.05)
            early = settling.done()
            waiting.set_result(None)
            await asyncio.wait_for(settling, PATIENCE_SECONDS)
            return early, settling.done()

    assert (False, True) == asyncio.run(ours())


async def nothing_there() -> None:
    """Nothing of Faust's own is outstanding."""


def test_the_largest_record_fits_into_a_batch_that_the_broker_takes(tmp_path: Path) -> None:
    """The batch around it, headers and all, stays below the broker's default."""

    async def ours() -> list[int]:
        async with app_that_counts(tmp_path) as (app, sizes):
            batch = RecordBatch(app, "outputs", 0)
            await batch.append(b"k", LARGEST)
            await batch.append(b"k", LARGEST)
            await batch.send()
            return sizes

    sizes = asyncio.run(ours())
    assert 2 == len(sizes)
    assert max(sizes) <= BATCH_BYTES < BROKER_DEFAULT


def test_the_text_of_the_error_names_sizes_only(tmp_path: Path) -> None:
    """Neither the key nor the value, which may be clinical."""

    async def ours() -> str:
        async with app_that_counts(tmp_path) as (app, _):
            with pytest.raises(RecordTooLargeError) as raised:
                await RecordBatch(app, "outputs", 0).append(b"key-of-jane", TOO_LARGE)
            return str(raised.value)

    size = MAX_RECORD_BYTES + len(b"key-of-jane")
    assert f"a record of {size} bytes for outputs: at most {MAX_RECORD_BYTES}" == asyncio.run(
        ours()
    )


def test_no_topic_takes_less_than_a_record_may_be(tmp_path: Path) -> None:
    """A topic of ours either leaves the broker's limit alone or allows as much."""
    allowed = [
        int(topic.configs.get("max.message.bytes", BROKER_DEFAULT))
        for topic in hub_topics(Settings(data_dir=tmp_path), subscribers=["Y90001"])
    ]
    assert min(allowed) >= BATCH_BYTES


@pytest.mark.stack
def test_the_broker_takes_the_largest_record(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """A real broker with its defaults confirms a record at the limit."""
    topic = f"{Rig(kafka.bootstrap, tmp_path).name}-out"

    async def ours() -> int:
        producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, max_batch_size=BATCH_BYTES)
        await producer.start()
        try:
            batch = producer.create_batch()
            batch.append(timestamp=None, key=b"k", value=LARGEST)
            batch.close()
            confirmed = await producer.send_batch(batch, topic, partition=0)
            return int((await confirmed).offset)
        finally:
            await producer.stop()

    assert 0 == asyncio.run(ours())
