"""State read back from its changelog is that changelog, exactly, whatever happens meanwhile."""

import asyncio
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rocksdict
from aiokafka import ConsumerRecord
from confluent_kafka import Consumer, KafkaError, TopicPartition
from faust.types.tuples import TP

from agents.transport import PartitionStore
from agents.transport.consumer import consumer_of
from hub.ops.kafka_embedded import EmbeddedKafka
from tests.engine.bench_parts import hub_app, record
from tests.engine.rig import PARTITIONS, Rig
from tests.patience import PATIENCE_SECONDS

CHANGELOG = TP("hub-totals-changelog", 2)
OFFSET_KEY = b"__faust\0offset__"


def change(offset: int, key: bytes, value: bytes | None) -> ConsumerRecord[bytes, bytes]:
    """One record of the changelog."""
    return replace(record(offset), topic=CHANGELOG.topic, partition=2, key=key, value=value)


def recovering(folder: Path, store: str) -> tuple[Any, PartitionStore, Any]:
    """Our consumer while a recovery of one partition waits, its store, and Faust's recovery."""
    app: Any = hub_app(folder, store)
    table = app.Table("totals")
    consumer: Any = consumer_of(app)
    consumer._thread.thread_loop.close()
    recovery = app.tables.recovery
    recovery.add_active(table, CHANGELOG)
    recovery.active_highwaters[CHANGELOG] = 9
    recovery.active_offsets[CHANGELOG] = -1
    recovery.in_recovery = True
    consumer.read_back.sought([CHANGELOG], 1)
    return consumer, PartitionStore(app, table), recovery


@pytest.mark.parametrize("store", ["rocksdb://", "memory://"])
def test_what_is_read_back_is_the_changelog(tmp_path: Path, store: str) -> None:
    """Values, tombstones and the offset, over two fetches of which the second repeats some."""

    async def ours() -> tuple[dict[bytes, bytes], int, int | None]:
        consumer, states, recovery = recovering(tmp_path, store)
        first = [change(0, b"a", b"1"), change(1, b"b", b"2"), change(4, b"a", b"3")]
        # Offsets 2 and 3 were compacted away; what is known comes again and changes nothing.
        second = [change(1, b"b", b"2"), change(5, b"b", None), change(6, b"c", b"4")]
        for rows in (first, second):
            consumer.read_back.take(CHANGELOG, rows, 1)
        at = states._table.data.persisted_offset(CHANGELOG)
        return dict(states.scan(2)), recovery.active_offsets[CHANGELOG], at

    values, offset, persisted = asyncio.run(ours())
    assert {b"a": b"3", b"c": b"4"} == values
    assert 6 == offset
    # A memory store starts from nothing each time, and says so.
    assert persisted == (6 if store == "rocksdb://" else None)


@pytest.mark.parametrize(
    ("epoch", "recovers", "gone"),
    [(1, True, False), (2, False, False), (2, True, True), (None, True, True)],
)
def test_what_does_not_belong_to_this_recovery_is_not_taken(
    tmp_path: Path, epoch: int | None, *, recovers: bool, gone: bool
) -> None:
    """Fetched before its seek, after its end, or of partitions that are gone: nothing changes.

    The first would pass the records between by; the second would put our own work of a moment ago
    over that of now.
    """

    async def ours() -> tuple[bytes | None, int]:
        consumer, states, recovery = recovering(tmp_path, "rocksdb://")
        consumer.read_back.sought([CHANGELOG], 2)
        recovery.in_recovery = recovers
        if gone:
            consumer.read_back.forget()
        consumer.read_back.take(CHANGELOG, [change(7, b"a", b"late")], epoch)
        return states.get(2, b"a"), recovery.active_offsets[CHANGELOG]

    assert (None, -1) == asyncio.run(ours())


def test_who_waits_hears_the_end_and_the_next_recovery_does_not(tmp_path: Path) -> None:
    """The signal is given at every look while all is read back, and never stays up."""

    async def ours() -> tuple[bool, bool, bool]:
        consumer, _, recovery = recovering(tmp_path, "memory://")
        hearing = asyncio.create_task(recovery.signal_recovery_end.wait())
        await asyncio.sleep(0)
        consumer.read_back.look_for_end()
        await asyncio.sleep(0)
        early = hearing.done()
        consumer.read_back.take(CHANGELOG, [change(9, b"a", b"1")], 1)
        consumer.read_back.look_for_end()
        await asyncio.wait_for(hearing, PATIENCE_SECONDS)
        late = asyncio.create_task(recovery.signal_recovery_end.wait())
        await asyncio.sleep(0)
        still_up = late.done()
        consumer.read_back.look_for_end()
        await asyncio.wait_for(late, PATIENCE_SECONDS)
        return early, hearing.done(), still_up

    assert (False, True, False) == asyncio.run(ours())


@pytest.mark.stack
def test_a_wiped_store_is_the_changelog_again(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """30,000 states, the folder deleted; killed while it recovers, and again while it starts.

    Every value is there in the end, and the offset; and what follows is decided on them.
    """
    with Rig(kafka.bootstrap, tmp_path) as rig:
        rig.load(30_000, keys=30_000)
        rig.start("w1")
        rig.judge()
        rig.stop()
        shutil.rmtree(tmp_path / "w1")
        rig.start("w1")
        for _ in range(2):
            until_some_is_stored(tmp_path / "w1")
            rig.kill("w1")
        rig.load(1_000, keys=1_000)
        after = rig.judge()

    changelog = f"{rig.name}-{rig.name}-totals-changelog"
    wanted = folded(kafka.bootstrap, changelog)
    found = {part: stored(tmp_path / "w1", part) for part in range(PARTITIONS)}
    assert (31_000, 0, 0) == (after.unique, after.conflicts, after.wrong_keys)
    assert 30_000 == sum(len(values) - 1 for values in wanted.values())
    assert wanted == found


def until_some_is_stored(folder: Path) -> None:
    """Wait until a database of the new folder has a log of its writes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not any(log.stat().st_size for log in folder.glob("**/*.log") if log.exists()):
        assert time.monotonic() < deadline, f"nothing stored in {folder}"
        time.sleep(0.01)


def folded(bootstrap: str, topic: str) -> Mapping[int, dict[bytes, bytes]]:
    """What the changelog comes to, by partition, with its last offset as a store keeps it."""
    settings = {"bootstrap.servers": bootstrap, "group.id": "judge", "enable.partition.eof": True}
    reader = Consumer(settings)
    reader.assign([TopicPartition(topic, part, 0) for part in range(PARTITIONS)])
    found: dict[int, dict[bytes, bytes]] = {part: {} for part in range(PARTITIONS)}
    # Until the broker says of each partition that this is its end: its silence says nothing.
    ended: set[int] = set()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(ended) < PARTITIONS:
        assert time.monotonic() < deadline, f"only {ended} could be read to the end"
        for message in reader.consume(5000, 0.5):
            part, fault = message.partition() or 0, message.error()
            if fault is not None:
                assert fault.code() == KafkaError._PARTITION_EOF, fault
                ended.add(part)
                continue
            found[part][message.key() or b""] = message.value() or b""
            found[part][OFFSET_KEY] = str(message.offset()).encode()
    reader.close()
    return found


def stored(folder: Path, partition: int) -> dict[bytes, bytes]:
    """What one database holds, its offset included."""
    (path,) = folder.glob(f"**/*-{partition}.db")
    options = rocksdict.Options(raw_mode=True)
    database = rocksdict.Rdict(str(path), options, access_type=rocksdict.AccessType.read_only())
    items: Any = database.items()
    values: dict[bytes, bytes] = dict(items)
    database.close()
    return values
