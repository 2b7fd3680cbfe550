"""An event of an HL7 v2 message that still lacks its envelope."""

from dataclasses import dataclass
from datetime import datetime

from hub.core.model import type_of_body


@dataclass(frozen=True, slots=True)
class Draft:
    """What happened; when and under which id, where the trigger has its own fields for that."""

    type: str
    body: type_of_body
    occurred_at: datetime | None = None
    event_id: str | None = None
