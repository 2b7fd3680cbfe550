"""What the auditor may look at: topics, the database, the local stores, and the publishers' ledger.

Read with other means than the hub's own: confluent-kafka, fastavro, SQL and plain dicts.
"""

import sqlite3
import time
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import fastavro
import rocksdict
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from tests.chaos.publisher import Sent
from tests.chaos.watch import plain_consumer

SCHEMAS = Path(__file__).parents[2] / "schemas"
READ_SECONDS = 60.0
OFFSET_KEY = b"__faust\0offset__"
"""Where a local store keeps how much of its changelog it holds."""


class Raw(NamedTuple):
    """One record of a topic."""

    partition: int
    offset: int
    key: bytes
    value: bytes


@dataclass(frozen=True)
class LocalStore:
    """The state of one table and partition on one worker's disk."""

    table: str
    worker: str
    partition: int
    offset: int
    """Offset of the last changelog record in it."""
    items: dict[bytes, bytes]


class Evidence(Protocol):
    """A finished run."""

    @property
    def ledger(self) -> Sequence[Sent]:
        """What was published, and what became of it."""
        ...

    @property
    def end(self) -> datetime:
        """Where the hub's clock stands."""
        ...

    def read(self, topic: str) -> Iterator[Raw]:
        """Everything in a topic, each partition in order."""
        ...

    def rows(self, query: str) -> Iterable[tuple[Any, ...]]:
        """Rows of the database."""
        ...

    def stores(self) -> Iterator[LocalStore]:
        """What the workers left on their disks."""
        ...


@dataclass
class RealEvidence:
    """A run of the real stack whose roles have stopped and whose broker still answers."""

    bootstrap: str
    partitions: int
    database: Path
    workers: Path
    ledger: Sequence[Sent]
    end: datetime

    def read(self, topic: str) -> Iterator[Raw]:
        """Everything in a topic from its beginning to its present end."""
        with closing(plain_consumer(self.bootstrap, "chaos-audit")) as reader:
            left: dict[int, int] = {}
            for p in range(self.partitions):
                end = _end_of(reader, topic, p)
                if end > 0:
                    left[p] = end
            reader.assign([TopicPartition(topic, p, OFFSET_BEGINNING) for p in left])
            deadline = time.monotonic() + READ_SECONDS
            while left:
                messages = reader.consume(5000, 0.2)
                if messages:
                    deadline = time.monotonic() + READ_SECONDS
                elif time.monotonic() > deadline:
                    raise TimeoutError(f"{topic} could not be read to its end")
                for message in messages:
                    if message.error() is not None:
                        raise RuntimeError(f"{topic}: {message.error()}")
                    p, offset = int(message.partition() or 0), int(message.offset() or 0)
                    yield Raw(p, offset, message.key() or b"", message.value() or b"")
                    if offset + 1 >= left.get(p, 0):
                        left.pop(p, None)

    def rows(self, query: str) -> Iterable[tuple[Any, ...]]:
        """Rows of the database."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as conn:
            yield from conn.execute(query)

    def stores(self) -> Iterator[LocalStore]:
        """Every RocksDB under the workers' folders: `<worker>/.../<table>-<partition>.db`."""
        for path in sorted(self.workers.glob("*/**/*.db")):
            table, _, partition = path.stem.rpartition("-")
            worker = path.relative_to(self.workers).parts[0]
            opened = rocksdict.Rdict(
                str(path),
                options=rocksdict.Options(raw_mode=True),
                access_type=rocksdict.AccessType.read_only(),
            )
            found: Any = opened.items()
            items: dict[bytes, bytes] = dict(found)
            opened.close()
            offset = int(items.pop(OFFSET_KEY, b"-1"))
            yield LocalStore(table, worker, int(partition), offset, items)


def _end_of(reader: Consumer, topic: str, partition: int) -> int:
    """Where a partition ends; asked again while the broker is still finding its feet."""
    deadline = time.monotonic() + READ_SECONDS
    while True:
        try:
            _, end = reader.get_watermark_offsets(TopicPartition(topic, partition), 10.0)
        except KafkaException:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return int(end)


@dataclass
class Avro:
    """Reads our records by the numbers in them, from the released schemas alone."""

    _parsed: dict[int, Any] = field(default_factory=dict)

    def read(self, value: bytes) -> dict[str, Any]:
        """The record behind the five-byte header.  Raises ValueError for a number that is none."""
        number = int.from_bytes(value[1:5], "big")
        if value[:1] != b"\0" or number not in self._schemas():
            raise ValueError("not a record of ours")
        source = BytesIO(value)
        source.seek(5)
        record: Any = fastavro.schemaless_reader(source, self._parsed[number], None)
        whole: dict[str, Any] = record
        return whole

    def schema(self, value: bytes) -> Any:
        """The schema that a record names."""
        return self._schemas()[int.from_bytes(value[1:5], "big")]

    def _schemas(self) -> dict[int, Any]:
        if not self._parsed:
            for entry in tomllib.loads((SCHEMAS / "ids.toml").read_text("utf-8"))["schema"]:
                text = SCHEMAS / "released" / entry["subject"] / f"{entry['version']}.avsc"
                self._parsed[entry["id"]] = fastavro.schema.load_schema(text)
        return self._parsed


@dataclass
class Findings:
    """What is wrong, counted by its name, with the first sentences of each."""

    counts: dict[str, int] = field(default_factory=dict)
    first: dict[str, list[str]] = field(default_factory=dict)
    kept_each: int = 40

    def expect(self, truth: bool, name: str, sentence: str) -> None:
        """Note a sentence that is not so."""
        if not truth:
            self.note(name, sentence)

    def note(self, name: str, sentence: str, many: int = 1) -> None:
        """Note something wrong."""
        self.counts[name] = self.counts.get(name, 0) + many
        kept = self.first.setdefault(name, [])
        if len(kept) < self.kept_each:
            kept.append(f"{name}: {sentence}")
