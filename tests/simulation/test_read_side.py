"""The real projector and the real outbox, on SQLite, killed between any two of their writes.

They read what a simulated worker wrote, with everything that crashes made it write twice.  A kill
strikes inside the database, before one of its statements, as a SIGKILL would: the transaction is
gone.  Afterwards the rows are what an undisturbed fold of the same log gives.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from hub.core.model import GapState, Signal
from hub.core.outcomes import NoticeIssued
from hub.edges.avro import decode_decision, encode_input
from hub.ops.topics import DECISIONS, QUARANTINE
from hub.roles import project, queueing
from hub.roles.follow import positions_after
from hub.store import outbox, outbox_attempts, outbox_reports
from hub.store import tables as t
from hub.store.engine import make_engine, migrate, reading, writing
from hub.store.positions import saved_positions
from tests.effort import cases
from tests.simulation.broker import Record
from tests.simulation.plan import Plan
from tests.simulation.runs import play, the_directory
from tests.simulation.world import World
from tests.store.killing import killed_before

SEEDS = range(cases(2, fewest=1))
MOST_STATEMENTS = 60
"""A kill strikes before one of so many statements, or not at all: a batch has more or fewer."""


def database(folder: Path, name: str) -> Engine:
    """An empty database at the newest revision."""
    url = f"sqlite:///{folder / name}"
    migrate(url)
    return make_engine(url)


def world_of(seed: int) -> World:
    """A few families whose log the roles read."""
    return play(Plan(seed=seed, families=2, days=60))


def waiting(
    engine: Engine, consumer: str, world: World, topics: Sequence[str]
) -> list[list[Record]]:
    """What is left to read of each partition, from the saved positions."""
    with reading(engine) as conn:
        saved = saved_positions(conn, consumer)
    logs = [log for topic in topics for log in world.broker.partitions_of(topic)]
    left = [log.records[saved.get((log.topic, log.partition), 0) :] for log in logs]
    return [records for records in left if records]


def rows_of(engine: Engine) -> dict[str, Any]:
    """Every row of every table, in an order that says nothing of when it was written."""
    with reading(engine) as conn:
        return {
            table.name: sorted(map(repr, conn.execute(sa.select(table)).all()))
            for table in t.metadata.sorted_tables
        }


@pytest.mark.parametrize("seed", SEEDS)
def test_a_projector_killed_between_any_two_writes_ends_with_the_same_rows(
    seed: int, tmp_path: Path
) -> None:
    """Batches of any size, any partition first, killed again and again: nothing shows of it."""
    world, dice = world_of(seed), Random(seed)  # noqa: S311  faults, not secrets
    plain, killed = database(tmp_path, "plain.db"), database(tmp_path, "killed.db")
    for records in waiting(plain, project.CONSUMER, world, (DECISIONS, QUARANTINE)):
        project.fold_batch(plain, records)
    kills = 0
    while left := waiting(killed, project.CONSUMER, world, (DECISIONS, QUARANTINE)):
        batch = dice.choice(left)[: dice.randint(1, 60)]
        folded = None
        with killed_before(killed, dice.choice([dice.randint(0, MOST_STATEMENTS), 10**6])):
            folded = project.fold_batch(killed, batch)
        kills += folded is None
        assert folded is None or folded.conflicts == []
    assert kills > 0
    assert rows_of(plain) == rows_of(killed)
    assert open_gaps(world) == gaps_shown(killed)


def open_gaps(world: World) -> set[str]:
    """The gaps that are open, as the auditor folds the log."""
    return {gap for family in world.auditor.families.values() for gap in family.open_gaps}


def gaps_shown(engine: Engine) -> set[str]:
    """The gaps that are open, as the pages of the hub read them."""
    with reading(engine) as conn:
        return set(conn.scalars(sa.select(t.gaps.c.gap_id).where(t.gaps.c.state == GapState.OPEN)))


class Role:
    """The delivery role's own steps, one after the other, on the real outbox."""

    def __init__(self, engine: Engine, dice: Random, dead: str) -> None:
        self.engine = engine
        self.dice = dice
        self.dead = dead
        self.now = datetime.now(UTC)
        self.sent: Counter[str] = Counter()
        self.told: dict[str, set[bytes]] = defaultdict(set)
        self.kills = 0

    @contextmanager
    def perhaps_killed(self) -> Iterator[None]:
        """One transaction of the role, which may not come to its end."""
        ended = []
        with killed_before(self.engine, self.dice.choice([0, 1, 2, 3, 10**6, 10**6])):
            yield
            ended.append(True)
        self.kills += not ended

    def deliver(self) -> None:
        """Send what is due; the attempt is sent first and written afterwards."""
        with reading(self.engine) as conn:
            destinations = outbox.due_destinations(conn, self.now)
            due = [d for name in destinations for d in outbox.due_notices(conn, name, self.now, 20)]
        for one in due:
            with reading(self.engine) as conn:
                if not outbox.is_pending(conn, one):
                    continue
            self.sent[one.notice_id] += 1
            fails = one.organisation == self.dead
            attempt = outbox.Attempt(
                due=one,
                at=self.now,
                clock_at=self.now,
                latency_ms=1,
                signal=None if fails else Signal.SENT,
                reason="unreachable" if fails else None,
            )
            with self.perhaps_killed(), writing(self.engine) as conn:
                outbox_attempts.record_attempt(conn, attempt, self.dice.random())

    def report(self) -> None:
        """Tell the core, and write down that it was told."""
        with reading(self.engine) as conn:
            untold = outbox_reports.unreported(conn, 20)
        for one in untold:
            given = outbox_reports.receipt_of(one)
            self.told[given.input_id].add(encode_input(given))
        with self.perhaps_killed(), writing(self.engine) as conn:
            outbox_reports.mark_reported(conn, untold)

    def unfinished(self) -> int:
        """Notices that are still to be sent, or told of."""
        x = t.outbox
        untold = sa.and_(sa.not_(x.c.reported), x.c.signal_at.is_not(None))
        asked = sa.select(sa.func.count()).where(
            sa.or_(x.c.state == outbox.OutboxState.PENDING, untold)
        )
        with reading(self.engine) as conn:
            return conn.scalar(asked) or 0


@pytest.mark.parametrize("seed", SEEDS)
def test_an_outbox_killed_between_any_two_writes_tells_of_every_notice(
    seed: int, tmp_path: Path
) -> None:
    """No notice is forgotten, a dead channel bounces, and the core is told the same every time."""
    world, dice = world_of(seed), Random(seed)  # noqa: S311  faults, not secrets
    engine = database(tmp_path, "hub.db")
    role = Role(engine, dice, "RYV")
    while left := waiting(engine, queueing.CONSUMER, world, (DECISIONS,)):
        batch = dice.choice(left)[: dice.randint(1, 40)]
        decisions = [decode_decision(record.value) for record in batch]
        with role.perhaps_killed():
            queueing.take_in(engine, the_directory(), decisions, positions_after(batch))
        role.now += timedelta(hours=1)
        role.deliver()
        role.report()
    for _ in range(200):
        role.now += timedelta(days=1)
        role.deliver()
        role.report()
        if not role.unfinished():
            break
    assert 0 == role.unfinished()
    assert role.kills > 0
    check_outbox(world, role)


def check_outbox(world: World, role: Role) -> None:
    """Every notice of the log is there once, and came to an end that the core knows of."""
    issued = {
        outcome.notice_id
        for log in world.broker.partitions_of(DECISIONS)
        for record in log.records
        for outcome in decode_decision(record.value).outcomes
        if isinstance(outcome, NoticeIssued)
    }
    with reading(role.engine) as conn:
        rows = conn.execute(sa.select(t.outbox)).all()
    assert issued == {row.notice_id for row in rows}
    expected = {outbox.OutboxState.SENT: False, outbox.OutboxState.EXHAUSTED: True}
    for row in rows:
        if row.state == outbox.OutboxState.CANCELLED:
            assert row.signal is None
            continue
        assert expected[outbox.OutboxState(row.state)] == (row.organisation == role.dead)
        assert role.sent[row.notice_id] > 0
    told = [row for row in rows if row.signal is not None]
    assert len(told) == len(role.told)
    assert {1} == {len(copies) for copies in role.told.values()}, "told in two ways"
