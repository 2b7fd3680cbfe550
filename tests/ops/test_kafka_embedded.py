import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from hub.ops.kafka_embedded import (
    STOPPED_BY_SIGTERM,
    EmbeddedKafka,
    KafkaFailedError,
    free_ports,
    new_cluster_id,
)
from hub.ops.lock import LockedError, Owner, read_owner
from tests.patience import PATIENCE_SECONDS
from tests.ports import reserved_port

PARENT = """
import sys, time
from pathlib import Path
from hub.ops.kafka_embedded import EmbeddedKafka
kafka = EmbeddedKafka(Path(sys.argv[1]))
kafka.start()
print(kafka.pid, kafka.bootstrap, flush=True)
time.sleep(120)
"""


async def write(bootstrap: str, topic: str, *values: bytes) -> None:
    """Confirmed writes to a topic of one partition, which is made when it is missing."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        if topic not in await admin.list_topics():
            await admin.create_topics([NewTopic(topic, 1, 1)])
    finally:
        await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def read(bootstrap: str, topic: str, count: int) -> list[bytes]:
    """The first values of a topic, read by a group of its own."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id="readers", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return [(await consumer.getone()).value or b"" for _ in range(count)]
    finally:
        await consumer.stop()


def gone(pid: int, seconds: float = PATIENCE_SECONDS) -> bool:
    """Whether the process is gone (or only waits to be reaped) within the seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state.split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_free_ports_are_different_and_a_taken_one_is_not_given() -> None:
    """Each wish has its own port; a taken one is answered with another."""
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        taken = busy.getsockname()[1]
        found = free_ports(taken, 0, 0)
    assert 3 == len(set(found))
    assert taken not in found


def test_a_cluster_id_reads_as_kafka_writes_it() -> None:
    """22 characters, URL-safe, and never one that a command line would take for an option."""
    ids = [new_cluster_id() for _ in range(200)]
    assert {22} == {len(one) for one in ids}
    assert not [one for one in ids if one.startswith("-")]


def test_there_is_no_address_before_the_start(tmp_path: Path) -> None:
    """Asking too early is an error and not an empty string that a client would try."""
    with pytest.raises(KafkaFailedError):
        _ = EmbeddedKafka(tmp_path).bootstrap


@pytest.mark.stack
def test_a_group_reads_what_was_written(kafka: EmbeddedKafka) -> None:
    """The broker is ready when start() returns: a write and a grouped read, with no waiting."""
    asyncio.run(write(kafka.bootstrap, "ops.first", b"one", b"two"))
    assert [b"one", b"two"] == asyncio.run(read(kafka.bootstrap, "ops.first", 2))


@pytest.mark.stack
def test_a_topic_is_not_made_by_asking_for_it(kafka: EmbeddedKafka) -> None:
    """A misspelt topic must be an error, not a new topic that nobody reads."""

    async def ask() -> list[str]:
        admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
        await admin.start()
        try:
            await admin.describe_topics(["ops.misspelt"])
            return list(await admin.list_topics())
        finally:
            await admin.close()

    assert "ops.misspelt" not in asyncio.run(ask())


@pytest.mark.stack
def test_a_restart_keeps_data_and_cluster(tmp_path: Path) -> None:
    """Stopped and started over one folder: the same cluster id and the same records.

    The old port is held meanwhile, so the broker must also follow to another address.
    """
    with EmbeddedKafka(tmp_path, port=reserved_port()) as kafka:
        asyncio.run(write(kafka.bootstrap, "ops.kept", b"before"))
        first, old_port = kafka.cluster_id, int(kafka.bootstrap.rpartition(":")[2])
        with pytest.raises(LockedError):
            EmbeddedKafka(tmp_path).start()
        kafka.stop()
        assert kafka.returncode in STOPPED_BY_SIGTERM
    with (
        socket.create_server(("127.0.0.1", old_port)),
        EmbeddedKafka(tmp_path, port=old_port) as kafka,
    ):
        assert f"127.0.0.1:{old_port}" != kafka.bootstrap
        assert first == kafka.cluster_id
        asyncio.run(write(kafka.bootstrap, "ops.kept", b"after"))
        assert [b"before", b"after"] == asyncio.run(read(kafka.bootstrap, "ops.kept", 2))


@pytest.mark.stack
def test_a_death_nobody_asked_for_is_reported(tmp_path: Path) -> None:
    """When the broker is killed, its owner hears the exit code."""
    heard: list[int] = []
    told = threading.Event()

    def on_death(code: int) -> None:
        heard.append(code)
        told.set()

    with EmbeddedKafka(tmp_path, on_death=on_death) as kafka:
        os.kill(kafka.pid, signal.SIGKILL)
        assert told.wait(PATIENCE_SECONDS)
        assert not kafka.alive()
    assert [-signal.SIGKILL] == heard


@pytest.mark.stack
def test_an_asked_for_stop_is_no_death(tmp_path: Path) -> None:
    """A stop that was asked for is not reported as a death."""
    heard: list[int] = []
    with EmbeddedKafka(tmp_path, on_death=heard.append) as kafka:
        pid = kafka.pid
    assert gone(pid)
    assert [] == heard


@pytest.mark.stack
def test_kafka_dies_with_a_killed_parent_and_keeps_its_data(tmp_path: Path) -> None:
    """SIGKILL to the parent takes the broker along; the next start finds every record."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout
    try:
        pid, bootstrap = parent.stdout.readline().split()
        asyncio.run(write(bootstrap, "ops.survives", b"confirmed"))
    finally:
        parent.kill()
        parent.communicate()
    assert gone(int(pid))
    owner = read_owner(tmp_path / "kafka.lock")
    with EmbeddedKafka(tmp_path) as kafka:
        assert Owner(parent.pid, bootstrap, kafka.cluster_id) == owner
        assert [b"confirmed"] == asyncio.run(read(kafka.bootstrap, "ops.survives", 1))


@pytest.mark.stack
def test_a_folder_it_cannot_use_is_an_error_in_words(tmp_path: Path) -> None:
    """A broken storage folder stops the start with Kafka's own last words, not with a time-out."""
    (tmp_path / "kafka").mkdir()
    (tmp_path / "kafka" / "meta.properties").write_text("cluster.id=abc\n", encoding="ascii")
    with pytest.raises(KafkaFailedError, match="died while starting"):
        EmbeddedKafka(tmp_path).start()
