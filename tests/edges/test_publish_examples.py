"""Every example of docs/publish/examples is what its table says, and survives the codec."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from hub.core.model import Event
from hub.edges import avro
from hub.edges.anything import Part, Reader, read_anything
from hub.edges.hl7v2_profile import load_profile
from hub.edges.schemas import default_schemas
from tests.house.tree import ROOT

FOLDER = ROOT / "docs/publish/examples"
READER = Reader(received_at=datetime(2026, 12, 1, tzinfo=UTC), profile=load_profile(), sender="RXX")
SUMMARY, CHANGED, MISSED = "discharge.summary", "demographics.changed", "contact.missed"

UNDERSTOOD: dict[str, tuple[str, list[str]]] = {
    "booking.hl7": ("hl7v2", ["pregnancy.booked"]),
    "booking.json": ("hub-json", ["pregnancy.booked"]),
    "cda-discharge.xml": ("cda", [SUMMARY]),
    "cloudevent-pregnancy-booked.json": ("cloudevent", ["pregnancy.booked"]),
    "fhir-appointment-booked.json": ("fhir-json", ["contact.scheduled"]),
    "fhir-appointment-cancelled.json": ("fhir-json", [MISSED]),
    "fhir-appointment-missed.json": ("fhir-json", [MISSED]),
    "fhir-care-team.json": ("fhir-json", ["assignment.changed"]),
    "fhir-discharge-absent.json": ("fhir-json", [SUMMARY]),
    "fhir-discharge-content.json": ("fhir-json", [SUMMARY]),
    "fhir-discharge-none.json": ("fhir-json", [SUMMARY]),
    "fhir-document-reference.json": ("fhir-json", [SUMMARY]),
    "fhir-encounter-discharged.json": ("fhir-json", ["encounter.updated"]),
    "fhir-flag-unborn-plan.json": ("fhir-json", ["status.changed"]),
    "fhir-patient-moved.json": ("fhir-json", [CHANGED, CHANGED]),
    "fhir-weight.json": ("fhir-json", ["measurement.infant"]),
    "fhir-due-date.json": ("fhir-json", ["pregnancy.dated"]),
    "fhir-emergency-in-pregnancy.json": ("fhir-json", ["pregnancy.notified"]),
    "hl7-admitted.hl7": ("hl7v2", ["encounter.updated"]),
    "hl7-appointment-booked.hl7": ("hl7v2", ["contact.scheduled"]),
    "hl7-appointment-missed.hl7": ("hl7v2", [MISSED]),
    "hl7-discharge-summary.hl7": ("hl7v2", [SUMMARY]),
    "hl7-due-date.hl7": ("hl7v2", ["pregnancy.dated"]),
    "hl7-practice-and-address.hl7": ("hl7v2", [CHANGED, CHANGED]),
    "hl7-records-merged.hl7": ("hl7v2", [CHANGED]),
    "hl7-referral.hl7": ("hl7v2", ["pregnancy.referral-received"]),
    "hl7-seen-pregnant.hl7": ("hl7v2", ["pregnancy.notified"]),
    "hl7-summary-withdrawn.hl7": ("hl7v2", ["event.retracted"]),
    "hl7-weight.hl7": ("hl7v2", ["measurement.infant"]),
    "itk3-discharge.xml": ("fhir-xml", [SUMMARY]),
    "missed-contacts.csv": ("hub-csv", [MISSED]),
    "mns-change-of-gp.json": ("cloudevent", [CHANGED]),
    "mns-signal-change-of-gp.json": ("mns-signal", [CHANGED]),
    "mns-signal-with-record.json": ("mns-signal", [CHANGED]),
    "nems-birth.xml": ("nems", ["birth.notified", "measurement.infant"]),
    "nems-blood-spot.xml": ("nems", ["screening.newborn"]),
    "nems-change-of-address.xml": ("nems", [CHANGED]),
    "nems-change-of-gp.xml": ("nems", [CHANGED]),
    "nems-death.xml": ("nems", [CHANGED]),
    "nems-death-removed.xml": ("nems", ["event.retracted"]),
    "nems-hearing.xml": ("nems", ["screening.newborn"]),
    "nems-nipe.xml": ("nems", ["screening.newborn"]),
    "nems-professional-contacts.xml": ("nems", ["assignment.changed"]),
}
OWN = ROOT / "docs/publish/events"
"""An example of each event type in the hub's own JSON, named after its type."""
REFUSED = {
    # Alone: a hub that has taken the resource takes back what came of it.
    "fhir-flag-deleted.json": ("unknown_target", "Bundle.entry"),
    "admission-without-visit.hl7": ("missing_segment", "PV1"),
    "fhir-appointment-cancelled-by-nobody.json": (
        "schema_violation",
        "Appointment.cancelationReason",
    ),
}


def part(name: str) -> Part:
    """What is made of the one message of an example."""
    (only,) = read_anything((FOLDER / name).read_bytes(), READER)
    return only


def body(name: str, number: int = 0) -> dict[str, Any]:
    """The body of an event of an example."""
    return dict(part(name).events[number].body)


def test_the_table_knows_every_example() -> None:
    """An example that nobody tests is a promise that nobody keeps."""
    assert {file.name for file in FOLDER.iterdir()} == set(UNDERSTOOD) | set(REFUSED)


@pytest.mark.parametrize("name", UNDERSTOOD)
def test_an_example_becomes_its_events(name: str) -> None:
    """From the file to the event, and through the codec and back."""
    found = part(name)
    form, types = UNDERSTOOD[name]
    assert (form, types) == (found.format.value, [event.type for event in found.events])
    for event in found.events:
        again = avro.decode_event(avro.encode_event(event), event.received_at)
        # The HL7 mapping leaves out what has a default; the codec fills it in.
        assert event.body.items() <= again.body.items()
        assert replace(event, body=again.body) == again


@pytest.mark.parametrize("name", REFUSED)
def test_an_example_of_what_is_refused_says_where(name: str) -> None:
    """With a place and a remedy."""
    found = part(name)
    assert REFUSED[name] == (found.reason, found.field)
    assert found.remedy


def test_no_two_examples_claim_one_id() -> None:
    """They can be sent one after the other."""
    ids = [(event.source, event.id) for name in UNDERSTOOD for event in part(name).events]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("name", "concerns", "social"),
    [
        ("fhir-discharge-content.json", "content", "content"),
        ("fhir-discharge-none.json", "none_checked", "none_checked"),
        ("fhir-discharge-absent.json", "not_completed", "not_completed"),
        ("itk3-discharge.xml", "content", "content"),
        ("fhir-document-reference.json", "not_completed", "not_completed"),
    ],
)
def test_content_none_and_absent_are_three_things(name: str, concerns: str, social: str) -> None:
    """The safeguarding section of a summary, and the social one."""
    sections = body(name)["sections"]
    found = sections["safeguarding_concerns"]["state"], sections["social_circumstances"]["state"]
    assert (concerns, social) == found


def test_only_the_rows_about_safeguarding_are_told() -> None:
    """Consent for treatment stands in the same section, and is nobody's concern here."""
    text = body("fhir-discharge-content.json")["sections"]["safeguarding_concerns"]["text"]
    assert "Strategy discussion" in text
    assert "Consent" not in text


def test_xml_and_json_say_the_same() -> None:
    """The document inside the ITK3 message is that of the JSON example."""
    by_xml, by_json = body("itk3-discharge.xml"), body("fhir-discharge-content.json")
    assert by_xml == by_json


EXPECTED_BODIES: list[tuple[str, dict[str, Any]]] = [
    ("fhir-appointment-missed.json", {"kind": "antenatal", "outcome": "DNA"}),
    ("fhir-appointment-cancelled.json", {"outcome": "cancelled_by_person"}),
    ("fhir-care-team.json", {"role": "NAMED_MW", "practitioner": "mw-17", "organisation": "RXX"}),
    ("fhir-encounter-discharged.json", {"kind": "discharged", "destination": "19"}),
    ("fhir-flag-unborn-plan.json", {"kind": "CPP_unborn", "to": "CPP_unborn"}),
    ("fhir-weight.json", {"baby_id": "RXX/B77001", "grams": 3090}),
    ("mns-change-of-gp.json", {"kind": "gp", "to": None}),
    ("mns-signal-with-record.json", {"kind": "gp", "to": "Y99002"}),
    ("nems-birth.xml", {"baby_nhs": "9990000042", "mother_nhs": "9990000018"}),
    ("nems-blood-spot.xml", {"test": "NBS", "outcome": "repeat"}),
    ("nems-change-of-address.xml", {"from": "ZZ99 3CZ|", "to": "ZZ99 3WZ|"}),
    ("nems-change-of-gp.xml", {"from": "Y99001", "to": "Y99002"}),
    ("nems-death.xml", {"kind": "death", "effective": "2026-11-01"}),
    ("nems-hearing.xml", {"test": "hearing", "outcome": "done"}),
    ("nems-nipe.xml", {"test": "NIPE", "outcome": "refer"}),
    ("nems-professional-contacts.xml", {"role": "NAMED_HV", "practitioner": "hv-23"}),
]


@pytest.mark.parametrize(("name", "expected"), EXPECTED_BODIES)
def test_an_event_says_what_the_example_says(name: str, expected: dict[str, Any]) -> None:
    """What a reader of the example would expect of it."""
    found = body(name)
    assert expected == {key: found[key] for key in expected}


def test_each_event_type_has_an_example_under_its_own_name() -> None:
    """Read by its door without a fault, and through the codec and back."""
    # notice.receipt answers a notice, whose id nobody knows before it has come.
    expected = set(default_schemas().event_types()) - {"notice.receipt"}
    assert expected == {file.stem for file in OWN.iterdir()}
    for file in OWN.iterdir():
        (found,) = read_anything(file.read_bytes(), READER)
        (event,) = found.events
        assert (file.stem, f"rxx-{file.stem.replace('.', '-')}-0001") == (event.type, event.id)
        assert event.subject.nhs_number in (None, "9990000018")
        assert event == avro.decode_event(avro.encode_event(event), event.received_at)


def test_everything_is_about_the_invented_mother() -> None:
    """A baby's message is in the mother's episode."""
    numbers = {event.subject.nhs_number for name in UNDERSTOOD for event in part(name).events}
    assert {"9990000018"} == numbers


def test_the_same_file_gives_the_same_ids() -> None:
    """A resend is the same event."""
    for name in UNDERSTOOD:
        first: tuple[Event, ...] = part(name).events
        assert first == part(name).events


def test_json_with_other_spacing_gives_the_same_ids() -> None:
    """What is the same content is the same event, however it was written."""
    body_of = json.dumps(json.loads((FOLDER / "fhir-weight.json").read_bytes())).encode()
    (other,) = read_anything(body_of, READER)
    assert part("fhir-weight.json").events == other.events
