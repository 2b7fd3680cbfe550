"""Load, faults and an independent judge for the counter app on a real Kafka.

The judge reads the outputs with another client (confluent-kafka) and compares them with its own
fold of the inputs; nothing that the app says about itself is believed.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

HERE = Path(__file__).parent
PARTITIONS = 4
# Whatever a worker would still say twice after its last output comes within this.
QUIET_SECONDS = 3.0
STALLED_SECONDS = 60.0
"""Without one new effect: several sessions (8 s) and starts.  Only a failure takes so long, and how
long all of it takes is the machine's affair."""

LOOK_RECORDS = 500
"""At one look, so that a fault that is due after so many effects falls there and not far behind."""

STOP_SECONDS = 40.0
"""A worker that is asked to stop flushes (30 s at most) and commits before it goes."""


@dataclass
class Verdict:
    """What the judge found; `right` when every effect is there once, in order, without conflict."""

    unique: int = 0
    duplicates: int = 0
    conflicts: int = 0
    wrong_keys: int = 0
    last_at: float = 0.0
    """When the last new effect was seen, on the monotonic clock."""
    exits: list[int] = field(default_factory=list)


class Rig:
    """One counter app: its topics, its load, its workers and its judge.

    Its workers end with the `with`, whatever happens in it.
    """

    def __init__(self, broker: str, folder: Path, *, store: str = "rocksdb://", slow: float = 0.0):
        self.name = f"t{uuid.uuid4().hex[:8]}"
        self.broker, self.folder, self.store, self.slow = broker, folder, store, slow
        self.want: dict[bytes, list[int]] = defaultdict(list)
        self.workers: dict[str, subprocess.Popen[bytes]] = {}
        self.exits: list[int] = []
        changelog = f"{self.name}-{self.name}-totals-changelog"
        topics = [NewTopic(f"{self.name}-{end}", PARTITIONS, 1) for end in ("in", "out")]
        topics.append(NewTopic(changelog, PARTITIONS, 1, config={"cleanup.policy": "compact"}))
        admin = AdminClient({"bootstrap.servers": broker})
        for made in admin.create_topics(topics).values():
            made.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def load(self, events: int, keys: int, width: int = 300) -> None:
        """Produce numbers 0..events-1 over `keys` keys, before the workers start."""
        producer = Producer(
            {
                "bootstrap.servers": self.broker,
                "linger.ms": 20,
                "enable.idempotence": True,
                "queue.buffering.max.messages": 1_000_000,
            }
        )
        for number in range(events):
            key = b"k%d" % (number % keys)
            self.want[key].append(number)
            producer.produce(f"{self.name}-in", key=key, value=str(number).zfill(width).encode())
            producer.poll(0)
        assert 0 == producer.flush(60)

    def start(self, worker: str) -> None:
        """Start a worker; its log is worker.log in the folder."""
        log = (self.folder / f"{worker}.log").open("ab")
        with log:
            self.workers[worker] = subprocess.Popen(
                [
                    sys.executable,
                    str(HERE / "counter_app.py"),
                    self.name,
                    self.broker,
                    str(self.folder),
                    worker,
                    self.store,
                    str(self.slow),
                ],
                env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
                stdout=log,
                stderr=log,
            )

    def kill(self, worker: str) -> None:
        """SIGKILL a worker and start it again at once."""
        self.workers[worker].kill()
        self.workers[worker].wait()
        self.start(worker)

    def tend(self) -> None:
        """Start again what ended by itself, and remember with which exit code."""
        for worker, process in list(self.workers.items()):
            if process.poll() is not None:
                assert process.returncode != 1, f"{worker} did not start; see {self.folder}"
                self.exits.append(process.returncode)
                self.start(worker)

    def stop(self) -> None:
        """End all workers, whatever state they are in."""
        stop_all(self.workers.values())

    def judge(
        self,
        fault: Callable[[float, int], None] = lambda _elapsed, _unique: None,
        faults_left: Callable[[], int] = lambda: 0,
        until: int | None = None,
    ) -> Verdict:
        """Read outputs until all are seen, all faults struck and all is quiet, or nothing moves.

        `fault(elapsed, unique)` is asked again and again, and may strike.  With `until` it ends
        as soon as so many effects are there.
        """
        reader = _reader(self.broker, f"judge-{self.name}")
        reader.subscribe([f"{self.name}-out"])
        events = sum(map(len, self.want.values()))
        seen: dict[bytes, dict[int, bytes]] = defaultdict(dict)
        verdict = Verdict(exits=self.exits)
        begin = latest = time.monotonic()
        while time.monotonic() - latest < STALLED_SECONDS:
            for message in reader.consume(LOOK_RECORDS, 0.2):
                assert message.error() is None
                key, value = message.key() or b"", message.value() or b""
                seq = json.loads(value)[1]
                known = seen[key].setdefault(seq, value)
                if known is value:
                    verdict.unique += 1
                    latest = time.monotonic()
                elif known == value:
                    verdict.duplicates += 1
                else:
                    verdict.conflicts += 1
            self.tend()
            fault(time.monotonic() - begin, verdict.unique)
            quiet = time.monotonic() - latest > QUIET_SECONDS
            enough = until is not None and verdict.unique >= until
            if enough or (verdict.unique >= events and quiet and not faults_left()):
                break
        reader.close()
        verdict.last_at = latest
        verdict.wrong_keys = sum(not _right(seen[key], want) for key, want in self.want.items())
        return verdict


def stop_all(processes: Iterable["subprocess.Popen[bytes]"]) -> None:
    """Ask processes to end, wait for it, and kill what does not."""
    going = [each for each in processes if each.poll() is None]
    for process in going:
        process.send_signal(signal.SIGCONT)
        process.terminate()
    deadline = time.monotonic() + STOP_SECONDS
    for process in going:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _reader(broker: str, group: str) -> Consumer:
    """A client that reads from the beginning and commits nothing."""
    return Consumer(
        {
            "bootstrap.servers": broker,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )


def _right(seen: dict[int, bytes], want: list[int]) -> bool:
    """Whether sequence 1..n carries the right numbers and sums, against an independent fold."""
    if sorted(seen) != list(range(1, len(want) + 1)):
        return False
    total = 0
    for seq, number in enumerate(want, 1):
        total += number
        if json.loads(seen[seq])[2:] != [number, total]:
            return False
    return True


def thresholds(seed: int, faults: int, events: int) -> list[int]:
    """Seeded numbers of effects at which faults strike, all in the first three quarters.

    Progress and not time, so that every fault falls into the middle of the work.
    """
    dice = random.Random(seed)  # noqa: S311  chaos, not secrets
    return sorted(dice.sample(range(events // 20, 3 * events // 4), faults))
