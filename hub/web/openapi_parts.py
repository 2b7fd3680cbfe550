"""What the description of the API says in words: statuses, faults and examples."""

from typing import Any, Final

from msgspec import Struct

PROBLEM_TYPES: Final = ("application/problem+json",)
FHIR_TYPES: Final = ("application/fhir+json", "application/fhir+xml")
CLOUDEVENT: Final = "application/cloudevents+json"

DESCRIPTION: Final = (
    "A publisher says what happened; the hub works out who must know, tells them, and says who "
    "has been told. 202 is said after Kafka has confirmed the write. What cannot be taken is kept "
    "whole in quarantine, and the answer names the field and the remedy. See docs/publish.md."
)

PROBLEM: Final[dict[str, Any]] = {
    "title": "Problem",
    "type": "object",
    "description": "What happened, which field, and what to do next (RFC 9457).",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "field": {"type": ["string", "null"]},
        "reason": {"type": "string"},
        "remedy": {"type": ["string", "null"]},
        "quarantine_id": {"type": ["string", "null"]},
    },
    "required": ["type", "title", "status", "detail", "reason"],
    "examples": [
        {
            "type": "urn:perinatal-hub:problem:schema_violation",
            "title": "The event does not fit its schema",
            "status": 422,
            "detail": "data.edd is not as its schema says",
            "field": "data.edd",
            "reason": "schema_violation",
            "remedy": "give this field: it is required",
            "quarantine_id": "q-0f3a6d7c5b2e4918",
        }
    ],
}

OUTCOME: Final[dict[str, Any]] = {
    "title": "OperationOutcome",
    "type": "object",
    "description": "FHIR's answer: one issue for each thing that there is to say.",
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "issue": {"type": "array", "minItems": 1, "items": {"type": "object"}},
    },
    "required": ["resourceType", "issue"],
}

CAPABILITY: Final[dict[str, Any]] = {
    "title": "CapabilityStatement",
    "type": "object",
    "properties": {"resourceType": {"const": "CapabilityStatement"}},
    "required": ["resourceType"],
}

RESOURCE: Final[dict[str, Any]] = {
    "title": "FhirResource",
    "type": "object",
    "description": "Any resource or bundle, R4 or STU3.",
    "properties": {"resourceType": {"type": "string"}},
    "required": ["resourceType"],
}

COMPONENTS: Final = {
    "CsvFile": {
        "title": "CsvFile",
        "type": "string",
        "description": "A header whose names are the paths of the JSON form, and a row an event.",
    },
    "RotaFile": {
        "title": "RotaFile",
        "type": "string",
        "description": "A header and a row for each absence.",
    },
    "CdaDocument": {
        "title": "CdaDocument",
        "type": "string",
        "description": "A ClinicalDocument of HL7 CDA, alone or in an envelope.",
    },
    "CloudEvent": {
        "title": "CloudEvent",
        "type": "object",
        "description": "An event in structured mode, of the national service or of the hub.",
        "properties": {"type": {"type": "string"}},
        "required": ["type"],
    },
    "Problem": PROBLEM,
    "OperationOutcome": OUTCOME,
    "CapabilityStatement": CAPABILITY,
    "FhirResource": RESOURCE,
}

ANSWERS: Final = {
    400: "The body, or the header Hub-Sandbox, cannot be read",
    401: "No key that the hub knows",
    403: "Not what this key is for: another organisation's event, or a sandbox key",
    404: "Not known, or not yours to ask for",
    408: "The body did not arrive in time",
    409: "The id was used before with other content",
    410: "It was taken back before it went out",
    413: "Too large",
    415: "Not a content type that this address takes",
    422: "Understood, but it cannot be used",
    503: "Not possible at the moment; send the same again after Retry-After seconds",
}

DOORS: Final = (
    "/events",
    "/events/csv",
    "/cloudevents",
    "/cda",
    "/fhir",
    "/fhir/$process-message",
    "/fhir/{kind}",
)
SANDBOX: Final[dict[str, Any]] = {
    "name": "Hub-Sandbox",
    "in": "header",
    "required": False,
    "description": "true: check it, say what would come of it, and do nothing",
    "schema": {"type": "string", "enum": ["true", "false"]},
}

TAKING: Final = (400, 401, 403, 408, 409, 413, 415, 422, 503)
ASKING: Final = (400, 401, 403, 404, 503)


class Operation(Struct, frozen=True, kw_only=True):
    """What the description says of one operation beyond its route."""

    id: str
    """What generators of clients call it."""
    statuses: tuple[int, ...] = ()
    key: bool = True
    fault: tuple[tuple[str, ...], str] = (PROBLEM_TYPES, "Problem")
    """The content types and the schema of what goes wrong."""
    says: tuple[int, tuple[str, ...], str] | None = None
    """The status, the content types and the schema of what goes well, where the route knows not."""
    sandboxed: bool = False
    """Whether a sandbox answers the same with 200."""


def _fhir_door(name: str) -> Operation:
    return Operation(
        id=name,
        statuses=(*TAKING, 404),
        fault=(FHIR_TYPES, "OperationOutcome"),
        # An OperationOutcome; to a transaction or a batch the bundle that answers it.
        says=(202, FHIR_TYPES, "FhirResource"),
        sandboxed=True,
    )


def _fhir_question(name: str, *more: int) -> Operation:
    return Operation(
        id=name,
        statuses=(*ASKING, *more),
        fault=(FHIR_TYPES, "OperationOutcome"),
        says=(200, FHIR_TYPES, "FhirResource"),
    )


OPERATIONS: Final[dict[tuple[str, str], Operation]] = {
    ("/events", "post"): Operation(id="post_event", statuses=TAKING),
    ("/events/{event_id}/coverage", "get"): Operation(id="get_coverage", statuses=ASKING),
    ("/events/{event_id}", "get"): Operation(id="get_event", statuses=ASKING),
    ("/returns", "get"): Operation(id="get_returns", statuses=(400, 401, 403, 422, 503)),
    ("/events/csv", "post"): Operation(id="post_csv", statuses=(400, 401, 408, 413, 415, 422, 503)),
    ("/events/csv/template", "get"): Operation(
        id="csv_template", key=False, statuses=(404, 422), says=(200, ("text/csv",), "CsvFile")
    ),
    ("/cloudevents", "post"): Operation(id="post_cloudevents", statuses=TAKING),
    ("/cda", "post"): Operation(id="post_cda", statuses=TAKING),
    ("/fhir", "post"): _fhir_door("post_fhir"),
    ("/fhir/$process-message", "post"): _fhir_door("process_message"),
    ("/fhir/{kind}", "post"): _fhir_door("post_fhir_resource"),
    ("/fhir/metadata", "get"): Operation(
        id="fhir_metadata", key=False, says=(200, FHIR_TYPES, "CapabilityStatement")
    ),
    ("/fhir/Subscription/{own_id}", "get"): _fhir_question("get_subscription"),
    ("/fhir/Subscription/{own_id}/$status", "get"): _fhir_question("subscription_status"),
    ("/fhir/Subscription/{own_id}/$events", "get"): _fhir_question("subscription_events", 422),
    ("/fhir/Communication/{notice_id}", "get"): _fhir_question("get_communication", 410),
    ("/receipts", "post"): Operation(
        id="post_receipt", statuses=(400, 401, 403, 404, 413, 422, 503)
    ),
    ("/notices/{notice_id}", "get"): Operation(
        id="get_notice", statuses=ASKING, says=(200, ("application/json",), "NoticeView")
    ),
    ("/absences", "get"): Operation(id="get_absences", statuses=(400, 401, 403, 422, 503)),
    ("/absences", "post"): Operation(
        id="post_absence", statuses=(400, 401, 403, 409, 413, 422, 503)
    ),
    ("/absences/{absence_id}/end", "post"): Operation(id="end_absence", statuses=(*ASKING, 413)),
    ("/absences/rota", "post"): Operation(id="post_rota", statuses=TAKING),
    ("/health/live", "get"): Operation(id="health_live", key=False),
    ("/health/ready", "get"): Operation(id="health_ready", key=False),
}

BOOKING: Final[dict[str, Any]] = {
    "specversion": "1.0",
    "id": "rxx-booking-0001",
    "type": "pregnancy.booked",
    "source": "RXX:MATERNITY",
    "time": "2026-03-24T10:30:00Z",
    "subject": {
        "reference": "MAT48213",
        "nhs_number": "9990000018",
        "family_name": "Quillfeather",
        "given_name": "Ada",
        "birth_date": "1996-02-29",
        "postcode": "ZZ99 3CZ",
    },
    "data": {
        "booked_on": "2026-03-24",
        "edd": "2026-10-20",
        "edd_basis": "scan",
        "parity": 0,
        "planned_contacts": 10,
        "provider": "RXX",
        "named_midwife": {"id": "mw-17"},
        "gp_ods": "Y99001",
        "hv_team_hint": "",
        "sharing_ref": "",
    },
}
"""As docs/publish.md has it."""

ENCOUNTER: Final[dict[str, Any]] = {
    "resourceType": "Encounter",
    "status": "in-progress",
    "subject": {"identifier": {"system": "https://fhir.nhs.uk/Id/nhs-number"}},
}
