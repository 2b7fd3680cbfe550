"""One line per step of a start: a tick, what was done, and how long it took.

No step is silent for more than two seconds: someone is watching, and a stalled screen looks
broken.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

SILENCE_SECONDS = 2.0
"""The longest a step may say nothing (experience.md section 8)."""


class Steps:
    """Prints steps to one stream; results go elsewhere, so that they can be piped."""

    def __init__(self, out: TextIO | None = None, *, quiet: bool = False):
        self.out = out or sys.stderr
        self.quiet = quiet
        self._lock = threading.Lock()

    def say(self, line: str) -> None:
        """One line, at once, from whichever thread."""
        if not self.quiet:
            with self._lock:
                self.out.write(line + "\n")
                self.out.flush()

    @contextmanager
    def step(self, what: str) -> Iterator["Step"]:
        """Say that a step is done, or that it failed, and how long it took."""
        step = Step(what)
        started = time.monotonic()
        done = threading.Event()
        teller = threading.Thread(
            target=self._keep_telling, args=(step, started, done), daemon=True
        )
        teller.start()
        mark = "✗"
        try:
            yield step
            mark = "✓"
        finally:
            done.set()
            teller.join()
            self.say(f"{mark} {step.what:<58} {time.monotonic() - started:5.1f} s")

    def _keep_telling(self, step: "Step", started: float, done: threading.Event) -> None:
        while not done.wait(SILENCE_SECONDS):
            self.say(f"… {step.what} ({time.monotonic() - started:.0f} s)")


class Step:
    """What is being done; `now` changes the words while it lasts."""

    def __init__(self, what: str):
        self.what = what

    def now(self, what: str) -> None:
        """Other words for the same step, once more is known."""
        self.what = what
