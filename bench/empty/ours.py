"""The empty core on our transport: `python -m bench.empty.ours BROKER APP INPUT OUTPUT DATA ID`.

The state of a key is what a real agent keeps: a counter, the last input absorbed, and the
outputs that a crash could still lose.  So this worker stays exact under a kill; the peers beside
it promise at-least-once only, and keep the counter alone.
"""

import logging
import sys
from pathlib import Path

import faust
import msgspec

from agents.transport import (
    PartitionStore,
    RecordBatch,
    Slice,
    confirmed_offset,
    make_app,
    run,
    slices,
)
from bench.empty.work import PARTITIONS, output_of


class State(msgspec.Struct, array_like=True):
    """The state of one key; `kept` holds (offset, output) of inputs not yet confirmed."""

    last: int = -1
    seq: int = 0
    total: int = 0
    kept: list[tuple[int, bytes]] = []


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(State).decode


def build(broker: str, name: str, topics: tuple[str, str], data: Path, worker: str) -> faust.App:
    """The app with its one agent; `topics` are the input and the output."""
    source, sink = topics
    app = make_app(
        name,
        broker=broker,
        data_dir=data,
        partitions=PARTITIONS,
        replication=1,
        worker_id=worker,
        gapless=[source],
    )
    totals = PartitionStore(app, app.Table("totals"))

    @app.agent(app.topic(source))
    async def counter(stream: "faust.StreamT[bytes]") -> None:
        async for piece in slices(stream):
            await count(app, totals, piece, sink)

    return app


async def count(app: faust.App, totals: PartitionStore, piece: Slice, sink: str) -> None:
    """Gather, count and apply each record of a slice; then hand over what it led to."""
    outputs = RecordBatch(app, sink, piece.partition)
    confirmed = confirmed_offset(app, piece.topic, piece.partition)
    for record in piece.records:
        raw = totals.get(piece, record.key)
        state = _unpack(raw) if raw else State()
        offset = record.offset
        if offset <= state.last:
            again = next((said for at, said in state.kept if at == offset), None)
            if again is not None:
                await outputs.append(record.key, again)
            continue
        state.last, state.seq = offset, state.seq + 1
        said, state.total = output_of(record.value, state.seq, state.total)
        state.kept = [row for row in state.kept if row[0] >= confirmed]
        state.kept.append((offset, said))
        await outputs.append(record.key, said)
        await totals.hold(piece, record.key, _pack(state))
    await outputs.send()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    broker_address, app_id, input_topic, output_topic, folder, worker_id = sys.argv[1:]
    sys.exit(
        run(build(broker_address, app_id, (input_topic, output_topic), Path(folder), worker_id))
    )
