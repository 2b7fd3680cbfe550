"""Handing a message over without the four tasks that Faust spends on it."""

import asyncio
from typing import Any

from agents.transport.stepping import step_or_wait
from tests.engine.bench_parts import no_tasks_left
from tests.stopwatch import Stopwatch


def test_stepping_leaves_no_time_to_tasks() -> None:
    """A message that need not wait is handed over in one step, without a task of its own."""

    async def deliver(gate: asyncio.Event | None) -> str:
        if gate is not None:
            await gate.wait()
        return "handed over"

    async def race(first: Any, second: Any) -> Any:
        done, _ = await asyncio.wait(
            [asyncio.ensure_future(first), asyncio.ensure_future(second)],
            return_when=asyncio.FIRST_COMPLETED,
        )
        return done.pop().result()

    async def ours() -> list[Any]:
        gate, never = asyncio.Event(), asyncio.Event()
        at_once = await step_or_wait(deliver(None), never.wait(), race)
        asyncio.get_running_loop().call_later(0.01, gate.set)
        async with no_tasks_left():
            later = await step_or_wait(deliver(gate), never.wait(), race)
        return [at_once, later]

    with Stopwatch() as watch:
        assert ["handed over", "handed over"] == asyncio.run(ours())
    assert watch.seconds < 1
