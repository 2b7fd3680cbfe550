"""The words of the core, as frozen values.

Everything `decide` reads or says is one of the values below.  They are plain data: no clock, no
identity of a process, no behaviour that reaches outside.  Instants are aware UTC datetimes; a date
without a time of day is an ISO string (`2026-10-20`), so that an event body survives its journey
through the state store unchanged and still compares in the right order.

The words are those of `docs/glossary.md`; one word has one meaning.
"""

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any

from msgspec import Struct

type_of_body = dict[str, Any]


class Level(IntEnum):
    """How far a notice got.  Only evidence raises it; 'sent' is never 'told'."""

    OWED = 0
    SENT = 1
    DELIVERED = 2
    OPENED = 3
    ACCEPTED = 4
    ACTED = 5


class Severity(IntEnum):
    """How grave an open gap is."""

    INFORMATION = 1
    ATTENTION = 2
    SAFEGUARDING = 3
    IMMEDIATE = 4


class InputKind(StrEnum):
    """Everything the core can be told."""

    EVENT = "event"
    RECEIPT = "receipt"
    WAKE = "wake"
    QUARANTINED = "quarantined"
    REDRIVEN = "redriven"
    COUNTED = "counted"
    FOLLOWED = "followed"
    """An event that another episode of the same pregnancy decides: it is heard, and asks nothing.
    """
    JOINED = "joined"
    """Another episode turned out to be of the same pregnancy: tell it what is remembered here."""
    PARTED = "parted"
    """That was a mistake: what was heard from the other episode is another woman's."""


class Signal(StrEnum):
    """Evidence about a notice, or an order about the duty behind it."""

    SENT = "sent"
    DELIVERED = "delivered"
    OPENED = "opened"
    ACCEPTED = "accepted"
    ACTED = "acted"
    BOUNCED = "bounced"
    NOT_OURS = "not_ours"
    REFUSED = "refused"
    STALE_RECIPIENT = "stale_recipient"
    WITHDRAW = "withdraw"
    WAIVE = "waive"
    RETRACT = "retract"
    SUPPRESS = "suppress"
    DECLINE = "decline"
    REISSUE = "reissue"


class ObligationState(StrEnum):
    """Where an obligation stands (domain levels L0 to L5 and the side states)."""

    OWED = "owed"
    SENT = "sent"
    DELIVERED = "delivered"
    OPENED = "opened"
    ACCEPTED = "accepted"
    ACTED = "acted"
    BOUNCED = "bounced"
    NOT_OURS = "not_ours"
    REFUSED = "refused"
    SUPPRESSED = "suppressed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    WAIVED = "waived"
    RETRACTED = "retracted"


class GapState(StrEnum):
    """Where a gap stands; all but `open` are final."""

    OPEN = "open"
    CLEARED = "cleared"
    CLEARED_LATE = "cleared_late"
    WITHDRAWN = "withdrawn"
    WAIVED = "waived"


class GapReason(StrEnum):
    """Why a recipient could not be reached, or why nobody holds a role (G17, G60)."""

    NO_HOLDER = "no_holder"
    """Nobody is known who holds the role."""
    HOLDER_LEFT = "holder_left"
    """The period of the person who held it has ended, and no successor is known."""
    TWO_CANDIDATES = "two_candidates"
    """Two organisations hold it with equal right; the first was told."""
    ORGANISATION_CLOSED = "organisation_closed"
    """The organisation has closed, and nobody is known to have taken it over."""
    ORGANISATION_SUCCEEDED = "organisation_succeeded"
    """The organisation has closed, and its successor has not taken the family on yet."""
    BOUNCED = "bounced"
    NOT_OURS = "not_ours"
    REFUSED = "refused"
    UNREAD = "unread"
    """The notice went out, and nobody has opened it."""
    INBOX_UNOPENED = "inbox_unopened"
    """Nobody has opened anything there for so long that the inbox must be taken for dead."""


class NoticeReason(StrEnum):
    """Why a notice is sent, in the recipient's terms."""

    FIRST = "first"
    CORRECTED = "corrected"
    REMINDER = "reminder"
    REROUTED = "rerouted"
    ESCALATED = "escalated"
    WITHDRAWN = "withdrawn"
    RETRACTED = "retracted"


class Purpose(StrEnum):
    """Why information is shared."""

    DIRECT_CARE = "direct_care"
    SAFEGUARDING = "safeguarding"
    STATUTORY = "statutory"
    SERVICE_MANAGEMENT = "service_management"


class Person(Struct, frozen=True, kw_only=True):
    """Who an event is about, as the publisher knows her.  `reference` is the publisher's own."""

    reference: str
    nhs_number: str | None = None
    family_name: str | None = None
    given_name: str | None = None
    birth_date: str | None = None
    postcode: str | None = None


class Actor(Struct, frozen=True, kw_only=True):
    """Who reported an event."""

    id: str | None = None
    role: str | None = None
    org: str | None = None


class Numbered(Struct, frozen=True):
    """The number that a sender gave to a message of its own, and which message that was."""

    number: int
    sent_as: str
    """A short name that stands for the message: a copy of it has the same."""


class Event(Struct, frozen=True, kw_only=True):
    """A clinical or organisational fact that someone reported."""

    id: str
    type: str
    source: str
    """ODS code and system, `RXX:MAT_PAS`."""
    occurred_at: datetime
    received_at: datetime
    recorded_at: datetime | None = None
    subject: Person
    actor: Actor | None = None
    purpose: Purpose = Purpose.DIRECT_CARE
    labels: tuple[str, ...] = ()
    correlation_id: str | None = None
    causation_id: str | None = None
    body: type_of_body = {}
    numbered: Numbered | None = None
    """Of the message that it came in.  It travels beside the event and not in it (a header of the
    Kafka record), and the core decides nothing by it."""

    @property
    def organisation(self) -> str:
        """The ODS code of the publisher."""
        return self.source.partition(":")[0]


class Holder(Struct, frozen=True, kw_only=True):
    """An organisation, and a person where one is named, that fills a role for a period."""

    role: str
    organisation: str
    person: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    accepted: bool = True
    found_by: str = "event"
    """How the holder was found: registration, gp_link, address, provider, assignment, event."""


class Receipt(Struct, frozen=True, kw_only=True):
    """Evidence that a notice reached a level, or that it could not."""

    notice_id: str
    signal: Signal
    organisation: str
    at: datetime
    """When it happened, by the witness's clock."""
    role: str | None = None
    person: str | None = None
    channel: str = "worklist"
    detail: str | None = None
    """A coded reason; never free text about a person."""


class QuarantineNote(Struct, frozen=True, kw_only=True):
    """What the core needs to know of an input that could not be decided."""

    quarantine_id: str
    reason: str
    family: str
    source: str
    event_type: str | None = None
    refused_at: datetime | None = None
    """When it was refused.  The same original may be refused again after it was redriven, and a
    redrive answers only the refusals up to the one it is of."""


class CountedNote(Struct, frozen=True, kw_only=True):
    """Something that a matter counts, or that a family hears of one: codes and the hub's own ids,
    never a name or a number of a person.
    """

    event_id: str
    event_type: str
    """One of the hub's own inner events."""
    source: str
    occurred_at: datetime
    fields: bytes = b""
    """The fields of the inner event, packed as a body is in the state."""
    taken_back: bool = False
    """What this id had counted is to be treated as never said."""


class Input(Struct, frozen=True, kw_only=True):
    """One thing the core is told.  `at` is the hub's time when it was told."""

    input_id: str
    kind: InputKind
    at: datetime
    episode_id: str
    event: Event | None = None
    team: tuple[Holder, ...] = ()
    """Who holds which role at this moment, as the directory knew it; the core looks nothing up."""
    area: str = ""
    """The area whose settings hold, as the directory knew it; empty where nothing new is known."""
    receipt: Receipt | None = None
    quarantine: QuarantineNote | None = None
    counted: CountedNote | None = None
    other: str = ""
    """With `joined`: the other episode of the same pregnancy."""
    replacement: Event | None = None
    """The event inside a correction, unpacked when the input is gathered; never sent as a field."""
