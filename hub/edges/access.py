"""The record of an access, as it is kept: who was shown what about a family, why and when.

It is E56, `access.audited`, of the catalogue (domain 4.3).  It holds ids only: an identity in the
log of those who looked would be one more place to look.
"""

from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

import msgspec
from msgspec import Struct

from hub.edges.avro import LARGEST_INNER_BYTES
from hub.edges.schemas import Schemas
from hub.edges.wire import Wire, unparseable

STEM = "hub.access"


class What(StrEnum):
    """What was shown."""

    EPISODE = "episode"
    NOTICE = "notice"
    GAP = "gap"
    COVERAGE = "coverage"
    """Who has been told of one event, as its publisher may ask."""
    QUARANTINE = "quarantine"
    SUBSCRIPTION = "subscription"
    """Who may have which notices, how much of them and where; and who moved it on."""
    REPLAY = "replay"
    """A set of notices to be sent again: its counts, and who went on with it."""
    COVER = "cover"
    """Who is away, who stands in for her, or to whom one notice was given: arranged or ended."""
    AUDIT = "audit"
    """This log itself."""


class Ground(StrEnum):
    """Why it could be shown to whoever looked."""

    ADDRESSED = "addressed"
    """A notice about the family went to one of her roles."""
    OWNER = "owner"
    """The gap is hers or her organisation's to close."""
    SAFEGUARDING = "safeguarding"
    """She leads safeguarding for a whole area, and nothing else entitled her."""
    OPERATOR = "operator"
    """She keeps the hub running, and nothing else entitled her."""
    PUBLISHER = "publisher"
    """Her organisation published the event."""
    COLLEAGUE = "colleague"
    """She, or whoever leads her team, arranges who stands in."""
    GUARDIAN = "guardian"
    """She looks after this log."""


class AccessRecord(Struct, frozen=True, kw_only=True):
    """One access.  `person_id` is None where an organisation's own system asked by its key."""

    access_id: str
    at: datetime
    person_id: str | None = None
    organisation: str
    roles: tuple[str, ...]
    what: What
    subject_id: str
    episode_id: str | None = None
    ground: Ground
    purpose: str | None = None


class AccessCodec:
    """Writes and reads accesses in the wire format of all the hub's records."""

    def __init__(self, schemas: Schemas) -> None:
        self._wire = Wire(schemas, {})

    def encode(self, access: AccessRecord) -> bytes:
        """An access as bytes that name their schema."""
        plain: dict[str, Any] = msgspec.to_builtins(access, builtin_types=(datetime,))
        return self._wire.write(STEM, plain, LARGEST_INNER_BYTES)

    def decode(self, kept: bytes) -> AccessRecord:
        """An access.  Raises SenderFault for bytes that are none."""
        record = self._wire.read(STEM, kept, LARGEST_INNER_BYTES)
        try:
            return msgspec.convert(record, AccessRecord)
        except msgspec.ValidationError:
            # Its words could quote a value.
            raise unparseable("the record is no access") from None


@cache
def access_codec(schemas: Schemas) -> AccessCodec:
    """The codec for a set of schemas, made once."""
    return AccessCodec(schemas)
