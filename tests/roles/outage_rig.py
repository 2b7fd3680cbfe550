"""A hub whose delivery role is killed for a while, and what its log of decisions says of it.

Real Kafka, real PostgreSQL, the real roles, real time.  `expected` reads the log of decisions and
nothing of the read model, so that what `hub reconcile` lists is held against something else.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from aiokafka import AIOKafkaProducer
from sqlalchemy import Engine

from hub.core.model import Level, Purpose, Severity, Signal
from hub.core.outcomes import (
    Escalated,
    EventRecorded,
    GapClosed,
    GapOpened,
    LevelReached,
    NoticeIssued,
    ObligationEnded,
    Outcome,
)
from hub.edges.avro import DecisionRecord, decode_decision, encode_event, event_from_json
from hub.edges.schemas import default_schemas
from hub.ops.settings import Settings
from hub.ops.steps import Steps
from hub.ops.supervisor import Supervisor
from hub.ops.topics import DECISIONS
from hub.store import tables as t
from hub.store.engine import reading
from tests.roles.dead_week import ALIVE, DEAD, acceptance, booking, directory_with
from tests.roles.destinations import Destination
from tests.roles.ground import ground
from tests.store.test_roles import Role
from tests.topics import all_values

PATIENCE_SECONDS = 180.0
GRAVEST_FIRST: tuple[Severity | Purpose, ...] = (
    Severity.IMMEDIATE,
    Severity.SAFEGUARDING,
    Purpose.SAFEGUARDING,
    Severity.ATTENTION,
    Purpose.STATUTORY,
    Purpose.DIRECT_CARE,
    Purpose.SERVICE_MANAGEMENT,
)
"""What docs/operate.md promises: gaps by severity, then safeguarding, then the rest."""


def concealment(booked: dict[str, Any], at: datetime) -> dict[str, Any]:
    """Somebody suspects that a woman who was booked had concealed it: a safeguarding matter."""
    return {
        **booked,
        "id": f"concealed-{booked['id']}",
        "type": "pregnancy.concealment",
        "time": at.isoformat(),
        "data": {"kind": "suspected", "disclosed_at": "antenatal", "immediate_risk": "n"},
    }


@dataclass
class County:
    """The hub, its two practices, and the delivery role, which can be killed."""

    settings: Settings
    engine: Engine
    delivery: Role
    places: dict[str, Destination] = field(default_factory=dict)
    booked: int = 0
    taken: int = 0

    def write(self, events: Iterable[dict[str, Any]]) -> None:
        """Write events to their public topics, confirmed; and wait until they are decided."""
        all_of_them = list(events)
        asyncio.run(self._write(all_of_them))
        wanted = {each["id"] for each in all_of_them if each["type"] != "notice.receipt"}
        self.until(lambda: wanted <= {row.event_id for row in self.rows(t.events)}, "decisions")

    async def _write(self, events: list[dict[str, Any]]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka, acks="all")
        await producer.start()
        try:
            for body in events:
                event = event_from_json(msgspec.json.encode(body), datetime.now(UTC))
                topic, key = default_schemas().topic_of(event.type), event.subject.reference
                await producer.send_and_wait(topic, encode_event(event), key=key.encode())
        finally:
            await producer.stop()

    def booking(self, practice: str, days_ago: int = 0) -> dict[str, Any]:
        """A booking that is not written yet."""
        self.booked += 1
        return booking(practice, self.booked, datetime.now(UTC) - timedelta(days=days_ago))

    def accept(self, rows: Iterable[sa.Row[Any]]) -> set[str]:
        """Take notices on, each somebody else, so that nobody accepts in bulk; and it is known."""
        said = {row.notice_id: acceptance(row, datetime.now(UTC)) for row in rows}
        for each in said.values():
            self.taken += 1
            each["data"]["person"] = f"gp-{self.taken}"
        self.write(said.values())
        self.until(lambda: said.keys() <= self.accepted(), "acceptances")
        return set(said)

    def accepted(self) -> set[str]:
        """What the read model knows as accepted."""
        accepted = t.levels.c.signal == Signal.ACCEPTED
        return {row.notice_id for row in self.rows(t.levels, accepted)}

    def of(self, practice: str, *events: dict[str, Any]) -> list[sa.Row[Any]]:
        """The notices to a practice, in the outbox, of some events' families."""
        rows = self.rows(t.outbox, t.outbox.c.organisation == practice)
        if not events:
            return rows
        ids = {each["id"] for each in events}
        families = {row.episode_id for row in self.rows(t.events) if row.event_id in ids}
        return [row for row in rows if row.episode_id in families]

    def delivered(self, practice: str) -> None:
        """Wait until nothing is on its way to a practice any more."""
        pending = sa.and_(t.outbox.c.organisation == practice, t.outbox.c.state == "pending")
        issued = t.notices.c.organisation == practice

        def all_there() -> bool:
            known = {row.notice_id for row in self.rows(t.outbox)}
            made = {row.notice_id for row in self.rows(t.notices, issued)}
            return made <= known and not self.rows(t.outbox, pending)

        self.until(all_there, f"what goes to {practice}")

    def rows(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> list[sa.Row[Any]]:
        """Rows of the database."""
        with reading(self.engine) as conn:
            return list(conn.execute(sa.select(table).where(*where)))

    def until(self, so: Callable[[], bool], what: str) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not so():
            assert time.monotonic() < deadline, f"not in time: {what}"
            time.sleep(0.1)

    def open_now(self, practice: str) -> set[str]:
        """The notices to a practice that stand open by the log: the last of each open duty."""
        return {
            duty.last.notice_id
            for duty in Log(self.decisions()).duties.values()
            if not duty.ended and duty.last.organisation == practice and duty.level < Level.ACCEPTED
        }

    def decisions(self) -> list[DecisionRecord]:
        """The log, each decision once, in the order of each family."""
        found = {}
        for value in asyncio.run(all_values(self.settings.kafka, DECISIONS)):
            one = decode_decision(value)
            found[one.episode_id, one.seq] = one
        return [found[place] for place in sorted(found)]


@dataclass
class Duty:
    """What the log says of one duty."""

    last: NoticeIssued
    issued: list[datetime] = field(default_factory=list)
    occurred: list[datetime] = field(default_factory=list)
    level: Level = Level.OWED
    signals: list[datetime] = field(default_factory=list)
    ended: bool = False
    gaps: dict[str, Severity] = field(default_factory=dict)

    def of_outage(self, since: datetime, until: datetime) -> bool:
        """Whether it would have been told in an outage, or waited when that began."""
        if any(since <= at < until for at in (*self.issued, *self.occurred)):
            return True
        before = [at for at in self.signals if at < since]
        return min(self.issued) < since and (self.level < Level.DELIVERED or not before)

    def place(self) -> tuple[int, datetime, str]:
        """Where it stands in the list."""
        # A gap that only informs makes nothing graver than what concerns the care of somebody.
        light = {Severity.INFORMATION: Purpose.DIRECT_CARE}
        grounds = [self.last.purpose, *(light.get(each, each) for each in self.gaps.values())]
        rank = min(GRAVEST_FIRST.index(each) for each in grounds)
        return rank, self.last.due_at, self.last.notice_id


class Log:
    """The duties of a log of decisions."""

    def __init__(self, log: Iterable[DecisionRecord]) -> None:
        self.duties: dict[str, Duty] = {}
        self._occurred: dict[str, datetime] = {}
        self._of_gap: dict[str, list[str]] = {}
        self._open: dict[str, Severity] = {}
        for one in log:
            for outcome in one.outcomes:
                self._about_notices(one, outcome)
                self._about_gaps(outcome)
        self._give_gaps()

    def _about_notices(self, one: DecisionRecord, outcome: Outcome) -> None:
        match outcome:
            case EventRecorded():
                self._occurred[outcome.event_id] = outcome.occurred_at
            case NoticeIssued():
                duty = self.duties.setdefault(outcome.obligation_id, Duty(outcome))
                duty.last = outcome
                duty.issued.append(one.at)
                known = (self._occurred.get(each) for each in outcome.why.evidence)
                duty.occurred += [at for at in known if at is not None]
            case LevelReached() if outcome.counts and outcome.obligation_id in self.duties:
                duty = self.duties[outcome.obligation_id]
                duty.level = max(duty.level, outcome.level)
                duty.signals.append(outcome.reached_at)
            case ObligationEnded() if outcome.obligation_id in self.duties:
                self.duties[outcome.obligation_id].ended = True

    def _about_gaps(self, outcome: Outcome) -> None:
        match outcome:
            case GapOpened():
                self._open[outcome.gap_id] = outcome.severity
                self._of_gap[outcome.gap_id] = [*outcome.duty_ids]
            case Escalated():
                self._of_gap[outcome.gap_id].append(outcome.obligation_id)
            case GapClosed():
                self._open.pop(outcome.gap_id, None)

    def _give_gaps(self) -> None:
        """To each duty its open gaps; one whose role nobody holds has no notice, and none here."""
        for gap_id, severity in self._open.items():
            for each in self._of_gap[gap_id]:
                if each in self.duties:
                    self.duties[each].gaps[gap_id] = severity


def expected(
    log: Iterable[DecisionRecord], since: datetime, until: datetime
) -> list[tuple[int, datetime, str]]:
    """Everybody who would have been told in an outage and is not, in order, by the log alone."""
    return sorted(
        duty.place()
        for duty in Log(log).duties.values()
        if not duty.ended and duty.level < duty.last.level_needed and duty.of_outage(since, until)
    )


@contextlib.contextmanager
def county(folder: Path) -> Iterator[County]:
    """Everything up inside the `with`; both practices answer."""
    with contextlib.ExitStack() as stack:
        settings, engine = stack.enter_context(ground(folder))
        made = County(settings, engine, Role("deliver", settings))
        made.places = {ods: Destination(ods) for ods in (DEAD, ALIVE)}
        settings.directory.write_text(directory_with(made.places.values()), encoding="utf-8")
        for place in made.places.values():
            place.open()
            stack.callback(place.close)
        supervisor = Supervisor(settings, Steps(quiet=True), roles=("worker", "project"))
        supervisor.start()
        stack.callback(supervisor.stop)
        yield made
