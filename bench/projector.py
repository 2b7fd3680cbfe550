"""How fast the read model and the outbox take decisions in: `python -m bench.projector --json -`.

Families live (`bench.whole.lives`), and their decisions are encoded as the worker encodes them.
Then `hub project` folds them batch by batch into an empty database file, and `hub deliver` takes
them into its outbox and writes down that each notice stands on the worklist.  Every tenth of the
log has its own figure, so that it shows whether the speed falls as the tables grow; `--grown 40`
first multiplies the rows of a folded log, for the speed on a read model of a large hub.
`--database URL` measures an empty PostgreSQL database in the place of SQLite.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine, event

from bench.whole.inputs import prepare
from hub.core.model import Signal
from hub.edges.avro import decode_decision
from hub.edges.directory import directory_from
from hub.ops.topics import DECISIONS
from hub.roles import project, queueing
from hub.roles.delivery import LISTED_AT_ONCE
from hub.roles.follow import BATCH_RECORDS, positions_after
from hub.store import outbox, outbox_attempts
from hub.store import tables as t
from hub.store.engine import make_engine, migrate, reading, writing

TENTHS = 10
GROWN = ("decisions", "episodes", "events", "obligations", "causes", "notices", "levels")
GROWN_GAPS = ("expectations", "gaps", "gap_duties", "escalations")


@dataclass(frozen=True, slots=True)
class Record:
    """What the roles read of a record of Kafka."""

    topic: str
    partition: int
    offset: int
    value: bytes
    timestamp: int = 0


def log_of(decisions: int) -> list[Record]:
    """A log of `hub.decisions`, in the order in which the families' inputs came."""
    prepared = prepare(decisions)
    said = {key: iter(values) for key, values in prepared.decisions.items()}
    return [
        Record(DECISIONS, row.partition, row.offset, next(said[row.key])) for row in prepared.rows
    ]


@contextmanager
def counted(engine: Engine) -> Iterator[list[int]]:
    """How many statements run meanwhile; one for many rows counts once."""
    many = [0]

    def count(*_: object) -> None:
        many[0] += 1

    event.listen(engine, "before_cursor_execute", count)
    try:
        yield many
    finally:
        event.remove(engine, "before_cursor_execute", count)


def timed(
    engine: Engine, log: Sequence[Record], size: int, act: Callable[[Sequence[Record]], object]
) -> dict[str, Any]:
    """Records in one second by tenth of the log, with the longest batch and the statements."""
    rates, longest = [], 0.0
    with counted(engine) as statements:
        for tenth in range(TENTHS):
            part = log[len(log) * tenth // TENTHS : len(log) * (tenth + 1) // TENTHS]
            began = time.perf_counter()
            for first in range(0, len(part), size):
                before = time.perf_counter()
                act(part[first : first + size])
                longest = max(longest, time.perf_counter() - before)
            rates.append(round(len(part) / (time.perf_counter() - began)))
    return {
        "per_second_by_tenth": rates,
        "statements_per_record": round(statements[0] / len(log), 2),
        "longest_batch_ms": round(longest * 1000, 1),
    }


def grow(engine: Engine, times: int) -> None:
    """Multiply the read model: every row again, so many times, under other ids."""
    with writing(engine) as conn:
        for name in (*GROWN, *GROWN_GAPS):
            table = t.metadata.tables[name]
            for copy in range(times):
                columns = [
                    (column + f"~{copy}").label(column.name)
                    if column.name.endswith("_id")
                    else column
                    for column in table.c
                ]
                again = sa.select(*columns).where(_is_original(table))
                conn.execute(sa.insert(table).from_select(list(table.c.keys()), again))


def _is_original(table: sa.Table) -> sa.ColumnElement[bool]:
    column = next(column for column in table.c if column.name.endswith("_id"))
    return sa.not_(column.contains("~"))


def rows_in(engine: Engine, table: sa.Table) -> int:
    """How many rows a table has."""
    with reading(engine) as conn:
        return conn.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def take_in(engine: Engine, records: Sequence[Record]) -> None:
    """A batch of the log into the outbox, decoded as the role does it."""
    decisions = [decode_decision(record.value) for record in records]
    # With no row in it, a directory has everybody at the worklist.
    queueing.take_in(engine, directory_from({}), decisions, positions_after(records))


def list_all(engine: Engine) -> dict[str, Any]:
    """Write down that every notice of the outbox stands on the worklist, as the role does it."""
    now, many, began = datetime.now(UTC), 0, time.perf_counter()
    with reading(engine) as conn:
        waiting = outbox.due_destinations(conn, now)
    for destination_id in waiting:
        more = True
        while more:
            with writing(engine) as conn:
                due = outbox.due_notices(conn, destination_id, now, LISTED_AT_ONCE)
                if due:
                    listed = [(_listed(each, now), 0.0) for each in due]
                    outbox_attempts.record_attempts(conn, listed)
            many += len(due)
            more = bool(due)
    return {"notices": many, "per_second": round(many / (time.perf_counter() - began))}


def _listed(due: outbox.Due, now: datetime) -> outbox.Attempt:
    return outbox.Attempt(due=due, at=now, clock_at=now, latency_ms=0, signal=Signal.SENT)


def measure(url: str, asked: argparse.Namespace) -> dict[str, Any]:
    """Everything, on one empty database."""
    migrate(url)
    engine = make_engine(url)
    log = log_of(asked.decisions)
    found: dict[str, Any] = {"decisions": len(log), "batch": asked.batch}
    if asked.grown:
        early, log = log[: len(log) // 2], log[len(log) // 2 :]
        for first in range(0, len(early), asked.batch):
            project.fold_batch(engine, early[first : first + asked.batch])
        grow(engine, asked.grown)
        found["notices_before"] = rows_in(engine, t.notices)
    found["fold"] = timed(
        engine,
        log,
        asked.batch,
        lambda part: project.fold_batch(engine, part),
    )
    found["notices"] = rows_in(engine, t.notices)
    found["outbox"] = timed(engine, log, asked.batch, lambda part: take_in(engine, part))
    found["worklist"] = list_all(engine)
    engine.dispose()
    return found


def main() -> None:
    """Measure and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--decisions", type=int, default=24_000)
    parser.add_argument("--batch", type=int, default=BATCH_RECORDS, help="records in a batch")
    parser.add_argument("--grown", type=int, default=0, help="multiply the read model first")
    parser.add_argument("--database", help="URL of an empty database; a new SQLite file without")
    parser.add_argument("--json", default="-", help="where the figures go; - is standard output")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        found = measure(asked.database or f"sqlite:///{folder}/hub.db", asked)
    text = json.dumps(found, indent=2)
    if asked.json == "-":
        print(text)
    else:
        Path(asked.json).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
