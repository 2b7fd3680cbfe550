"""What is on the disk of a table, partition by partition; the same write for work and recovery.

Values and the changelog offset that they stand for go into one write: whatever happens, the store
is the changelog up to that offset, no more and no less.
"""

from collections.abc import Iterable, MutableMapping
from typing import Any

import rocksdict
from faust.stores import memory, rocksdb

Written = tuple[bytes, bytes | None]
"""A key and its new value; None deletes it."""


def write_stored(store: Any, partition: int, offset: int, records: Iterable[Written]) -> None:
    """Write records of a changelog, the last at `offset`; -1 where the broker did not tell."""
    if not isinstance(store, rocksdb.Store):
        _write_memory(store, partition, records)
        return
    batch = rocksdict.WriteBatch(raw_mode=True)
    for key, value in records:
        if value is None:
            batch.delete(key)
        else:
            batch.put(key, value)
    if offset >= 0:
        batch.put(store.offset_key, str(offset).encode())
    database_of(store, partition).write(batch)


def _write_memory(store: Any, partition: int, records: Iterable[Written]) -> None:
    places = places_of(store)
    for key, value in records:
        if value is None:
            store.data.pop(key, None)
            places.pop(key, None)
        else:
            store.data[key] = value
            places[key] = partition


def database_of(store: rocksdb.Store, partition: int) -> Any:
    """The RocksDB of one partition.  Faust's public reads guess the partition from the event."""
    return store._db_for_partition(partition)  # noqa: SLF001  as said above


def places_of(store: Any) -> MutableMapping[bytes, int]:
    """Which partition each key of a memory store belongs to; Faust clears by it."""
    assert isinstance(store, memory.Store)
    return store._key_partition  # noqa: SLF001  Faust has no other way in
