"""A host on bare confluent-kafka, for the empty and for the whole core.

What one writes who needs no engine: fetch many, work, produce, and twice a second wait for all
confirmations, write the state to RocksDB and commit.  No fence, no recovery of state, no check
for holes: it is the floor below every engine in Python, not a peer in what it promises.
"""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import rocksdict
from confluent_kafka import Consumer, Producer, TopicPartition

COMMIT_SECONDS = 0.5
FETCHED_AT_ONCE = 5000

Work = Callable[[bytes, int, int, bytes, bytes | None], tuple[bytes, bytes]]
"""From key, partition, offset, value and state to the new state and the output."""


class Worker:
    """One consumer, one producer, and a RocksDB for each partition."""

    def __init__(self, broker: str, group: str, folder: Path, work: Work):
        self.work = work
        self.group = group
        self.folder = folder / "bare"
        self.folder.mkdir(parents=True)
        self.databases: dict[int, rocksdict.Rdict] = {}
        self.pending: dict[int, dict[bytes, bytes]] = {}
        self.offsets: dict[tuple[str, int], int] = {}
        self.stopping = False
        self.consumer = Consumer(
            {
                "bootstrap.servers": broker,
                "group.id": group,
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
            }
        )
        self.producer = Producer(
            {
                "bootstrap.servers": broker,
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 20,
                "batch.size": 1 << 20,
                "queue.buffering.max.messages": 1_000_000,
            }
        )

    def run(self, source: str, sink: str) -> None:
        """Until SIGTERM."""
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "stopping", True))
        self.consumer.subscribe([source])
        committed = time.monotonic()
        while not self.stopping:
            self.take(sink)
            if time.monotonic() - committed > COMMIT_SECONDS:
                self.commit()
                committed = time.monotonic()
        self.commit()
        self.consumer.close()

    def take(self, sink: str) -> None:
        """Fetch, work and produce."""
        changelog = f"{self.group}-changelog"
        produce, work = self.producer.produce, self.work
        for message in self.consumer.consume(FETCHED_AT_ONCE, 0.1):
            key, partition = message.key() or b"", message.partition() or 0
            ahead = self.pending.setdefault(partition, {})
            raw = ahead.get(key) or self.database(partition).get(key)
            offset = message.offset() or 0
            state, said = work(key, partition, offset, message.value() or b"", raw)
            ahead[key] = state
            produce(sink, said, key, partition)
            produce(changelog, state, key, partition)
            self.offsets[message.topic() or "", partition] = offset + 1
        self.producer.poll(0)

    def commit(self) -> None:
        """Wait for every confirmation, then write the state, then commit."""
        if not self.offsets:
            return
        if self.producer.flush(30):
            raise TimeoutError("records were not confirmed within 30 s")
        for partition, ahead in self.pending.items():
            batch = rocksdict.WriteBatch(raw_mode=True)
            for key, value in ahead.items():
                batch.put(key, value)
            self.database(partition).write(batch)
        self.pending.clear()
        done = [TopicPartition(*at, offset) for at, offset in self.offsets.items()]
        self.consumer.commit(offsets=done, asynchronous=False)
        self.offsets.clear()

    def database(self, partition: int) -> rocksdict.Rdict:
        """The store of a partition."""
        found = self.databases.get(partition)
        if found is None:
            options = rocksdict.Options(raw_mode=True)
            options.create_if_missing(True)
            found = rocksdict.Rdict(str(self.folder / str(partition)), options)
            self.databases[partition] = found
        return found
