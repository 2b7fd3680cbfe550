"""FHIR documents to events: one sentence for each case, in JSON and in XML alike."""

import json
from typing import Any

import pytest

from hub.core.infants import is_infant
from hub.edges.anything import Outcome, read_anything
from hub.edges.fhir.people import CHILD_UNTIL_YEARS
from tests.edges.fhir_documents import (
    ADA,
    ODS,
    PERSON,
    baby,
    bundle,
    coded,
    header,
    patient,
    read,
    reader,
    related,
    stay,
    weight,
)


def body(document: dict[str, Any], sender: str = "RXX") -> dict[str, Any]:
    """The body of the one event of a document."""
    found = read(document, sender)
    assert Outcome.EVENTS == found.outcome, (found.reason, found.explanation)
    (event,) = found.events
    return dict(event.body)


STAYS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("She is in.", {}, {"kind": "admitted", "encounter_id": "e1", "ward": ""}),
    (
        "She went home; the code is the data dictionary's.",
        {
            "status": "finished",
            "period": {"end": "2026-10-20T14:00:00Z"},
            "hospitalization": {"dischargeDisposition": coded("66", "x")},
        },
        {"kind": "discharged", "destination": "66"},
    ),
    ("It was a mistake.", {"status": "entered-in-error"}, {"kind": "admission_cancelled"}),
    (
        "She was moved.",
        {
            "location": [
                {"location": {"display": "LABOUR"}, "status": "completed"},
                {"location": {"display": "POSTNATAL"}, "status": "active"},
            ]
        },
        {"kind": "transferred", "ward": "POSTNATAL"},
    ),
]


@pytest.mark.parametrize(("sentence", "more", "expected"), STAYS, ids=[row[0] for row in STAYS])
def test_a_stay(sentence: str, more: dict[str, Any], expected: dict[str, Any]) -> None:
    """Encounter to encounter.updated."""
    assert sentence
    found = body(bundle(stay(**more), patient()))
    assert expected == {key: found[key] for key in expected}


def test_the_trigger_of_a_message_says_what_the_state_does_not() -> None:
    """A13: she did not go home after all."""
    document = bundle(header(reason=coded("A13", "v2-0003")), stay(), patient(), kind="message")
    assert "discharge_cancelled" == body(document)["kind"]


IGNORED: list[tuple[str, str, dict[str, Any]]] = [
    ("A clinic is no stay.", "outpatient", bundle(stay(**{"class": {"code": "AMB"}}), patient())),
    ("A plan is no stay.", "not_final", bundle(stay(status="planned"), patient())),
    (
        "An emergency without a word of pregnancy.",
        "no_pregnancy",
        bundle(stay(**{"class": {"code": "EMER"}}), patient()),
    ),
    ("A man's stay.", "not_maternity", bundle(stay(), patient(gender="male"))),
    ("A child of five.", "older_child", bundle(stay(), patient(birthDate="2021-05-01"))),
    ("Her own weight.", "no_event_type", bundle(weight(subject=PERSON), patient())),
    (
        "A contact that took place.",
        "not_complete_enough",
        {"resourceType": "Appointment", "id": "a", "status": "fulfilled"},
    ),
    ("A resource of no use here.", "no_event_type", {"resourceType": "Immunization", "id": "i"}),
    ("A patient without news.", "nothing_to_route", patient()),
    (
        "A draft of a summary.",
        "not_final",
        {"resourceType": "Composition", "status": "preliminary", "type": coded("373942005")},
    ),
    (
        "A letter that is no discharge summary.",
        "no_event_type",
        {"resourceType": "Composition", "status": "final", "type": coded("371531000")},
    ),
    (
        "A flag about something else.",
        "no_event_type",
        bundle({"resourceType": "Flag", "code": coded("1"), "subject": PERSON}, patient()),
    ),
]


@pytest.mark.parametrize(("sentence", "reason", "document"), IGNORED, ids=[r[0] for r in IGNORED])
def test_ignored(sentence: str, reason: str, document: dict[str, Any]) -> None:
    """Understood, and nothing to pass on."""
    assert sentence
    found = read(document)
    assert (Outcome.IGNORED, reason) == (found.outcome, found.reason)


def test_a_baby_of_whom_nobody_is_named_is_its_own_subject() -> None:
    """The identity agent knows whose baby it is; nobody around it is guessed to be the mother."""
    found = read(bundle(weight(), baby()))
    assert Outcome.EVENTS == found.outcome
    (event,) = found.events
    assert (event.body["baby_id"], True) == (
        event.subject.reference,
        is_infant(event.subject, event.occurred_at),
    )


REFUSED: list[tuple[str, str, str, dict[str, Any]]] = [
    (
        "A foster mother is not the mother.",
        "missing_identity",
        "Bundle.entry[1].resource",
        bundle(weight(), baby(), related("FTHFOST"), patient()),
    ),
    (
        "A number that fails its check digit.",
        "nhs_number_invalid",
        "Bundle.entry[1].resource.identifier[0].value",
        bundle(stay(), patient("9990000019")),
    ),
    (
        "Nobody at all.",
        "missing_identity",
        "Bundle.entry[1].resource.identifier",
        bundle(stay(), patient(None)),
    ),
    ("A stay of nobody.", "missing_identity", "Encounter.subject", stay(subject={"display": "x"})),
    (
        "A weight in stones.",
        "schema_violation",
        "Bundle.entry[0].resource.valueQuantity.code",
        bundle(weight(unit="[stone_av]"), baby(), related()),
    ),
    (
        "A weight of a car.",
        "schema_violation",
        "Bundle.entry[0].resource.valueQuantity.value",
        bundle(weight(1300, "kg"), baby(), related()),
    ),
    (
        "A time that is none.",
        "schema_violation",
        "Bundle.entry[0].resource.period.start",
        bundle(stay(period={"start": "yesterday"}), patient()),
    ),
    (
        "A cancellation by nobody.",
        "schema_violation",
        "Appointment.cancelationReason",
        {
            "resourceType": "Appointment",
            "id": "a",
            "status": "cancelled",
            "participant": [{"actor": {"identifier": {"system": "x/nhs-number", "value": ADA}}}],
        },
    ),
    ("An empty bundle.", "missing_segment", "Bundle.entry", {"resourceType": "Bundle"}),
    (
        "An event of tomorrow.",
        "from_the_future",
        "time",
        bundle(stay(period={"start": "2027-01-01T00:00:00Z"}), patient()),
    ),
]


@pytest.mark.parametrize(
    ("sentence", "reason", "field", "document"), REFUSED, ids=[row[0] for row in REFUSED]
)
def test_refused(sentence: str, reason: str, field: str, document: dict[str, Any]) -> None:
    """With the place in the sender's own words, and a remedy."""
    assert sentence
    found = read(document)
    assert (Outcome.QUARANTINED, reason, field) == (found.outcome, found.reason, found.field)
    assert found.remedy
    assert not any(part in found.explanation + found.remedy for part in (ADA, "9990000019"))


def test_a_weight_in_kilograms_and_one_in_grams() -> None:
    """And the baby is named as the sender names it."""
    for value, unit in ((3.09, "kg"), (3090, "g"), (3090.2, "gram")):
        found = body(bundle(weight(value, unit), baby(), related()))
        assert (3090, "nhs:9990000042") == (found["grams"], found["baby_id"])


def test_who_is_linked_to_the_related_person_is_the_mother() -> None:
    """Her own record says more of her than the relationship does."""
    mother = patient(link=[{"other": {"reference": "RelatedPerson/r1"}, "type": "seealso"}])
    hers = bundle(weight(), baby(), related(identifier=[]), mother)
    (event,) = read(hers).events
    assert (ADA, "1996-02-29") == (event.subject.nhs_number, event.subject.birth_date)


def test_a_record_that_contradicts_itself_is_an_infants() -> None:
    """A published example is born in 2013 by its date and in 2017 by its time."""
    late = {"url": "patient-birthTime", "valueDateTime": "2026-10-18T04:12:00Z"}
    born = baby(birthDate="2013-10-12", _birthDate={"extension": [late]})
    by_json = json.dumps(bundle(weight(), born, related())).encode()
    (found,) = read_anything(by_json, reader())
    assert ["measurement.infant"] == [event.type for event in found.events]


@pytest.mark.parametrize(
    ("declared", "sender", "source"),
    [
        ("RXX", "RXX", "RXX:FHIR"),
        ("RXX01", "RXX", "RXX:FHIR"),
        ("X26", "RYX", "RYX:FHIR"),
        ("RYX", "RXX", "RYX:FHIR"),
        ("RYX", "", "RYX:FHIR"),
        ("", "RXX", "RXX:FHIR"),
        ("", "", "SENDER:FHIR"),
    ],
)
def test_whose_event_it_is(declared: str, sender: str, source: str) -> None:
    """A site is its trust, a national body's message is whoever's who brings it."""
    said = {"identifier": {"system": ODS, "value": declared}} if declared else {"display": "x"}
    (event,) = read(bundle(header(sender=said), stay(), patient(), kind="message"), sender).events
    assert source == event.source


def test_an_emergency_in_pregnancy_is_told() -> None:
    """The reason says it, by code or in words."""
    for reason in (coded("77386006", display="Not pregnant"), {"text": "Bleeding in pregnancy"}):
        document = bundle(stay(**{"class": {"code": "EMER"}}, reasonCode=[reason]), patient())
        assert "unscheduled" == body(document)["entry_route"]


def test_a_due_date_is_a_dating() -> None:
    """From the code it is known how it was found."""
    due = {
        "resourceType": "Observation",
        "status": "final",
        "code": coded("11781-2", "http://loinc.org"),
        "subject": PERSON,
        "valueDateTime": "2027-03-01",
        "effectiveDateTime": "2026-10-01",
    }
    assert "2027-03-01" == body(bundle(due, patient()))["edd"]
    assert "scan" == body(bundle(due, patient()))["basis"]


@pytest.mark.parametrize(
    ("state", "kind", "before", "now"),
    [("active", "LAC", "none", "LAC"), ("inactive", "ended", "LAC", "none")],
)
def test_a_flag_begins_and_ends(state: str, kind: str, before: str, now: str) -> None:
    """Looked after, and no longer."""
    flag = {
        "resourceType": "Flag",
        "status": state,
        "code": coded("764841000000100"),
        "subject": {"reference": "Patient/b1"},
        "period": {"start": "2026-11-01", "end": "2026-11-20"},
    }
    found = body(bundle(flag, baby(), related()))
    assert (kind, before, now) == (found["kind"], found["from"], found["to"])


def test_nobody_under_ten_is_a_mother() -> None:
    """The bound has its reason; it is not moved by accident."""
    assert 10 == CHILD_UNTIL_YEARS


def test_a_resource_in_a_resource_is_found() -> None:
    """Senders enclose the patient instead of sending her beside it."""
    inside = stay(subject={"reference": "#p"}, contained=[patient(id="p")])
    (found,) = read_anything(json.dumps(inside).encode(), reader())
    assert ADA == found.events[0].subject.nhs_number
