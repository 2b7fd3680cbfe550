"""Watching the run: how far decisions have come, partition by partition, while it goes on.

It reads `hub.decisions` like any consumer and looks only at the head of each record.  It steers the
load and the faults and measures recovery; the verdict is the auditor's, who reads everything anew.
"""

import threading
import time
from dataclasses import dataclass, field

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from hub.core.matters import is_matter
from hub.ops.topics import DECISIONS, INPUTS

ASK_SECONDS = 5.0
"""How long the broker may take to say where a topic ends."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first fields of a decision."""

    episode_id: str
    seq: int
    input_id: str
    partition: int
    offset: int


def head_of(value: bytes) -> Head:
    """Read the head of a decision from its bytes: five Avro fields behind the five-byte header."""
    episode_id, at = _text(value, 5)
    seq, at = _number(value, at)
    input_id, at = _text(value, at)
    partition, at = _number(value, at)
    offset, at = _number(value, at)
    return Head(episode_id, seq, input_id, partition, offset)


def _number(value: bytes, at: int) -> tuple[int, int]:
    """A zigzag varint and where it ends."""
    raw = shift = 0
    while True:
        byte = value[at]
        at += 1
        raw |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (raw >> 1) ^ -(raw & 1), at
        shift += 7


def _text(value: bytes, at: int) -> tuple[str, int]:
    length, at = _number(value, at)
    return value[at : at + length].decode(), at + length


def plain_consumer(bootstrap: str, group: str) -> Consumer:
    """A consumer that commits nothing and is assigned by hand."""
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": group,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
            "isolation.level": "read_uncommitted",
            "log_level": 2,
        }
    )


@dataclass
class Progress:
    """What the watch has seen so far."""

    decided: dict[int, int] = field(default_factory=dict)
    """By partition: the offset after the last input decided."""
    latest: dict[int, float] = field(default_factory=dict)
    """By partition: when its newest decision was written, in seconds since 1970."""
    events: set[str] = field(default_factory=set)
    records: int = 0


class Watch:
    """Follows the decisions on a thread of its own."""

    def __init__(self, bootstrap: str, partitions: int) -> None:
        self.partitions = range(partitions)
        self.progress = Progress(dict.fromkeys(self.partitions, 0))
        self._stop = threading.Event()
        self._ends = plain_consumer(bootstrap, "chaos-ends")
        self._reader = plain_consumer(bootstrap, "chaos-watch")
        self._reader.assign(
            [TopicPartition(DECISIONS, p, OFFSET_BEGINNING) for p in self.partitions]
        )
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End.  Twice is once."""
        if self._stop.is_set():
            return
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self._reader.close()
        self._ends.close()

    def end_of(self, topic: str, partition: int) -> int | None:
        """Where a partition ends; None while the broker does not say."""
        try:
            _, end = self._ends.get_watermark_offsets(TopicPartition(topic, partition), ASK_SECONDS)
        except KafkaException:
            return None
        return int(end)

    def flows_since(self, instant: float) -> bool:
        """Whether, since then, decisions were written on every partition that has a backlog.

        A partition without undecided inputs has nothing to show, and counts as flowing.
        """
        return all(
            self.progress.latest.get(p, 0.0) > instant
            or self.end_of(INPUTS, p) == self.progress.decided[p]
            for p in self.partitions
        )

    def _run(self) -> None:
        progress = self.progress
        while not self._stop.is_set():
            for message in self._reader.consume(2000, 0.2):
                value = message.value()
                if message.error() is not None or value is None:
                    continue
                head = head_of(value)
                if is_matter(head.episode_id):
                    continue
                partition = head.partition
                progress.records += 1
                progress.decided[partition] = max(progress.decided[partition], head.offset + 1)
                written = message.timestamp()[1] / 1000
                progress.latest[partition] = max(progress.latest.get(partition, 0.0), written)
                if head.input_id.startswith("e") and not head.input_id.startswith("ep-"):
                    progress.events.add(head.input_id)


def wait_until(seconds: float, look: float = 0.1) -> "Deadline":
    """A deadline to look against, again and again."""
    return Deadline(time.monotonic() + seconds, look)


@dataclass
class Deadline:
    """A moment that comes; `left` is False once it has, and sleeps a little before that."""

    at: float
    look: float

    def left(self) -> bool:
        """Whether there is time for another look."""
        if time.monotonic() >= self.at:
            return False
        time.sleep(self.look)
        return True
