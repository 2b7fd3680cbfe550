import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hub.ops.lock import FolderLock, LockedError, Owner, is_held, read_owner

HOLD = """
import sys, time
from pathlib import Path
from hub.ops.lock import FolderLock
lock = FolderLock(Path(sys.argv[1]))
lock.take()
print("held", flush=True)
time.sleep(60)
"""


def test_the_second_owner_is_refused_by_name(tmp_path: Path) -> None:
    """Whoever comes second is told which process has the folder, and what to set."""
    path = tmp_path / "kafka.lock"
    first = FolderLock(path)
    first.take()
    with pytest.raises(LockedError, match=f"process {os.getpid()}.*HUB_DATA_DIR"):
        FolderLock(path).take(patience_seconds=0)
    first.release()
    FolderLock(path).take()


def test_the_lock_says_where_kafka_answers(tmp_path: Path) -> None:
    """The file names the owner and its Kafka, and nothing after the release."""
    path = tmp_path / "kafka.lock"
    lock = FolderLock(path)
    lock.take()
    lock.write(Owner(1, "127.0.0.1:9", "abc"))
    assert Owner(1, "127.0.0.1:9", "abc") == read_owner(path)
    lock.release()
    assert read_owner(path) is None


def test_a_killed_owner_leaves_no_lock(tmp_path: Path) -> None:
    """The kernel drops the lock of a process that was killed; its text does not count."""
    path = tmp_path / "kafka.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE)
    assert holder.stdout
    assert holder.stdout.readline() == b"held\n"
    assert is_held(path)
    holder.kill()
    holder.communicate()
    assert not is_held(path)
    assert read_owner(path) == Owner(holder.pid)
    lock = FolderLock(path)
    lock.take()
    assert read_owner(path) == Owner(os.getpid())
    lock.release()


def test_a_lock_that_is_about_to_go_is_waited_for(tmp_path: Path) -> None:
    """A start right after a kill waits for the dying owner instead of giving up."""
    path = tmp_path / "kafka.lock"
    dying = FolderLock(path)
    dying.take()
    threading.Timer(0.1, dying.release).start()
    lock = FolderLock(path)
    lock.take()
    lock.release()


@pytest.mark.parametrize("text", ["", "not json", '{"colour": "red"}', "[1]"])
def test_an_unreadable_lock_has_no_owner(tmp_path: Path, text: str) -> None:
    """A torn or foreign file names nobody and stops nobody."""
    path = tmp_path / "kafka.lock"
    path.write_text(text, encoding="ascii")
    assert read_owner(path) is None
    assert not is_held(path)
