"""The consumer: hands over slices, notices holes, and commits only what is finished.

Faust fetches, hands over and commits message by message, and forgets what it dropped around a
rebalance.  This consumer hands over *a slice*: consecutive records of one partition as one stream
element.  Every slice knows which offset it has to follow on, so that nothing can go missing
between the fetch and the agent without being seen; see `offsets.py` for the bookkeeping and
`slices.py` for the check.  What comes of a changelog is stored at once; see `recovery.py`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import Any

import faust
from aiokafka import ConsumerRecord, TopicPartition
from faust.transport.drivers import aiokafka as driver
from faust.types.tuples import TP, ConsumerMessage, Message
from mode import Service

from agents.transport.consumer_thread import ConsumerThread, Fetched
from agents.transport.counters import Counters
from agents.transport.ending import ExitCode, end_process
from agents.transport.offsets import OffsetRun
from agents.transport.recovery import ReadBack
from agents.transport.stepping import step_or_wait
from agents.transport.watchdog import LOOK_SECONDS, CommitWatch, RecoveryWatch

# Most records in one slice.  A slice is decided without giving way to other tasks except at its
# writes, so it bounds how long a heartbeat callback or a rebalance waits: 500 decisions of about
# 100 microseconds are 50 ms.
SLICE_RECORDS = 500
# How long to wait when every partition has as much in hand as its agent may have: about the time
# of one slice, so that the next fetch comes before the agent has run dry.
FULL_SECONDS = 0.02


def consumer_of(app: faust.types.AppT) -> "Consumer":
    """The consumer of an app made by `make_app`."""
    consumer = app.consumer
    assert isinstance(consumer, Consumer)
    return consumer


class SliceMessage(ConsumerMessage):
    """What Faust carries for us: one message per slice, whose offset is that of its last record."""

    records: list[ConsumerRecord[bytes, bytes]]
    after: int
    epoch: int


class Consumer(driver.Consumer):
    """Faust's aiokafka consumer with slices, unbroken commits and seek-back."""

    _thread: ConsumerThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.runs: dict[TP, OffsetRun] = {}
        self.committed: dict[TP, int] = {}
        self._epoch = 0
        self._seeking = asyncio.Lock()
        self._watch = CommitWatch()
        self._recovery_watch = RecoveryWatch()
        self.read_back = ReadBack(self.app)

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    # --- seeking ---------------------------------------------------------------------------

    async def perform_seek(self) -> None:
        """Seek every input partition to its committed offset and start a fresh run there.

        A partition without a commit is sought to its first offset; Faust leaves it where the
        last fetch left it, which is how inputs were skipped after a rebalance.
        """
        async with self._seeking:
            self._epoch += 1
            sought = await self._thread.seek_inputs(self._epoch, self.app.topics.acking_topics)
            for tp, (committed, start) in sought.items():
                self.runs[tp] = OffsetRun(start, self._epoch)
                self._committed_offset[tp] = committed
                # Nothing below the start of an uncommitted partition can ever come again.
                self.committed[tp] = start
                self._read_offset[tp] = start or None

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Seek changelogs, as Faust's recovery asks, and take nothing fetched before."""
        self._epoch += 1
        self.read_back.sought(partitions, self._epoch)
        await self._thread.seek_changelogs(partitions, self._epoch)

    async def rewind(self, tp: TP) -> None:
        """Fetch again from the first offset of `tp` that is not finished."""
        async with self._seeking:
            run = self.runs.get(tp)
            if run is None:
                return
            self._epoch += 1
            run.restart(run.cursor, self._epoch)
            self._read_offset[tp] = run.cursor or None
            await self._thread.seek_back(tp, run.cursor, self._epoch)

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish, confirm and commit what is under way; then nothing fetched before counts."""
        # Faust forgets here what was committed, and so refuses nothing: the final commit of
        # what was finished goes through, because our runs are still there.
        await super().on_partitions_revoked(revoked)
        self.read_back.forget()
        lost = set(self.runs)
        self.runs.clear()
        self.committed.clear()
        await self.app.partitions_revoked(lost)  # type: ignore[attr-defined]  # our App has it
        # A commit that the rebalance overtook may have been handing over the last of it.
        await self.app.producer.flush()

    # --- fetching --------------------------------------------------------------------------

    async def getmany(
        self,
        timeout: float,  # noqa: ASYNC109  Faust's name
    ) -> AsyncIterator[tuple[TP, Message]]:
        """Fetch once: inputs are handed over in slices, changelogs are stored at once."""
        self.read_back.look_for_end()
        records = await self._next_fetch(timeout)
        async with self._seeking:
            # A seek that ran meanwhile has now started its runs, so that epochs can be compared.
            generation = self.app.consumer_generation_id
        if records is None or self.should_stop or not self.flow_active:
            # The flow stops only for a rebalance, which ends with a seek, or for good.
            return
        slices = list(self._cut(records, generation))
        for tp in filter(self._is_changelog_tp, map(TP._make, records)):
            self.read_back.take(tp, records[TopicPartition(*tp)], records.epochs.get(tp))
            # A fetch may bring megabytes: others get a turn before the next partition.
            await asyncio.sleep(0)
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
        for tp, message in slices:
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
            yield tp, message

    async def _next_fetch(
        self,
        timeout: float,  # noqa: ASYNC109  as Faust's
    ) -> Fetched | None:
        """Fetch from the partitions whose agents have room, as soon as one has."""
        if not self.flow_active:
            await self.wait(self.can_resume_flow.wait())
        active = self._get_active_partitions()
        if not active:
            # Faust sleeps a whole second here, in which the agents run dry.
            await self.sleep(FULL_SECONDS)
            return None
        fetched = await self._getmany(active, timeout)
        assert isinstance(fetched, Fetched)
        return fetched

    def _cut(self, records: Fetched, generation: int) -> Iterator[tuple[TP, Message]]:
        """Cut what was fetched into slices, each linked to the one before it in its run.

        Every row of the present epoch is linked, also when it will not be handed over: what is
        dropped later then shows as a hole.
        """
        for key, rows in records.items():
            tp = TP(*key)
            run = self.runs.get(tp)
            if run is None or records.epochs.get(tp) != run.epoch:
                Counters.dropped += 0 if self._is_changelog_tp(tp) else 1
                continue
            for first in range(0, len(rows), SLICE_RECORDS):
                part = rows[first : first + SLICE_RECORDS]
                yield tp, self._slice_message(tp, run, part, generation)

    def _slice_message(
        self,
        tp: TP,
        run: OffsetRun,
        part: list[ConsumerRecord[bytes, bytes]],
        generation: int,
    ) -> SliceMessage:
        last = part[-1]
        message = SliceMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000,
            last.timestamp_type,
            None,
            None,
            b"",
            None,
            0,
            0,
            tp,
            generation_id=generation,
        )
        message.records, message.epoch = part, run.epoch
        message.after = run.hand(last.offset)
        return message

    async def wait_first(self, *coros: Any, timeout: Any = None) -> Any:  # noqa: ASYNC109  Faust's
        """Hand one message over; Faust's four tasks per message only when it has to wait.

        The drain loop is the only caller with two waitables: (deliver, flow suspended).
        """
        if len(coros) == 2 and asyncio.iscoroutine(coros[0]) and asyncio.iscoroutine(coros[1]):
            return await step_or_wait(coros[0], coros[1], super().wait_first)
        return await super().wait_first(*coros, timeout=timeout)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Faust declares skipped offsets as done; a skipped offset is a hole and stays open."""

    # --- committing ------------------------------------------------------------------------

    def finish(self, message: SliceMessage) -> None:
        """The agent is done with this slice: it may be committed once all before it are."""
        run = self.runs.get(message.tp)
        if run is not None and run.epoch == message.epoch:
            run.finish(message.after, message.offset)

    def _filter_tps_with_pending_acks(
        self, topics: Iterable[TP | str] | None = None
    ) -> Iterator[TP]:
        wanted = None if topics is None else set(topics)
        for tp in list(self.runs):
            if wanted is None or tp in wanted or tp.topic in wanted:
                yield tp

    def _new_offset(self, tp: TP) -> int | None:
        """The end of the unbroken run of finished slices, or None when there is none."""
        # Faust's own books are kept by its compiled stream; they decide nothing here any more.
        self._acked[tp].clear()
        self._acked_index[tp].clear()
        run = self.runs.get(tp)
        return None if run is None else run.committable()

    async def _commit_offsets(
        self,
        offsets: Mapping[TP, int],
        start_new_transaction: bool = True,  # noqa: ARG002, FBT001, FBT002  Faust's signature
    ) -> bool:
        """Commit, after everything written before is confirmed by the broker."""
        assignment = self.assignment()
        mine = {tp: offset for tp, offset in offsets.items() if tp in assignment}
        if not mine:
            return False
        for hand_over in self.app.before_commit:  # type: ignore[attr-defined]  # our App has it
            await hand_over()
        await self.app.producer.flush()
        # Only what was really committed is remembered; Faust remembers it in any case.
        if not await self._commit(mine):
            return False
        Counters.commits += 1
        Counters.last_commit_monotonic = time.monotonic()
        for tp, offset in mine.items():
            if tp in self.runs:
                self._committed_offset[tp] = self.committed[tp] = offset
        self.app.monitor.on_tp_commit(mine)
        return True

    @Service.task
    async def _commit_watchdog(self) -> None:
        """End the process when what is processed is not committed, or not processed at all."""
        async for _ in self.itertimer(LOOK_SECONDS, name="commit watchdog"):
            self.look_for_stalls(time.monotonic())

    def look_for_stalls(self, now: float) -> None:
        """One look of the watchdog, at a time of the monotonic clock."""
        for stall in self._watch.look(self.runs, self.committed, now):
            end_process(ExitCode.COMMIT_STALLED, stall)
        tables: Any = self.app.tables
        under_way = self.app.rebalancing or self.app.in_recovery
        recovered = tables.recovery.active_offsets if under_way else None
        if self._recovery_watch.stands(recovered, now):
            end_process(ExitCode.ENGINE_FAILED, "the recovery of state does not move")
