"""A worker that may have lost its partitions writes nothing more."""

import asyncio
import os
import signal
import subprocess
import sys
import time

from agents.transport.fence import Fence, elapsed_clock
from tests.patience import PATIENCE_SECONDS
from tests.pausing import paused

PAUSED = """
import time
from agents.transport.fence import Fence
Fence(0.6).start()
print("started", flush=True)
time.sleep(20)
"""


def test_a_paused_process_ends_when_it_wakes() -> None:
    """Stopped for longer than the limit: exit code 3, before anything else is done."""
    process = subprocess.Popen(
        [sys.executable, "-c", PAUSED], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        with paused(process.pid):
            time.sleep(1.2)

        assert 3 == process.wait(PATIENCE_SECONDS)


def test_a_short_pause_is_survived() -> None:
    """A pause below the limit changes nothing."""
    process = subprocess.Popen(
        [sys.executable, "-c", PAUSED], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(0.1)
        os.kill(process.pid, signal.SIGCONT)
        time.sleep(0.5)

        assert process.poll() is None
        process.kill()


def test_a_write_waits_for_the_heartbeat() -> None:
    """With the last answered heartbeat too old a write waits; the next answer lets it pass."""

    async def ours() -> tuple[bool, bool]:
        fence = Fence(6.0)
        fence.renew(elapsed_clock() - 7.0)
        write = asyncio.create_task(fence.passable())
        await asyncio.sleep(0.1)
        waited = not write.done()
        fence.renew(elapsed_clock())
        await asyncio.wait_for(write, PATIENCE_SECONDS)
        return waited, write.done()

    assert (True, True) == asyncio.run(ours())
