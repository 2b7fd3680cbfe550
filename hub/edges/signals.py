"""What a signal without content can say: the type of the event, the person and the time.

A signal says *that* something changed.  A change of practice is passed on as such, and whoever
needs the new practice looks it up.  A death cannot be told from the removal of a death, nor one
NHS number from the other: such a signal is kept, and its remedy is the record it points to.
"""

import re
from datetime import datetime
from typing import Any, Final

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import type_of_body
from hub.edges import nhs_number
from hub.edges.fhir.codes import meaning
from hub.edges.hl7v2_message import LOCAL

REMEDY: Final = (
    "send the signal with the record beside it (a hydrated signal), or fetch what dataref points "
    "to and send that Patient"
)
_VERSION: Final = re.compile(r"-\d{1,3}$")
_DEATHS: Final = {"1": True, "2": True, "U": False}
"""Informal, formal, removed."""


def kind_of(event_type: str, place: str) -> str:
    """What a type of MNS is about.  Raises SenderFault UNKNOWN_EVENT_TYPE."""
    kind = meaning("mns").get(_VERSION.sub("", event_type))
    if kind is None:
        raise SenderFault(
            FaultReason.UNKNOWN_EVENT_TYPE,
            "this type of event is not known here",
            field=place,
            remedy="send a type of the national service or perinatal-<family>-<what>-1; "
            "docs/publish.md lists them",
        )
    return str(kind)


def numbered(written: str, place: str) -> str:
    """The NHS number that a signal is about.  Raises SenderFault."""
    number = nhs_number.compact(written)
    if not number:
        raise SenderFault(
            FaultReason.MISSING_IDENTITY,
            "the signal does not say whom it is about",
            field=place,
            remedy="send the NHS number as subject",
        )
    if not nhs_number.is_valid(number):
        raise SenderFault(
            FaultReason.NHS_NUMBER_INVALID,
            f"the NHS number in {place} fails its check digit",
            field=place,
            remedy="trace the number and send it again",
        )
    return number


def bare(kind: str, at: datetime, said: dict[str, Any] | None, place: str) -> type_of_body:
    """Body of `demographics.changed` from a signal alone.  Raises SenderFault when it cannot be.

    `said` is what a CloudEvent carries besides (`data` of version 1, `filtering` of version 2).
    """
    told = {str(name).lower(): value for name, value in (said or {}).items()}
    state = _DEATHS.get(str(told.get("deathnotificationstatus", "")))
    if kind == "death" and state is False:
        raise SenderFault(
            FaultReason.UNKNOWN_TARGET,
            "this takes back a death, and does not say which event told of it",
            field=place,
            remedy="send event.retracted with the id of the event that told of the death",
        )
    if kind != "practice" and not (kind == "death" and state):
        raise SenderFault(
            FaultReason.SCHEMA_VIOLATION,
            "the signal says that something changed, and not what",
            field=place,
            remedy=REMEDY,
        )
    return {
        "kind": "gp" if kind == "practice" else "death",
        "baby_id": None,
        "from": None,
        "to": None,
        "effective": at.astimezone(LOCAL).date().isoformat(),
    }
