"""The delivery loop: from the outbox over the channels, and back to the core as receipts.

The rules:

* A dead destination never delays another: each is served by a task of its own, in the order in
  which its notices were made: one after the other, or together where a carrier keeps the order.
  Who gets a place, when there are more than places, is in `hub.roles.places`.
* Every attempt is logged before the next one starts.  A process killed between sending and logging
  sends again, under the same notice id: a duplicate is better than a silence.
* The core is told of every result.  A row is marked as reported only when Kafka has confirmed the
  receipt, and what is unmarked is told again; the receipt's id is derived, so twice is once.
"""

import asyncio
import time
from collections.abc import Sequence
from itertools import zip_longest
from typing import Final

from hub.core.model import Signal
from hub.edges.channels.base import Delivered
from hub.edges.channels.worklist import WorklistChannel
from hub.edges.publish import Unavailable
from hub.ops import limits, metrics
from hub.roles import attempts
from hub.roles.attempts import FAILED, Attempts, Came, Means
from hub.roles.pacing import Pace
from hub.roles.places import Places
from hub.store import outbox, outbox_attempts, outbox_reports
from hub.store.engine import reading, writing
from hub.store.gathered import Gathered

PER_DESTINATION: Final = limits.PER_DESTINATION.value
"""One task serves a destination, one notice after the other, where its recipient answers for it."""

CARRIED: Final = limits.CARRIED.value
"""Notices under way together where only a carrier answers, such as a broker: their order is its."""

CHUNK: Final = limits.CHUNK.value
"""Notices read for one destination at a time; more would grow stale while they wait."""

LISTED_AT_ONCE: Final = 200
"""Notices of the hub's own worklist in one transaction: some 20 ms of the database's one writer."""

LISTED: Final = Delivered(Signal.SENT)

IDLE_SECONDS: Final = 0.25
"""How long the loop sleeps when nobody wakes it: the grain of retries."""

SWEEP_SECONDS: Final = 60.0
"""How often notices tried in vain for days are given up."""

REPORT_ROWS: Final = limits.REPORTS.value
"""Receipts on their way to Kafka together."""

REPORT_RETRY_SECONDS: Final = 1.0

REPORT_GRAIN_SECONDS: Final = 0.05
"""After a report, what comes in within this time is told together: nobody waits for it, and each
report is a transaction.  The first after a pause goes at once."""

RESULTS: Final = (Signal.SENT.value, Signal.DELIVERED.value, FAILED)


class Delivery:
    """Serves every due destination, and reports."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._attempts = Attempts(means)
        self._pace = Pace()
        self._listing = Gathered(self._note_listed)
        self._places = Places(attempts.SLOW_SECONDS)
        self._line: list[str] = []
        """Who had something due when it was last read, and has not been served since."""
        self._line_read_at = float("-inf")
        self._failed: set[str] = set()
        """Who has failed since then, and is left alone however the line has it."""
        self._wake = asyncio.Event()
        self._report = asyncio.Event()
        self._swept_at = float("-inf")

    def wake(self) -> None:
        """There is something new in the outbox."""
        self._line_read_at = float("-inf")
        self._wake.set()

    def report(self) -> None:
        """There is something new to tell the core."""
        self._report.set()

    async def run(self) -> None:
        """Deliver and report until cancelled.  A fault of ours is raised and ends the role."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._deliver(tasks))
            tasks.create_task(self._tell())

    # --- delivering ---------------------------------------------------------------------------

    async def _deliver(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            self._wake.clear()
            await self._sweep()
            for destination_id, waiting in (await self._admitted()).items():
                if waiting:
                    self._places.learn(destination_id, self._attempts.channel_of(waiting[0]))
                self._places.begin(destination_id, time.monotonic())
                tasks.create_task(self._serve(destination_id, waiting))
            await _wait(self._wake, IDLE_SECONDS)

    async def _admitted(self) -> dict[str, list[outbox.Due]]:
        """For every destination that has a place now, what is due there."""
        at = time.monotonic()
        if not self._line or at - self._line_read_at > IDLE_SECONDS:
            # With the time before it is read: what comes meanwhile is read at the next turn.
            self._line_read_at, self._failed = at, set()
            self._line = await asyncio.to_thread(self._due_destinations)
        aside = self._failed | self._pace.held()
        line = [each for each in self._line if each not in aside]
        chosen = self._places.take(line, at)
        served = frozenset(chosen)
        self._line = [each for each in line if each not in served]
        return await asyncio.to_thread(self._due, chosen) if chosen else {}

    def _due_destinations(self) -> list[str]:
        """Who has something due, and over which channel.  All of it is read: not at every turn."""
        with reading(self._means.engine) as conn:
            now = self._means.now()
            due = outbox.due_destinations(conn, now)
            new = self._places.unknown(due)[: outbox.AT_ONCE]
            for each, found in outbox.due_at(conn, new, now, 1).items() if new else ():
                self._places.learn(each, self._attempts.channel_of(found[0]) if found else None)
        return due

    def _due(self, destination_ids: Sequence[str]) -> dict[str, list[outbox.Due]]:
        with reading(self._means.engine) as conn:
            return outbox.due_at(conn, destination_ids, self._means.now(), CHUNK)

    async def _sweep(self) -> None:
        if time.monotonic() - self._swept_at < SWEEP_SECONDS:
            return
        self._swept_at = time.monotonic()
        if await asyncio.to_thread(self._give_up_old):
            self._report.set()

    def _give_up_old(self) -> int:
        with writing(self._means.engine) as conn:
            return outbox_attempts.give_up_old(conn, self._means.now(), self._means.clock.now())

    async def _serve(self, destination_id: str, waiting: list[outbox.Due]) -> None:
        """One destination: what is due there, in order, until something fails.

        The first was pending a moment ago; each other is looked at when the one before is written
        down, so that none is sent that was cancelled meanwhile.
        """
        try:
            if waiting and all(map(self._is_worklist, waiting)):
                await self._serve_worklist(destination_id)
                return
            if self._attempts.together(waiting) > 1:
                await self._serve_together(destination_id, waiting)
                return
            for due, then in zip_longest(waiting, waiting[1:]):
                if not self._pace.take(destination_id, self._attempts.per_minute(due)):
                    break
                came = await self._attempts.all([due], then)
                # One that is slow gives its place back after each notice, to others like it.
                # What has been cancelled is left out by the next turn, which reads afresh.
                if not self._passed(destination_id, came) or came.slow or not came.goes_on:
                    break
        finally:
            self._places.end(destination_id)
            if len(waiting) == CHUNK:
                # More may be due there, and nobody has it in the line.
                self._line_read_at = float("-inf")
            self._wake.set()

    async def _serve_together(self, destination_id: str, waiting: list[outbox.Due]) -> None:
        """A destination whose carrier takes many at once, until nothing is due or one fails.

        Less than a chunk is all that was due a moment ago: what came since has woken the loop.
        """
        read = len(waiting) < CHUNK
        while waiting := waiting if read else await self._carried(destination_id):
            wanted = min(self._attempts.together(waiting), len(waiting))
            most = self._pace.take(destination_id, self._attempts.per_minute(waiting[0]), wanted)
            if not most:
                return
            came = await self._attempts.all(waiting[:most])
            if not self._passed(destination_id, came) or came.slow:
                return
            if len(waiting) <= most and len(waiting) < CHUNK:
                return
            read = False

    async def _carried(self, destination_id: str) -> list[outbox.Due]:
        return await asyncio.to_thread(self._due_notices, destination_id, CARRIED)

    def _passed(self, destination_id: str, came: Came) -> bool:
        """Note what a destination did last; there is something to tell the core in any case."""
        self._report.set()
        if not came.through:
            self._failed.add(destination_id)
        well = came.through and not came.slow
        self._places.came(destination_id, well=well, at=time.monotonic())
        return came.through

    def _due_notices(self, destination_id: str, most: int) -> list[outbox.Due]:
        with reading(self._means.engine) as conn:
            return outbox.due_notices(conn, destination_id, self._means.now(), most)

    def _is_worklist(self, due: outbox.Due) -> bool:
        return isinstance(self._attempts.channel_of(due), WorklistChannel)

    async def _serve_worklist(self, destination_id: str) -> None:
        """Say that notices stand on the hub's own worklist, many in one transaction.

        Nothing leaves the hub, so that a death before the transaction ends repeats nothing.
        """
        while sent := await self._listing.ask(destination_id):
            self._report.set()
            self._places.came(destination_id, well=True, at=time.monotonic())
            metrics.DELIVERY_ATTEMPTS.labels(
                channel=WorklistChannel.name, result=Signal.SENT.value
            ).inc(sent)

    def _note_listed(self, destination_ids: Sequence[str]) -> list[int]:
        """Returns how many were written down for each; 0 ends its round."""
        with writing(self._means.engine) as conn:
            now, clock_at = self._means.now(), self._means.clock.now()
            most = max(1, LISTED_AT_ONCE // len(destination_ids))
            found = outbox.due_at(conn, destination_ids, now, most)
            groups = [
                [
                    (
                        outbox.Attempt(
                            due=each, at=now, clock_at=clock_at, latency_ms=0, signal=LISTED.signal
                        ),
                        0.0,
                    )
                    for each in found[one]
                ]
                if all(map(self._is_worklist, found[one]))
                else []
                for one in destination_ids
            ]
            if any(groups):
                outbox_attempts.record_many(conn, [group for group in groups if group])
        return [len(group) for group in groups]

    # --- reporting ----------------------------------------------------------------------------

    async def _tell(self) -> None:
        """Tell the core, row by row, until nothing is untold; then wait for the next result."""
        while True:
            self._report.clear()
            untold = await asyncio.to_thread(self._unreported)
            if not untold:
                await _wait(self._report, SWEEP_SECONDS)
                continue
            told = await self._publish(untold)
            await asyncio.to_thread(self._mark, told)
            if len(told) < len(untold):
                await asyncio.sleep(REPORT_RETRY_SECONDS)
            elif len(untold) < REPORT_ROWS:
                await asyncio.sleep(REPORT_GRAIN_SECONDS)

    async def _publish(
        self, untold: list[outbox_reports.Unreported]
    ) -> list[outbox_reports.Unreported]:
        """Publish receipts together; returns those that Kafka has confirmed."""
        given = (self._means.core.publish_input(outbox_reports.receipt_of(each)) for each in untold)
        answers = await asyncio.gather(*given, return_exceptions=True)
        told = []
        for each, answer in zip(untold, answers, strict=True):
            if answer is None:
                told.append(each)
            elif not isinstance(answer, Unavailable):
                raise answer
        return told

    def _unreported(self) -> list[outbox_reports.Unreported]:
        with reading(self._means.engine) as conn:
            return outbox_reports.unreported(conn, REPORT_ROWS)

    def _mark(self, told: list[outbox_reports.Unreported]) -> None:
        if told:
            with writing(self._means.engine) as conn:
                outbox_reports.mark_reported(conn, told)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, but no longer than `seconds`."""
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({waiting}, timeout=seconds)
    finally:
        waiting.cancel()
