"""Patient.link to `demographics.changed` (nhs_merge): two records were one person."""

from typing import Any, Final

from hub.core.model import Person
from hub.edges.fhir.draft import Draft
from hub.edges.fhir.letter import Letter
from hub.edges.fhir.people import person_of
from hub.edges.fhir.times import day
from hub.edges.fhir.tree import Node

_AFTER: Final = frozenset({"replaced-by", "replace"})
"""What the record itself says of the one that holds now; STU3 wrote `replace` at first."""


def merged(letter: Letter, patient: Node, own: Person) -> Draft | None:
    """The merge that a record tells of; None where it tells of none.  Raises SenderFault."""
    for link in patient.all("link"):
        other, kind = link.first("other"), link.text("type")
        if other is None or kind not in {"replaces", *_AFTER}:
            continue
        found = person_of(letter, other)
        old, new = (own, found) if kind in _AFTER else (found, own)
        was, now = _names(old, new)
        body: dict[str, Any] = {
            "kind": "nhs_merge",
            "baby_id": None,
            "from": was,
            "to": now,
            "effective": day(letter.sent_at.isoformat(), ""),
        }
        return Draft("demographics.changed", body, new, letter.sent_at, link.path)
    return None


def is_replaced(patient: Node) -> bool:
    """Whether this is the record that no longer holds: what else it says is of yesterday."""
    return any(link.text("type") in _AFTER for link in patient.all("link"))


def _names(old: Person, new: Person) -> tuple[str, str]:
    """NHS numbers where both have one, else how the sender names the two records."""
    if old.nhs_number and new.nhs_number and old.nhs_number != new.nhs_number:
        return old.nhs_number, new.nhs_number
    return old.reference, new.reference
