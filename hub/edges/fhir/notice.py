"""A notice as FHIR R4: the Communication that it is, and the message that carries one over MESH.

Nothing is in it but what the notice holds, which was redacted for its recipient: no Patient is
made up beside it.  The same notice gives the same ids, so that a repeat can be told.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

import msgspec

from hub.core.model import NoticeReason
from hub.edges.records import NoticeRecord

SPACE: Final = UUID("0e3c3a58-8f0b-5c41-9a53-6d7a4b1f2c90")
"""Of our own, drawn once: ids of resources are derived from it and the notice's id."""

UK_CORE: Final = "https://fhir.hl7.org.uk/StructureDefinition/UKCore-"
ODS_SYSTEM: Final = "https://fhir.nhs.uk/Id/ods-organization-code"
NOTICE_SYSTEM: Final = "urn:perinatal-hub:notice"
EVENT_SYSTEM: Final = "https://fhir.nhs.uk/STU3/CodeSystem/ITK-MessageEvent-2"
EVENT_CODE: Final = "ITK011M"
"""ITK events: no code of the national list is for a notice about a pregnancy."""
MESH_ADDRESS: Final = "urn:nhs-uk:addressing:mesh:"

TAKEN_BACK: Final = (NoticeReason.WITHDRAWN, NoticeReason.RETRACTED)


def resource_id(notice_id: str, kind: str = "Communication") -> str:
    """The id of a resource made of a notice."""
    return str(uuid5(SPACE, f"{kind}/{notice_id}"))


def communication_of(notice: NoticeRecord, own_id: str = "") -> dict[str, Any]:
    """The notice as a Communication: to whom, why, and each of its lines.

    `own_id` is for a server that hands it out under an address; else the id is a UUID.
    """
    made: dict[str, Any] = {
        "resourceType": "Communication",
        "id": own_id or resource_id(notice.notice_id),
        "meta": {"profile": [UK_CORE + "Communication"]},
        "identifier": [{"system": NOTICE_SYSTEM, "value": notice.notice_id}],
        "status": "entered-in-error" if notice.reason in TAKEN_BACK else "completed",
        "topic": {"text": notice.title},
        "sent": instant(notice.issued_at),
        "recipient": [{"type": "Organization", "identifier": _ods(notice.organisation)}],
        "reasonCode": [{"text": notice.because}],
        "payload": [{"contentString": f"{line.label}: {line.value}"} for line in notice.content],
        "note": [{"text": each} for each in _notes(notice)],
    }
    if notice.in_reply_to is not None:
        made["inResponseTo"] = [
            {
                "reference": f"urn:uuid:{resource_id(notice.in_reply_to)}",
                "identifier": {"system": NOTICE_SYSTEM, "value": notice.in_reply_to},
            }
        ]
    return made


def _notes(notice: NoticeRecord) -> list[str]:
    level = notice.level_needed.name.lower()
    return [
        f"{notice.reason.value} notice for {notice.role}",
        f"must be {level} by {instant(notice.due_at)}",
        f"authority: {notice.authority}",
    ]


def message_of(notice: NoticeRecord, sender: str, recipient: str) -> bytes:
    """The notice as a FHIR message from one MESH mailbox to another."""
    told = communication_of(notice)
    header = {
        "resourceType": "MessageHeader",
        "id": resource_id(notice.notice_id, "MessageHeader"),
        "meta": {"profile": [UK_CORE + "MessageHeader"]},
        "eventCoding": {"system": EVENT_SYSTEM, "code": EVENT_CODE},
        "destination": [
            {
                "endpoint": MESH_ADDRESS + recipient,
                "receiver": {"type": "Organization", "identifier": _ods(notice.organisation)},
            }
        ],
        "source": {"name": "Perinatal hub", "endpoint": MESH_ADDRESS + sender},
        "focus": [{"reference": f"urn:uuid:{told['id']}"}],
    }
    bundle = {
        "resourceType": "Bundle",
        "id": bundle_id(notice.notice_id),
        "meta": {"profile": [UK_CORE + "Bundle"]},
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{header['id']}"},
        "type": "message",
        "timestamp": instant(notice.issued_at),
        "entry": [entry_of(header), entry_of(told)],
    }
    return msgspec.json.encode(bundle)


def bundle_id(notice_id: str) -> str:
    """The id of the message that carries a notice."""
    return resource_id(notice_id, "Bundle")


def entry_of(resource: Mapping[str, Any]) -> dict[str, Any]:
    """A resource in a bundle."""
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}


def instant(at: datetime) -> str:
    """A FHIR instant."""
    return at.isoformat(timespec="milliseconds")


def _ods(code: str) -> dict[str, str]:
    return {"system": ODS_SYSTEM, "value": code}
