"""However a log is cut into batches, and wherever a batch is killed, the rows come out the same."""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event

from bench.whole.inputs import prepare
from hub.core.outcomes import NoticeIssued, ObligationEnded
from hub.edges.avro import DecisionRecord, decode_decision
from hub.edges.directory import Endpoint
from hub.roles.queueing import notice_of
from hub.store import outbox
from hub.store import tables as t
from hub.store.engine import make_engine, migrate, reading, writing
from hub.store.outbox_queue import Queue, cancel_duty
from hub.store.positions import save_positions, saved_positions
from hub.store.projector import Applied, apply_decision, apply_decisions
from hub.store.rows import Rows
from tests.effort import cases
from tests.store.killing import killed_before
from tests.store.records import T0, decision, issued, raised

DECISIONS = 600
LARGEST = 90
PLACE = ("hub.decisions", 0)
ENDPOINT = Endpoint(organisation="A1", channel="worklist", destination_id="worklist:a1")


@pytest.fixture(scope="module")
def log() -> list[DecisionRecord]:
    """Decisions about families, in the order of their inputs; some come again, one differs."""
    prepared = prepare(DECISIONS)
    said = {key: iter(values) for key, values in prepared.decisions.items()}
    records = [decode_decision(next(said[row.key])) for row in prepared.rows]
    dice = Random(4)  # noqa: S311  a reproducible log, not a secret
    for _ in range(40):
        at = dice.randrange(1, len(records))
        records.insert(dice.randint(at, len(records)), records[at])
    other = decision(records[100].seq, raised(), episode_id=records[100].episode_id)
    records.insert(300, other)
    return records


def rows_of(engine: Engine) -> dict[str, Any]:
    """Every row of every table but the positions."""
    with reading(engine) as conn:
        return {
            table.name: sorted(map(repr, conn.execute(sa.select(table)).all()))
            for table in t.metadata.sorted_tables
            if table is not t.positions
        }


def database(folder: Path, name: str) -> Engine:
    """An empty SQLite database."""
    url = f"sqlite:///{folder / name}"
    migrate(url)
    return make_engine(url)


type_of_take = Callable[[Connection, Sequence[DecisionRecord]], object]


def fold_one_by_one(conn: Connection, records: Sequence[DecisionRecord]) -> None:
    """Each decision by itself."""
    for record in records:
        apply_decision(conn, record)


def queue_together(conn: Connection, records: Sequence[DecisionRecord]) -> None:
    """A batch into the outbox, all due at the same instant."""
    queue = Queue(T0)
    for record in records:
        for outcome in record.outcomes:
            if isinstance(outcome, ObligationEnded):
                queue.cancel(outcome.obligation_id, outcome.notice_ids)
            elif isinstance(outcome, NoticeIssued):
                queue.add(notice_of(record, outcome), ENDPOINT)
    queue.write(conn)


def queue_one_by_one(conn: Connection, records: Sequence[DecisionRecord]) -> None:
    """One statement for each outcome, as it was meant."""
    for record in records:
        for outcome in record.outcomes:
            if isinstance(outcome, ObligationEnded):
                cancel_duty(conn, outcome.obligation_id, outcome.notice_ids)
            elif isinstance(outcome, NoticeIssued):
                outbox.queue_notice(conn, notice_of(record, outcome), ENDPOINT, T0)


@pytest.mark.parametrize("seed", range(cases(3, fewest=1)))
@pytest.mark.parametrize(
    ("together", "singly", "longest"),
    [(apply_decisions, fold_one_by_one, 60), (queue_together, queue_one_by_one, 12)],
    ids=["read model", "outbox"],
)
def test_random_batches_killed_anywhere_give_the_rows_of_one_by_one(
    together: type_of_take,
    singly: type_of_take,
    longest: int,
    seed: int,
    log: list[DecisionRecord],
    tmp_path: Path,
) -> None:
    """A batch and its position are one transaction; a killed one is taken again, cut anew.

    `longest` is above the statements of any batch, so that each gets through in the end, and not so
    far above that nothing is killed.
    """
    plain, killed = database(tmp_path, "plain.db"), database(tmp_path, "killed.db")
    with writing(plain) as conn:
        singly(conn, log)
    dice, kills, at = Random(seed), 0, 0  # noqa: S311  faults, not secrets
    while at < len(log):
        batch = log[at : at + dice.randint(1, LARGEST)]
        with killed_before(killed, dice.randint(1, longest)), writing(killed) as conn:
            together(conn, batch)
            save_positions(conn, "taker", {PLACE: at + len(batch)})
        with reading(killed) as conn:
            reached = saved_positions(conn, "taker").get(PLACE, 0)
        kills += reached == at
        at = reached
    assert kills > 0
    assert rows_of(plain) == rows_of(killed)


def test_a_batch_that_repeats_itself_is_folded_once(engine: Engine) -> None:
    """Twice in one batch, in two batches, and with other content: each is told apart."""
    first, other = decision(1, raised(), issued()), decision(1, raised())
    with writing(engine) as conn:
        together = apply_decisions(conn, [first, first, other])
    with writing(engine) as conn:
        again = apply_decisions(conn, [first, decision(2), other])
    assert [Applied.NEW, Applied.DUPLICATE, Applied.CONFLICT] == together
    assert [Applied.DUPLICATE, Applied.NEW, Applied.CONFLICT] == again


def test_both_databases_hold_the_rows_of_the_log(engine: Engine, log: list[DecisionRecord]) -> None:
    """Folded in batches on either database, every decision of the log is there once."""
    applied: list[Applied] = []
    for first in range(0, len(log), LARGEST):
        with writing(engine) as conn:
            applied += apply_decisions(conn, log[first : first + LARGEST])
    with reading(engine) as conn:
        known = conn.scalar(sa.select(sa.func.count()).select_from(t.decisions))
        seen = conn.scalar(sa.select(sa.func.count()).select_from(t.notices))
    issued_ids = {
        outcome.notice_id
        for record in log
        for outcome in record.outcomes
        if isinstance(outcome, NoticeIssued)
    }
    assert (DECISIONS, len(issued_ids)) == (known, seen)
    assert (DECISIONS, 40, 1) == tuple(map(applied.count, Applied))


# --- the statements -------------------------------------------------------------------------


def test_no_question_of_a_batch_reads_a_whole_table(
    lite: Engine, log: list[DecisionRecord]
) -> None:
    """Each question and change of the fold finds its rows by an index."""
    asked: list[tuple[str, Any]] = []

    def note(_c: Any, _cursor: Any, statement: str, given: Any, _x: Any, many: bool) -> None:
        asked.append((statement, given[0] if many else given))

    half = len(log) // 2
    with writing(lite) as conn:
        apply_decisions(conn, log[:half])
    event.listen(lite, "before_cursor_execute", note)
    with writing(lite) as conn:
        apply_decisions(conn, log[half - 20 :])
        queue_together(conn, log[half - 20 :])
    event.remove(lite, "before_cursor_execute", note)
    plans = []
    with reading(lite) as conn:
        for statement, given in asked:
            if statement.startswith(("SELECT", "UPDATE", "INSERT")):
                explained = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", given)
                plans += [str(row[3]) for row in explained]
    assert len(plans) > 5
    assert [] == [plan for plan in plans if plan.startswith("SCAN")]
    assert [] == [plan for plan in plans if "worklist" in plan or "ix_outbox_due" in plan]


def test_a_row_that_is_put_again_keeps_what_it_should(lite: Engine) -> None:
    """A changed row is written with its changes alone, and a new one whole."""
    row = {"episode_id": "e-1", "seq": 1, "updated_at": T0, "babies": ["one"], "team": []}
    for again in (row, row | {"seq": 2, "babies": ["two"]}):
        with writing(lite) as conn:
            rows = Rows(t.episodes)
            rows.load(conn, "episode_id", {"e-1"})
            rows.put(again, keep=["babies"])
            rows.write(conn)
    with reading(lite) as conn:
        stored = conn.execute(sa.select(t.episodes)).one()
    assert (2, ["one"]) == (stored.seq, stored.babies)
