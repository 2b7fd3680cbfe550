"""What the FHIR door can do: the CapabilityStatement of `GET /fhir/metadata`."""

from typing import Any, Final

RESOURCES: Final = {
    "Appointment": "contact.scheduled, contact.missed",
    "CareTeam": "assignment.changed, or status.changed for a protection plan",
    "CarePlan": "status.changed",
    "Condition": "status.changed",
    "Composition": "discharge.summary",
    "DocumentReference": "discharge.summary",
    "Encounter": "encounter.updated, pregnancy.notified",
    "EpisodeOfCare": "assignment.changed",
    "Flag": "status.changed",
    "Observation": "measurement.infant, pregnancy.dated",
    "Patient": "demographics.changed",
}
"""What each resource becomes; a test holds them against the reader."""

OPERATION: Final = (
    "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/backport-subscription"
)

CAPABILITY: Final[dict[str, Any]] = {
    "resourceType": "CapabilityStatement",
    "status": "active",
    "date": "2026-11-28",
    "kind": "capability",
    "description": "Takes events around a pregnancy as FHIR R4 (and STU3: NEMS messages, ITK3 "
    "transfer of care) and answers with an OperationOutcome; what was sent cannot be read. "
    "Subscribers read their Subscription and the Communications that its notifications refer to.",
    "fhirVersion": "4.0.1",
    "format": ["application/fhir+json", "application/fhir+xml"],
    "rest": [
        {
            "mode": "server",
            "security": {"description": "A key in 'Authorization: Bearer', agreed at onboarding."},
            "resource": [
                {"type": kind, "interaction": [{"code": "create"}], "documentation": becomes}
                for kind, becomes in RESOURCES.items()
            ]
            + [
                {
                    "type": "Subscription",
                    "interaction": [{"code": "read"}],
                    "operation": [
                        {"name": name, "definition": f"{OPERATION}-{name}"}
                        for name in ("status", "events")
                    ],
                },
                {"type": "Communication", "interaction": [{"code": "read"}]},
            ],
            "interaction": [
                {
                    "code": "transaction",
                    "documentation": "Any bundle to the base address, taken as a whole or not at "
                    "all; the answer is an OperationOutcome with status 202.",
                }
            ],
            "operation": [
                {
                    "name": "process-message",
                    "definition": "http://hl7.org/fhir/OperationDefinition/"
                    "MessageHeader-process-message",
                }
            ],
        }
    ],
}
