"""The slow disk: a shim in C, compiled here and preloaded into the broker and the roles."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("slow_disk.c")
SLOW_MS = 25
"""What each write and each sync is delayed by: a spinning disk under other people's load."""


class NoCompilerError(Exception):
    """There is no C compiler on this machine, so the disk cannot be made slow.

    Operator action: install one (`cc`), or leave slow-disk out of `--faults`.
    """


@dataclass(frozen=True)
class SlowDisk:
    """The compiled shim and the flag file that switches it on."""

    shim: Path
    flag: Path

    def environment(self) -> dict[str, str]:
        """What a process needs in its environment to be slowed on demand."""
        return {
            "LD_PRELOAD": str(self.shim),
            "CHAOS_SLOW_FLAG": str(self.flag),
            "CHAOS_SLOW_MS": str(SLOW_MS),
        }

    def switch(self, *, on: bool) -> None:
        """Make the disk slow, or quick again."""
        if on:
            self.flag.touch()
        else:
            self.flag.unlink(missing_ok=True)


def compile_shim(folder: Path) -> SlowDisk:
    """Compile the shim into `folder`.  Raises NoCompilerError, or CalledProcessError."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise NoCompilerError(
            "slow-disk is not possible on this machine: it has no C compiler (cc); "
            "leave slow-disk out of --faults"
        )
    shim = folder / "slow_disk.so"
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(shim), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return SlowDisk(shim, folder / "disk-is-slow")
