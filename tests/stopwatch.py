"""How long something took, without what the machine kept this process waiting for its turn."""

import threading
import time
from typing import Self

TICK_SECONDS = 0.02
NOISE_SECONDS = 0.01
"""A sleep is always a little longer than asked for."""


class Stopwatch:
    """Measures the time inside a `with`, less the time in which this process could not run.

    For claims such as "it answers at once", which a busy machine must not turn into a failure: a
    thread sleeps a moment again and again, and what its sleeps are too long is the machine's.  What
    the code under test waits for, or works at, counts in full: another thread runs meanwhile.
    """

    seconds: float = 0.0

    def __enter__(self) -> Self:
        self._stalled = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._tick, daemon=True)
        self._began = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        took = time.monotonic() - self._began
        self._ended.set()
        self._thread.join()
        self.seconds = max(0.0, took - self._stalled)

    def _tick(self) -> None:
        while not self._ended.is_set():
            began = time.monotonic()
            time.sleep(TICK_SECONDS)
            late = time.monotonic() - began - TICK_SECONDS
            if late > NOISE_SECONDS:
                self._stalled += late
