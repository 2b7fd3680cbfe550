"""The whole engine on a real Kafka, with faults, against an independent judge."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka import Producer

from hub.ops.kafka_embedded import EmbeddedKafka
from tests.engine.rig import Rig, thresholds
from tests.patience import PATIENCE_SECONDS
from tests.pausing import await_stopped

SEED = 20260517


@pytest.mark.stack
def test_every_effect_once_and_in_order_through_three_kills(
    kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    """20,000 inputs, two workers, three SIGKILLs: exact against a fold, and no conflicts."""
    plan = thresholds(SEED, faults=3, events=20_000)
    dice = random.Random(SEED)  # noqa: S311  chaos, not secrets
    struck: list[int] = []

    def fault(_elapsed: float, unique: int) -> None:
        if len(struck) < len(plan) and unique >= plan[len(struck)]:
            struck.append(unique)
            rig.kill(dice.choice(["w1", "w2"]))

    with Rig(kafka.bootstrap, tmp_path, slow=0.25) as rig:
        rig.load(20_000, keys=500)
        for worker in ("w1", "w2"):
            rig.start(worker)
        verdict = rig.judge(fault)

    assert 3 == sum(seen < 20_000 for seen in struck), f"seed {SEED}: {struck}"
    assert (20_000, 0, 0) == (verdict.unique, verdict.conflicts, verdict.wrong_keys), verdict


@pytest.mark.stack
def test_a_worker_that_was_paused_stops_itself(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """SIGSTOP for 12 s, past the session: exit code 3 on waking, and the effects stay exact."""
    paused: list[float] = []
    woken: list[float] = []

    def fault(elapsed: float, unique: int) -> None:
        if not paused and unique > 2_000:
            paused.append(elapsed)
            rig.workers["w1"].send_signal(signal.SIGSTOP)
            await_stopped(rig.workers["w1"].pid)
        elif paused and not woken and elapsed > paused[0] + 12.0:
            woken.append(elapsed)
            rig.workers["w1"].send_signal(signal.SIGCONT)

    with Rig(kafka.bootstrap, tmp_path, slow=0.2) as rig:
        rig.load(20_000, keys=500)
        for worker in ("w1", "w2"):
            rig.start(worker)
        # What it has to do when it wakes is to end, which takes a busy machine a while.
        verdict = rig.judge(fault, faults_left=lambda: not (woken and rig.exits))

    assert [3] == verdict.exits
    assert (20_000, 0, 0) == (verdict.unique, verdict.conflicts, verdict.wrong_keys), verdict


@pytest.mark.stack
def test_a10_a_poison_record_stops_the_worker_and_is_not_committed(
    kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    """An agent that raises ends with code 6, again after the restart: the input is not skipped."""
    exits = []
    with Rig(kafka.bootstrap, tmp_path, store="memory://") as rig:
        producer = Producer({"bootstrap.servers": kafka.bootstrap})
        producer.produce(f"{rig.name}-in", key=b"k", value=b"not a number")
        assert 0 == producer.flush(PATIENCE_SECONDS)
        for _ in range(2):
            rig.start("w1")
            exits.append(rig.workers["w1"].wait(PATIENCE_SECONDS))

    assert [6, 6] == exits
    assert "not a number" not in (tmp_path / "w1.log").read_text()


@pytest.mark.stack
def test_a_worker_ends_in_order_when_asked(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """SIGTERM: exit code 0, everything committed, so that a restart repeats nothing."""
    with Rig(kafka.bootstrap, tmp_path) as rig:
        rig.load(2_000, keys=50)
        rig.start("w1")
        first = rig.judge()
        rig.workers["w1"].terminate()
        ended = rig.workers["w1"].wait(PATIENCE_SECONDS)

        rig.start("w1")
        second = rig.judge()

    assert 0 == ended
    assert (2_000, 0) == (first.unique, first.wrong_keys)
    assert (2_000, 0, 0) == (second.unique, second.duplicates, second.wrong_keys)


@pytest.mark.stack
def test_a24_nothing_listens(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """A running worker has no listening socket: Faust's web server would be on 0.0.0.0:6066."""
    with Rig(kafka.bootstrap, tmp_path, store="memory://") as rig:
        rig.load(10, keys=2)
        rig.start("w1")
        verdict = rig.judge()
        sockets = _listening(rig.workers["w1"])

    assert 10 == verdict.unique
    assert [] == sockets


def _listening(process: "subprocess.Popen[bytes]") -> list[str]:
    """Addresses on which a process listens, from /proc."""
    if not sys.platform.startswith("linux"):
        pytest.skip("reads /proc")
    fds = Path(f"/proc/{process.pid}/fd").iterdir()
    links = [str(fd.readlink()) for fd in fds if fd.is_symlink()]
    inodes = {link[8:-1] for link in links if link.startswith("socket:[")}
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process.pid}/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == "0A" and columns[9] in inodes:
                found.append(columns[1])
    return found
