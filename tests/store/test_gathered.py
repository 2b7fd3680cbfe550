"""Many askers, one call: who waits is served together, and each gets its own answer."""

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from hub.store.gathered import Gathered, GatheredOnThreads
from tests.patience import PATIENCE_SECONDS


class Work:
    """Doubles numbers; the first call waits until it is let go."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.calls: list[list[int]] = []
        self.go = threading.Event()
        self._fault = fault

    def __call__(self, asked: Sequence[int]) -> list[int]:
        """What is asked of the database, on a thread."""
        self.calls.append(list(asked))
        assert self.go.wait(PATIENCE_SECONDS)
        if self._fault is not None:
            raise self._fault
        return [each * 2 for each in asked]


async def _asked(work: Work, numbers: Sequence[int]) -> list[asyncio.Task[int]]:
    """Ask for all, the first one alone, so that the others come while it is served."""
    gathered = Gathered(work)
    tasks = []
    for number in numbers:
        tasks.append(asyncio.create_task(gathered.ask(number)))
        while not work.calls:  # noqa: ASYNC110  a thread has no events for us
            await asyncio.sleep(0.001)
    await asyncio.sleep(0)
    return tasks


def test_who_comes_meanwhile_is_served_together_and_in_its_place() -> None:
    """One call for the first, one for all the others; who has gone away gets nothing."""
    work = Work()

    async def go() -> list[int]:
        tasks = await _asked(work, range(5))
        gone = tasks.pop(2)
        gone.cancel()
        await asyncio.sleep(0)
        assert not any(task.done() for task in tasks)
        work.go.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await asyncio.gather(*tasks)

    assert [0, 2, 6, 8] == asyncio.run(go())
    assert [[0], [1, 2, 3, 4]] == work.calls


def test_a_fault_is_everybodys_who_was_in_it_and_the_next_are_served() -> None:
    """Nobody waits for ever, and nobody takes silence for an answer."""
    work = Work(ValueError("broken"))
    work.go.set()

    async def go() -> tuple[list[object], int]:
        gathered = Gathered(work)
        asking = (gathered.ask(number) for number in range(3))
        async with asyncio.timeout(PATIENCE_SECONDS):
            came = await asyncio.gather(*asking, return_exceptions=True)
            work._fault = None
            return list(came), await gathered.ask(7)

    came, then = asyncio.run(go())
    assert ["broken"] * 3 == [str(each) for each in came]
    assert 14 == then


def test_nothing_is_answered_before_the_work_is_done() -> None:
    """The answer is what says that it is on disk."""
    work = Work()

    async def go() -> None:
        (task,) = await _asked(work, [1])
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await asyncio.shield(task)
        work.go.set()
        assert 2 == await task

    asyncio.run(go())


def _asked_on_threads(work: Work, numbers: Sequence[int]) -> list["Future[int]"]:
    """As above, each asker a thread; answers when all have asked."""
    gathered = GatheredOnThreads(work)
    with ThreadPoolExecutor(len(numbers)) as threads:
        asked = []
        for number in numbers:
            asked.append(threads.submit(gathered.ask, number))
            while not work.calls:
                time.sleep(0.001)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(gathered._waiting) < len(numbers) - 1:
            assert time.monotonic() < deadline
            time.sleep(0.001)
        work.go.set()
    return asked


def test_threads_are_served_together_and_each_in_its_place() -> None:
    """One call for the first, one for all that came meanwhile."""
    work = Work()
    answers = [each.result() for each in _asked_on_threads(work, range(6))]
    assert [0, 2, 4, 6, 8, 10] == answers
    first, others = work.calls
    assert ([0], [1, 2, 3, 4, 5]) == (first, sorted(others))


def test_a_fault_is_raised_to_every_thread() -> None:
    """Nobody takes silence for an answer."""
    fault = ValueError("no database")
    asked = _asked_on_threads(Work(fault), range(3))
    assert [fault] * 3 == [each.exception() for each in asked]
