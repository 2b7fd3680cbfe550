"""Values that wait for the next commit: written once, before it, and never out of order."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from agents.transport import PartitionStore, RecordTooLargeError
from agents.transport.held import HELD_BYTES
from agents.transport.producer import producer_of
from tests.engine.bench_parts import INPUTS, hub_app, hub_consumer

HALF = b"v" * 500_000


class Driver:
    """Stands for the broker's side: what was handed to the driver, in order."""

    def __init__(self, app: Any) -> None:
        producer = producer_of(app)
        producer._producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:1")
        producer.hand_over = self.hand_over  # type: ignore[assignment, method-assign]  # no broker
        self.producer = producer._producer
        self.handed: list[tuple[int, int]] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def hand_over(self, batch: Any, _topic: str, partition: int, _confirmed: Any) -> None:
        """Take a batch, after whatever is to happen in the middle of it."""
        if self.meanwhile is not None:
            then, self.meanwhile = self.meanwhile, None
            await then()
        self.handed.append((partition, batch.record_count()))


def with_store(tmp_path: Path, play: Callable[[PartitionStore, Driver], Awaitable[None]]) -> None:
    """Play something on a store whose driver only notes what it is given."""

    async def whole() -> None:
        app = hub_app(tmp_path)
        driver = Driver(app)
        try:
            await play(PartitionStore(app, app.Table("totals")), driver)
        finally:
            await driver.producer.stop()

    asyncio.run(whole())


def test_a_key_that_changes_often_is_written_once(tmp_path: Path) -> None:
    """Read back at once, handed over once, and nothing is left for the next commit."""

    async def play(store: PartitionStore, driver: Driver) -> None:
        for number in range(10):
            await store.hold(2, b"k", b"%d" % number)
        await store.hold(2, b"gone", None)
        await store.hold(1, b"k", b"elsewhere")
        assert b"9" == store.get(2, b"k")
        assert [] == driver.handed
        await store._held.hand_over()
        assert [(1, 1), (2, 2)] == sorted(driver.handed)
        await store._held.hand_over()
        assert len(driver.handed) == 2

    with_store(tmp_path, play)


def test_what_waits_is_bounded(tmp_path: Path) -> None:
    """More than the limit goes to the changelog at once; one key over and over does not."""

    async def play(store: PartitionStore, driver: Driver) -> None:
        for _ in range(2 * HELD_BYTES // len(HALF)):
            await store.hold(0, b"k", HALF)
        assert [] == driver.handed
        for number in range(HELD_BYTES // len(HALF) + 1):
            await store.hold(0, b"%d" % number, HALF)
        assert HELD_BYTES // len(HALF) <= sum(count for _, count in driver.handed)

    with_store(tmp_path, play)


def test_a_newer_value_is_never_written_before_an_older_one(tmp_path: Path) -> None:
    """A value that comes while others are handed over waits for them, and then for its turn."""

    async def play(store: PartitionStore, driver: Driver) -> None:
        order: list[str] = []

        async def second() -> None:
            await store._held.hand_over()
            order.append("second")

        later: list[asyncio.Task[None]] = []

        async def meanwhile() -> None:
            await store.hold(0, b"k", b"new")
            later.append(asyncio.create_task(second()))
            await asyncio.sleep(0.01)
            order.append("first")

        await store.hold(0, b"k", b"old")
        driver.meanwhile = meanwhile
        await store._held.hand_over()
        await later[0]
        assert ["first", "second"] == order
        assert [(0, 1), (0, 1)] == driver.handed

    with_store(tmp_path, play)


def test_a_hand_over_that_is_cut_short_forgets_nothing(tmp_path: Path) -> None:
    """A shutdown cancels it in the middle; the last commit hands over all of it."""

    async def play(store: PartitionStore, driver: Driver) -> None:
        async def cancelled() -> None:
            await store.hold(1, b"k", b"newer")
            raise asyncio.CancelledError

        await store.hold(0, b"k", b"v")
        await store.hold(1, b"k", b"older")
        driver.meanwhile = cancelled
        with pytest.raises(asyncio.CancelledError):
            await store._held.hand_over()
        assert [] == driver.handed
        await store._held.hand_over()
        assert [(0, 1), (1, 1)] == sorted(driver.handed)
        assert b"newer" == store.get(1, b"k")

    with_store(tmp_path, play)


def test_what_waits_goes_with_the_partitions(tmp_path: Path) -> None:
    """Somebody else owns them now: an older state must not be written over theirs."""

    async def play(store: PartitionStore, driver: Driver) -> None:
        await store.hold(0, b"k", b"v")
        await store._forget()
        await store._held.hand_over()
        assert [] == driver.handed
        assert store.get(0, b"k") is None

    with_store(tmp_path, play)


def test_an_oversized_value_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    """Inside the guard, before it is set."""

    async def play(store: PartitionStore, _driver: Driver) -> None:
        await store.hold(0, b"k", b"before")
        with pytest.raises(RecordTooLargeError):
            await store.hold(0, b"k", b"v" * 1_000_000)
        assert b"before" == store.get(0, b"k")

    with_store(tmp_path, play)


def test_a_commit_hands_over_first_and_waits_for_it(tmp_path: Path) -> None:
    """In this order: what waits, the confirmation of every write, the commit."""
    steps: list[str] = []

    async def play() -> None:
        consumer = hub_consumer(tmp_path, start=7)

        async def hand_over() -> None:
            steps.append("handed over")

        async def flush() -> None:
            steps.append("confirmed")

        async def commit(_: object) -> bool:
            steps.append("committed")
            return True

        consumer.app.before_commit.append(hand_over)  # type: ignore[attr-defined]  # our App has it
        consumer.app.producer.flush = flush  # type: ignore[method-assign]  # stands for the broker
        consumer._commit = commit  # type: ignore[assignment, method-assign]  # as above
        consumer.assignment = lambda: {INPUTS}  # type: ignore[method-assign]  # as above
        await consumer._commit_offsets({INPUTS: 9})

    asyncio.run(play())
    assert ["handed over", "confirmed", "committed"] == steps
