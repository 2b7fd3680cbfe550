"""What published examples and national services send over FHIR, and what must come of it."""

from typing import Any

import pytest

from hub.edges.anything import Outcome, read_anything
from tests.edges.fhir_documents import (
    ADA,
    NHS,
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
from tests.edges.test_cda import cda, section, told

BEA = "9990000026"


# --- plans -------------------------------------------------------------------------------------


def flagged(code: str, kind: str = "Flag", **more: Any) -> dict[str, Any]:
    """A flag or a plan."""
    name = "code" if kind == "Flag" else "category"
    concept = coded(code)
    return {
        "resourceType": kind,
        "id": kind.lower(),
        "status": "active",
        name: concept if kind == "Flag" else [concept],
        "subject": PERSON,
        "period": {"start": "2026-09-01T09:00:00+01:00"},
        **more,
    }


CPIS = "child-protection-information-system-flag"
UNBORN = "818901000000100"


def test_a_care_plan_of_cpis_is_a_plan() -> None:
    """With the flag that points to it, the plan is told once."""
    (event,) = read(bundle(flagged(CPIS), flagged(UNBORN, "CarePlan"), patient())).events
    assert ("status.changed", "CPP_unborn") == (event.type, event.body["to"])


def test_a_plan_that_two_resources_tell_of_is_one_plan() -> None:
    """A flag with the code of the plan, and the plan itself."""
    assert 1 == len(read(bundle(flagged(UNBORN), flagged(UNBORN, "CarePlan"), patient())).events)


def test_a_flag_that_does_not_say_which_plan_is_kept() -> None:
    """Nobody passes over a protection plan in silence."""
    part = read(bundle(flagged(CPIS), patient()))
    assert (Outcome.QUARANTINED, "Bundle.entry[0].resource.code") == (part.outcome, part.field)
    assert "CarePlan" in part.remedy


@pytest.mark.parametrize(
    ("more", "reason"),
    [({"status": "draft"}, "not_final"), ({"intent": "proposal"}, "not_final")],
)
def test_a_plan_that_is_not_yet_one(more: dict[str, Any], reason: str) -> None:
    """Proposed in a conference, and not decided."""
    assert reason == read(bundle(flagged(UNBORN, "CarePlan", **more), patient())).reason


def test_any_other_care_plan_is_for_others() -> None:
    """Most are about diabetes."""
    part = read(bundle(flagged("735985000", "CarePlan"), patient()))
    assert (Outcome.IGNORED, "no_event_type") == (part.outcome, part.reason)


# --- records -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "was", "now"), [("replaced-by", ADA, BEA), ("replaces", BEA, ADA)]
)
def test_a_record_that_replaces_another_is_a_merge(kind: str, was: str, now: str) -> None:
    """No duty stays with a number that nobody looks at any more."""
    link = [{"type": kind, "other": {"identifier": {"system": NHS, "value": BEA}}}]
    (event,) = read(patient(link=link)).events
    assert ("nhs_merge", was, now) == tuple(event.body[name] for name in ("kind", "from", "to"))
    assert now == event.subject.nhs_number


def test_what_a_replaced_record_says_of_her_home_is_of_yesterday() -> None:
    """Only the merge is told."""
    link = [{"type": "replaced-by", "other": {"identifier": {"system": NHS, "value": BEA}}}]
    home = [{"use": "home", "postalCode": "ZZ99 3CZ"}]
    assert 1 == len(read(patient(link=link, address=home)).events)


def test_a_request_is_no_news_of_where_she_lives() -> None:
    """The copy of her record in a request may be years old."""
    home = patient(address=[{"use": "home", "postalCode": "ZZ99 3CZ"}])
    request = {"resourceType": "ServiceRequest", "id": "s", "status": "active", "subject": PERSON}
    part = read(bundle(request, home))
    assert (Outcome.IGNORED, "no_event_type") == (part.outcome, part.reason)
    assert read(bundle(home)).events


@pytest.mark.parametrize("written", ["zz99 3cz", "ZZ993CZ", " ZZ99  3CZ "])
def test_a_postcode_is_one_however_it_is_spelt(written: str) -> None:
    """A blank is no change of address."""
    (event,) = read(patient(address=[{"use": "home", "postalCode": written}])).events
    assert "ZZ99 3CZ|" == event.body["to"]


def test_a_search_that_found_nothing_says_nothing() -> None:
    """It is no fault of anybody's."""
    part = read({"resourceType": "Bundle", "type": "searchset", "total": 0})
    assert (Outcome.IGNORED, "nothing_to_route") == (part.outcome, part.reason)


# --- stays and appointments --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "period", "field"),
    [
        ("finished", {"start": "2026-10-18T02:00:00+01:00"}, "end"),
        ("in-progress", {"end": "2026-10-18T02:00:00+01:00"}, "start"),
    ],
)
def test_a_stay_without_its_time_is_kept(state: str, period: dict[str, str], field: str) -> None:
    """When the resource came here is no time of hers, and differs when it is sent again."""
    part = read(bundle(stay(status=state, period=period), patient()))
    assert (Outcome.QUARANTINED, f"Bundle.entry[0].resource.period.{field}") == (
        part.outcome,
        part.field,
    )
    sent = bundle(header(), stay(status=state, period=period), patient(), kind="message")
    assert read(sent).events


def booked(words: str, who: str = "p1") -> dict[str, Any]:
    """An appointment for something."""
    return {
        "resourceType": "Appointment",
        "id": "a1",
        "status": "booked",
        "created": "2026-10-20",
        "start": "2026-11-03T09:30:00Z",
        "specialty": [{"text": words}],
        "participant": [{"actor": {"reference": f"Patient/{who}"}}],
    }


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("Trauma and Orthopaedics", Outcome.IGNORED),
        ("Antenatal orthopaedic clinic", Outcome.EVENTS),
        ("Clinic 4", Outcome.EVENTS),
    ],
)
def test_an_appointment_of_another_speciality_is_for_others(words: str, outcome: Outcome) -> None:
    """One that names neither may concern her, and is passed on."""
    assert outcome is read(bundle(booked(words), patient())).outcome


def test_a_babys_appointment_is_never_passed_over() -> None:
    """Who was not brought matters, wherever it was."""
    assert read(bundle(booked("Orthopaedics", "b1"), baby(), related())).events


# --- CDA ---------------------------------------------------------------------------------------


def test_the_name_of_a_template_may_be_its_root_beside_a_version() -> None:
    """As every document of C-CDA since 2014 writes it."""
    named = '<templateId root="2.16.840.1.113883.10.20.22.1.8" extension="2015-08-01"/>'
    body = cda(section("18842-5", "Well."), template="", code="18842-5")
    start = b'<id root="AAAA-1"/>'
    (part,) = read_anything(body.replace(start, named.encode() + start), reader())
    assert Outcome.EVENTS is part.outcome
    assert told(body.replace(start, named.encode() + start))


def test_the_sections_of_other_countries_are_read_by_their_codes() -> None:
    """LOINC for the course, the medication and the plan; nothing is taken for safeguarding."""
    sections = [("8648-8", "Well."), ("10183-2", "Iron."), ("18776-5", "Midwife on day 5.")]
    found = told(cda(*(section(*each) for each in sections), section("29762-2", "Smokes.")))
    read_as = ("clinical", "medication", "follow_up")
    assert ["Well.", "Iron.", "Midwife on day 5."] == [found["sections"][name] for name in read_as]
    assert "not_completed" == found["sections"]["social_circumstances"]["state"]


# --- documents ---------------------------------------------------------------------------------


def test_a_document_may_be_a_summary_by_its_category() -> None:
    """A transfer of care that is announced so is not passed over."""
    document = {
        "resourceType": "DocumentReference",
        "id": "d1",
        "status": "current",
        "category": [coded("373942005")],
        "subject": PERSON,
        "date": "2026-10-20T10:00:00Z",
    }
    (event,) = read(bundle(document, patient())).events
    assert "discharge.summary" == event.type
    assert "not_completed" == event.body["sections"]["safeguarding_concerns"]["state"]


# --- who, when and in which words --------------------------------------------------------------


@pytest.mark.parametrize(
    "system",
    ["http://fhir.nhs.net/Id/nhs-number", "urn:oid:2.16.840.1.113883.2.1.4.1"],
)
def test_an_nhs_number_by_any_name_of_its_system(system: str) -> None:
    """Taken for a record's number it would be passed around as one."""
    hers = patient(identifier=[{"system": system, "value": ADA}])
    (event,) = read(bundle(stay(), hers)).events
    assert ADA == event.subject.nhs_number


@pytest.mark.parametrize(
    "when",
    [
        {"effectivePeriod": {"start": "2026-10-23T09:00:00Z"}},
        {"effectiveInstant": "2026-10-23T09:00:00Z"},
        {"issued": "2026-10-23T09:00:00Z"},
    ],
)
def test_a_weighing_happened_when_the_baby_was_weighed(when: dict[str, Any]) -> None:
    """However the sender writes that time."""
    weighed = weight()
    del weighed["effectiveDateTime"]
    (event,) = read(bundle({**weighed, **when}, baby(), related())).events
    assert "2026-10-23T09:00:00+00:00" == event.occurred_at.isoformat()


def test_a_stay_of_the_next_release_has_its_times_elsewhere() -> None:
    """Its state was read already."""
    period = {"start": "2026-10-18T02:00:00Z", "end": "2026-10-20T02:00:00Z"}
    (event,) = read(bundle(stay(status="completed", actualPeriod=period), patient())).events
    assert "2026-10-20T02:00:00+00:00" == event.occurred_at.isoformat()


def on_record(**more: Any) -> dict[str, Any]:
    """A plan in the list of problems of a practice."""
    return {
        "resourceType": "Condition",
        "id": "c1",
        "clinicalStatus": coded("active"),
        "code": coded(UNBORN),
        "subject": PERSON,
        "onsetDateTime": "2026-09-01",
        **more,
    }


@pytest.mark.parametrize(
    ("more", "kind", "day"),
    [
        ({}, "CPP_unborn", "2026-08-31"),
        ({"clinicalStatus": "active"}, "CPP_unborn", "2026-08-31"),
        (
            {"clinicalStatus": coded("resolved"), "abatementDateTime": "2026-11-02"},
            "ended",
            "2026-11-02",
        ),
    ],
)
def test_a_plan_on_the_list_of_problems(more: dict[str, Any], kind: str, day: str) -> None:
    """It begins and ends there as it does as a flag."""
    (event,) = read(bundle(on_record(**more), patient())).events
    assert (kind, day) == (event.body["kind"], event.occurred_at.date().isoformat())


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"verificationStatus": coded("entered-in-error")}, "not_final"),
        ({"verificationStatus": "refuted"}, "not_final"),
        ({"code": coded("386661006")}, "no_event_type"),
    ],
)
def test_a_problem_that_is_no_plan(more: dict[str, Any], reason: str) -> None:
    """Fever is for others, and so is what was never true."""
    assert reason == read(bundle(on_record(**more), patient())).reason
