"""The clock agent: knows when each owned episode next wants waking, and sends the wake.

Level-triggered: an entry leaves the agenda only when the episode says that it wants another time,
never because a wake was sent.  A wake that was lost is sent again; a repeated one changes nothing.
Wakes never write state: they are inputs, so deadlines are in the log and replay alike.
"""

import asyncio
import heapq
import time
from datetime import datetime

import faust

from agents.kept import next_wake_of
from agents.transport import PartitionStore, RecordBatch, on_partitions_ready, on_partitions_revoked
from agents.transport import ready as app_ready
from hub.core.model import Input, InputKind
from hub.edges.avro import encode_input
from hub.ops.clock import Clock
from hub.ops.topics import INPUTS

TICK_SECONDS = 0.05
"""How often the agenda is looked at: well under the second within which a gap must open."""

AGAIN_SECONDS = 5.0
"""How long a sent wake may stay unanswered before it is sent again; decisions take milliseconds,
and a wake that was lost in a rebalance should not cost a deadline more than a session (8 s)."""

SLICE_OF_SCAN = 1000
"""Values read before others get a turn: about a millisecond."""


class Agenda:
    """Next wakes by partition: a heap to find what is due, a table to know what still holds."""

    def __init__(self) -> None:
        """Nothing is owned yet."""
        self._wanted: dict[int, dict[bytes, datetime]] = {}
        self._heaps: dict[int, list[tuple[datetime, bytes]]] = {}
        self._sent: dict[tuple[int, bytes], tuple[datetime, float]] = {}

    def note(self, partition: int, key: bytes, wake: datetime | None) -> None:
        """An episode wants to be woken at another time, or not at all."""
        wanted = self._wanted.setdefault(partition, {})
        if wake is None:
            wanted.pop(key, None)
        elif wanted.get(key) != wake:
            wanted[key] = wake
            heapq.heappush(self._heaps.setdefault(partition, []), (wake, key))
        self._sent.pop((partition, key), None)

    def forget(self, partition: int) -> None:
        """A partition is no longer ours."""
        self._wanted.pop(partition, None)
        self._heaps.pop(partition, None)
        self._sent = {k: v for k, v in self._sent.items() if k[0] != partition}

    def due(self, now: datetime, monotonic: float) -> list[tuple[int, bytes, datetime]]:
        """What to wake now: partition, key and the time that was wanted."""
        found: list[tuple[int, bytes, datetime]] = []
        for partition, heap in self._heaps.items():
            wanted = self._wanted.get(partition, {})
            waiting: list[tuple[datetime, bytes]] = []
            while heap and heap[0][0] <= now:
                wake, key = heapq.heappop(heap)
                if wanted.get(key) != wake:
                    continue
                waiting.append((wake, key))
                sent = self._sent.get((partition, key))
                if sent is None or sent[0] != wake or monotonic - sent[1] > AGAIN_SECONDS:
                    self._sent[partition, key] = (wake, monotonic)
                    found.append((partition, key, wake))
            for entry in waiting:
                heapq.heappush(heap, entry)
        return found

    def size(self) -> int:
        """Episodes that want waking."""
        return sum(map(len, self._wanted.values()))


def add_clock(app: faust.App, clock: Clock, agenda: Agenda, episodes: PartitionStore) -> None:
    """Rebuild the agenda after each assignment, and keep sending what is due."""

    async def rebuild(partitions: frozenset[tuple[str, int]]) -> None:
        for partition in _of_inputs(partitions):
            await read_agenda(agenda, episodes, partition)

    def revoke(partitions: frozenset[tuple[str, int]]) -> None:
        for partition in _of_inputs(partitions):
            agenda.forget(partition)

    async def wake_up() -> None:
        while not app.should_stop:
            await asyncio.sleep(TICK_SECONDS)
            if app_ready(app):
                await send_wakes(app, clock, agenda)

    on_partitions_ready(app, rebuild)
    on_partitions_revoked(app, revoke)
    app.task(wake_up)


def _of_inputs(partitions: frozenset[tuple[str, int]]) -> list[int]:
    """The partitions of the episodes among all that the worker owns."""
    return [partition for topic, partition in partitions if topic == INPUTS]


async def read_agenda(agenda: Agenda, episodes: PartitionStore, partition: int) -> None:
    """Read the next wakes of a partition, without opening its values and without holding up."""
    agenda.forget(partition)
    for count, (key, value) in enumerate(episodes.scan(partition)):
        agenda.note(partition, key, next_wake_of(value))
        if count % SLICE_OF_SCAN == 0:
            await asyncio.sleep(0)


async def send_wakes(app: faust.App, clock: Clock, agenda: Agenda) -> None:
    """Send a wake to every episode whose time has come."""
    now = clock.now()
    batches: dict[int, RecordBatch] = {}
    for partition, key, wanted in agenda.due(now, time.monotonic()):
        episode_id = key.decode()
        given = Input(
            input_id=f"wake:{episode_id}:{wanted.isoformat()}",
            kind=InputKind.WAKE,
            at=now,
            episode_id=episode_id,
        )
        batch = batches.setdefault(partition, RecordBatch(app, INPUTS, partition))
        await batch.append(key, encode_input(given))
    for batch in batches.values():
        await batch.send()
