"""How many notices a minute a destination is sent, where its row in the directory sets a limit.

What has to wait stays in the outbox, in its order, and its deadlines run on: a limit too low for
what comes shows as gaps and never as a loss.
"""

import time
from collections.abc import Callable
from typing import Final

BURST_SECONDS: Final = 1.0
"""What a destination is owed for up to so long goes to it at once: the loop has a grain, and a
limit that counted every millisecond would stay below what it promises."""


class Pace:
    """For each limited destination, when its next notice would be due at an even pace.

    In memory: a restart costs one burst.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._next: dict[str, float] = {}

    def take(self, destination_id: str, per_minute: int, wanted: int = 1) -> int:
        """How many of the wanted may go now; they count as gone.  A limit of 0 is none."""
        if per_minute == 0:
            return wanted
        now, gap = self._now(), 60.0 / per_minute
        following = max(now, self._next.get(destination_id, now))
        room = int((now + BURST_SECONDS - following) // gap) + 1
        granted = max(0, min(wanted, room))
        self._next[destination_id] = following + granted * gap
        return granted

    def held(self) -> frozenset[str]:
        """Destinations that are sent nothing yet."""
        now = self._now()
        self._next = {each: at for each, at in self._next.items() if at > now}
        return frozenset(each for each, at in self._next.items() if at > now + BURST_SECONDS)
