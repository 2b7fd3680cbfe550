"""Values that wait for the next commit, so that a key that changes often is written once.

A commit hands them over first and then waits for every write, so that no input is committed whose
state is not in the changelog.  Between two commits they are in memory only: what a crash takes is
absorbed again from the inputs, which were not committed either.
"""

import asyncio
from collections.abc import Callable

from agents.transport.batches import RecordBatch

HELD_BYTES = 16 << 20
"""Values of one table that may wait for a commit; more are handed over at once.  In half a second
a worker that catches up changes about as much."""


class HeldValues:
    """The newest values of one table that the changelog does not have yet, by partition."""

    def __init__(self, changelog: Callable[[int], RecordBatch]):
        """`changelog` makes the batch of a partition."""
        self._changelog = changelog
        self._waiting: dict[int, dict[bytes, bytes | None]] = {}
        self._bytes = 0
        # Two hand-overs at a time could put an older value of a key behind a newer one.
        self._handing = asyncio.Lock()

    async def add(self, partition: int, key: bytes, value: bytes | None) -> None:
        """Note the newest value of a key; hands everything over when too much waits."""
        waiting = self._waiting.setdefault(partition, {})
        self._bytes += len(value or b"") - len(waiting.get(key) or b"")
        waiting[key] = value
        if self._bytes > HELD_BYTES:
            await self.hand_over()

    async def hand_over(self) -> None:
        """Append everything that waits to its changelog and give it to the driver."""
        async with self._handing:
            waiting, self._waiting, self._bytes = self._waiting, {}, 0
            try:
                for partition, values in waiting.items():
                    await self._append(partition, values)
            except BaseException:
                # Cut short at a shutdown: the last commit must find all of it again.
                self._put_back(waiting)
                raise

    async def _append(self, partition: int, values: dict[bytes, bytes | None]) -> None:
        changes = self._changelog(partition)
        for key, value in values.items():
            await changes.append(key, value)
        await changes.send()

    def _put_back(self, older: dict[int, dict[bytes, bytes | None]]) -> None:
        for partition, values in older.items():
            self._waiting[partition] = {**values, **self._waiting.get(partition, {})}

    async def clear(self) -> None:
        """Let go of what waits, when whatever is being handed over has been."""
        async with self._handing:
            self._waiting, self._bytes = {}, 0
