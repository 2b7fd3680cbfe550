"""What an agent iterates over: slices, each checked against the one before it.

Measure 3 of the engine: an agent never goes on over a hole.  A slice that does not follow on the
last finished one is skipped and the partition is fetched again from there; a hole that is still
there after that is in the log itself, and ends the process.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import faust
from aiokafka import ConsumerRecord

from agents.transport.consumer import Consumer, SliceMessage, consumer_of
from agents.transport.counters import Counters
from agents.transport.ending import ExitCode, end_process
from agents.transport.offsets import OffsetRun
from agents.transport.producer import producer_of

# How often a partition is fetched again from the same offset before the hole counts as real.  The
# second try rules out that the first raced with a rebalance.
REWINDS = 2


@dataclass(frozen=True, slots=True)
class Slice:
    """Consecutive records of one partition, in order; never empty, at most SLICE_RECORDS."""

    topic: str
    partition: int
    records: list[ConsumerRecord[bytes, bytes]]

    @property
    def first_offset(self) -> int:
        """Offset of the first record."""
        return int(self.records[0].offset)

    @property
    def last_offset(self) -> int:
        """Offset of the last record."""
        return int(self.records[-1].offset)


async def slices(stream: "faust.StreamT[Any]") -> AsyncIterator[Slice]:
    """Yield the slices of a stream in unbroken order; the only way our agents read.

    A slice counts as finished when the body of the loop asks for the next one.  An exception in
    the body therefore never acknowledges anything: the agent's error hook ends the process.
    """
    app = stream.app
    consumer, producer = consumer_of(app), producer_of(app)
    gapless: frozenset[str] = app.gapless  # type: ignore[attr-defined]  # our App subclass has it
    rewinds: dict[tuple[str, int], tuple[int, int]] = {}
    async for event in stream.events():
        message = event.message
        if not isinstance(message, SliceMessage):
            end_process(ExitCode.ENGINE_FAILED, f"{message.topic} did not arrive in slices")
        run = consumer.runs.get(message.tp)
        if run is None or run.epoch != message.epoch:
            Counters.dropped += 1
            continue
        if not follows(message, run, gapless=message.topic in gapless):
            Counters.holes += 1
            await _fetch_again(consumer, message, run, rewinds)
            continue
        Counters.records += len(message.records)
        yield Slice(message.topic, message.partition, message.records)
        consumer.finish(message)
        # The body has handed over all that this slice led to; the next commit waits for it, and
        # from the moment that it is confirmed no crash can lose it any more.
        producer.when_confirmed(partial(run.confirm, message.offset))


def follows(message: SliceMessage, run: OffsetRun, *, gapless: bool) -> bool:
    """Whether this slice is the next one.

    On every topic it must follow on the slice that was finished last, in the order in which the
    consumer fetched them.  On a gapless topic its offsets must also be without a hole.
    """
    if message.after != run.cursor:
        return False
    if not gapless:
        return True
    first, last = message.records[0].offset, message.records[-1].offset
    return bool(first == run.cursor and last - first + 1 == len(message.records))


async def _fetch_again(
    consumer: Consumer,
    message: SliceMessage,
    run: OffsetRun,
    rewinds: dict[tuple[str, int], tuple[int, int]],
) -> None:
    """Seek back to the first unfinished offset; the second time at the same offset, end."""
    place = f"{message.topic}/{message.partition}"
    wanted, got = run.cursor, message.records[0].offset
    offset, times = rewinds.get(message.tp, (-1, 0))
    times = times + 1 if offset == wanted else 1
    if times > REWINDS:
        end_process(ExitCode.HOLE, f"{place} has a hole: wanted offset {wanted}, got {got}")
    rewinds[message.tp] = (wanted, times)
    await consumer.rewind(message.tp)
