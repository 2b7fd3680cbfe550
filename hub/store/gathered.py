"""Many askers, one transaction: whatever waits when the database is free goes in together.

A transaction costs the same for one row as for fifty: a turn at the write lock, a thread, a commit.
So nobody waits for others to come; who is alone is served alone, and under load the groups grow by
themselves.  Each asker gets its own answer, when the transaction is committed, and not before.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Gathered(Generic[Asked, Answer]):
    """Serves all that wait with one call of `work`, on a thread, one call after the other."""

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Answer]]) -> None:
        """`work` answers each in its place.  What it raises is raised to every one of them."""
        self._work = work
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._serving: asyncio.Task[None] | None = None

    async def ask(self, asked: Asked) -> Answer:
        """Wait for the answer.  Who is cancelled meanwhile may have been served all the same."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if self._serving is None:
            self._serving = asyncio.create_task(self._serve())
        return await answer

    async def _serve(self) -> None:
        try:
            while self._waiting:
                served, self._waiting = self._waiting, []
                await self._serve_these(served)
        finally:
            self._serving = None

    async def _serve_these(self, served: list[tuple[Asked, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await asyncio.to_thread(self._work, [asked for asked, _ in served])
        except Exception as fault:  # noqa: BLE001  each asker raises it; see _give_up
            _give_up(served, fault)
        except asyncio.CancelledError:
            _give_up(served, None)
            raise
        else:
            for (_, waits), answer in zip(served, answers, strict=True):
                if not waits.done():
                    waits.set_result(answer)


class GatheredOnThreads(Generic[Asked, Answer]):
    """The same for askers that are threads: whoever has the turn works for all that wait."""

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Answer]]) -> None:
        """`work` answers each in its place.  What it raises is raised to every one of them."""
        self._work = work
        self._waiting: list[tuple[Asked, Future[Answer]]] = []
        self._coming, self._turn = threading.Lock(), threading.Lock()

    def ask(self, asked: Asked) -> Answer:
        """Wait for the answer."""
        answer: Future[Answer] = Future()
        with self._coming:
            self._waiting.append((asked, answer))
        with self._turn:
            if not answer.done():
                with self._coming:
                    served, self._waiting = self._waiting, []
                self._serve_these(served)
        return answer.result()

    def _serve_these(self, served: Sequence[tuple[Asked, "Future[Answer]"]]) -> None:
        try:
            answers = self._work([asked for asked, _ in served])
        except BaseException as fault:  # noqa: BLE001  each asker raises it
            for _, waits in served:
                waits.set_exception(fault)
        else:
            for (_, waits), answer in zip(served, answers, strict=True):
                waits.set_result(answer)


def _give_up(
    served: Sequence[tuple[object, "asyncio.Future[Answer]"]], fault: Exception | None
) -> None:
    """Nobody waits for ever: neither after a fault nor when the loop ends."""
    for _, waits in served:
        if waits.done():
            continue
        if fault is None:
            waits.cancel()
        else:
            waits.set_exception(fault)
