"""Connections to a carrier between two uses: one greeting serves many notices.

Only for a carrier of one's own, to which every notice of a channel goes.  Connections to recipients
are never kept (`hub.edges.channels.signed`).
"""

import threading
import time
from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

Connection = TypeVar("Connection")

IDLE_SECONDS: Final = 2.0
"""How long a connection may have been idle before it is used again: the other side closes it after
some seconds, and what is sent at that moment would count as failed."""

LIFE_SECONDS: Final = 60.0
"""How long a connection is used at all, so that a renewed certificate is in force by then."""


class Lent(NamedTuple, Generic[Connection]):
    """A connection that one thread has for itself."""

    connection: Connection
    made_at: float
    used_before: bool


class KeptConnections(Generic[Connection]):
    """For threads.  Whoever borrows one gives it back, unless something went wrong on it."""

    def __init__(
        self, make: Callable[[], Connection], close: Callable[[Connection], object]
    ) -> None:
        """`close` must not raise."""
        self._make, self._close_one = make, close
        self._kept: list[tuple[Lent[Connection], float]] = []
        self._lock = threading.Lock()
        self._ended = False

    def borrow(self, *, new: bool = False) -> Lent[Connection]:
        """The one that was used last, or a new one."""
        now = time.monotonic()
        with self._lock:
            found = None if new or not self._kept else self._kept.pop()
        if found is not None:
            lent, used_at = found
            if now - used_at < IDLE_SECONDS and now - lent.made_at < LIFE_SECONDS:
                return lent
            self._close_one(lent.connection)
            # Those beneath have been idle for longer still.
            self._close_kept()
        return Lent(self._make(), now, used_before=False)

    def give_back(self, lent: Lent[Connection]) -> None:
        """It may be used again."""
        with self._lock:
            if not self._ended:
                self._kept.append((lent._replace(used_before=True), time.monotonic()))
                return
        self._close_one(lent.connection)

    def let_go(self, lent: Lent[Connection]) -> None:
        """It is used no more."""
        self._close_one(lent.connection)

    def close(self) -> None:
        """Let go of all; what is given back later, by a thread that was late, is closed then."""
        self._ended = True
        self._close_kept()

    def _close_kept(self) -> None:
        with self._lock:
            kept, self._kept = self._kept, []
        for lent, _ in kept:
            self._close_one(lent.connection)
