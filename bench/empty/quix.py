"""The empty core on Quix Streams: `python quix.py BROKER APP INPUT OUTPUT DATA` (peers' Python).

Its at-least-once with its changelog and its RocksDB.  The settings are its documented ones for
speed: state and values in msgpack instead of JSON, a linger that fills batches, no logging.
Updates of one key between two checkpoints are one changelog record: that is how Quix works, and
it is to its advantage; the report says how many records it wrote.
"""

import sys
from pathlib import Path

import msgspec
from quixstreams import Application, State  # type: ignore[import-not-found]  # in the peers' Python
from quixstreams.state.rocksdb import (  # type: ignore[import-not-found]  # as above
    RocksDBOptions,
)

from bench.empty.work import output_of

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder().decode


def count(value: bytes, state: State) -> bytes:
    """One state update and one output."""
    seq, total = state.get("c") or (0, 0)
    said, total = output_of(value, seq + 1, total)
    state.set("c", (seq + 1, total))
    return said


def main(broker: str, group: str, source: str, sink: str, folder: Path) -> None:
    """Run until SIGTERM."""
    app = Application(
        broker_address=broker,
        consumer_group=group,
        auto_offset_reset="earliest",
        state_dir=folder / "quix",
        rocksdb_options=RocksDBOptions(dumps=_pack, loads=_unpack),
        producer_extra_config=PRODUCER,
        loglevel="ERROR",
    )
    stream = app.dataframe(app.topic(source, key_deserializer="bytes", value_deserializer="bytes"))
    out = app.topic(sink, key_serializer="bytes", value_serializer="bytes")
    stream.apply(count, stateful=True).to_topic(out)
    app.run()


PRODUCER = {
    "acks": "all",
    "linger.ms": 20,
    "batch.size": 1 << 20,
    "queue.buffering.max.messages": 1_000_000,
}


if __name__ == "__main__":
    address, app_id, input_topic, output_topic, data = sys.argv[1:]
    main(address, app_id, input_topic, output_topic, Path(data))
