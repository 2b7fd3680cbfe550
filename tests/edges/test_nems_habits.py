"""NEMS as it is published: deletions, births without the mother's number, odd results."""

from typing import Any

import pytest

from hub.edges.anything import Outcome, Part
from tests.edges.fhir_documents import (
    NHS,
    ODS,
    WREN,
    baby,
    bundle,
    coded,
    header,
    patient,
    read,
    related,
    weight,
)

EVENT_TYPE = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-MessageEventType-1"
ROUTING = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-RoutingDemographics-1"


def nems(code: str, *resources: dict[str, Any], change: str = "new", routed: Any = ()) -> Part:
    """What is made of a NEMS message."""
    said = {"url": EVENT_TYPE, "valueCodeableConcept": coded(change)}
    extensions = [said, *([{"url": ROUTING, "extension": list(routed)}] if routed else [])]
    responsible = {"identifier": {"system": ODS, "value": "RXX"}}
    head = header(event={"code": code}, extension=extensions, responsible=responsible)
    del head["eventCoding"]
    return read(bundle(head, *resources, kind="message"))


def routed_by(born: str | None = "2026-10-18T12:00:00+01:00") -> list[dict[str, Any]]:
    """The header's own description of the baby."""
    number = {"url": "nhsNumber", "valueIdentifier": {"system": NHS, "value": WREN}}
    day = [{"url": "birthDateTime", "valueDateTime": born}] if born else []
    return [number, *day]


# --- NEMS --------------------------------------------------------------------------------------


@pytest.mark.parametrize("born", ["2026-10-18T12:00:00+01:00", None])
@pytest.mark.parametrize(
    "code", ["nipe-outcome-1", "newborn-hearing-1", "blood-spot-test-outcome-1"]
)
def test_a_deletion_names_the_baby_in_its_header_alone(code: str, born: str | None) -> None:
    """The published deletions of tests enclose nobody, and one gives no birth date either."""
    voided = {"resourceType": "Encounter", "id": "e1", "status": "entered-in-error"}
    part = nems(code, voided, change="delete", routed=routed_by(born))
    (event,) = part.events
    assert ("event.retracted", WREN) == (event.type, event.subject.nhs_number)
    assert event.body["target_id"].startswith("latest::baby:test=")


def test_a_deletion_of_nobody_is_kept() -> None:
    """Neither a patient nor a routing."""
    part = nems("nipe-outcome-1", change="delete")
    assert (Outcome.QUARANTINED, "Bundle.entry") == (part.outcome, part.field)


def born(**more: Any) -> list[dict[str, Any]]:
    """A birth whose mother the register knows by her name only."""
    mother = patient(None, link=[{"other": {"reference": "RelatedPerson/r1"}, "type": "seealso"}])
    return [mother, related("NMTH", identifier=[]), baby(**more)]


def test_a_birth_whose_mother_has_no_number_is_a_birth() -> None:
    """It is the baby's own, and the hub finds whose baby it is."""
    (event,) = nems("pds-birth-notification-1", *born()).events
    assert ("birth.notified", WREN, None) == (
        event.type,
        event.body["baby_nhs"],
        event.body["mother_nhs"],
    )
    assert WREN == event.subject.nhs_number


def test_a_birth_of_a_baby_who_has_died_tells_both() -> None:
    """Else everybody would be asked to visit."""
    notice, death = nems(
        "pds-birth-notification-1", *born(deceasedDateTime="2026-10-19T04:00:00+01:00")
    ).events
    assert ("birth.notified", "death") == (notice.type, death.body["kind"])
    assert "2026-10-19" == death.body["effective"]


def test_a_foster_mother_without_a_number_is_not_passed_over() -> None:
    """Who is named and is no mother still keeps the message back."""
    part = read(bundle(weight(), baby(), related("FTHFOST", identifier=[])))
    assert (Outcome.QUARANTINED, "missing_identity") == (part.outcome, part.reason)


@pytest.mark.parametrize(
    ("words", "outcome"),
    [
        ("Severe combined immunodeficiency screening related finding (finding)", None),
        ("Eligible for BCG", None),
        ("Not eligible for BCG", None),
        ("Hip examination done, right abnormality suspected", "refer"),
    ],
)
def test_what_is_no_result_of_the_test_does_not_keep_the_others_back(
    words: str, outcome: str | None
) -> None:
    """The published examples hold such rows beside real results."""
    results = ["Cystic fibrosis not suspected (situation)", words]
    rows = [
        {
            "resourceType": "Procedure",
            "id": f"r{number}",
            "status": "completed",
            "subject": {"reference": "Patient/b1"},
            "outcome": coded(str(number), display=each),
        }
        for number, each in enumerate(results)
    ]
    (event,) = nems("nipe-outcome-1", baby(), *rows).events
    assert (outcome or "done") == event.body["outcome"]
