"""How long a test waits for what must come."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 120.0
"""For a state that is awaited: only a failure takes so long, so it claims nothing about speed.

What is claimed about speed stands in its own test, with its own figure.
"""


def wait_until(so: Callable[[], bool], what: str = "it", seconds: float = PATIENCE_SECONDS) -> None:
    """Return as soon as something is so.  Raises AssertionError when patience ends."""
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline, f"{what} did not come true within {seconds:.0f} s"
        time.sleep(0.05)
