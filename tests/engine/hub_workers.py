"""Real workers of the hub on a real Kafka, for faults that the counter app cannot show.

What they decided is read by another client (confluent-kafka), and nothing they say of themselves
is believed.
"""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from hub.core.matters import is_matter
from hub.edges.avro import DecisionRecord, decode_decision
from hub.ops.clock import AcceleratedClock
from hub.ops.settings import Settings
from hub.ops.topics import DECISIONS, create_topics
from tests.engine.rig import stop_all
from tests.house.tree import ROOT
from tests.patience import PATIENCE_SECONDS


class HubWorkers:
    """Workers that share one Kafka and one folder; a fast clock when `factor` says so."""

    def __init__(self, bootstrap: str, folder: Path, factor: float = 1.0):
        self.bootstrap, self.folder = bootstrap, folder
        begin = datetime.now(UTC)
        self.clock = AcceleratedClock(begin, begin, factor)
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.exits: list[int] = []
        asyncio.run(create_topics(bootstrap, Settings(data_dir=folder)))

    def start(self, name: str) -> None:
        """Start a worker; its log is NAME.log in the folder."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "hub.cli", "worker"],
                cwd=ROOT,
                env={
                    **os.environ,
                    "HUB_DATA_DIR": str(self.folder),
                    "HUB_KAFKA": self.bootstrap,
                    "HUB_WORKER_ID": name,
                    "HUB_SECRET_KEY": "for tests only, and long enough to be taken",
                    "HUB_CLOCK": self.clock.setting(),
                },
                stdout=log,
                stderr=log,
            )

    def kill(self, name: str) -> None:
        """SIGKILL a worker and start it again at once."""
        self.running[name].kill()
        self.running[name].wait()
        self.start(name)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Stop or continue a worker."""
        self.running[name].send_signal(number)

    def tend(self) -> None:
        """Start again what ended by itself, and remember its exit code."""
        for name, process in list(self.running.items()):
            if process.poll() is not None:
                assert process.returncode != 1, (self.folder / f"{name}.log").read_text()
                self.exits.append(process.returncode)
                self.start(name)

    def until(self, reached: Callable[[], bool]) -> None:
        """Tend the workers until something is so.  Raises AssertionError when patience ends."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not reached():
            assert time.monotonic() < deadline, f"not reached; exits {self.exits}"
            self.tend()
            time.sleep(0.2)

    def stop(self) -> None:
        """End all workers, whatever state they are in."""
        stop_all(self.running.values())


@contextmanager
def hub_workers(bootstrap: str, folder: Path, factor: float = 1.0) -> Iterator[HubWorkers]:
    """Workers that end with the test."""
    workers = HubWorkers(bootstrap, folder, factor)
    try:
        yield workers
    finally:
        workers.stop()


class TopicReader:
    """Reads all of one topic, further at each look; `read_committed`, as every reader of ours."""

    def __init__(self, bootstrap: str, topic: str):
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": "judge",
                "enable.auto.commit": False,
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
            }
        )
        partitions = self._consumer.list_topics(topic, 10).topics[topic].partitions
        self._at = {TopicPartition(topic, each): 0 for each in partitions}
        self._consumer.assign([TopicPartition(topic, each, 0) for each in partitions])
        self.records: list[tuple[bytes, bytes]] = []

    def look(self) -> list[tuple[bytes, bytes]]:
        """Key and value of everything up to now, in the order of each partition.

        It reads up to the ends that the partitions have now: a broker that is slow to answer must
        not look like one that has no more.
        """
        ends = {part: self._consumer.get_watermark_offsets(part, 10)[1] for part in self._at}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(self._at[part] < end for part, end in ends.items()):
            assert time.monotonic() < deadline, f"cannot be read to its end: {ends}"
            for message in self._consumer.consume(5000, 0.3):
                self._take(message)
        return self.records

    def _take(self, message: Message) -> None:
        place = TopicPartition(message.topic() or "", message.partition() or 0)
        fault = message.error()
        if fault is None:
            self.records.append((message.key() or b"", message.value() or b""))
            self._at[place] = (message.offset() or 0) + 1
            return
        # The end of a partition may be a marker of a transaction, which is no message.
        assert fault.code() == KafkaError._PARTITION_EOF, fault
        self._at[place] = message.offset() or 0

    def close(self) -> None:
        """No more looks."""
        self._consumer.close()


def decisions_of(bootstrap: str) -> "Decisions":
    """What the workers have decided up to now."""
    return Decisions(TopicReader(bootstrap, DECISIONS))


class Decisions:
    """All decisions of episodes, by sequence number, and how often one came with two contents."""

    def __init__(self, reader: TopicReader):
        self._reader = reader
        # It is looked at again and again; each record is decoded once.
        self._known: dict[bytes, DecisionRecord] = {}

    def look(self) -> tuple[dict[tuple[str, int], DecisionRecord], int]:
        """Each decision once, and the number of conflicts."""
        known = self._known
        found: dict[tuple[str, int], tuple[bytes, DecisionRecord]] = {}
        conflicts = 0
        for _, value in self._reader.look():
            decision = known.get(value) or known.setdefault(value, decode_decision(value))
            if is_matter(decision.episode_id):
                continue
            first = found.setdefault((decision.episode_id, decision.seq), (value, decision))
            conflicts += first[0] != value
        return {place: decision for place, (_, decision) in found.items()}, conflicts
