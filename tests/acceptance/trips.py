"""Sends every parcel through its real door, and looks up all that came of it."""

import asyncio
import contextlib
import io
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
import sqlalchemy as sa
import tomli_w
from aiokafka import AIOKafkaConsumer, TopicPartition

from hub.core.model import Event
from hub.core.outcomes import EventRecorded, NoticeIssued
from hub.demo import send
from hub.demo.doors import Doors
from hub.demo.judge import read_decisions
from hub.demo.stage import demo_key
from hub.edges.avro import decode_event
from hub.edges.intake import EVENTS_ABOUT_NOBODY
from hub.ops.clock import RealClock
from hub.ops.settings import PACKAGE, Settings
from hub.ops.topics import FAMILIES, family_topic
from hub.store import tables as t
from tests.acceptance.parcels import (
    BOOKED,
    COUNTY,
    EVENTS,
    EXAMPLES,
    Parcel,
    booking_of,
    hers,
    stored,
)
from tests.acceptance.upped import Up, nhs_number, soon
from tests.patience import PATIENCE_SECONDS

FIRST: Final = {
    "nems-death-removed.xml": EXAMPLES / "nems-death.xml",
    "fhir-flag-deleted.json": EXAMPLES / "fhir-flag-unborn-plan.json",
    "hl7-summary-withdrawn.hl7": EXAMPLES / "hl7-discharge-summary.hl7",
    "measurement.infant.json": EVENTS / "birth.recorded.json",
}
"""What has to come first: what an example takes back, or the birth of the baby."""

BY_ITSELF: Final = (
    "pregnancy.booked",
    "pregnancy.notified",
    "pregnancy.referral-received",
    "unscheduled.attendance",
)
"""What tells of a pregnancy is sent to a hub that does not know of it."""

ROLES: Final = {
    "CSC_FRONT_DOOR": "L90",
    "EARLY_HELP": "L90",
    "PAEDIATRICIAN": "RXX",
    "PMH_TEAM": "RXX",
    "TALKING_THERAPIES": "RXX",
}
"""Who is told of some examples, and is not in the directory that the hub brings."""


REGISTERED: Final = {
    "practice": "Y99001",
    "area": COUNTY,
    "since": datetime(2020, 1, 6, tzinfo=UTC),
}


@dataclass
class Trip:
    """What became of one parcel."""

    parcel: Parcel
    events: tuple[Event, ...]
    """What must come of it, by the pure mapping of its door."""
    code: int
    """Of `hub send`: 0 when the hub has it."""
    said: str
    topics: dict[str, str] = field(default_factory=dict)
    """Of its events: the topic on which each stands."""
    decided: dict[str, str] = field(default_factory=dict)
    """Of its events: how the core recorded each."""
    notices: list[NoticeIssued] = field(default_factory=list)
    """What these decisions tell somebody."""

    def told(self) -> set[str]:
        """The rules that tell of the event itself.

        Ladders are left out: the examples lie in the past, so that deadlines have passed too.
        """
        return {n.why.rule for n in self.notices if not n.why.rule.startswith("EL-")}


def county(path: Path, parcels: Iterable[Parcel]) -> Path:
    """The directory that the hub brings, in which every woman is registered."""
    tables = tomllib.loads((PACKAGE / "demo" / "directory.toml").read_text(encoding="utf-8"))
    tables["role"] += [
        {"role": role, "organisation": ods, "serves": {"area": [COUNTY]}}
        for role, ods in ROLES.items()
    ]
    manager = {"role": "SERVICE_MANAGER", "organisation": "RYX", "serves": {"provider": ["RYX"]}}
    tables["role"].append(manager)
    tables["registration"] = [
        {"nhs_number": nhs_number(each.number), **REGISTERED} for each in parcels
    ]
    path.write_text(tomli_w.dumps(tables), encoding="utf-8")
    return path


def travel(up: Up, parcels: list[Parcel], folder: Path) -> list[Trip]:
    """Everything sent, once, and all that came of it."""
    settings = Settings(
        gateway_port=up.gateway_port, mllp_port=up.mllp_port, kafka=up.addresses["Kafka"]
    )
    _begin(up, settings, parcels, folder)
    by_send = [_sent(settings, each, folder) for each in parcels if each.suffix != ".avro"]
    onto_kafka = [Trip(e, e.events, 0, "") for e in parcels if e.suffix == ".avro"]
    asyncio.run(_onto_kafka(settings, onto_kafka))
    trips = [*by_send, *onto_kafka]
    _await_decided(up, {each.id for trip in trips if not trip.code for each in trip.events})
    asyncio.run(_look(settings, trips))
    return trips


def _begin(up: Up, settings: Settings, parcels: list[Parcel], folder: Path) -> None:
    """Her booking, and what an example takes back, before the examples come."""
    booked = [each for each in parcels if _needs_booking(each)]
    headers = {"authorization": f"Bearer {demo_key('RXX')}", "content-type": "application/json"}
    with httpx.Client(base_url=up.page, headers=headers, timeout=PATIENCE_SECONDS) as client:
        for parcel in booked:
            answer = client.post("/events", content=booking_of(parcel.number))
            assert httpx.codes.ACCEPTED == answer.status_code, answer.text
    _await_decided(up, {f"{BOOKED}-{each.number}" for each in booked})
    first: set[str] = set()
    for parcel in parcels:
        if (file := FIRST.get(parcel.file)) is not None:
            body = hers(file.read_bytes(), parcel.number)
            if file.parent == EVENTS:
                body = body.replace(b"-0001", f"-{parcel.number}".encode(), 1)
            before = Parcel(file.name, file.suffix, body, parcel.number)
            sent = _sent(settings, before, folder)
            assert 0 == sent.code, sent.said
            first |= {event.id for event in sent.events}
    _await_decided(up, first)


def _needs_booking(parcel: Parcel) -> bool:
    """Whether it is about a woman whom the hub must know already."""
    types = {event.type for event in parcel.events}
    return types.isdisjoint({*BY_ITSELF, *EVENTS_ABOUT_NOBODY})


def _sent(settings: Settings, parcel: Parcel, folder: Path) -> Trip:
    """By `hub send`, over the file's own protocol."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = send.main(settings, stored(parcel, folder))
    return Trip(parcel, parcel.events, code, said.getvalue())


async def _onto_kafka(settings: Settings, trips: list[Trip]) -> None:
    """Avro goes straight onto the family's topic."""
    doors = Doors(f"http://127.0.0.1:{settings.gateway_port}", ("", 0), settings.kafka)
    await doors.start()
    try:
        for trip in trips:
            await doors.kafka(trip.events[0])
    finally:
        await doors.stop()


def _await_decided(up: Up, ids: set[str]) -> None:
    """Until the read model has the decision of each."""
    e = t.events

    def missing() -> set[str]:
        return ids - set(up.read(lambda conn: conn.scalars(sa.select(e.c.event_id)).all()))

    with contextlib.suppress(AssertionError):  # what is missing is said event by event below
        soon(lambda: not missing())


async def _look(settings: Settings, trips: list[Trip]) -> None:
    """Note on which topic each event stands, and what the core decided about it."""
    topics = await _topics_of_events(settings)
    decisions = await read_decisions(settings.kafka, settings.partitions)
    recorded = {
        outcome.event_id: (outcome.how, record)
        for records in decisions.values()
        for record in records
        for outcome in record.outcomes
        if isinstance(outcome, EventRecorded)
    }
    for trip in trips:
        for event in trip.events:
            trip.topics[event.id] = topics.get(event.id, "")
            how, record = recorded.get(event.id, ("", None))
            trip.decided[event.id] = how
            told = record.outcomes if record is not None else ()
            trip.notices += [each for each in told if isinstance(each, NoticeIssued)]


async def _topics_of_events(settings: Settings) -> dict[str, str]:
    """Every event on every public topic."""
    names = [family_topic(family) for family in FAMILIES]
    parts = [TopicPartition(name, n) for name in names for n in range(settings.partitions)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka, auto_offset_reset="earliest", enable_auto_commit=False
    )
    found: dict[str, str] = {}
    await consumer.start()
    try:
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        while any([await consumer.position(part) < end for part, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    event = decode_event(record.value, RealClock().now())
                    found[event.id] = record.topic
    finally:
        await consumer.stop()
    return found
