"""Records that nobody can read, on every topic that the hub reads: none of them blocks it."""

import asyncio
import io
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa
from aiokafka import AIOKafkaProducer
from sqlalchemy import Connection

from bench.outage_publishers import Direct, Families
from bench.outage_site import Plan, Site
from hub.edges.schemas import default_schemas
from hub.ops.steps import Steps
from hub.ops.topics import (
    DECISIONS,
    FAMILIES,
    INPUTS,
    PERSONS,
    QUARANTINE,
    RECEIPTS,
    family_topic,
)
from hub.store import read_model, tables
from hub.store.engine import make_engine, reading, writing
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.stack

GARBAGE = b"no record of anybody"
BROKEN = b"\x00" + default_schemas().current("hub.decision").id.to_bytes(4, "big") + b"\xff"
"""A number of ours, and behind it nothing that belongs there."""

UNKNOWN = b"\x00" + (999_999).to_bytes(4, "big") + b"as from a newer hub"
LARGE = b"x" * 1_040_000
"""As much as a broker takes: more than fits into a quarantine record with its other fields."""

NO_TEXT = b"\xff\xfe"
PUBLIC = [*(family_topic(family) for family in FAMILIES), RECEIPTS]


class Hub:
    """The roles behind Kafka, and what they say."""

    def __init__(self, site: Site, said: io.StringIO) -> None:
        self.site = site
        self.said = said

    def write(self, topic: str, *records: tuple[bytes | None, bytes | None]) -> list[int]:
        """Write (key, value) to partition 0, confirmed; where they lie."""
        return asyncio.run(self._write(topic, records))

    async def _write(
        self, topic: str, records: tuple[tuple[bytes | None, bytes | None], ...]
    ) -> list[int]:
        producer = AIOKafkaProducer(
            bootstrap_servers=self.site.settings.kafka, acks="all", max_request_size=2_000_000
        )
        await producer.start()
        try:
            sent = [
                await producer.send_and_wait(topic, value, key=key, partition=0)
                for key, value in records
            ]
        finally:
            await producer.stop()
        return [each.offset for each in sent]

    def read(self, query: Callable[[Connection], Any]) -> Any:
        """Ask the database."""
        engine = make_engine(self.site.settings.real_database_url())
        try:
            with reading(engine) as conn:
                return query(conn)
        finally:
            engine.dispose()

    def until(self, so: Callable[[], bool]) -> None:
        """Wait until something is so."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not so():
            assert time.monotonic() < deadline, self.said.getvalue()
            time.sleep(0.2)

    def kept(self) -> list[Any]:
        """What stands in quarantine."""
        q = tables.quarantine
        return list(self.read(lambda conn: conn.execute(sa.select(q)).mappings().all()))

    def still_decides(self, name: str) -> None:
        """Bookings that reach every partition of every topic are decided and delivered."""
        ids = asyncio.run(self._book(name))
        self.until(
            lambda: self.read(lambda conn: all(read_model.decided_event(conn, i) for i in ids))
        )
        x = tables.outbox
        pending = sa.select(sa.func.count()).select_from(x).where(x.c.state == "pending")
        self.until(lambda: self.read(lambda conn: conn.scalar(pending)) == 0)

    async def _book(self, name: str) -> set[str]:
        families = Families(12, 0, self.site.clock, name=name)
        direct = Direct(self.site.settings.kafka, families, 0)
        await direct.start()
        try:
            return await direct.send_all(families.openings())
        finally:
            await direct.stop()


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub without doors: what comes over Kafka is enough."""
    said = io.StringIO()
    plan = Plan(roles=("worker", "project", "deliver"), steps=Steps(said))
    site = Site(tmp_path_factory.mktemp("poison"), plan)
    with site.up():
        yield Hub(site, said)


def test_poison_on_a_public_topic_is_kept_and_the_worker_goes_on(hub: Hub) -> None:
    """On every family's topic and on that of receipts; in quarantine with its family, and owned."""
    for topic in PUBLIC:
        hub.write(
            topic,
            *((b"k", value) for value in (GARBAGE, BROKEN, UNKNOWN, None, LARGE)),
            *((key, GARBAGE) for key in (None, NO_TEXT)),
        )
    hub.still_decides("after-public")
    hub.until(lambda: {*FAMILIES, None} <= {row["family"] for row in hub.kept()})
    hub.until(lambda: {GARBAGE, BROKEN, UNKNOWN, b""} <= originals(hub))
    hub.until(lambda: any(each and LARGE.startswith(each) for each in originals(hub)))
    assert {"HUB_OPERATOR"} == {row["owner"] for row in hub.kept()}
    assert {"worker": 0, "project": 0, "deliver": 0} == hub.site.supervisor.restarts()


def originals(hub: Hub) -> set[bytes | None]:
    """The bytes of all that is kept."""
    return {row["original"] for row in hub.kept()}


@pytest.mark.parametrize("topic", [PERSONS, INPUTS, QUARANTINE])
def test_poison_on_an_inner_topic_is_kept_and_the_worker_goes_on(hub: Hub, topic: str) -> None:
    """Where only the hub writes: garbage, a broken record, a tombstone, no key, no text."""
    before = len(hub.kept())
    records = [(b"k", GARBAGE), (b"k", BROKEN), (b"k", None), (None, GARBAGE), (NO_TEXT, GARBAGE)]
    hub.write(topic, *records)
    hub.still_decides(f"after-{topic}")
    hub.until(lambda: len(hub.kept()) > before)
    assert {"worker": 0, "project": 0, "deliver": 0} == hub.site.supervisor.restarts()


def test_a_decision_that_cannot_be_read_is_set_aside_by_all_its_readers(hub: Hub) -> None:
    """Projector and outbox go on; it stands once in quarantine, and the core has a gap to open."""
    places = hub.write(DECISIONS, (b"k", GARBAGE), (b"k", BROKEN), (b"k", None))
    hub.still_decides("after-decisions")
    wanted = [f"({DECISIONS} 0/{offset})" for offset in places]

    def told() -> list[str]:
        return [
            row["quarantine_id"]
            for row in hub.kept()
            if any(row["explanation"].endswith(place) for place in wanted)
        ]

    # The projector reads of what was set aside on another topic than the decisions after it.
    hub.until(lambda: len(told()) >= len(places))
    assert len(places) == len(told())
    e = tables.episodes
    asked = sa.select(e.c.episode_id).where(e.c.episode_id.in_([f"q-{each}" for each in told()]))
    hub.until(lambda: len(hub.read(lambda conn: conn.scalars(asked).all())) == len(places))
    assert {"worker": 0, "project": 0, "deliver": 0} == hub.site.supervisor.restarts()


def _has_ended(hub: Hub, role: str) -> bool:
    return f"! {role} ended with 5" in hub.said.getvalue()


def test_a_decision_of_a_newer_hub_stops_its_readers_aloud(hub: Hub) -> None:
    """Exit code 5, said by the supervisor; nothing before it is lost, and it can be passed over."""
    (offset,) = hub.write(DECISIONS, (b"k", UNKNOWN))
    for role in ("project", "deliver"):
        hub.until(partial(_has_ended, hub, role))
    p = tables.positions
    here = sa.and_(p.c.topic == DECISIONS, p.c.partition == 0)
    asked = sa.select(p.c.next_offset).where(here)
    hub.until(lambda: {offset} == set(hub.read(lambda conn: conn.scalars(asked).all())))
    engine = make_engine(hub.site.settings.real_database_url())
    with writing(engine) as conn:
        # As docs/operate.md tells an operator to do.
        conn.execute(sa.update(p).where(here).values(next_offset=offset + 1))
    engine.dispose()
    hub.still_decides("after-newer")
    assert 0 == hub.site.supervisor.restarts()["worker"]
