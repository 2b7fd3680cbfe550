"""A10 and A11: what an input that nobody can read or decide does to an agent."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from faust.exceptions import ValueDecodeError
from faust.types.tuples import Message

from agents.transport import slices
from agents.transport.consumer_thread import Fetched
from tests.engine.bench_parts import (
    INPUTS,
    fetched,
    hand_over,
    hub_consumer,
    no_tasks_left,
    stock_consumer,
    waiting,
)
from tests.house.tree import ROOT

VALUES = (b"1", b"no JSON", b"3")


async def what_faust_takes() -> tuple[list[list[Any]], bool, bool, bool]:
    """What `take` brings of the three values, and whether its loop ended, raised, or crashed."""
    app: Any = stock_consumer().app
    app.flow_control.resume()
    stream: Any = app.stream(app.topic(INPUTS.topic, value_serializer="json"))
    taken: list[list[Any]] = []

    async def agent() -> None:
        async for batch in stream.take(1, within=0.05):
            taken.append(batch)  # noqa: PERF401  what came before it ended is the point

    async with no_tasks_left():
        running = asyncio.create_task(agent())
        for offset, value in enumerate(VALUES):
            message = Message(INPUTS.topic, 0, offset, 0.0, 0, None, None, value, None, tp=INPUTS)
            message.generation_id = app.consumer_generation_id
            # What Faust's conductor does with a fetched record.
            try:
                await stream.channel.put(await stream.channel.decode(message, propagate=True))
            except ValueDecodeError as error:
                await stream.channel.on_value_decode_error(error, message)
            await asyncio.sleep(0.2)
        ended = running.done()
        return taken, ended, ended and running.exception() is not None, app.crashed


def test_a11_a_value_that_cannot_be_decoded_ends_take_silently(tmp_path: Path) -> None:
    """Faust's loop is over after the second value, without an error; ours hands over all three."""

    async def ours() -> list[bytes]:
        consumer = hub_consumer(tmp_path, start=0)
        rows = fetched(0, 1, 2)[TopicPartition(*INPUTS)]
        rows = [replace(row, value=value) for row, value in zip(rows, VALUES, strict=True)]
        fetch = Fetched({TopicPartition(*INPUTS): rows}, {INPUTS: 1})
        ((_, message),) = consumer._cut(fetch, generation=0)
        async with no_tasks_left():
            piece = await anext(slices(waiting(consumer.app, message)))
        return [row.value for row in piece.records]

    assert ([[1]], True, False, False) == asyncio.run(what_faust_takes())
    assert list(VALUES) == asyncio.run(ours())


def test_a11_no_agent_takes() -> None:
    """Every agent reads through `slices`: none through Faust's batching, nor without its acks."""
    around = re.compile(r"stream\.(take|take_with_timestamp|noack|noack_take|group_by|through)\(")
    found = [
        f"{path.name}: {line.strip()}"
        for path in (ROOT / "agents").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if around.search(line)
    ]

    assert ([], True) == (found, bool(around.search("stream.take(10, within=1)")))


def test_a10_an_exception_in_an_agent_acknowledges_nothing(tmp_path: Path) -> None:
    """Faust acknowledges the input of the agent that raised; ours would commit nothing of it."""

    async def theirs() -> bool:
        consumer = stock_consumer()
        message = consumer._to_message(INPUTS, fetched(0)[TopicPartition(*INPUTS)][0])
        async with no_tasks_left():
            values = aiter(waiting(consumer.app, message))
            await anext(values)
            with pytest.raises(ValueError, match="poison"):
                await values.athrow(ValueError("poison"))
        return message.acked

    async def ours() -> int | None:
        consumer = hub_consumer(tmp_path, start=0)
        async with no_tasks_left():
            pieces: Any = slices(waiting(consumer.app, hand_over(consumer, 0)))
            await anext(pieces)
            with pytest.raises(ValueError, match="poison"):
                await pieces.athrow(ValueError("poison"))
        return consumer._new_offset(INPUTS)

    assert asyncio.run(theirs()) is True
    assert asyncio.run(ours()) is None
