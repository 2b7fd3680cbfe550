"""NEMS messages of type *delete*: which event of ours they take back.

They name no event, only whom it is about and of which kind it was.  That is enough where the
episode remembers exactly one such event; what says less is kept in quarantine.
"""

from dataclasses import dataclass
from typing import Any, Final

from hub.core.corrections import latest
from hub.core.faults import FaultReason, SenderFault
from hub.edges.fhir.draft import Draft, type_of_found
from hub.edges.fhir.letter import Letter
from hub.edges.fhir.people import postcode_of
from hub.edges.fhir.tree import Node
from hub.edges.hl7v2_people import People

CHANGED: Final = "demographics.changed"
SCREENED: Final = "screening.newborn"


@dataclass(frozen=True, slots=True)
class _Meant:
    """The event that is meant: its type, its kind where the type has kinds, and fields of it."""

    type: str
    kind: str = ""
    fields: tuple[tuple[str, str], ...] = ()


def taken_back(letter: Letter, kind: str, patient: Node, whom: People) -> type_of_found:
    """The retraction that a deletion asks for.  Raises SenderFault where it names too little."""
    meant = _meant(letter, kind, patient)
    if meant is None:
        raise SenderFault(
            FaultReason.UNKNOWN_TARGET,
            "this takes back an earlier message, and does not say which event came of that",
            field=letter.root.path,
            remedy="send event.retracted with the id of the event that the first message became",
        )
    body: dict[str, Any] = {
        "target_id": latest(meant.kind, baby_id=whom.baby_id, fields=meant.fields),
        "target_type": meant.type,
        "reason": "entered_in_error",
    }
    return [Draft("event.retracted", body, whom.subject, letter.sent_at, patient.path)]


def _meant(letter: Letter, kind: str, patient: Node) -> _Meant | None:
    """None for what a Patient alone restates: that may have become several events."""
    match kind:
        case "birth":
            return _Meant("birth.notified")
        case "practice":
            practice = letter.ods(patient.first("generalPractitioner"))
            told = (("to", practice),) if practice else ()
            return _Meant(CHANGED, "gp" if practice else "gp_deducted", told)
        case "address":
            postcode = postcode_of(patient)
            return _Meant(CHANGED, "address", (("to", f"{postcode}|"),) if postcode else ())
        case "NIPE" | "hearing" | "NBS":
            return _Meant(SCREENED, fields=(("test", kind),))
        case _:
            return None
