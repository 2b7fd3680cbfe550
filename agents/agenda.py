"""The clock agent: knows when each owned episode next wants waking, and sends the wake.

Level-triggered: an entry leaves the agenda only when the episode says that it wants another time,
never because a wake was sent.  A wake that was lost is sent again; a repeated one changes nothing.
Wakes never write state: they are inputs, so deadlines are in the log and replay alike.

Wall-clock time decides what is due and monotonic time what is sent again, so that a clock that
jumps neither repeats wakes nor holds them back.  However many are due at once, few are on their
way at a time: what else arrives at an episode never waits behind a whole storm of wakes.
"""

import asyncio
import heapq
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice, takewhile
from operator import itemgetter

import faust

from agents.kept import HEADER, NEVER
from agents.transport import (
    PartitionStore,
    RecordBatch,
    on_partitions_ready,
    on_partitions_revoked,
    owned_partitions,
)
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

WAKES_A_TURN = 250
"""Wakes of one partition sent before the others get their turn: about 5 ms."""

UNANSWERED = 1000
"""Wakes of one partition that may be on their way: an event that arrives in a storm of wakes waits
for so many decisions, a quarter of a second, and not for all that are due."""

SLICE_OF_SCAN = 1000
"""Values read before others get a turn: about a millisecond."""

STALE_ENTRIES = 1024
"""Outdated entries that a heap may hold beside as many as it has that count."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_WAKE = struct.Struct(">Q")


def _micros(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND


@dataclass(slots=True, eq=False)
class Armed:
    """The agenda of one partition.

    An entry is one bytes object, eight bytes of the wake in microseconds and then the key: it
    sorts by time, and heap and table share it, which takes less than dates and pairs.
    """

    wanted: dict[bytes, bytes] = field(default_factory=dict)
    heap: list[bytes] = field(default_factory=list)
    # Keys whose wake is on its way, and when it is sent again, in the order of that time.
    sent: dict[bytes, float] = field(default_factory=dict)
    # Keys that spoke for themselves while the store is being read; None when it is not.
    spoken: set[bytes] | None = None

    def want(self, key: bytes, micros: int) -> None:
        """The episode wants to be woken then."""
        entry = _WAKE.pack(max(0, micros)) + key
        if self.wanted.get(key) == entry:
            # Known, and perhaps on its way: it is sent again only if that was in vain, so that an
            # episode that always wants a time gone by cannot wake itself without end.
            return
        self.wanted[key] = entry
        self.sent.pop(key, None)
        heapq.heappush(self.heap, entry)
        if len(self.heap) > 2 * len(self.wanted) + STALE_ENTRIES:
            self.heap = [e for k, e in self.wanted.items() if k not in self.sent]
            heapq.heapify(self.heap)

    def drop(self, key: bytes) -> None:
        """The episode wants no more waking."""
        self.wanted.pop(key, None)
        self.sent.pop(key, None)

    def read(self, key: bytes, micros: int) -> None:
        """What the store says of an episode; what the episode has said meanwhile is newer."""
        if micros != NEVER and self.spoken is not None and key not in self.spoken:
            self.want(key, micros)

    def turn(self, now_micros: int, monotonic: float) -> list[bytes]:
        """Entries to send now: first those sent in vain, then the longest overdue."""
        until = _WAKE.pack(max(0, now_micros) + 1)
        found = list(self._in_vain(until, monotonic))
        while self.heap and self.heap[0] < until:
            if len(found) >= WAKES_A_TURN or len(found) + len(self.sent) >= UNANSWERED:
                break
            entry = heapq.heappop(self.heap)
            key = entry[_WAKE.size :]
            # An outdated entry, or one that stands in the heap twice, is passed over.
            if self.wanted.get(key) == entry and key not in self.sent:
                found.append(entry)
                self.sent[key] = monotonic + AGAIN_SECONDS
        return found

    def _in_vain(self, until: bytes, monotonic: float) -> Iterator[bytes]:
        waiting = takewhile(lambda row: row[1] < monotonic, self.sent.items())
        for key, _ in list(islice(waiting, WAKES_A_TURN)):
            del self.sent[key]
            entry = self.wanted[key]
            if entry < until:
                self.sent[key] = monotonic + AGAIN_SECONDS
                yield entry
            else:
                # The clock went back since: it is as if that wake had never been sent.
                heapq.heappush(self.heap, entry)


class Agenda:
    """Next wakes by partition: a heap to find what is due, a table to know what still holds.

    To look costs nothing while nothing is due, however many episodes are armed.
    """

    def __init__(self) -> None:
        """Nothing is owned yet."""
        self._armed: dict[int, Armed] = {}

    def note(self, partition: int, key: bytes, wake: datetime | None) -> None:
        """An episode wants to be woken at another time, or not at all."""
        armed = self._armed.get(partition)
        if armed is None:
            armed = self._armed[partition] = Armed()
        if armed.spoken is not None:
            armed.spoken.add(key)
        if wake is None:
            armed.drop(key)
        else:
            armed.want(key, _micros(wake))

    def anew(self, partition: int) -> Armed:
        """Start over with a partition, to be filled from the store."""
        armed = self._armed[partition] = Armed(spoken=set())
        return armed

    def holds(self, partition: int, armed: Armed) -> bool:
        """Whether this is still the agenda of that partition: not lost, nor started over again."""
        return self._armed.get(partition) is armed

    def forget(self, partition: int) -> None:
        """A partition is no longer ours."""
        self._armed.pop(partition, None)

    def due(self, now: datetime, monotonic: float) -> list[tuple[int, bytes, datetime]]:
        """What to wake now: partition, key and the time that was wanted.

        At most WAKES_A_TURN of a partition, and at most UNANSWERED of it on their way; the rest is
        due at the next look.  `monotonic` is the `time.monotonic()` of this look.
        """
        now_micros = _micros(now)
        return [
            (partition, entry[_WAKE.size :], _instant(entry))
            for partition, armed in self._armed.items()
            for entry in armed.turn(now_micros, monotonic)
        ]

    def size(self) -> int:
        """Episodes that want waking."""
        return sum(len(armed.wanted) for armed in self._armed.values())


def _instant(entry: bytes) -> datetime:
    (micros,) = _WAKE.unpack_from(entry)
    return _EPOCH + timedelta(microseconds=micros)


def add_clock(
    app: faust.App,
    clock: Clock,
    agenda: Agenda,
    episodes: PartitionStore,
    *,
    topic: str = INPUTS,
) -> None:
    """Rebuild the agenda after each assignment, and keep sending what is due."""

    async def rebuild(partitions: frozenset[tuple[str, int]]) -> None:
        for partition in _of(topic, partitions):
            await read_agenda(agenda, episodes, partition)

    def revoke(partitions: frozenset[tuple[str, int]]) -> None:
        for partition in _of(topic, partitions):
            agenda.forget(partition)

    async def wake_up() -> None:
        while not app.should_stop:
            await asyncio.sleep(TICK_SECONDS)
            if app_ready(app):
                await send_wakes(app, clock, agenda, topic)

    on_partitions_ready(app, rebuild)
    on_partitions_revoked(app, revoke)
    app.task(wake_up)


def _of(topic: str, partitions: frozenset[tuple[str, int]]) -> list[int]:
    """The partitions of one topic among all that the worker owns."""
    return [partition for name, partition in partitions if name == topic]


async def read_agenda(agenda: Agenda, episodes: PartitionStore, partition: int) -> None:
    """Read the next wakes of a partition, without opening its values and without holding up.

    Episodes go on being decided meanwhile.  Ends early when the partition is taken away: its
    store must not be opened again then.
    """
    armed = agenda.anew(partition)
    for count, (key, value) in enumerate(episodes.scan(partition), start=1):
        armed.read(key, HEADER.unpack_from(value)[1])
        if count % SLICE_OF_SCAN == 0:
            await asyncio.sleep(0)
            if not agenda.holds(partition, armed):
                return
    armed.spoken = None


async def send_wakes(app: faust.App, clock: Clock, agenda: Agenda, topic: str = INPUTS) -> None:
    """Send a wake to every episode whose time has come, a turn for each partition."""
    now = clock.now()
    for partition, due in groupby(agenda.due(now, time.monotonic()), key=itemgetter(0)):
        if partition not in owned_partitions(app, topic):
            # It went away during this round; whoever owns it now wakes its episodes.
            continue
        batch = RecordBatch(app, topic, partition)
        for _, key, wanted in due:
            await batch.append(key, encode_input(_wake(key.decode(), wanted, now)))
        await batch.send()
        await asyncio.sleep(0)


def _wake(episode_id: str, wanted: datetime, now: datetime) -> Input:
    """A wake, by an id that follows from what was wanted: a repeated one is the same."""
    return Input(
        input_id=f"wake:{episode_id}:{wanted.isoformat()}",
        kind=InputKind.WAKE,
        at=now,
        episode_id=episode_id,
    )
