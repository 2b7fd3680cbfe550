"""An agent that counts and sums per key: the engine's test load, and the example to copy.

Run: python counter_app.py ID BROKER DATA_DIR WORKER_ID STORE [SLOW_SECONDS]
Topics ID-in, ID-out and ID-ID-totals-changelog must exist with 4 partitions.  Each input
(key, number) yields one output record (key, [offset, seq, number, sum]).
"""

import asyncio
import json
import logging
import sys
from dataclasses import dataclass
from pathlib import Path

import faust

from agents.transport import (
    PartitionStore,
    RecordBatch,
    Slice,
    confirmed_offset,
    make_app,
    on_partitions_ready,
    run,
    slices,
)

PARTITIONS = 4

# What one input led to: its offset, the sequence number within its key, the number, the sum.
Decision = list[int]


@dataclass
class State:
    """The state of one key: the last input it has absorbed, and what a crash could still lose."""

    last: int = -1
    seq: int = 0
    total: int = 0
    kept: list[Decision] | None = None


def decide(raw: bytes | None, offset: int, number: int, confirmed: int) -> tuple[State, Decision]:
    """The new state and the decision; for a redelivered input the old ones, unchanged."""
    state = State(*json.loads(raw)) if raw else State()
    kept = state.kept or []
    if offset <= state.last:
        return state, next((old for old in kept if old[0] == offset), [])
    decision = [offset, state.seq + 1, number, state.total + number]
    # What the broker has cannot be lost any more, so that decision need not be kept.
    kept = [old for old in kept if old[0] >= confirmed] + [decision]
    return State(offset, state.seq + 1, state.total + number, kept), decision


def build(
    app_id: str, *, broker: str, data_dir: Path, worker_id: str, store: str, slow_seconds: float
) -> faust.App:
    """The app with its one agent; `slow_seconds` per slice lets faults fall in the middle."""
    app = make_app(
        app_id,
        broker=broker,
        data_dir=data_dir,
        partitions=PARTITIONS,
        replication=1,
        worker_id=worker_id,
        store=store,
        gapless=[f"{app_id}-in"],
    )
    totals = PartitionStore(app, app.Table(f"{app_id}-totals"))
    agenda: set[bytes] = set()
    on_partitions_ready(app, lambda partitions: rebuild(agenda, totals, partitions))

    @app.agent(app.topic(f"{app_id}-in"))
    async def counters(stream: "faust.StreamT[bytes]") -> None:
        async for piece in slices(stream):
            await count(app, totals, piece)
            await asyncio.sleep(slow_seconds)

    return app


async def rebuild(
    agenda: set[bytes], totals: PartitionStore, partitions: frozenset[tuple[str, int]]
) -> None:
    """What a clock agent does after an assignment: look at every state it owns."""
    agenda.clear()
    for _, partition in partitions:
        agenda.update(key for key, _ in totals.scan(partition))


async def count(app: faust.App, totals: PartitionStore, piece: Slice) -> None:
    """Gather, decide, apply, for each record of a slice; then hand over what it led to."""
    outputs = RecordBatch(app, f"{app.conf.id}-out", piece.partition)
    confirmed = confirmed_offset(app, piece.topic, piece.partition)
    for record in piece.records:
        raw = totals.get(piece, record.key)
        state, decision = decide(raw, record.offset, int(record.value), confirmed)
        if decision:
            await outputs.append(record.key, json.dumps(decision).encode())
        # An input below the last one absorbed changes nothing, so there is nothing to put.
        if record.offset == state.last:
            value = json.dumps([state.last, state.seq, state.total, state.kept]).encode()
            await totals.hold(piece, record.key, value)
    await outputs.send()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    name, broker_address, folder, worker, store_url, *slow = sys.argv[1:]
    counter = build(
        name,
        broker=broker_address,
        data_dir=Path(folder),
        worker_id=worker,
        store=store_url,
        slow_seconds=float(slow[0]) if slow else 0.0,
    )
    sys.exit(run(counter))
