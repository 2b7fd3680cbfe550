"""What Kafka promises, and no more: partitions that keep their order, and writes that are confirmed
one by one, in order within a partition and in any order between two.
"""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple
from zlib import crc32

from agents.outputs import Output
from hub.ops.topics import INPUTS, MATTERS

PARTITIONS = 3
CHANGELOG = ""
"""The destination of what a partition's store writes."""

SLOW = 0.3
"""How often one destination confirms nothing for a whole burst, while the others do."""

LONGEST_BURST = 16
"""Actions of one partition before the others get their turn."""


class Record(NamedTuple):
    """A record as the agents read it from Kafka."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes
    timestamp: int
    """Milliseconds, as the broker noted them."""
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True, eq=False)
class Log:
    """One partition of one topic.  Offsets may have holes; the order has none."""

    topic: str
    partition: int
    records: list[Record] = field(default_factory=list)
    next_offset: int = 0
    lane: int | None = None
    """The number of the lane that reads it, if an agent does."""

    def append(self, key: bytes, value: bytes, timestamp: int, *, skipped: int = 0) -> None:
        """Add a record; `skipped` offsets before it hold nothing that a consumer ever sees."""
        offset = self.next_offset + skipped
        self.records.append(Record(self.topic, self.partition, offset, key, value, timestamp))
        self.next_offset = offset + 1


class Broker:
    """Every topic.  What is written here is confirmed, and stays."""

    def __init__(self) -> None:
        self.topics: dict[str, list[Log]] = {}
        self.timestamp = 0
        self.touched: set[int] = set()
        """Lanes that may have something to do; those that are not in it have nothing."""

    def partitions_of(self, topic: str) -> list[Log]:
        """The partitions of a topic, created on first use."""
        logs = self.topics.get(topic)
        if logs is None:
            logs = self.topics[topic] = [Log(topic, number) for number in range(PARTITIONS)]
        return logs

    def log_for(self, topic: str, key: bytes) -> Log:
        """The partition in which a key has its place."""
        return self.partitions_of(topic)[crc32(key) % PARTITIONS]

    def append(self, topic: str, key: bytes, value: bytes, *, skipped: int = 0) -> None:
        """Write a record and confirm it."""
        log = self.log_for(topic, key)
        log.append(key, value, self.timestamp, skipped=skipped)
        if log.lane is not None:
            self.touched.add(log.lane)


class Change(NamedTuple):
    """A value on its way to the changelog of a partition's store."""

    key: bytes
    value: bytes


type_of_take = Callable[["Lane", Record], tuple[Output, ...]]


def _nobody(lane: "Lane", _: Record) -> tuple[Output, ...]:
    raise AssertionError(f"nobody owns {lane.log.topic}/{lane.log.partition}")


class Lane:
    """One partition in the hands of one agent: what is durable, and what a crash would take."""

    def __init__(self, number: int, broker: Broker, log: Log) -> None:
        self.number = log.lane = number
        self.broker = broker
        self.log = log
        self.take: type_of_take = _nobody
        """What the worker that owns this partition does with a record."""
        self.name = f"{log.topic}/{log.partition}"
        self.position = 0
        """Index of the next record; never its offset, for offsets may have holes."""
        self.committed = 0
        self.store: dict[bytes, bytes] = {}
        self.changes: dict[bytes, bytes] = {}
        """The changelog, compacted: what any worker recovers the store from."""
        self.unconfirmed: dict[str, deque[tuple[int, Output | Change]]] = {}
        """By destination; each entry carries the index of the input it came from."""
        self.known: dict[str, None] = {}
        """Every destination so far."""

    @property
    def behind(self) -> int:
        """Records that wait to be processed."""
        return len(self.log.records) - self.position

    @property
    def busy(self) -> bool:
        """Whether there is anything left to do here."""
        return (
            self.position < len(self.log.records)
            or bool(self.unconfirmed)
            or self.committed < self.position
        )

    @property
    def confirmed_offset(self) -> int:
        """Every output of an input below this offset is in its topic; the changelog may lag."""
        outputs = (w[0][0] for to, w in self.unconfirmed.items() if to != CHANGELOG)
        return self.offset_at(max(self.committed, min(outputs, default=self.position)))

    def offset_at(self, index: int) -> int:
        """The offset of a record by its place, or the one that the next record will have."""
        records = self.log.records
        return records[index].offset if index < len(records) else self.log.next_offset

    def process(self) -> Record:
        """Take the next record; what it leads to is sent and not waited for."""
        record = self.log.records[self.position]
        for output in self.take(self, record):
            log = self.broker.log_for(output.topic, output.key)
            self._send(f"{log.topic}/{log.partition}", output)
        self.position += 1
        return record

    def put(self, key: bytes, value: bytes) -> None:
        """Change the store; it is read back at once, and durable once it is confirmed."""
        self.store[key] = value
        self._send(CHANGELOG, Change(key, value))

    def _send(self, destination: str, written: Output | Change) -> None:
        waiting = self.unconfirmed.get(destination)
        if waiting is None:
            waiting = self.unconfirmed[destination] = deque()
            self.known[destination] = None
        waiting.append((self.position, written))

    def confirm(self, destination: str) -> None:
        """The broker has the oldest write that waits for this destination."""
        waiting = self.unconfirmed[destination]
        _, written = waiting.popleft()
        if not waiting:
            del self.unconfirmed[destination]
        if isinstance(written, Change):
            self.changes[written.key] = written.value
        else:
            self.broker.append(written.topic, written.key, written.value)

    def committable(self) -> int:
        """How far a commit may reach: every write of every input before it is confirmed."""
        return min((waiting[0][0] for waiting in self.unconfirmed.values()), default=self.position)

    def commit(self) -> None:
        """Tell the group how far this partition is done."""
        self.committed = max(self.committed, self.committable())

    def crash(self) -> None:
        """SIGKILL: what was not confirmed is gone; the store is recovered, the log read again."""
        self.unconfirmed.clear()
        self.store = dict(self.changes)
        self.position = self.committed
        self.broker.touched.add(self.number)

    # --- actions of the scheduler ---------------------------------------------------------------

    def burst(self, dice: Random, counts: Counter[str]) -> None:
        """Some actions, each with one effect, in any order that Kafka allows."""
        slow = dice.choice(list(self.known)) if self.known and dice.random() < SLOW else None
        for _ in range(dice.randint(1, LONGEST_BURST)):
            answering = [to for to in self.unconfirmed if to != slow]
            if self.behind and (not answering or dice.random() < 0.4):
                self._count_process(counts)
            elif answering and dice.random() < 0.85:
                self.confirm(dice.choice(answering))
                counts["confirmed"] += 1
            elif self.committable() > self.committed:
                self.commit()
                counts["committed"] += 1
            elif not self.unconfirmed and not self.behind:
                return

    def drain(self, counts: Counter[str]) -> None:
        """Everything that there is to do here."""
        while self.behind:
            self._count_process(counts)
        for destination in list(self.unconfirmed):
            while destination in self.unconfirmed:
                self.confirm(destination)
                counts["confirmed"] += 1
        if self.committable() > self.committed:
            self.commit()
            counts["committed"] += 1

    def _count_process(self, counts: Counter[str]) -> None:
        self.process()
        counts["decided" if self.log.topic in (INPUTS, MATTERS) else "processed"] += 1
