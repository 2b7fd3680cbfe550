"""Measure 3: nothing is processed over a hole."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import IllegalStateError
from faust.types.tuples import TP

from agents.transport import Counters, slices
from agents.transport.consumer import SLICE_RECORDS
from agents.transport.consumer_thread import ConsumerThread, Fetched
from agents.transport.slices import follows
from tests.engine.bench_parts import (
    INPUTS,
    fetched,
    hand_over,
    hub_app,
    hub_consumer,
    no_tasks_left,
    outcome,
    put,
    stock_consumer,
    waiting,
)


def test_a32_what_the_stream_dropped_is_a_hole(tmp_path: Path) -> None:
    """0-9 dropped after a rebalance, 10-19 done: Faust commits 20; ours sees that 0 is missing."""

    async def theirs() -> int | None:
        consumer = stock_consumer()
        for offset in range(10, 20):
            consumer._acked[INPUTS].append(offset)
            consumer._acked_index[INPUTS].add(offset)
        return consumer._new_offset(INPUTS)

    async def ours() -> bool:
        consumer = hub_consumer(tmp_path, start=0)
        hand_over(consumer, *range(10))
        late = hand_over(consumer, *range(10, 20))
        return follows(late, consumer.runs[INPUTS], gapless=False)

    assert 20 == asyncio.run(theirs())
    assert asyncio.run(ours()) is False


@pytest.mark.parametrize(
    ("offsets", "gapless", "expected"),
    [
        ((5, 6, 7), True, True),
        ((6, 7), True, False),
        ((5, 7), True, False),
        ((6, 7), False, True),
        ((5, 7), False, True),
    ],
)
def test_only_gapless_topics_must_be_without_holes(
    tmp_path: Path,
    offsets: tuple[int, ...],
    *,
    gapless: bool,
    expected: bool,
) -> None:
    """Compaction leaves honest holes; there the order of the fetch is what counts."""

    async def ours() -> bool:
        consumer = hub_consumer(tmp_path, start=5)
        return follows(hand_over(consumer, *offsets), consumer.runs[INPUTS], gapless=gapless)

    assert expected is asyncio.run(ours())


def test_a_fetch_from_before_the_seek_is_dropped(tmp_path: Path) -> None:
    """Rows stamped with an older epoch are not handed over, and do not count as handed over."""

    async def ours() -> tuple[int, int]:
        consumer = hub_consumer(tmp_path, start=5)
        cut = list(consumer._cut(fetched(90, 91, epoch=0), generation=0))
        return len(cut), consumer.runs[INPUTS].handed

    assert (0, 5) == asyncio.run(ours())


def test_a_slice_is_bounded(tmp_path: Path) -> None:
    """A large fetch is cut into slices of at most SLICE_RECORDS, each following on the last."""

    async def ours() -> list[tuple[int, int, int]]:
        consumer = hub_consumer(tmp_path, start=0)
        cut = consumer._cut(fetched(*range(SLICE_RECORDS + 7)), generation=0)
        parts: list[Any] = [part for _, part in cut]
        return [(part.after, part.records[0].offset, part.offset) for part in parts]

    last = SLICE_RECORDS - 1
    assert [(0, 0, last), (last + 1, last + 1, last + 7)] == asyncio.run(ours())


class Rebalancing:
    """Stands for an aiokafka consumer in the middle of a rebalance."""

    _closed = False
    _fetcher: Any

    def __init__(self) -> None:
        self._fetcher = self
        self._subscriptions = self

    def fetch_context(self) -> "Rebalancing":
        """Enter a fetch."""
        return self

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, *_: object) -> None:
        """Nothing to release."""

    async def fetched_records(self, *_: object, **__: object) -> None:
        """What aiokafka does when the assignment vanishes under a fetch."""
        raise IllegalStateError("No current assignment")


def test_a_rebalance_under_a_fetch_is_not_a_crash(tmp_path: Path) -> None:
    """Faust's fetch dies of it; ours brings nothing, and the seek after the rebalance follows."""

    async def theirs() -> None:
        await stock_consumer()._thread._fetch_records(Rebalancing(), {INPUTS})

    async def ours() -> Fetched:
        thread = hub_consumer(tmp_path, start=0)._thread
        assert isinstance(thread, ConsumerThread)
        return await thread._fetch_records(Rebalancing(), {INPUTS})

    with pytest.raises(IllegalStateError):
        asyncio.run(theirs())
    assert {} == asyncio.run(ours())


class Cluster:
    """Stands for aiokafka: two assigned partitions, one of which was never committed."""

    def __init__(self) -> None:
        self.position = {INPUTS: 2732, TP("inputs", 1): 900}

    def assignment(self) -> set[TP]:
        """Both partitions."""
        return set(self.position)

    async def committed(self, tp: TP) -> int | None:
        """Only partition 1 has a commit."""
        return 700 if tp.partition == 1 else None

    async def beginning_offsets(self, tps: list[TP]) -> dict[TP, int]:
        """Both logs start at 0."""
        return dict.fromkeys(tps, 0)

    def seek(self, tp: TP, offset: int) -> None:
        """Move the fetch position."""
        self.position[tp] = offset


def test_a32_a_partition_without_a_commit_is_sought_to_its_start(tmp_path: Path) -> None:
    """Left alone it would go on at 2732, where the last fetch had got to; ours goes to 0."""

    async def ours() -> dict[TP, int]:
        cluster = Cluster()
        thread = hub_consumer(tmp_path, start=0)._thread
        await thread._seek_inputs(cluster, 2, {"inputs"})
        return cluster.position

    assert {INPUTS: 0, TP("inputs", 1): 700} == asyncio.run(ours())


def test_a32_a_hole_is_fetched_again_and_then_processed(tmp_path: Path) -> None:
    """The slice after the hole is skipped, the partition sought back, and all arrives in order."""

    async def ours() -> tuple[list[int], list[int], int | None]:
        consumer = hub_consumer(tmp_path, start=0)
        first, _dropped, late = (hand_over(consumer, *each) for each in ((0, 1), (2, 3), (4, 5)))
        stream = waiting(consumer.app, first, late)
        sought: list[int] = []

        async def seek_back(_tp: TP, offset: int, _epoch: int) -> None:
            sought.append(offset)
            for each in ((2, 3), (4, 5)):
                put(stream, hand_over(consumer, *each))

        consumer._thread.seek_back = seek_back  # type: ignore[assignment, method-assign]  # no broker here
        seen: list[int] = []
        async with no_tasks_left():
            async for piece in slices(stream):
                seen += [row.offset for row in piece.records]
                if piece.last_offset == 5:
                    break
        return sought, seen, consumer._new_offset(INPUTS)

    before = Counters.holes
    assert ([2], [0, 1, 2, 3, 4, 5], 4) == asyncio.run(ours())
    assert before + 1 == Counters.holes


def rebalance_between(consumer: Any, stream: Any, old: list[Any], new: list[Any]) -> None:
    """Put messages into a stream, some before and some after a new generation of the group."""
    for message in old:
        put(stream, message)
    consumer.app.consumer_generation_id += 1
    for message in new:
        put(stream, message)


def test_a32_faust_skips_what_was_fetched_before_a_rebalance(tmp_path: Path) -> None:
    """Real streams: Faust drops 0 and 1, hands over 2 and would commit 3; ours fetches 0 again."""

    async def theirs() -> tuple[int, int | None]:
        consumer = stock_consumer()
        rows = fetched(0, 1, 2)[TopicPartition(*INPUTS)]
        first, second, third = (consumer._to_message(INPUTS, row) for row in rows)
        stream = waiting(consumer.app)
        rebalance_between(consumer, stream, [first, second], [third])
        async with no_tasks_left():
            events = aiter(stream.events())
            event = await anext(events)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(events), 0.1)
        return event.message.offset, consumer._new_offset(INPUTS)

    async def ours() -> tuple[list[int], int | None]:
        consumer = hub_consumer(tmp_path, start=0)
        old, new = hand_over(consumer, 0, 1), hand_over(consumer, 2)
        stream = waiting(consumer.app)
        rebalance_between(consumer, stream, [old], [new])
        sought: list[int] = []

        async def seek_back(_tp: TP, offset: int, _epoch: int) -> None:
            sought.append(offset)

        consumer._thread.seek_back = seek_back  # type: ignore[assignment, method-assign]  # no broker here
        async with no_tasks_left():
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(slices(stream)), 0.1)
        return sought, consumer._new_offset(INPUTS)

    assert (2, 3) == asyncio.run(theirs())
    assert ([0], None) == asyncio.run(ours())


def test_a_hole_that_stays_ends_the_process(tmp_path: Path) -> None:
    """When fetching again brings the same hole, it is in the log, and exit code 4 says so."""
    code, words = outcome(
        """
        import asyncio, sys
        from pathlib import Path
        from tests.engine.bench_parts import hand_over, hub_consumer, INPUTS
        from agents.transport.slices import _fetch_again
        async def main():
            consumer = hub_consumer(Path(sys.argv[1]), start=0)
            async def seek_back(*_): pass
            consumer._thread.seek_back = seek_back
            rewinds = {}
            for _ in range(3):
                late = hand_over(consumer, 4, 5)
                await _fetch_again(consumer, late, consumer.runs[INPUTS], rewinds)
        asyncio.run(main())
        """,
        tmp_path,
    )

    assert 4 == code
    assert "inputs/0 has a hole: wanted offset 0, got 4" in words


def test_an_agent_has_one_actor(tmp_path: Path) -> None:
    """Concurrency acknowledges out of order; Faust allows it, ours refuses it at start."""
    with pytest.raises(ValueError, match="one actor"):
        hub_app(tmp_path).agent(concurrency=2)
