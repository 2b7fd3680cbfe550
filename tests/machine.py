"""How busy this machine is with others, for claims about time that only a free one can keep."""

import os
import resource
from dataclasses import dataclass
from pathlib import Path
from typing import Self

IDLE = (3, 4)
"""The columns of /proc/stat that are no work: idle, and waiting for a disk."""

CROWDED = 0.9
"""So much of all cores in use, by whomever, is a machine without one to spare."""


@dataclass(frozen=True)
class Machine:
    """Processor seconds, of all cores and of everybody, up to a moment."""

    busy: float
    idle: float
    ours: float
    """Of our own children that have ended."""

    @classmethod
    def now(cls) -> Self:
        """Up to now; nobody is busy where the machine does not say."""
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        ours = children.ru_utime + children.ru_stime
        stat = Path("/proc/stat")
        if not stat.exists():
            return cls(0.0, 0.0, ours)
        first = stat.read_text(encoding="ascii").split("\n", 1)[0]
        # The last two columns, guests, are counted in the first two as well.
        ticks = [int(each) for each in first.split()[1:9]]
        idle = sum(ticks[column] for column in IDLE)
        hertz = os.sysconf("SC_CLK_TCK")
        return cls((sum(ticks) - idle) / hertz, idle / hertz, ours)

    def others_since(self, before: Self) -> float:
        """What others have worked since then: so much may have been taken from us."""
        return max(0.0, self.busy - before.busy - (self.ours - before.ours))

    def busy_share_since(self, before: Self) -> float:
        """Which part of all cores has been in use since then."""
        busy, idle = self.busy - before.busy, self.idle - before.idle
        return busy / (busy + idle) if busy + idle else 0.0
