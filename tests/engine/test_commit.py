"""Measure 1: a commit covers only what is finished, without a break."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from faust.types.tuples import TP

from agents.transport.offsets import OffsetRun
from agents.transport.watchdog import (
    RECOVERY_SECONDS,
    STALL_SECONDS,
    CommitWatch,
    RecoveryWatch,
)
from tests.engine.bench_parts import INPUTS, hand_over, hub_consumer, outcome, stock_consumer


def stock_new_offset(
    committed: int | None, acked: Sequence[int], *, gap: bool = False
) -> int | None:
    """What plain Faust would commit after these acknowledgements."""

    async def ask() -> int | None:
        consumer = stock_consumer()
        consumer._committed_offset[INPUTS] = committed
        consumer._acked[INPUTS] = list(acked)
        consumer._acked_index[INPUTS] = set(acked)
        if gap:
            await consumer._add_gap(INPUTS, 12, 14)
        return consumer._new_offset(INPUTS)

    return asyncio.run(ask())


def test_a7_the_first_input_after_the_commit_is_in_flight(tmp_path: Path) -> None:
    """Committed 2585, later ones done: Faust commits 2590 and loses 2585; ours commits nothing."""

    async def ours() -> int | None:
        consumer = hub_consumer(tmp_path, start=2585)
        hand_over(consumer, 2585)
        consumer.finish(hand_over(consumer, 2586, 2587, 2588, 2589))
        return consumer._new_offset(INPUTS)

    assert 2590 == stock_new_offset(2585, [2586, 2587, 2588, 2589])
    assert asyncio.run(ours()) is None


def test_a7_the_very_first_input_of_a_group_is_in_flight(tmp_path: Path) -> None:
    """Nothing committed yet, 0 in flight: Faust commits 4 and loses 0; ours commits nothing."""

    async def ours() -> int | None:
        consumer = hub_consumer(tmp_path, start=0)
        hand_over(consumer, 0)
        consumer.finish(hand_over(consumer, 1, 2, 3))
        return consumer._new_offset(INPUTS)

    assert 4 == stock_new_offset(None, [1, 2, 3])
    assert asyncio.run(ours()) is None


def test_a7_a_declared_gap_does_not_finish_what_is_in_flight(tmp_path: Path) -> None:
    """14 in flight behind a gap: Faust's gap includes it and commits 16; ours stops at 12."""

    async def ours() -> int | None:
        consumer = hub_consumer(tmp_path, start=10)
        consumer.finish(hand_over(consumer, 10, 11))
        hand_over(consumer, 14)
        await consumer._add_gap(INPUTS, 12, 14)
        consumer.finish(hand_over(consumer, 15))
        return consumer._new_offset(INPUTS)

    assert 16 == stock_new_offset(9, [10, 11, 15], gap=True)
    assert 12 == asyncio.run(ours())


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (1, 0, 2)])
def test_every_order_of_finishing_ends_at_the_same_commit(order: tuple[int, ...]) -> None:
    """Slices that finish in any order are committed as far as the unbroken run goes, never more."""
    run = OffsetRun(100, epoch=1)
    bounds = [(run.hand(last), last) for last in (109, 119, 129)]
    done: set[int] = set()

    for index in order:
        run.finish(*bounds[index])
        done.add(index)
        unbroken = next((i for i in range(3) if i not in done), 3)
        assert (100 + 10 * unbroken if unbroken else None) == run.committable()


def test_fetching_again_confirms_nothing() -> None:
    """What is finished is not fetched again, but the broker may still not have what it led to."""
    run = OffsetRun(100, epoch=1)
    run.finish(run.hand(109), 109)
    run.restart(run.cursor, epoch=2)
    assert (110, 100) == (run.cursor, run.confirmed)
    run.confirm(109)
    run.confirm(105)
    assert 110 == run.confirmed


def test_what_was_fetched_before_a_seek_counts_for_nothing(tmp_path: Path) -> None:
    """A slice of an older epoch moves no cursor, however late it is finished."""

    async def ours() -> int | None:
        consumer = hub_consumer(tmp_path, start=5)
        early = hand_over(consumer, 5, 6)
        consumer.runs[INPUTS].restart(5, epoch=2)
        consumer.finish(early)
        return consumer._new_offset(INPUTS)

    assert asyncio.run(ours()) is None


def test_a13_a_refused_commit_is_not_remembered(tmp_path: Path) -> None:
    """Faust remembers an offset as committed even when the broker refused it; ours does not."""

    async def refused(_: object) -> bool:
        return False

    async def flushed() -> None:
        """Nothing is outstanding."""

    async def ask() -> tuple[int | None, int | None]:
        theirs, ours = stock_consumer(), hub_consumer(tmp_path, start=7)
        for consumer in (theirs, ours):
            consumer._commit = refused  # type: ignore[assignment, method-assign]  # stands for the broker
            consumer.app.producer.flush = flushed  # type: ignore[method-assign]  # as above
            consumer.assignment = lambda: {INPUTS}  # type: ignore[method-assign]  # as above
            await consumer._commit_offsets({INPUTS: 9})
        return theirs._committed_offset[INPUTS], ours.committed.get(INPUTS)

    assert (9, None) == asyncio.run(ask())


def test_a12_two_lost_acknowledgements_stop_the_commits_for_ever(tmp_path: Path) -> None:
    """12 and 13 processed and never acknowledged: Faust stays at 12 and says nothing; ours ends."""

    async def theirs() -> tuple[set[int | None], bool]:
        consumer = stock_consumer()
        consumer._committed_offset[INPUTS] = 12
        offers: set[int | None] = set()
        for offset in range(14, 1014):
            consumer._acked[INPUTS].append(offset)
            consumer._acked_index[INPUTS].add(offset)
            offers.add(consumer._new_offset(INPUTS))
        # What Faust does about it, minutes later.
        consumer._thread._log_slow_processing_commit(
            "Has not committed %r (last commit %s).", INPUTS, "1 hour ago"
        )
        return offers, consumer.app.crashed

    assert ({None}, False) == asyncio.run(theirs())

    code, words = outcome(
        f"""
        import asyncio, sys
        from pathlib import Path
        from tests.engine.bench_parts import hand_over, hub_consumer, INPUTS
        async def main():
            consumer = hub_consumer(Path(sys.argv[1]), start=12)
            consumer.committed[INPUTS] = 12
            lost = hand_over(consumer, 12, 13)
            consumer.finish(hand_over(consumer, 14))
            consumer.look_for_stalls(100.0)
            consumer.look_for_stalls(100.0 + {STALL_SECONDS})
            print("still there", file=sys.stderr)
            consumer.look_for_stalls(100.1 + {STALL_SECONDS})
        asyncio.run(main())
        """,
        tmp_path,
    )
    assert 7 == code
    assert "still there" in words
    assert "inputs/0 is handed over but not processed" in words


def test_a12_a_stalled_commit_is_seen() -> None:
    """Processed and not committed for a minute: Faust logs a line; our watch reports the stall."""
    watch, run = CommitWatch(), OffsetRun(0, epoch=1)
    run.finish(run.hand(9), 9)

    assert [] == list(watch.look({INPUTS: run}, {INPUTS: 0}, now=100.0))
    assert [] == list(watch.look({INPUTS: run}, {INPUTS: 0}, now=100.0 + STALL_SECONDS))
    late = 101.0 + STALL_SECONDS
    assert ["inputs/0 is processed but not committed"] == list(
        watch.look({INPUTS: run}, {INPUTS: 0}, now=late)
    )
    assert [] == list(watch.look({INPUTS: run}, {INPUTS: 10}, now=late + 1))


def test_a_hanging_agent_is_seen() -> None:
    """Handed over and not finished for a minute is a stall too."""
    watch, run = CommitWatch(), OffsetRun(0, epoch=1)
    run.hand(9)
    list(watch.look({INPUTS: run}, {INPUTS: 0}, now=0.0))

    assert ["inputs/0 is handed over but not processed"] == list(
        watch.look({INPUTS: run}, {INPUTS: 0}, now=STALL_SECONDS + 1)
    )


def test_a_long_idle_worker_is_not_stalled() -> None:
    """An hour without input, then a slice: the minute counts from the slice, not from before."""
    watch, run = CommitWatch(), OffsetRun(0, epoch=1)
    list(watch.look({INPUTS: run}, {INPUTS: 0}, now=0.0))
    run.hand(9)

    assert [] == list(watch.look({INPUTS: run}, {INPUTS: 0}, now=3600.0))


def test_a_recovery_that_hangs_is_seen() -> None:
    """No changelog record for two minutes is a stall; a slow recovery and none at all are not."""
    watch, tp = RecoveryWatch(), TP("changelog", 0)
    late = RECOVERY_SECONDS + 1

    assert not watch.stands({tp: 5}, 0.0)
    assert not watch.stands({tp: 6}, late)
    assert not watch.stands({tp: 6}, late + RECOVERY_SECONDS)
    assert watch.stands({tp: 6}, 2 * late)
    assert not watch.stands(None, 2 * late)
    assert not watch.stands({tp: 6}, 4 * late)


def test_a_recovery_that_hangs_ends_the_process(tmp_path: Path) -> None:
    """Exit code 8, by the watchdog that runs beside it: a restart recovers from where it stood."""
    code, words = outcome(
        f"""
        import asyncio, sys
        from pathlib import Path
        from tests.engine.bench_parts import hub_consumer
        async def main():
            consumer = hub_consumer(Path(sys.argv[1]), start=0)
            consumer.app.in_recovery = True
            consumer.look_for_stalls(0.0)
            consumer.look_for_stalls({RECOVERY_SECONDS} + 0.1)
        asyncio.run(main())
        """,
        tmp_path,
    )

    assert 8 == code
    assert "the recovery of state does not move" in words
