"""The fence: a worker that may have lost its partitions must not write another byte.

Two things take partitions away without the worker noticing: the process is paused (SIGSTOP, a
frozen machine), or its heartbeats stop being answered.  In both cases another worker may already
process the same partitions, and a late write would put an older state over a newer one.

A thread watches for pauses: it sleeps a moment and looks how long that really took.  The clock is
the one that keeps counting while the machine sleeps.  Heartbeats that the broker answers renew a
lease; while the lease has lapsed, writes wait, and when the broker says that the membership is
gone, the process ends.
"""

import asyncio
import threading
import time

from agents.transport.counters import Counters
from agents.transport.ending import ExitCode, end_process

# The thread looks four times a second: well below the shortest limit, and no load worth naming.
LOOK_SECONDS = 0.25
# A write that waits for a heartbeat looks again at this interval.
WAIT_SECONDS = 0.05


def elapsed_clock() -> float:
    """Seconds that also count while the machine is suspended, where the system can tell."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


class Fence:
    """Ends the process after a pause, and holds writes back while the membership is in doubt.

    `limit_seconds` must be below the session timeout of the group: 6 s for a session of 8 s, which
    leaves one heartbeat interval for the answer that was still on its way.
    """

    def __init__(self, limit_seconds: float):
        self.limit_seconds = limit_seconds
        self._looked_at = elapsed_clock()
        self._lease_until = float("inf")
        self._started = False

    def start(self) -> None:
        """Start watching for pauses; once per process."""
        if self._started:
            return
        self._started = True
        self._looked_at = elapsed_clock()
        threading.Thread(target=self._watch, name="fence", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            self.check_pause()
            self._looked_at = elapsed_clock()

    def check_pause(self) -> None:
        """End the process when it was paused for longer than the limit."""
        paused = elapsed_clock() - self._looked_at
        if self._started and paused > self.limit_seconds:
            Counters.fenced += 1
            end_process(ExitCode.PAUSED, f"paused for {paused:.1f} s, longer than its session")

    def renew(self, heartbeat_sent_at: float) -> None:
        """The broker answered a heartbeat that was sent then: the membership holds from there."""
        self._lease_until = heartbeat_sent_at + self.limit_seconds

    def membership_lost(self) -> None:
        """The broker no longer knows this worker: its partitions are, or will be, elsewhere."""
        Counters.fenced += 1
        end_process(ExitCode.PAUSED, "the broker took its group membership away")

    async def passable(self) -> None:
        """Return when a write may go out; wait while the last heartbeat is too old."""
        self.check_pause()
        if elapsed_clock() <= self._lease_until:
            return
        Counters.fenced += 1
        while elapsed_clock() > self._lease_until:
            await asyncio.sleep(WAIT_SECONDS)
            self.check_pause()
