"""The state of an agent: a Faust table's store, addressed by partition, never ahead of Kafka.

A value that was put is read back at once, but it reaches the disk only when the broker has
confirmed its changelog record, together with the offset of that record, in one RocksDB write.  So
after a crash the local store is exactly the changelog up to that offset: it can neither hold a
state that nobody else could recover nor miss one that counts as persisted.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import faust
from faust.stores import rocksdb

from agents.transport.batches import RecordBatch
from agents.transport.held import HeldValues
from agents.transport.limits import check_fits
from agents.transport.partitions import before_commit, on_partitions_revoked
from agents.transport.slices import Slice
from agents.transport.stored import Written, database_of, places_of, write_stored

# Records read at a time by a scan: no iterator stays open between two pages, because an open
# one would keep the database locked when the partition moves away.  Larger pages are no quicker,
# and hold the loop longer: this one takes about 2 ms at 2.7 kB a value.
SCAN_RECORDS = 500


class PartitionStore:
    """Reads and writes the values of one table for a named partition.

    `get`, `put` and `hold` belong in an agent, for the partition of the slice at hand; a table is
    written by one of the two.
    """

    def __init__(self, app: faust.App, table: "faust.types.TableT[bytes, bytes]"):
        self._app = app
        self._table: Any = table
        self._unconfirmed: dict[int, dict[bytes, bytes | None]] = {}
        self._held = HeldValues(self.changelog)
        before_commit(app, self._held.hand_over)
        on_partitions_revoked(app, lambda _: self._forget())

    @property
    def changelog_topic(self) -> str:
        """Name of the changelog topic of this table."""
        return str(self._table.changelog_topic.get_topic_name())

    def changelog(self, partition: int) -> RecordBatch:
        """A batch for the changelog of `partition`; send it after the slice."""
        return RecordBatch(
            self._app,
            self.changelog_topic,
            partition,
            lambda offset, records: self._confirmed(partition, offset, records),
        )

    def get(self, where: Slice | int, key: bytes) -> bytes | None:
        """The value of `key` in that partition, or None."""
        partition = _partition(where)
        ahead = self._unconfirmed.get(partition)
        if ahead is not None and key in ahead:
            return ahead[key]
        return self._read(partition, key)

    async def put(
        self, where: Slice | int, key: bytes, value: bytes | None, changelog: RecordBatch
    ) -> None:
        """Set the value (None deletes) and append it to `changelog`, from `self.changelog()`.

        Raises RecordTooLargeError, before anything is set or appended.
        """
        partition = _partition(where)
        assert changelog.partition == partition
        assert changelog.topic == self.changelog_topic
        check_fits(changelog.topic, key, value)
        # Visible before the append: the append may send a full batch and be confirmed at once.
        self._unconfirmed.setdefault(partition, {})[key] = value
        await changelog.append(key, value)

    async def hold(self, where: Slice | int, key: bytes, value: bytes | None) -> None:
        """Set the value (None deletes); the changelog has it before the next commit.

        A key that changes ten times between two commits is written once.  Only for a value that
        follows from its inputs alone: after a crash they are absorbed again, and what was said of
        them must come out the same.  Raises RecordTooLargeError, before anything is set.
        """
        partition = _partition(where)
        check_fits(self.changelog_topic, key, value)
        self._unconfirmed.setdefault(partition, {})[key] = value
        await self._held.add(partition, key, value)

    def scan(self, partition: int) -> Iterator[tuple[bytes, bytes]]:
        """All keys and values of a partition, in pages; awaiting between two items is allowed.

        An item that changes during the scan may be seen in its old or its new state.
        """
        ahead = dict(self._unconfirmed.get(partition, {}))
        for key, value in self._stored(partition):
            if key not in ahead:
                yield key, value
        for key, new in ahead.items():
            if new is not None:
                yield key, new

    async def _forget(self) -> None:
        """Nothing that is not with the broker by now may be written any more."""
        await self._held.clear()
        self._unconfirmed.clear()

    # --- the two kinds of store ------------------------------------------------------------

    def _read(self, partition: int, key: bytes) -> bytes | None:
        store = self._table.data
        value: bytes | None
        if isinstance(store, rocksdb.Store):
            value = database_of(store, partition).get(key)
            return value
        if places_of(store).get(key) != partition:
            return None
        value = store.data.get(key)
        return value

    def _confirmed(self, partition: int, offset: int, records: list[Written]) -> None:
        """Move what the broker has confirmed from memory to the store."""
        store = self._table.data
        write_stored(store, partition, offset, records)
        ahead = self._unconfirmed.get(partition, {})
        for key, value in records:
            # A newer value of the same key may be on its way already: that one stays.
            if key in ahead and ahead[key] is value:
                del ahead[key]

    def _stored(self, partition: int) -> Iterator[tuple[bytes, bytes]]:
        store = self._table.data
        if isinstance(store, rocksdb.Store):
            yield from _scan_rocks(store, partition)
            return
        for key, where in list(places_of(store).items()):
            if where == partition and key in store.data:
                yield key, store.data[key]


def _partition(where: Slice | int) -> int:
    return where if isinstance(where, int) else where.partition


def _scan_rocks(store: rocksdb.Store, partition: int) -> Iterator[tuple[bytes, bytes]]:
    start: bytes | None = None
    while True:
        page = _page(database_of(store, partition), start)
        for key, value in page:
            if key not in (start, store.offset_key):
                yield key, value
        if len(page) < SCAN_RECORDS:
            return
        start = page[-1][0]


def _page(database: Any, start: bytes | None) -> list[tuple[bytes, bytes]]:
    """Up to SCAN_RECORDS items from `start` on, with the iterator closed again."""
    return list(islice(database.items(from_key=start), SCAN_RECORDS))
