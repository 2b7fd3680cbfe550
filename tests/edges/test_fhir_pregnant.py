"""What over FHIR says that she is pregnant, and that she did not come."""

from typing import Any

import pytest

from hub.edges.anything import Outcome
from tests.edges.fhir_documents import ADA, PERSON, bundle, coded, patient, read
from tests.edges.test_fhir_habits import booked

LOINC = "http://loinc.org"
PREGNANT, STATUS = coded("77386006"), coded("82810-3", LOINC)


def observed(code: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Something that a professional has observed of her."""
    return {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": code,
        "subject": PERSON,
        "effectiveDateTime": "2026-10-23T10:00:00+01:00",
        **more,
    }


@pytest.mark.parametrize(
    "said",
    [
        observed(PREGNANT),
        observed(PREGNANT, valueBoolean=True),
        observed(PREGNANT, valueCodeableConcept=coded("373066001")),
        observed(PREGNANT, valueString="12 weeks"),
        observed(STATUS, valueCodeableConcept=PREGNANT),
        observed(STATUS, valueCodeableConcept=coded("LA15173-0", LOINC)),
        observed(STATUS, valueCodeableConcept={"text": "Pregnant"}),
        observed(STATUS, valueBoolean=True),
    ],
)
def test_an_observation_that_she_is_pregnant_is_a_word_of_a_pregnancy(said: dict[str, Any]) -> None:
    """It may be the first that anybody says of it."""
    (event,) = read(bundle(said, patient())).events
    assert ("pregnancy.notified", ADA) == (event.type, event.subject.nhs_number)
    assert ("2026-10-23", "unknown") == (event.body["learnt_on"], event.body["booked_status"])


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (observed(PREGNANT, valueBoolean=False), "no_pregnancy"),
        (observed(PREGNANT, valueCodeableConcept=coded("373067005")), "no_pregnancy"),
        (observed(PREGNANT, dataAbsentReason={"text": "unknown"}), "no_pregnancy"),
        (observed(STATUS, valueCodeableConcept=coded("60001007")), "no_pregnancy"),
        (observed(STATUS, valueCodeableConcept={"text": "Not pregnant"}), "no_pregnancy"),
        (observed(STATUS), "no_pregnancy"),
        (observed(STATUS, valueString="Planning to become pregnant"), "no_pregnancy"),
        (observed(PREGNANT, effectiveDateTime="2025-11-01"), "no_pregnancy"),
        (observed(PREGNANT, status="entered-in-error"), "not_final"),
    ],
)
def test_what_is_no_pregnancy_or_one_of_before_is_passed_over(
    said: dict[str, Any], reason: str
) -> None:
    """The record of an earlier one travels with her for life."""
    part = read(bundle(said, patient()))
    assert (Outcome.IGNORED, reason) == (part.outcome, part.reason)


@pytest.mark.parametrize("reason", [coded("DNA"), {"text": "Did not attend"}, coded("noshow")])
def test_a_cancellation_because_nobody_came_is_a_missed_contact(reason: dict[str, Any]) -> None:
    """Some systems close it so; nobody looks for whoever has cancelled."""
    gone = {**booked("Antenatal clinic"), "status": "cancelled", "cancelationReason": reason}
    (event,) = read(bundle(gone, patient())).events
    assert ("contact.missed", "DNA") == (event.type, event.body["outcome"])
    assert "2026-11-03T09:30:00+00:00" == event.occurred_at.isoformat()
