"""The empty core on bare confluent-kafka: `python bare.py BROKER APP INPUT OUTPUT DATA`."""

import sys
from pathlib import Path

import msgspec

from bench.confluent import Worker
from bench.empty.work import output_of

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[int, int]).decode


def count(
    _key: bytes, _partition: int, _offset: int, value: bytes, raw: bytes | None
) -> tuple[bytes, bytes]:
    """One state update and one output."""
    seq, total = _unpack(raw) if raw else (0, 0)
    said, total = output_of(value, seq + 1, total)
    return _pack((seq + 1, total)), said


if __name__ == "__main__":
    broker, group, source, sink, folder = sys.argv[1:]
    Worker(broker, group, Path(folder), count).run(source, sink)
