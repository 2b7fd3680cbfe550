"""Child processes that die with their parent, even when the parent is killed.

Linux sends the wanted signal when the *thread* that started the child ends, so every child is
started from one thread that lasts as long as this process does.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal this process gets when its parent dies."""

ORPHANED = 75
"""Exit code of a child whose parent died before it could be leashed (EX_TEMPFAIL)."""

_starter = ThreadPoolExecutor(1, thread_name_prefix="leash")


def start(
    command: Sequence[str],
    log: Path,
    env: Mapping[str, str] | None = None,
    keep_open: Sequence[int] = (),
) -> "subprocess.Popen[bytes]":
    """Start a child whose output is added to `log`; it is killed when this process ends.

    `keep_open` are file descriptors it inherits.  SIGKILL and not SIGTERM on the parent's death:
    everything we start survives a kill, and nobody would be left to see a stop that hangs.
    Its own session keeps a Ctrl-C at the terminal for the parent, which stops all in order.
    """
    log.parent.mkdir(parents=True, exist_ok=True)

    def spawn() -> "subprocess.Popen[bytes]":
        with log.open("ab") as out:
            return subprocess.Popen(  # noqa: S603  our own command, from a list, no shell
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=dict(env) if env is not None else None,
                pass_fds=tuple(keep_open),
                start_new_session=True,
                preexec_fn=_leash(os.getpid()),  # noqa: PLW1509  prctl only; loaded beforehand
            )

    return _starter.submit(spawn).result()


def _leash(parent: int) -> Callable[[], None]:
    """What the child does between fork and exec; nothing there may take a lock or import."""
    if sys.platform != "linux":
        raise OSError("the hub's child processes need Linux (prctl)")
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    arguments = (PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)

    def leash() -> None:
        prctl(*arguments)
        # The parent may have died before the leash was on; then the signal never comes.
        if os.getppid() != parent:
            os._exit(ORPHANED)

    return leash


def stop(child: "subprocess.Popen[bytes]", patience_seconds: float) -> int:
    """SIGTERM, and SIGKILL when patience ends.  Returns the exit code (negative: a signal)."""
    if child.poll() is None:
        child.terminate()
        try:
            return child.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            child.kill()
    return child.wait()
