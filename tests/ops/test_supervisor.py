import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from hub.ops.settings import Settings
from hub.ops.steps import Steps
from hub.ops.supervisor import RoleFailedError, Supervisor, backoff_seconds
from tests.ports import reserved_port

SERVES = """
import http.server, os, sys
for name in ("HUB_METRICS_PORT", "HUB_GATEWAY_PORT"):
    if name == "HUB_METRICS_PORT" or sys.argv[1] == "gateway":
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", int(os.environ[name])), http.server.SimpleHTTPRequestHandler
        )
        import threading
        threading.Thread(target=server.serve_forever).start()
print("serving", os.environ["HUB_KAFKA"], flush=True)
"""

PARENT = """
import sys, time
from pathlib import Path
from hub.ops.settings import Settings
from hub.ops.steps import Steps
from hub.ops.supervisor import Supervisor
settings = Settings(data_dir=Path(sys.argv[1]), kafka="127.0.0.1:9")
supervisor = Supervisor(
    settings, Steps(quiet=True), roles=("worker", "project"),
    command=lambda role: [sys.executable, "-c", sys.argv[2], role],
)
supervisor.start()
print(*supervisor.pids().values(), flush=True)
time.sleep(120)
"""


def serving(role: str) -> Sequence[str]:
    """A role that opens its doors and does nothing else."""
    return [sys.executable, "-c", SERVES, role]


def eventually(seconds: float = 10.0) -> Iterator[None]:
    """Turns, until the seconds are over."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(0.05)


def runs(pid: int) -> bool:
    """Whether a process runs (one that only waits to be reaped does not)."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.split()[0] != "Z"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A hub on free ports, with a Kafka that nobody asks."""
    gateway, mllp = reserved_port(), reserved_port()
    return Settings(data_dir=tmp_path, kafka="127.0.0.1:9", gateway_port=gateway, mllp_port=mllp)


def test_the_pause_grows_and_is_bounded() -> None:
    """Half a second after the first death, five at most, whatever happens."""
    assert [0.5, 1.0, 2.0, 4.0, 5.0, 5.0] == [backoff_seconds(n) for n in range(1, 7)]
    assert backoff_seconds(1_000_000) == 5.0


def test_roles_start_and_stop(settings: Settings) -> None:
    """Each role is up when its doors answer, has a log of its own, and is gone after the stop."""
    out = io.StringIO()
    supervisor = Supervisor(settings, Steps(out), roles=("worker", "gateway"), command=serving)
    supervisor.start()
    try:
        pids = supervisor.pids()
        assert supervisor.alive()
        assert {"worker", "gateway"} == set(pids)
        assert 2 == len(set(supervisor.metrics_addresses().values()))
    finally:
        supervisor.stop()
    assert [] == [pid for pid in pids.values() if runs(pid)]
    assert {} == supervisor.pids()
    log = settings.data_dir / "logs" / "worker.log"
    assert "serving 127.0.0.1:9" in log.read_text(encoding="utf-8")
    assert 2 == out.getvalue().count("✓")


def test_a_dead_role_is_started_again_and_counted(settings: Settings) -> None:
    """SIGKILL to a role: another process within seconds, the restart counted and said aloud."""
    out = io.StringIO()
    supervisor = Supervisor(settings, Steps(out), roles=("worker", "project"), command=serving)
    supervisor.start()
    try:
        before = supervisor.pids()
        os.kill(before["worker"], signal.SIGKILL)
        for _ in eventually():
            if supervisor.restarts()["worker"] and supervisor.alive():
                break
        after = supervisor.pids()
    finally:
        supervisor.stop()
    assert before["worker"] != after["worker"]
    assert before["project"] == after["project"]
    assert {"worker": 1, "project": 0} == supervisor.restarts()
    assert "worker ended with -9; restart 1 in 0.5 s" in out.getvalue()


def test_a_role_that_cannot_start_is_named(settings: Settings) -> None:
    """A role that ends while starting stops the start, and the sentence names its log."""

    def failing(role: str) -> Sequence[str]:
        return [sys.executable, "-c", "raise SystemExit(7)"] if role == "gateway" else serving(role)

    supervisor = Supervisor(
        settings, Steps(quiet=True), roles=("worker", "gateway"), command=failing
    )
    with pytest.raises(RoleFailedError, match=r"gateway ended with 7.*gateway\.log"):
        supervisor.start()
    assert {} == supervisor.pids()


def test_roles_die_with_a_killed_parent(tmp_path: Path) -> None:
    """SIGKILL to the supervisor's process leaves no role behind."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), SERVES], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert 2 == len(pids)
    parent.kill()
    parent.communicate()
    for _ in eventually():
        if not any(runs(pid) for pid in pids):
            break
    assert [] == [pid for pid in pids if runs(pid)]
