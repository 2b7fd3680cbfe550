"""Keeps the roles of one machine running, each a process of its own.

A role that dies is started again, slower each time, and every restart is counted and said aloud:
a role that is mended in silence is a fault that nobody will ever look for.  It knows nothing of
what the roles do.
"""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.ops import leash
from hub.ops.kafka_embedded import free_ports
from hub.ops.settings import Settings, environment_of
from hub.ops.steps import Steps

ROLES = ("worker", "project", "deliver", "gateway", "mllp")
"""In the order of starting: whoever reads comes before whoever lets the outside in."""

STOP_ORDER = (("mllp", "gateway"), ("worker",), ("project", "deliver"))
"""The doors first, then the decisions, then those who carry them: nothing new arrives half-way."""

BACKOFF_FIRST_SECONDS = 0.5
BACKOFF_MOST_SECONDS = 5.0
CALM_SECONDS = 60.0
"""A role that lived this long is well again: its next restart is quick."""

LOOK_SECONDS = 0.1
READY_SECONDS = 60.0
STOP_SECONDS = 10.0
"""A worker's session lasts 8 s; by then the group has moved on and a kill loses nothing."""


class RoleFailedError(Exception):
    """A role could not be started.

    Operator action: read the role's log file named in the sentence; `hub doctor`.
    """


@dataclass(slots=True)
class Child:
    """One role: its process, how often it was restarted, and when it may be tried again."""

    role: str
    metrics_port: int
    log: Path
    doors: tuple[tuple[str, int], ...]
    process: "subprocess.Popen[bytes] | None" = None
    restarts: int = 0
    failures_in_a_row: int = 0
    started_at: float = 0.0
    retry_at: float = 0.0
    environment: dict[str, str] = field(default_factory=dict)

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Starts, watches and stops the roles.  `settings.kafka` must be set by now."""

    def __init__(
        self,
        settings: Settings,
        steps: Steps,
        *,
        roles: Sequence[str] = ROLES,
        command: Callable[[str], Sequence[str]] | None = None,
    ):
        self.settings = settings
        self.steps = steps
        self.command = command or _hub_command
        ports = free_ports(*(0 for _ in roles))
        self.children = {
            role: Child(
                role,
                port,
                settings.data_dir / "logs" / f"{role}.log",
                ((settings.metrics_host, port), *_doors(role, settings)),
            )
            for role, port in zip(roles, ports, strict=True)
        }
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    def start(self) -> None:
        """Start every role and return when each one answers.  Raises RoleFailedError."""
        for child in self.children.values():
            self._spawn(child)
        try:
            for child in self.children.values():
                with self.steps.step(f"{child.role} answers"):
                    self._await(child)
        except BaseException:
            self.stop()
            raise
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Stop the doors, then the worker, then the rest; SIGTERM first, then SIGKILL."""
        self._stopping.set()
        if self._watcher:
            self._watcher.join()
        for group in (*STOP_ORDER, tuple(self.children)):
            members = [self.children[role] for role in group if role in self.children]
            going = [child for child in members if child.alive()]
            for child in going:
                if child.process:
                    child.process.terminate()
            deadline = time.monotonic() + STOP_SECONDS
            for child in going:
                if child.process:
                    leash.stop(child.process, max(0.0, deadline - time.monotonic()))

    def wait(self, seconds: float | None = None) -> bool:
        """Until `stop` is called elsewhere; False when the seconds ran out first."""
        return self._stopping.wait(seconds)

    def pids(self) -> dict[str, int]:
        """The process id of every role that runs."""
        return {
            role: child.process.pid
            for role, child in self.children.items()
            if child.process and child.alive()
        }

    def alive(self) -> bool:
        """Whether every role runs at this moment."""
        return all(child.alive() for child in self.children.values())

    def restarts(self) -> dict[str, int]:
        """How often each role was started again."""
        return {role: child.restarts for role, child in self.children.items()}

    def metrics_addresses(self) -> dict[str, str]:
        """`host:port` of every role's `/metrics`."""
        host = self.settings.metrics_host
        return {role: f"{host}:{child.metrics_port}" for role, child in self.children.items()}

    def _spawn(self, child: Child) -> None:
        settings = self.settings.model_copy(update={"metrics_port": child.metrics_port})
        environment = _inherited() | environment_of(settings)
        child.process = leash.start(self.command(child.role), child.log, env=environment)
        child.started_at = time.monotonic()

    def _await(self, child: Child) -> None:
        """Until every door of the role can be reached."""
        deadline = time.monotonic() + READY_SECONDS
        waiting = list(child.doors)
        while waiting:
            if child.process and child.process.poll() is not None:
                raise RoleFailedError(
                    f"{child.role} ended with {child.process.returncode} while starting; "
                    f"see {child.log}"
                )
            if time.monotonic() > deadline:
                host, port = waiting[0]
                raise RoleFailedError(
                    f"{child.role} did not answer at {host}:{port} within {READY_SECONDS:.0f} s; "
                    f"see {child.log}"
                )
            waiting = [door for door in waiting if not _answers(*door)]
            if waiting:
                time.sleep(LOOK_SECONDS)

    def _watch(self) -> None:
        """Look at every child ten times a second, until told to stop."""
        while not self._stopping.wait(LOOK_SECONDS):
            for child in self.children.values():
                if not child.alive():
                    self._mend(child, time.monotonic())

    def _mend(self, child: Child, now: float) -> None:
        """Plan a restart when the death is news; carry it out when it is due."""
        if child.retry_at == 0.0:
            calm = now - child.started_at > CALM_SECONDS
            child.failures_in_a_row = 1 if calm else child.failures_in_a_row + 1
            pause = backoff_seconds(child.failures_in_a_row)
            child.retry_at = now + pause
            code = child.process.returncode if child.process else None
            self.steps.say(
                f"! {child.role} ended with {code}; restart {child.restarts + 1} in {pause:.1f} s "
                f"(log: {child.log})"
            )
        elif now >= child.retry_at:
            child.retry_at = 0.0
            child.restarts += 1
            self._spawn(child)


def backoff_seconds(failures_in_a_row: int) -> float:
    """0.5, 1, 2, 4, 5, 5, ...: quick for an accident, gentle for a fault that stays."""
    # The exponent is bounded so that a week of failures cannot overflow a float.
    doubled = BACKOFF_FIRST_SECONDS * 2.0 ** min(failures_in_a_row - 1, 8)
    return min(doubled, BACKOFF_MOST_SECONDS)


def _hub_command(role: str) -> Sequence[str]:
    """The role as a process of this same Python."""
    return [sys.executable, "-m", "hub.cli", role]


def _doors(role: str, settings: Settings) -> tuple[tuple[str, int], ...]:
    """Where the outside reaches a role, which must answer before it counts as started."""
    doors = {
        "gateway": (settings.gateway_host, settings.gateway_port),
        "mllp": (settings.mllp_host, settings.mllp_port),
    }
    return (doors[role],) if role in doors else ()


def _answers(host: str, port: int) -> bool:
    """Whether something listens there.  A wildcard address is asked on the loopback."""
    reachable = "127.0.0.1" if host in ("0.0.0.0", "::", "") else host  # noqa: S104  compared only
    with contextlib.suppress(OSError), socket.create_connection((reachable, port), 1):
        return True
    return False


def _inherited() -> dict[str, str]:
    """Our environment without its own `HUB_*`: what a child gets of those is the settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HUB_")}
    for name in ("HUB_SETTINGS", "HUB_CACHE"):
        if name in os.environ:
            kept[name] = os.environ[name]
    # The children find the same packages however this process was started.
    kept["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    return kept
