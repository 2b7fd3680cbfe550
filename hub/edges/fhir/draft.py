"""An event of a FHIR document that still lacks its envelope."""

from dataclasses import dataclass
from datetime import datetime

from hub.core.model import Person, type_of_body
from hub.edges.mapped import Ignored


@dataclass(frozen=True, slots=True)
class Draft:
    """What happened to whom, when, and which resource says so."""

    type: str
    body: type_of_body
    subject: Person
    """The mother, or the baby where nothing says who the mother is."""
    occurred_at: datetime
    path: str
    """Where the resource stands; a fault of the whole event names it."""
    resource: str = ""
    """`Encounter/123`, where it has an id of its own."""


type_of_found = list[Draft] | Ignored
