"""One hub to be measured: a real Kafka and real `hub worker` processes over one folder.

Everything is seen from outside: offsets at the broker, decisions with another client, memory and
processor time from the kernel.  Nothing that the worker says about itself is believed.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from confluent_kafka import Consumer, ConsumerGroupState, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from bench.scale_families import Record
from hub.ops import leash
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.settings import Settings, environment_of, make_secret
from hub.ops.topics import (
    APP,
    DECISIONS,
    INPUTS,
    MATTERS,
    QUARANTINE,
    create_topics,
)

ROOT = Path(__file__).resolve().parents[1]
LOOK_SECONDS = 0.01
SAY_SECONDS = 10.0
STALL_SECONDS = 600.0
"""No decision for this long, with inputs waiting, means that the worker is not coming."""

STOP_SECONDS = 30.0
KEPT_FOR = timedelta(hours=20)
"""A booking's first deadline is the close of the second working day; a folder kept over night
would still be quiet, an older one might have a hundred thousand wakes in its next minute."""

type_of_command = Sequence[str]
WORKER: type_of_command = (sys.executable, "-m", "hub.cli", "worker")


def say(words: str) -> None:
    """Progress, for whoever waits; the result goes elsewhere."""
    print(f"{datetime.now(UTC):%H:%M:%S} {words}", file=sys.stderr, flush=True)


class StalledError(Exception):
    """The hub stood still while it was measured.

    Operator action: read the worker's log in the folder that the sentence names.
    """


class UndecidedError(Exception):
    """The worker kept inputs back instead of deciding them, so its speed says nothing.

    Operator action: read the reasons in the worker's log in the folder that the sentence names.
    """


class Site:
    """One hub over one folder, which may be used again while it is fresh."""

    def __init__(self, folder: Path, partitions: int = 4):
        self.folder = folder
        self.folder.mkdir(parents=True, exist_ok=True)
        self.kafka = EmbeddedKafka(folder / "kafka")
        self.settings = Settings(
            data_dir=folder / "data", partitions=partitions, log_level="WARNING"
        )
        make_secret(self.settings.secret_file())
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self._up = False
        self.start = self._remembered_start()

    def __enter__(self) -> Self:
        self.kafka.start()
        self._up = True
        self.settings = self.settings.model_copy(update={"kafka": self.kafka.bootstrap})
        asyncio.run(create_topics(self.settings.kafka, self.settings))
        # The client's own warnings are of brokers that we stopped ourselves.
        address: dict[str, str | int | float | bool] = {
            "bootstrap.servers": self.settings.kafka,
            "log_level": 2,
        }
        self._producer = Producer(
            {
                **address,
                "enable.idempotence": True,
                "linger.ms": 2,
                # As the hub's own client: Kafka's default, which this client does not share.
                "partitioner": "murmur2",
                "queue.buffering.max.messages": 100_000,
            }
        )
        self._looker = Consumer({**address, "group.id": APP, "enable.auto.commit": False})
        self._admin = AdminClient(address)
        self.until(self._has_leaders, "a leader for every partition")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop workers and Kafka; a second call does nothing."""
        if not self._up:
            return
        self._up = False
        for worker in list(self.workers):
            self.stop(worker)
        self._looker.close()
        # Their threads would go on looking for the broker that stops now.
        del self._looker, self._producer, self._admin
        self.kafka.stop()

    def start_worker(self, worker: str = "w1", command: type_of_command = WORKER) -> None:
        """Start a worker; its log is in the folder."""
        settings = self.settings.model_copy(update={"worker_id": worker})
        env = {**os.environ, **environment_of(settings), "PYTHONPATH": str(ROOT)}
        self.workers[worker] = leash.start(command, self.folder / f"{worker}.log", env)

    def stop(self, worker: str = "w1") -> None:
        """Ask a worker to stop, and wait."""
        leash.stop(self.workers.pop(worker), STOP_SECONDS)

    def kill(self, worker: str = "w1", *, wipe: bool = False) -> None:
        """SIGKILL a worker; with `wipe` its local state is lost as well."""
        child = self.workers.pop(worker)
        child.send_signal(signal.SIGKILL)
        child.wait()
        if wipe:
            shutil.rmtree(self.state_folder(worker))

    def state_folder(self, worker: str = "w1") -> Path:
        """Where a worker keeps its RocksDB."""
        return self.settings.data_dir / "worker" / worker

    def _remembered_start(self) -> datetime:
        """When the bookings of this folder are dated.  Raises ValueError when that is long ago."""
        file = self.folder / "start.json"
        now = datetime.now(UTC).replace(microsecond=0)
        if not file.exists():
            file.write_text(json.dumps(now.isoformat()), encoding="ascii")
            return now
        start = datetime.fromisoformat(json.loads(file.read_text(encoding="ascii")))
        if now - start > KEPT_FOR:
            raise ValueError(f"{self.folder} is older than {KEPT_FOR}: remove it")
        return start

    def ends(self, topic: str) -> list[int]:
        """The end offset of each partition."""
        return [
            self._looker.get_watermark_offsets(TopicPartition(topic, partition), 10)[1]
            for partition in range(self.settings.partitions)
        ]

    def _has_leaders(self) -> bool:
        """Whether the broker answers for every partition; just after a creation it does not."""
        try:
            for topic in (INPUTS, DECISIONS, QUARANTINE):
                self.ends(topic)
        except KafkaException:
            return False
        return True

    def count(self, topic: str) -> int:
        """Records in a topic from which nothing is ever removed."""
        return sum(self.ends(topic))

    def so_far(self) -> tuple[int, int]:
        """How many inputs there are, of families and of matters, and how many decisions."""
        return self.count(INPUTS) + self.count(MATTERS), self.count(DECISIONS)

    def waiting(self) -> int:
        """Inputs that no worker has committed."""
        asked = [TopicPartition(INPUTS, n) for n in range(self.settings.partitions)]
        done = sum(max(0, at.offset) for at in self._looker.committed(asked, 10))
        return self.count(INPUTS) - done

    def members(self) -> int:
        """Workers with partitions in a settled group; 0 while it settles."""
        found = self._admin.describe_consumer_groups([APP])[APP].result(10)
        if found.state is not ConsumerGroupState.STABLE:
            return 0
        return sum(bool(m.assignment and m.assignment.topic_partitions) for m in found.members)

    def await_members(self, workers: int) -> None:
        """Wait until so many workers share the partitions.  Raises StalledError."""
        self.until(lambda: self.members() == workers, f"a group of {workers}")

    def rss(self, worker: str = "w1") -> int:
        """Resident bytes of a worker."""
        status = Path(f"/proc/{self.workers[worker].pid}/status").read_text(encoding="ascii")
        return 1024 * int(status.partition("VmRSS:")[2].split()[0])

    def processor_seconds(self, worker: str = "w1") -> float:
        """Processor time that a worker has used, in the kernel too."""
        stat = Path(f"/proc/{self.workers[worker].pid}/stat").read_text(encoding="ascii")
        fields = stat.rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def send(self, records: Iterable[Record], topic: str = INPUTS) -> int:
        """Hand records to the broker, inputs unless said; all confirmed; answers how many."""
        sent = 0
        for record in records:
            self.post(record, topic)
            sent += 1
        self.flush()
        return sent

    def post(self, record: Record, topic: str = INPUTS) -> None:
        """Hand over one record without waiting."""
        while True:
            try:
                self._producer.produce(topic, key=record.key, value=record.value)
            except BufferError:
                self._producer.poll(0.1)
            else:
                self._producer.poll(0)
                return

    def flush(self) -> None:
        """Wait until everything handed over is confirmed.  Raises StalledError."""
        if self._producer.flush(STALL_SECONDS):
            raise StalledError(f"Kafka takes nothing; see {self.kafka.data_dir}")

    def await_decisions(self, count: int, what: str = "") -> float:
        """Wait until there are `count` decisions; answers the monotonic time of that.

        Raises StalledError when none comes for long.
        """
        return self._await_decisions(lambda: count, what)

    def await_answers(self, before: tuple[int, int], what: str = "") -> float:
        """Wait until every input since `before` has its decision, as `await_decisions` does.

        Inputs that the hub writes to itself count too: a concern, say, is also one of a service's
        figures.  They follow the decision that led to them, so the very last may still come.
        """
        inputs, decisions = before
        return self._await_decisions(lambda: decisions + self.so_far()[0] - inputs, what)

    def _await_decisions(self, wanted: Callable[[], int], what: str) -> float:
        last, moved, said = -1, time.monotonic(), time.monotonic()
        while (found := self.count(DECISIONS)) < (count := wanted()):
            now = time.monotonic()
            if found != last:
                last, moved = found, now
            if now - moved > STALL_SECONDS:
                raise StalledError(f"{count - found} decisions do not come; see {self.folder}")
            if now - said > SAY_SECONDS:
                said = now
                say(f"  {what}: {count - found} to go")
            time.sleep(LOOK_SECONDS)
        return time.monotonic()

    def check_decided(self) -> None:
        """Raises UndecidedError when anything was kept back: every input here can be decided."""
        if kept := self.count(QUARANTINE):
            raise UndecidedError(f"{kept} inputs were not decided; see {self.folder}")

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for a condition.  Raises StalledError."""
        deadline = time.monotonic() + STALL_SECONDS
        while not holds():
            if time.monotonic() > deadline:
                raise StalledError(f"{what} does not come; see {self.folder}")
            time.sleep(LOOK_SECONDS * 5)

    def idle(self) -> None:
        """Wait until everything is decided and committed.  Raises UndecidedError, StalledError."""
        self.until(lambda: self.waiting() == 0, "the last commit")
        self.check_decided()

    def reader(self) -> Consumer:
        """A reader of the decisions from now on."""
        reader = Consumer(
            {
                "bootstrap.servers": self.settings.kafka,
                "log_level": 2,
                "group.id": "bench-reader",
                "enable.auto.commit": False,
            }
        )
        ends = enumerate(self.ends(DECISIONS))
        reader.assign([TopicPartition(DECISIONS, partition, end) for partition, end in ends])
        return reader
