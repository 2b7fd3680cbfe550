"""File, real protocol, Kafka, decision, notice: for every example and every event type we write."""

import re
import tomllib
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from hub.edges.schemas import default_schemas
from hub.ops.settings import PACKAGE
from hub.store import tables as t
from hub.store.outbox import OutboxState
from tests.acceptance.parcels import EVENTS, EXAMPLES, FORMS, parcels
from tests.acceptance.trips import Trip, county, travel
from tests.acceptance.upped import Up, alive, soon

pytestmark = pytest.mark.stack

REFUSED = {"admission-without-visit.hl7", "fhir-appointment-cancelled-by-nobody.json"}
"""Examples of what a door keeps: their round trip ends in quarantine, with an owner who is told."""

NO_FILE = {"notice.receipt"}
"""It answers a notice, whose id nobody knows before: docs/subscribe.md shows how."""

AWAITS_ONLY = "its policy tells nobody of it; it awaits something, ends a wait, or is counted"
QUIET = {
    **dict.fromkeys(
        (
            "bereavement.support",
            *("concealment.section-written", "conference.report", "conference.response"),
            *("contact.completed", "encounter.updated", "feed.heartbeat"),
            *("feedback.received", "pathway.assessment"),
            *("pregnancy.referral-received", "service.entry"),
            *("sharing.preference", "strategy.discussion", "supervision.held"),
            "training.recorded",
        ),
        AWAITS_ONLY,
    ),
    "contact.scheduled": "it is told where a baby was lost, and here none was",
    "information.given": "it is told to a parent who reads in the hub, and nobody here does",
}
"""Event types of which nobody is told when they come as in their example, and why."""

QUIET_FILES = {
    "fhir-weight.json": "the baby has gained well",
    "hl7-weight.hl7": "the baby has gained well",
    "nems-blood-spot.xml": "a repeat is awaited; only what is missed or referred is told",
    "nems-hearing.xml": "the test is done",
    "hl7-records-merged.hl7": "two records of her become one, and nobody's care changes",
    "hl7-practice-and-address.hl7": "she is registered at this practice already",
}
"""Examples in the languages of others whose type is told of in other cases, and why not here."""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """One hub for all of them, in whose directory every woman is registered."""
    folder = tmp_path_factory.mktemp("up")
    hub = Up(folder / "data", county(folder / "directory.toml", parcels()))
    hub.start()
    yield hub
    children = hub.children()
    assert 0 == hub.stop()
    assert set() == alive(children)


@pytest.fixture(scope="module")
def trips(up: Up, tmp_path_factory: pytest.TempPathFactory) -> list[Trip]:
    """Everything sent, once."""
    return travel(up, parcels(), tmp_path_factory.mktemp("parcels"))


def test_no_file_and_no_event_type_is_left_out(trips: list[Trip]) -> None:
    """Each file of the two folders once, and each event type in each form of our own."""
    own = {file.stem for file in EVENTS.iterdir()}
    assert set(default_schemas().event_types()) - NO_FILE == own
    named = sorted(trip.parcel.name for trip in trips)
    forms = [f"{stem}.json {form}" for stem in own for form in FORMS]
    assert sorted([*(file.name for file in EXAMPLES.iterdir()), *forms]) == named


def test_every_door_takes_what_is_right(trips: list[Trip]) -> None:
    """`hub send` says that the hub has it; and each file holds at least one event."""
    assert REFUSED == {trip.parcel.name for trip in trips if trip.code}
    assert [] == [trip.parcel.name for trip in trips if not trip.code and not trip.events]


def test_what_is_refused_has_an_owner(trips: list[Trip], up: Up) -> None:
    """It is in quarantine, with the reason that was answered, and somebody owes its mending."""
    for trip in trips:
        if trip.code:
            found = re.search(r"kept in quarantine as (q-[0-9a-f]+)", trip.said)
            assert found is not None, trip.said
            assert "open" == up.kept(found[1])["state"]
            owed = soon(lambda q=found[1]: up.row(t.expectations, episode_id=f"q-{q}"))
            assert ("P50.quarantined", "HUB_OPERATOR") == (owed["rule"], owed["role"])


def test_every_event_stands_on_the_topic_of_its_family(trips: list[Trip]) -> None:
    """A correction or a retraction stands where its target does."""
    schemas = default_schemas()
    expected, found = {}, {}
    for trip in trips:
        for event in trip.events:
            topic = schemas.topic_of(event.type)
            target = event.body.get("target_type", "")
            expected[event.id] = schemas.topic_of(target) if topic == "same" else topic
            found[event.id] = trip.topics[event.id]
    assert expected == found
    assert sum(len(trip.events) for trip in trips) == len(expected), "every id is its own"


def test_every_event_is_decided(trips: list[Trip]) -> None:
    """The core has recorded each as what it is, in the episode of whoever it is about."""
    how = {"event.corrected": "corrected", "event.retracted": "retracted"}
    expected = {e.id: how.get(e.type, "new") for trip in trips for e in trip.events}
    assert expected == {k: v for trip in trips for k, v in trip.decided.items()}


def test_whoever_must_know_is_told(trips: list[Trip]) -> None:
    """Nobody only where a table of this file says why; and whatever it came as, the same people."""
    nobody = {trip.parcel.name for trip in trips if not trip.code and not trip.told()}
    quiet = {
        trip.parcel.name
        for trip in trips
        if trip.events
        and (trip.parcel.name in QUIET_FILES or {event.type for event in trip.events} <= set(QUIET))
    }
    assert quiet == nobody
    by_form: dict[str, set[frozenset[str]]] = {}
    for trip in trips:
        by_form.setdefault(trip.parcel.file, set()).add(frozenset(trip.told()))
    assert [] == [file for file, told in by_form.items() if len(told) > 1]


def test_the_table_says_the_truth_of_the_policy() -> None:
    """What is said to tell nobody has nothing in its policy that tells."""
    for stem, why in QUIET.items():
        file = PACKAGE / "policy" / "events" / f"{stem}.toml"
        tells = "tell" in tomllib.loads(file.read_text(encoding="utf-8"))
        assert (why != AWAITS_ONLY) == tells, stem


def test_every_notice_went_out_and_is_listed(trips: list[Trip], up: Up) -> None:
    """In the outbox as sent or delivered, and on the worklist: none more, none fewer."""
    issued = {notice.notice_id for trip in trips for notice in trip.notices}
    o, n = t.outbox, t.notices
    gone = (OutboxState.SENT, OutboxState.DELIVERED)
    sent = sa.select(o.c.notice_id).where(o.c.state.in_(gone))
    assert soon(lambda: issued <= set(up.read(lambda conn: conn.scalars(sent).all())))
    listed = set(up.read(lambda conn: conn.scalars(sa.select(n.c.notice_id)).all()))
    assert set() == issued - listed
    assert len(issued) == sum(len(trip.notices) for trip in trips)
