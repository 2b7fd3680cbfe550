"""One owner of a data folder at a time.

The kernel holds the lock (`flock`), so a lock whose owner is dead does not exist, whatever the
file says; the text in the file is only for people and for `hub doctor`.
"""

import fcntl
import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

PATIENCE_SECONDS = 2.0
"""A Java that was killed with its parent lets its files go some milliseconds after it died."""

RETRY_SECONDS = 0.05


class LockedError(Exception):
    """Somebody else owns the data folder.

    Operator action: stop the process named, or choose another HUB_DATA_DIR.
    """


@dataclass(frozen=True, slots=True)
class Owner:
    """Who holds the folder: the process, and where its Kafka answers once it does."""

    pid: int
    bootstrap: str = ""
    cluster_id: str = ""


class FolderLock:
    """The lock file of a data folder.  A child that inherits `descriptor` holds it as well."""

    def __init__(self, path: Path):
        self.path = path
        self.descriptor = -1

    def take(self, patience_seconds: float = PATIENCE_SECONDS) -> None:
        """Take the lock.  Raises LockedError, naming the process that has it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + patience_seconds
        while not _locked(descriptor):
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise LockedError(self._in_use())
            time.sleep(RETRY_SECONDS)
        self.descriptor = descriptor
        self.write(Owner(os.getpid()))

    def write(self, owner: Owner) -> None:
        """Say who we are, in one line of JSON."""
        text = json.dumps(asdict(owner)).encode()
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, text, 0)

    def _in_use(self) -> str:
        owner = read_owner(self.path)
        who = f"process {owner.pid}" if owner else "another process"
        return (
            f"{self.path.parent} is in use by {who}; stop it, or set HUB_DATA_DIR to another folder"
        )

    def release(self) -> None:
        """Let go.  The file stays: deleting it would let two owners lock two files of one name."""
        if self.descriptor >= 0:
            os.ftruncate(self.descriptor, 0)
            os.close(self.descriptor)
            self.descriptor = -1


def lock_file(data_dir: Path) -> Path:
    """The file that says who owns a data folder."""
    return data_dir / "kafka.lock"


def read_owner(path: Path) -> Owner | None:
    """Who the file says the owner is; None when it says nothing that can be read."""
    try:
        return Owner(**json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock."""
    if not path.exists():
        return False
    descriptor = os.open(path, os.O_RDWR)
    try:
        return not _locked(descriptor)
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    """Whether the lock is ours now; closing the descriptor lets it go."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
