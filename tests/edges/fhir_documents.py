"""Small invented FHIR documents, built as a sender's system would build them."""

import json
from datetime import UTC, datetime
from typing import Any

from hub.edges.anything import Part, Reader, read_anything
from hub.edges.fhir.written import to_xml
from hub.edges.hl7v2_profile import load_profile

NOW = datetime(2026, 12, 1, tzinfo=UTC)
PROFILE = load_profile()
NHS = "https://fhir.nhs.uk/Id/nhs-number"
ODS = "https://fhir.nhs.uk/Id/ods-organization-code"
ADA, WREN = "9990000018", "9990000042"
PERSON = {"reference": "Patient/p1"}


def reader(sender: str = "RXX") -> Reader:
    """A reader for one organisation's messages."""
    return Reader(received_at=NOW, profile=PROFILE, sender=sender)


def read(document: dict[str, Any], sender: str = "RXX") -> Part:
    """What is made of a document in JSON; in XML it must be the same."""
    (by_json,) = read_anything(json.dumps(document).encode(), reader(sender))
    (by_xml,) = read_anything(to_xml(document).encode(), reader(sender))
    assert (by_json.outcome, by_json.reason) == (by_xml.outcome, by_xml.reason)
    assert by_json.events == by_xml.events
    return by_json


def patient(number: str | None = ADA, **more: Any) -> dict[str, Any]:
    """A woman, unless it is said otherwise."""
    found = {"resourceType": "Patient", "id": "p1", "birthDate": "1996-02-29"}
    if number is not None:
        found |= {"identifier": [{"system": NHS, "value": number}]}
    return {**found, **more}


def baby(**more: Any) -> dict[str, Any]:
    """Her baby."""
    return patient(WREN, **{"id": "b1", "birthDate": "2026-10-18", **more})


def related(code: str = "MTH", **more: Any) -> dict[str, Any]:
    """Somebody related to the baby: the mother, unless it is said otherwise."""
    return {
        "resourceType": "RelatedPerson",
        "id": "r1",
        "identifier": [{"system": NHS, "value": ADA}],
        "patient": {"reference": "Patient/b1"},
        "relationship": [{"coding": [{"code": code}]}],
        **more,
    }


def bundle(*resources: dict[str, Any], kind: str = "collection") -> dict[str, Any]:
    """A bundle of these."""
    entries = [{"resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def coded(code: str, system: str = "http://snomed.info/sct", **more: Any) -> dict[str, Any]:
    """A CodeableConcept."""
    return {"coding": [{"system": system, "code": code, **more}]}


def stay(**more: Any) -> dict[str, Any]:
    """A stay that goes on."""
    return {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "in-progress",
        "class": {"code": "IMP"},
        "subject": {"reference": "Patient/p1"},
        "period": {"start": "2026-10-18T02:00:00+01:00"},
        **more,
    }


def weight(value: Any = 3310, unit: str = "g", **more: Any) -> dict[str, Any]:
    """A weighing of the baby."""
    return {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": coded("29463-7", "http://loinc.org"),
        "subject": {"reference": "Patient/b1"},
        "effectiveDateTime": "2026-10-23T10:00:00+01:00",
        "valueQuantity": {"value": value, "code": unit},
        **more,
    }


def header(**more: Any) -> dict[str, Any]:
    """A message header of the hospital itself."""
    return {
        "resourceType": "MessageHeader",
        "id": "m1",
        "eventCoding": {"code": "encounter"},
        "timestamp": "2026-10-20T14:35:00+01:00",
        **more,
    }
