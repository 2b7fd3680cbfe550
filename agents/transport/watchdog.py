"""Sees when work stands still: finished but not committed, handed over but not finished, or state
that is not recovered.

Faust can lose an acknowledgement in a race, after which it consumes on and never commits again;
nothing says so until the restart replays everything.  An agent may also hang, and so may Faust's
recovery, which then waits for a changelog record for ever.  Pure: the time is given.
"""

from collections.abc import Iterator, Mapping

from faust.types.tuples import TP

from agents.transport.offsets import OffsetRun

# How long a partition may stand still.  Commits are due every half second and wait at most 30 s
# for confirmations, and a slice takes well under a second: twice the longest honest wait.
STALL_SECONDS = 60.0
# How long a recovery may bring nothing.  Its requests to the broker have 40 s each, and a changelog
# arrives in thousands of records a second.
RECOVERY_SECONDS = 120.0
# How often to look.
LOOK_SECONDS = 5.0


class CommitWatch:
    """Remembers since when each partition has been behind at the offset where it stands."""

    def __init__(self) -> None:
        self._uncommitted: dict[TP, tuple[int, float]] = {}
        self._unfinished: dict[TP, tuple[int, float]] = {}

    def look(
        self, runs: Mapping[TP, OffsetRun], committed: Mapping[TP, int], now: float
    ) -> Iterator[str]:
        """Yield a sentence for every partition that has stood still for too long."""
        for marks in (self._uncommitted, self._unfinished):
            for gone in set(marks) - set(runs):
                del marks[gone]
        for tp, run in runs.items():
            done = committed.get(tp, 0)
            if self._stands(self._uncommitted, tp, done, now, behind=run.cursor > done):
                yield f"{tp.topic}/{tp.partition} is processed but not committed"
            if self._stands(self._unfinished, tp, run.cursor, now, behind=run.handed > run.cursor):
                yield f"{tp.topic}/{tp.partition} is handed over but not processed"

    def _stands(
        self, marks: dict[TP, tuple[int, float]], tp: TP, offset: int, now: float, *, behind: bool
    ) -> bool:
        """Whether the partition has been behind, at this one offset, for longer than the limit."""
        if not behind:
            marks.pop(tp, None)
            return False
        known = marks.get(tp)
        if known is None or known[0] != offset:
            marks[tp] = (offset, now)
            return False
        return now - known[1] > STALL_SECONDS


class RecoveryWatch:
    """Remembers since when a recovery has brought nothing new."""

    def __init__(self) -> None:
        self._mark: Mapping[TP, int] | None = None
        self._since = 0.0

    def stands(self, offsets: Mapping[TP, int] | None, now: float) -> bool:
        """Whether it has stood at the same changelog offsets for too long; None: none goes on."""
        if offsets is None or offsets != self._mark:
            self._mark = None if offsets is None else dict(offsets)
            self._since = now
            return False
        return now - self._since > RECOVERY_SECONDS
