"""A week in the life of a hub in which one practice's system is dead, on an accelerated clock.

Real Kafka, real PostgreSQL, the real worker and projector, and the delivery role inside this
process, because the time by which it retries runs as fast as the hub's own.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from aiokafka import AIOKafkaProducer
from sqlalchemy import Engine

from hub.edges.avro import encode_event, event_from_json
from hub.edges.schemas import default_schemas
from hub.ops.clock import AcceleratedClock
from hub.ops.settings import Settings
from hub.ops.steps import Steps
from hub.ops.supervisor import Supervisor
from hub.roles import deliver
from hub.store import tables as t
from hub.store.engine import reading
from tests.channels.tools import SECRET
from tests.house.tree import ROOT
from tests.roles.destinations import Destination
from tests.roles.ground import ground

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday morning."""

WEEK = timedelta(days=7)
REAL_SECONDS = 60.0
"""What the week takes."""

FACTOR = WEEK.total_seconds() / REAL_SECONDS
DEAD, ALIVE = "Y99001", "Y99002"
PATIENCE_SECONDS = 90.0


def booking(practice: str, number: int, at: datetime) -> dict[str, Any]:
    """A pregnancy that the practice must hear of: to be opened in two working days."""
    day = at.date()
    return {
        "specversion": "1.0",
        "id": f"booked-{practice}-{number}",
        "type": "pregnancy.booked",
        "source": "RXX:MATERNITY",
        "time": at.isoformat(),
        "subject": {"reference": f"week-{practice}-{number}", "postcode": "ZZ99 3CZ"},
        "data": {
            "booked_on": day.isoformat(),
            "edd": (day + timedelta(days=200)).isoformat(),
            "edd_basis": "scan",
            "parity": 0,
            "planned_contacts": 10,
            "provider": "RXX",
            "named_midwife": {"id": "mw-17"},
            "gp_ods": practice,
            "hv_team_hint": "RYX",
            "sharing_ref": "",
        },
    }


def acceptance(notice: sa.Row[Any], at: datetime) -> dict[str, Any]:
    """Somebody at the practice takes a notice on."""
    return {
        "specversion": "1.0",
        "id": f"accepted-{notice.notice_id}",
        "type": "notice.receipt",
        "source": f"{notice.organisation}:GP_SYSTEM",
        "time": at.isoformat(),
        "subject": {"reference": notice.episode_id},
        "data": {
            "notice_id": notice.notice_id,
            "signal": "accepted",
            "organisation": notice.organisation,
            "role": notice.role,
            "person": "gp-1",
            "channel": "webhook",
        },
    }


class Week:
    """The hub, its two practices, and its clock."""

    def __init__(self, settings: Settings, clock: AcceleratedClock, engine: Engine) -> None:
        self.settings, self.clock, self.engine = settings, clock, engine
        self.places = {ods: Destination(ods) for ods in (DEAD, ALIVE)}
        self.places[DEAD].way = "refuses"
        self.booked = 0

    def write(self, events: Iterable[dict[str, Any]]) -> None:
        """Write events to their public topics, confirmed."""
        asyncio.run(self._write(list(events)))

    async def _write(self, events: list[dict[str, Any]]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.settings.kafka, acks="all")
        await producer.start()
        try:
            for body in events:
                event = event_from_json(
                    msgspec.json.encode(body), datetime.fromisoformat(body["time"])
                )
                topic, key = default_schemas().topic_of(event.type), event.subject.reference
                await producer.send_and_wait(topic, encode_event(event), key=key.encode())
        finally:
            await producer.stop()

    def book(self) -> None:
        """A woman of each practice is booked now."""
        at = self.clock.now()
        self.write(booking(ods, self.booked, at) for ods in (DEAD, ALIVE))
        self.booked += 1

    def accept(self, organisation: str) -> int:
        """Everything that has reached an organisation and is not accepted yet; says how much."""
        arrived = set(self.places[organisation].arrived)
        taken = {row.notice_id for row in self.rows(t.levels) if row.signal == "accepted"}
        rows = [row for row in self.rows(t.outbox) if row.notice_id in arrived - taken]
        self.write(acceptance(row, self.clock.now()) for row in rows)
        return len(rows)

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

    def sleep_until(self, shown: datetime) -> None:
        """Wait until the hub's clock shows an instant."""
        left = (self.clock.real_at(shown) - datetime.now(UTC)).total_seconds()
        time.sleep(max(0.0, left))


@contextlib.contextmanager
def _delivering(settings: Settings, clock: AcceleratedClock) -> Iterator[None]:
    """The delivery role on a thread of its own, with the time of the clock for its retries too."""
    loop, stopping = asyncio.new_event_loop(), asyncio.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            loop.run_until_complete(deliver.run(settings, stopping, clock.now))
        except BaseException as failure:  # noqa: BLE001  it is raised where the test sees it
            failures.append(failure)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join(PATIENCE_SECONDS)
    loop.close()
    if failures:
        raise failures[0]


def directory_with(places: Iterable[Destination]) -> str:
    """The invented county, in which both practices have a system of their own."""
    county = (ROOT / "hub" / "demo" / "directory.toml").read_text(encoding="utf-8")
    return county + "".join(
        f'\n[[endpoint]]\norganisation = "{each.name}"\nchannel = "webhook"\n'
        f'address = "http://127.0.0.1:{each.port}/"\nsecret = "{SECRET}"\n'
        for each in places
    )


@contextlib.contextmanager
def week(folder: Path) -> Iterator[Week]:
    """Everything up inside the `with`, Monday at nine."""
    with contextlib.ExitStack() as stack:
        settings, engine = stack.enter_context(ground(folder))
        # The roles need some seconds to start, and the week must not begin without them.
        clock = AcceleratedClock(START, datetime.now(UTC) + timedelta(seconds=20), FACTOR)
        settings = settings.model_copy(update={"clock": clock.setting()})
        made = Week(settings, clock, engine)
        settings.directory.write_text(directory_with(made.places.values()), encoding="utf-8")
        for place in made.places.values():
            place.open()
            stack.callback(place.close)
        supervisor = Supervisor(settings, Steps(quiet=True), roles=("worker", "project"))
        supervisor.start()
        stack.callback(supervisor.stop)
        stack.enter_context(_delivering(settings, clock))
        made.sleep_until(START)
        yield made
