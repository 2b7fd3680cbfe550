"""Reading state back: a changelog is stored fetch by fetch, each in one write with its offset.

Faust takes each record through a queue, a task with a timeout and a count of what is left in every
partition: about 110 microseconds a record, against 10.  What decides when a recovery begins and
where it reads from is still Faust's.
"""

from collections.abc import Iterable
from typing import Any

import faust
from faust.types.tuples import TP

from agents.transport.consumer_thread import Rows


class ReadBack:
    """Takes what was fetched of changelogs, for as long as a recovery wants it."""

    def __init__(self, app: faust.types.AppT):
        self._app = app
        self._sought: dict[TP, int] = {}

    @property
    def _recovery(self) -> Any:
        tables: Any = self._app.tables
        return tables.recovery

    def sought(self, tps: Iterable[TP], epoch: int) -> None:
        """Nothing that was fetched of these before this seek counts any more.

        A fetch that a rebalance overtakes may otherwise arrive in the recovery after it, ahead of
        what that recovery reads first, which would then pass for known.
        """
        self._sought.update(dict.fromkeys(tps, epoch))

    def forget(self) -> None:
        """The partitions are gone; the next recovery seeks before it reads."""
        self._sought.clear()

    def take(self, tp: TP, rows: Rows, epoch: int | None) -> None:
        """Store what is new of a fetch; a failure ends the process.

        After the recovery, what a last fetch brings is our own work, and older than the store.
        """
        recovery = self._recovery
        active = tp in recovery.active_tps
        wanted = recovery.in_recovery if active else tp in recovery.standby_tps
        if not wanted or epoch is None or epoch != self._sought.get(tp):
            return
        offsets = recovery.active_offsets if active else recovery.standby_offsets
        seen = offsets.get(tp)
        fresh = [row for row in rows if seen is None or row.offset > seen]
        if fresh:
            recovery.tp_to_table[tp].read_back(tp, fresh)
            offsets[tp] = fresh[-1].offset

    def look_for_end(self) -> None:
        """Tell Faust's recovery, at every look, that all is read back while it still waits.

        It calls itself ended once it has heard that.  The signal must not stay up: the next
        recovery would hear it before it has read anything.
        """
        if self._recovery.in_recovery and not self._recovery.need_recovery():
            self._recovery.signal_recovery_end.set()
            self._recovery.signal_recovery_end.clear()
