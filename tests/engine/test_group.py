"""A worker's place in the group: kept over a restart, and never shared by two processes."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from aiokafka.client import AIOKafkaClient
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from faust.types.tuples import TP

from agents.transport import Counters
from agents.transport.app import SESSION_SECONDS
from agents.transport.fence import elapsed_clock
from agents.transport.producer import producer_of
from agents.transport.topics import unfit
from hub.ops.kafka_embedded import EmbeddedKafka
from tests.engine.bench_parts import hub_app, hub_consumer, record, stock_consumer
from tests.engine.rig import PARTITIONS, Rig
from tests.machine import CROWDED, Machine
from tests.patience import PATIENCE_SECONDS


@pytest.mark.stack
def test_a_killed_worker_takes_its_place_up_again_within_its_session(
    kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    """Restarted at once it goes on at once: 1.5 to 2.5 s measured; a stranger waits the session.

    The broker knows it as the one that was there: a stranger would be a second member beside it.
    Its restart is compared with its first start, since both take as long as the machine needs.
    """
    members: list[tuple[str, ...]] = []
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    with Rig(kafka.bootstrap, tmp_path) as rig:
        rig.load(1_000, keys=50)
        started_at, machine = time.monotonic(), Machine.now()
        rig.start("w1")
        before = rig.judge()
        rig.load(1_000, keys=50)
        killed_at = time.monotonic()
        rig.kill("w1")
        after = rig.judge(lambda _elapsed, _unique: members.append(members_of(admin, rig.name)))

    assert (1_000, 0) == (before.unique, before.wrong_keys)
    assert (2_000, 0, 0) == (after.unique, after.conflicts, after.wrong_keys)
    # None is counted when the machine is so slow that its session ends before it is back.
    assert {(f"{rig.name}-w1",)} == set(members) - {()}
    first, again = before.last_at - started_at, after.last_at - killed_at
    # Where others take the cores in turns, two starts differ by seconds of theirs.
    assert again - first < SESSION_SECONDS / 2 or Machine.now().busy_share_since(machine) > CROWDED


def members_of(admin: AdminClient, group: str) -> tuple[str, ...]:
    """The ids under which the broker counts workers in a group now."""
    described = admin.describe_consumer_groups([group])[group].result(PATIENCE_SECONDS)
    return tuple(sorted(member.group_instance_id or "?" for member in described.members))


@pytest.mark.stack
def test_two_processes_under_one_worker_id_do_not_work_side_by_side(
    kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    """In one folder the second ends at once; from elsewhere it takes over, and the first ends."""
    with Rig(kafka.bootstrap, tmp_path, slow=0.05) as rig:
        rig.load(6_000, keys=200)
        rig.start("w1")
        rig.judge(until=500)
        first = rig.workers["w1"]
        try:
            rig.start("w1")
            second_ended, first_ended = rig.workers["w1"].wait(PATIENCE_SECONDS), first.poll()
            rig.folder = tmp_path / "elsewhere"
            rig.folder.mkdir()
            rig.start("w1")
            pushed_out = first.wait(PATIENCE_SECONDS)
        finally:
            first.kill()
            first.wait()
        verdict = rig.judge()

    assert (3, None, 3) == (second_ended, first_ended, pushed_out)
    assert "another process runs under this worker id" in (tmp_path / "w1.log").read_text()
    assert "the broker took its group membership away" in (tmp_path / "w1.log").read_text()
    assert (6_000, 0, 0) == (verdict.unique, verdict.conflicts, verdict.wrong_keys)


@pytest.mark.stack
def test_another_partition_count_ends_the_worker_before_it_begins(
    kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    """Exit code 9 and the topic's name; Faust would find out at its first write of a table."""
    with Rig(kafka.bootstrap, tmp_path, store="memory://") as rig:
        admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
        name = f"{rig.name}-{rig.name}-totals-changelog"
        admin.delete_topics([name])[name].result()
        _again(admin, NewTopic(name, PARTITIONS + 1, 1))
        rig.start("w1")
        ended = rig.workers["w1"].wait(PATIENCE_SECONDS)

    assert 9 == ended
    assert f"topic {name} has 5 partitions and not 4" in (tmp_path / "w1.log").read_text()


def _again(admin: AdminClient, topic: NewTopic) -> None:
    """Create a topic whose namesake is still being deleted."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            admin.create_topics([topic])[topic.topic].result()
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def test_a_missing_topic_and_a_wrong_count_are_named() -> None:
    """One sentence each; what fits is not mentioned."""
    assert ["topic b has 3 partitions and not 4", "topic c is missing"] == unfit(
        {"a", "b", "c"}, 4, {"a": 4, "b": 3, "d": 9}
    )


def test_writes_are_held_while_heartbeats_stay_unanswered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one request of the producer leaves with a lapsed lease; the next answer lets it go."""
    sent: list[str] = []

    async def send(_client: object, _node: object, request: str, **_: object) -> None:
        sent.append(request)

    async def ours() -> tuple[int, int, int]:
        app = hub_app(tmp_path)
        producer = producer_of(app)._new_producer()
        client = producer.client
        app.fence.renew(elapsed_clock() - 60.0)
        held = Counters.fenced
        write = asyncio.create_task(client.send("node", "produce"))
        await asyncio.sleep(0.2)
        before = len(sent)
        app.fence.renew(elapsed_clock())
        await asyncio.wait_for(write, PATIENCE_SECONDS)
        await producer.stop()
        return before, len(sent), Counters.fenced - held

    # Stands for the connection to the broker; the wrapper that is tested is put around it.
    monkeypatch.setattr(AIOKafkaClient, "send", send)
    assert (0, 1, 1) == asyncio.run(ours())


@pytest.mark.parametrize(
    ("joining", "closing", "ended"),
    [(False, False, True), (True, False, False), (False, True, False)],
)
def test_a_membership_that_is_lost_ends_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, joining: bool, closing: bool, ended: bool
) -> None:
    """However aiokafka hears of it; while it joins or closes nothing is in hand any more."""
    told: list[bool] = []

    class Coordinator:
        """Stands for aiokafka's: what the watch looks at, and how it is told."""

        def __init__(self) -> None:
            self._performed_join_prepare = joining
            self._closing = asyncio.get_running_loop().create_future()
            if closing:
                self._closing.set_result(None)
            self.resets = 0

        async def _do_heartbeat(self) -> bool:
            return False

        def reset_generation(self) -> None:
            self.resets += 1

    async def ours() -> int:
        consumer: Any = hub_consumer(tmp_path, start=0)
        coordinator = Coordinator()
        monkeypatch.setattr(consumer.app.fence, "membership_lost", lambda: told.append(True))
        consumer._thread.watch_membership(coordinator)
        coordinator.reset_generation()
        return coordinator.resets

    assert 1 == asyncio.run(ours())
    assert ended is bool(told)


def test_what_a_publisher_has_taken_back_is_not_read(tmp_path: Path) -> None:
    """In at-least-once mode Faust reads records of aborted transactions; ours reads them never."""

    async def ask() -> tuple[str, str]:
        levels = []
        for consumer in (stock_consumer(), hub_consumer(tmp_path, start=0)):
            thread: Any = consumer._thread
            client = thread._create_worker_consumer(consumer.transport)
            levels.append(client._isolation_level)
            await client.stop()
        return levels[0], levels[1]

    assert ("read_uncommitted", "read_committed") == asyncio.run(ask())


def test_recovery_is_timed_for_each_partition(tmp_path: Path) -> None:
    """Seconds from the moment everything stood still until its last record was stored."""

    async def ours() -> dict[str, float]:
        app: Any = hub_app(tmp_path)
        table = app.Table("totals")
        Counters.stood_still_since = time.monotonic() - 5.0
        Counters.recovered_seconds.clear()
        for partition in (0, 3):
            tp = TP("hub-totals-changelog", partition)
            table.read_back(tp, [record(7)])
        return dict(Counters.recovered_seconds)

    found = asyncio.run(ours())
    assert {"hub-totals-changelog/0", "hub-totals-changelog/3"} == set(found)
    assert all(5.0 <= seconds < 30.0 for seconds in found.values())
