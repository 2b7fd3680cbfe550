"""What the parts share: topics that the broker stamps, processes under measure, and one clock.

How a rate is measured.  The inputs lie in Kafka before a host starts.  Every output and changelog
topic is stamped by the broker as it appends (LogAppendTime), so that all hosts are timed by the
same clock, which is none of theirs.  The first fifth of the outputs is warm-up and not counted.
The rate is: outputs appended after the warm-up, divided by the time from its end to the last
record that the host wrote, be it an output or a changelog record.  Nothing reads the outputs
while a host works; the judge reads them afterwards.
"""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    IsolationLevel,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # documented, not declared
    AdminClient,
    OffsetSpec,
)
from confluent_kafka.cimpl import NewTopic

from hub.ops import leash

ROOT = Path(__file__).resolve().parents[1]
WARM_UP_SHARE = 0.2
LOOK_SECONDS = 0.1
SETTLE_SECONDS = 10.0
STOP_SECONDS = 30.0
READ_SECONDS = 120.0
LOG_TAIL_BYTES = 2000
JIFFIES = os.sysconf("SC_CLK_TCK")

LATEST = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the library's
MAX_TIMESTAMP = OffsetSpec.max_timestamp()  # type: ignore[no-untyped-call]  # the library's

Records = Iterable[tuple[bytes, bytes, int | None]]
"""Key, value, and the partition or None for that of the key."""


class HostFailedError(Exception):
    """A host under measure ended, stood still, or wrote what is not right.

    Operator action: the sentence quotes the end of its log.
    """


def say(words: str) -> None:
    """A line of progress."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {words}\n")
    sys.stderr.flush()


def fresh(word: str) -> str:
    """A name that no other run has."""
    return f"{word}-{uuid.uuid4().hex[:8]}"


class Broker:
    """Topics and offsets of one Kafka."""

    def __init__(self, address: str):
        self.address = address
        # Its library writes to stderr when the broker stops before it: no news to anybody.
        self.quiet: dict[str, str | int | float | bool] = {
            "bootstrap.servers": address,
            "log_level": 0,
        }
        self.admin = AdminClient(self.quiet)

    def create(self, partitions: int, *names: str, stamped: bool = True) -> None:
        """Make topics; `stamped` lets the broker write the time of each record."""
        config = {"message.timestamp.type": "LogAppendTime"} if stamped else {}
        deadline = time.monotonic() + SETTLE_SECONDS
        for name in names:
            while True:
                try:
                    self.admin.create_topics([NewTopic(name, partitions, 1, config=config)])[
                        name
                    ].result(30)
                    break
                except KafkaException:
                    # A topic of this name is still being deleted.
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(LOOK_SECONDS)

    def delete(self, *names: str) -> None:
        """Take topics away, so that one run does not fill the disk of the next."""
        for gone in self.admin.delete_topics(list(names)).values():
            gone.result(30)

    def count(self, topic: str, partitions: int) -> int:
        """Records ever appended to a topic (compaction does not lower it)."""
        return sum(each.offset for each in self._offsets(topic, partitions, LATEST))

    def ends(self, topic: str, partitions: int) -> list[int]:
        """Where each partition of a topic ends now."""
        return [each.offset for each in self._offsets(topic, partitions, LATEST)]

    def behind(self, group: str, topics: Sequence[str], partitions: int) -> int:
        """Records of some topics that a group has not committed yet."""
        asked = self.admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])
        committed: dict[str, int] = {}
        for each in asked[group].result(10).topic_partitions or ():
            committed[each.topic] = committed.get(each.topic, 0) + max(0, each.offset)
        return sum(self.count(topic, partitions) - committed.get(topic, 0) for topic in topics)

    def last_stamp(self, topic: str, partitions: int) -> int:
        """When the last record of a topic was appended, in ms; 0 when it is empty."""
        latest: list[int] = [
            each.timestamp for each in self._offsets(topic, partitions, MAX_TIMESTAMP)
        ]
        return max(0, *latest)

    def _offsets(self, topic: str, partitions: int, which: OffsetSpec) -> list[Any]:
        wanted = {TopicPartition(topic, n): which for n in range(partitions)}
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            try:
                asked = self.admin.list_offsets(
                    wanted, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=10
                )
                return [answer.result() for answer in asked.values()]
            except KafkaException:
                # A topic just made may have no leader yet.
                if time.monotonic() > deadline:
                    raise
                time.sleep(LOOK_SECONDS)

    def fill(self, topic: str, records: Records) -> int:
        """Produce records and return how many; all are confirmed."""
        producer = Producer(
            {
                **self.quiet,
                "linger.ms": 20,
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "batch.size": 1 << 20,
                "queue.buffering.max.messages": 200_000,
            }
        )
        produced = 0
        for key, value, partition in records:
            while True:
                try:
                    if partition is None:
                        producer.produce(topic, value, key)
                    else:
                        producer.produce(topic, value, key, partition)
                    break
                except BufferError:
                    producer.poll(0.1)
            produced += 1
        if producer.flush(READ_SECONDS):
            raise HostFailedError(f"the load of {topic} was not confirmed in time")
        return produced

    def read(self, topic: str, partitions: int) -> Iterator[tuple[bytes, bytes, int]]:
        """Every record of a topic: key, value, and its time in milliseconds."""
        for record in self.records(topic, partitions):
            yield record.key() or b"", record.value() or b"", record.timestamp()[1]

    def records(self, topic: str, partitions: int) -> Iterator[Message]:
        """Every record that a topic has now.  Raises HostFailedError when one does not come."""
        reader = Consumer({**self.quiet, "group.id": "judge", "enable.auto.commit": False})
        reader.assign([TopicPartition(topic, n, 0) for n in range(partitions)])
        left = self.count(topic, partitions)
        deadline = time.monotonic() + READ_SECONDS
        while left > 0 and time.monotonic() < deadline:
            for message in reader.consume(min(left, 20_000), 1.0):
                left -= 1
                yield message
        reader.close()
        if left:
            raise HostFailedError(f"{left} records of {topic} could not be read back")


@dataclass(frozen=True)
class Host:
    """One way of doing the work: the processes it needs and the changelog it writes."""

    name: str
    commands: Sequence[Sequence[str]]
    outputs: str
    changelog: str
    partitions: int


@dataclass
class Measured:
    """One run of one host."""

    rate: float
    outputs: int
    changelog_records: int
    cpu_micros: float
    """Processor time of the host's processes for one input, start and stop included."""


def run_host(
    broker: Broker,
    host: Host,
    *,
    events: int,
    folder: Path,
    see: Callable[[bytes, bytes], None],
    seconds: float = 240,
) -> Measured:
    """Run a host over its inputs until it has written `events` outputs; then read them.

    Every output goes to `see`.  Raises HostFailedError.
    """
    with processes(host.commands, folder) as running:
        deadline = time.monotonic() + seconds
        while broker.count(host.outputs, host.partitions) < events:
            if time.monotonic() > deadline:
                raise HostFailedError(f"{host.name} stood still{_tails(folder)}")
            if any(each.poll() is not None for each in running):
                raise HostFailedError(f"{host.name} ended by itself{_tails(folder)}")
            time.sleep(LOOK_SECONDS)
        before = sum(cpu_seconds(each.pid) for each in running)
    stamps: list[int] = []
    for key, value, stamp in broker.read(host.outputs, host.partitions):
        see(key, value)
        stamps.append(stamp)
    last = max(*stamps, broker.last_stamp(host.changelog, host.partitions))
    return Measured(
        rate=rate_of(stamps, last),
        outputs=len(stamps),
        changelog_records=broker.count(host.changelog, host.partitions),
        cpu_micros=before / events * 1e6,
    )


def rate_of(stamps: list[int], last: int) -> float:
    """Outputs a second after the warm-up; `stamps` and `last` in milliseconds."""
    ordered = sorted(stamps)
    begin = ordered[int(len(ordered) * WARM_UP_SHARE)]
    counted = sum(stamp > begin for stamp in ordered)
    if not counted or last <= begin:
        raise HostFailedError(f"{len(ordered)} outputs are too few to measure a rate")
    return counted / (last - begin) * 1000


@contextmanager
def processes(
    commands: Sequence[Sequence[str]], folder: Path, settings: Mapping[str, str] | None = None
) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Processes that run inside the `with`, each with a log in `folder`; stopped after it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"} | dict(
        settings or {}
    )
    running = []
    try:
        for number, command in enumerate(commands):
            running.append(leash.start(command, folder / f"{number}.log", environment))
        yield running
    finally:
        for child in running:
            if child.poll() is None:
                child.terminate()
        for child in running:
            leash.stop(child, STOP_SECONDS)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / JIFFIES


def _tails(folder: Path) -> str:
    """The ends of the logs in a folder."""
    ends = [path.read_bytes()[-LOG_TAIL_BYTES:] for path in sorted(folder.glob("*.log"))]
    return "".join(f"; its log ends:\n{end.decode(errors='replace')}" for end in ends if end)
