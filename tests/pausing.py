"""Stop a real process for a while: it neither answers nor refuses, and knows nothing of it."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

STOPS_WITHIN_SECONDS = 10.0


@contextmanager
def paused(pid: int) -> Iterator[None]:
    """SIGSTOP, and only once every thread has stopped, the scene; then SIGCONT.

    The signal is sent and not awaited: for up to 18 ms after it, on busy cores, a broker still
    confirmed what was written to it.  Raises TimeoutError if a thread does not stop.
    """
    os.kill(pid, signal.SIGSTOP)
    try:
        await_stopped(pid)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def await_stopped(pid: int) -> None:
    """Return when no thread of this process runs any more.  Raises TimeoutError."""
    deadline = time.monotonic() + STOPS_WITHIN_SECONDS
    while any(_state(task) not in "Tt" for task in Path(f"/proc/{pid}/task").iterdir()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {pid} was told to stop and goes on")
        time.sleep(0.001)


def _state(task: Path) -> str:
    # The name of a thread stands in brackets and may hold anything, brackets too.
    return (task / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
