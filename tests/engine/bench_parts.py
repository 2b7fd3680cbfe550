"""Parts of an engine without a broker, ours and Faust's own, for the regression tests."""

import asyncio
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import faust
from aiokafka import ConsumerRecord, TopicPartition
from faust.transport.drivers import aiokafka as stock
from faust.types.tuples import TP

from agents.transport import make_app
from agents.transport.app import HubApp
from agents.transport.consumer import Consumer, consumer_of
from agents.transport.consumer_thread import Fetched
from agents.transport.offsets import OffsetRun
from tests.patience import PATIENCE_SECONDS

INPUTS = TP("inputs", 0)


def hub_app(folder: Path, store: str = "memory://") -> HubApp:
    """Our app, for a broker that is never asked."""
    app = make_app(
        "hub",
        broker="127.0.0.1:1",
        data_dir=folder,
        partitions=4,
        replication=1,
        worker_id="w1",
        store=store,
        gapless=["inputs"],
    )
    assert isinstance(app, HubApp)
    return app


def stock_app() -> faust.App:
    """Plain Faust with its defaults, at least once."""
    return faust.App("plain", broker="kafka://127.0.0.1:1", store="memory://")


def stock_consumer() -> stock.Consumer:
    """Faust's consumer, not started."""
    consumer = stock_app().consumer
    assert isinstance(consumer, stock.Consumer)
    # Faust opens a loop for the consumer's thread, which only the end of that thread would close.
    consumer._thread.thread_loop.close()
    consumer.app.topics.acking_topics.add(INPUTS.topic)
    return consumer


def hub_consumer(folder: Path, start: int) -> Consumer:
    """Our consumer, not started, with the input partition sought to `start`."""
    consumer = consumer_of(hub_app(folder))
    consumer._thread.thread_loop.close()
    consumer.app.topics.acking_topics.add(INPUTS.topic)
    consumer.runs[INPUTS] = OffsetRun(start, 1)
    return consumer


def record(offset: int) -> ConsumerRecord[bytes, bytes]:
    """An input record at an offset."""
    return ConsumerRecord(INPUTS.topic, 0, offset, 0, 0, b"key", b"1", None, 3, 1, ())


def fetched(*offsets: int, epoch: int = 1) -> Fetched:
    """A fetch that brought these offsets of the input partition."""
    rows = [record(offset) for offset in offsets]
    return Fetched({TopicPartition(*INPUTS): rows}, {INPUTS: epoch})


def hand_over(consumer: Consumer, *offsets: int) -> Any:
    """Let the consumer cut one slice from a fetch of these offsets."""
    rows = fetched(*offsets, epoch=consumer.runs[INPUTS].epoch)
    ((_, message),) = consumer._cut(rows, generation=0)
    return message


def waiting(app: Any, *messages: Any) -> Any:
    """A Faust stream with these messages waiting in it."""
    app.flow_control.resume()
    stream: Any = app.stream(app.channel(value_type=bytes))
    for message in messages:
        put(stream, message)
    return stream


def put(stream: Any, message: Any) -> None:
    """Hand a message to a stream, as Faust's conductor does."""
    message.incref()
    message.generation_id = stream.app.consumer_generation_id
    stream.channel.queue.put_nowait(faust.Event(stream.app, None, b"", None, message))


@asynccontextmanager
async def no_tasks_left() -> AsyncIterator[None]:
    """Cancel what a part started in the background, so that no test leaks into the next."""
    before = asyncio.all_tasks()
    yield
    rest = asyncio.all_tasks() - before
    for task in rest:
        task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


def outcome(script: str, folder: Path) -> tuple[int, str]:
    """Run a script in a process of its own; its exit code and what it wrote to stderr."""
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(folder)],
        capture_output=True,
        cwd=Path(__file__).parents[2],
        timeout=PATIENCE_SECONDS,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stderr
