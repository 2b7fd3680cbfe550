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
    """How the holder was found: registration, gp_link, address, provider, area, assignment, event."""


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


class Input(Struct, frozen=True, kw_only=True):
    """One thing the core is told.  `at` is the hub's time when it was told."""

    input_id: str
    kind: InputKind
    at: datetime
    episode_id: str
    event: Event | None = None
    team: tuple[Holder, ...] = ()
    """Who holds which role at this moment, as the directory knew it; the core looks nothing up."""
    receipt: Receipt | None = None
    quarantine: QuarantineNote | None = None
    replacement: Event | None = None
    """The event inside a correction, unpacked when the input is gathered; never sent as a field."""


# --- what the episode remembers -------------------------------------------------------------
#
# These values are stored as arrays, which makes a state four tenths smaller and quicker to open
# than with the names of its fields.  So a new field goes last and has a default, and none is ever
# taken away or moved: a test holds the order against the one that was released.


class Remembered(Struct, frozen=True, kw_only=True, array_like=True):
    """An event the episode has absorbed.  `body` is packed, and unpacked only by a rule that asks."""

    id: str
    type: str
    occurred_at: datetime
    received_at: datetime
    organisation: str
    actor_role: str | None = None
    subject: str = ""
    """Which baby, conference or document it concerns; empty for the mother and the pregnancy."""
    body: bytes = b""
    retracted: bool = False


class Baby(Struct, frozen=True, kw_only=True):
    """A baby of this pregnancy."""

    baby_id: str
    born_at: datetime | None = None
    ended_at: datetime | None = None


class Milestone(Struct, frozen=True, kw_only=True):
    """A level that must be reached by a time.  An obligation has one or more."""

    level: Level
    due_at: datetime
    met_at: datetime | None = None
    missed: bool = False


class Told(Struct, frozen=True, kw_only=True, array_like=True):
    """One notice of an obligation: who it went to and how far it got."""

    notice_id: str
    round: int
    organisation: str
    person: str | None
    level: Level = Level.OWED
    reason: NoticeReason = NoticeReason.FIRST


class Obligation(Struct, frozen=True, kw_only=True, array_like=True):
    """The duty to make one role know one thing by a due time."""

    obligation_id: str
    rule: str
    trigger: str
    """Id of the event (or gap, for an escalation) that raised it."""
    role: str
    organisation: str
    person: str | None = None
    subject: str = ""
    state: ObligationState = ObligationState.OWED
    level: Level = Level.OWED
    milestones: tuple[Milestone, ...]
    raised_at: datetime
    round: int = 1
    told: tuple[Told, ...] = ()
    gap_id: str | None = None
    ended_by: str = ""
    """Id of the event that withdrew it, so that its retraction makes it owed again."""


class Expectation(Struct, frozen=True, kw_only=True, array_like=True):
    """Something that must follow, or become true, by a due time."""

    expectation_id: str
    rule: str
    trigger: str
    role: str
    """Who owes it; owner of the gap if it does not come."""
    organisation: str
    subject: str = ""
    started_at: datetime
    """From when the clock runs (clinical time)."""
    raised_at: datetime
    due_at: datetime | None
    """None while the clock has nothing to measure on (a gestation deadline without a due date)."""
    met_at: datetime | None = None
    met_by: str = ""
    """Id of the event that met or withdrew it, so that its retraction opens the question again."""
    withdrawn: bool = False
    gap_id: str | None = None


class Gap(Struct, frozen=True, kw_only=True, array_like=True):
    """Something the policy requires that is not so."""

    gap_id: str
    code: str
    rule: str
    severity: Severity
    subject: str
    role: str
    organisation: str
    """Owner: the role whose action clears it, and its organisation."""
    state: GapState = GapState.OPEN
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None = None
    cycle: int = 1
    late_informed: bool = False
    duty_ids: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    ladder: str
    rung: int = 0
    """How many rungs of the ladder have been climbed."""
    raised_at: datetime | None = None
    """When it moved to a graver ladder: the waits of that one count from here."""


class Episode(Struct, frozen=True, kw_only=True, array_like=True):
    """One pregnancy and the babies it produces: the unit of state, of order and of partitioning."""

    episode_id: str
    seq: int = 0
    at: datetime | None = None
    """The hub's time of the last input; it never runs backwards."""
    mother: Person | None = None
    provider: str | None = None
    practice: str | None = None
    edd: str | None = None
    booked: bool = False
    ended_at: datetime | None = None
    outcome: str | None = None
    babies: tuple[Baby, ...] = ()
    plans: tuple[str, ...] = ()
    """Child-protection and similar statuses now in force, by code."""
    team: tuple[Holder, ...] = ()
    history: tuple[Remembered, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    gaps: tuple[Gap, ...] = ()
    next_wake: datetime | None = None


# --- what a decision says has happened ------------------------------------------------------


class Why(Struct, frozen=True, kw_only=True):
    """The rule behind an outcome, so that 'why was X (not) told?' is answerable years later."""

    rule: str
    policy: str
    because: str
    authority: str
    evidence: tuple[str, ...] = ()


class ContentLine(Struct, frozen=True, kw_only=True):
    """One field that a notice carries.  `field` is for machines, `label` and `value` for people."""

    group: str
    field: str
    label: str
    value: str


class Outcome(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Base of everything a decision can say."""


class ObligationRaised(Outcome, frozen=True, kw_only=True, tag="obligation_raised"):
    obligation_id: str
    role: str
    organisation: str
    person: str | None = None
    subject: str = ""
    purpose: Purpose
    milestones: tuple[Milestone, ...]
    why: Why


class NoticeIssued(Outcome, frozen=True, kw_only=True, tag="notice_issued"):
    notice_id: str
    obligation_id: str
    reason: NoticeReason
    role: str
    organisation: str
    person: str | None = None
    round: int
    purpose: Purpose
    title: str
    """One plain line without any identity: 'Pregnancy booked'."""
    level_needed: Level
    due_at: datetime
    content: tuple[ContentLine, ...]
    in_reply_to: str | None = None
    """The notice this one corrects, reminds of or withdraws."""
    why: Why


class LevelReached(Outcome, frozen=True, kw_only=True, tag="level_reached"):
    obligation_id: str
    notice_id: str
    signal: Signal
    level: Level
    state: ObligationState
    counts: bool
    """False when the witness no longer holds the role: noted, but nobody is 'told' by it."""
    organisation: str
    person: str | None = None
    channel: str
    reached_at: datetime
    detail: str | None = None


class ObligationMet(Outcome, frozen=True, kw_only=True, tag="obligation_met"):
    obligation_id: str
    level: Level
    met_at: datetime
    late: bool


class ObligationEnded(Outcome, frozen=True, kw_only=True, tag="obligation_ended"):
    """Withdrawn, suppressed, declined, waived or retracted; `state` says which."""

    obligation_id: str
    state: ObligationState
    role: str
    organisation: str
    notice_ids: tuple[str, ...] = ()
    reason: str
    why: Why


class ExpectationRaised(Outcome, frozen=True, kw_only=True, tag="expectation_raised"):
    expectation_id: str
    role: str
    organisation: str
    subject: str = ""
    due_at: datetime | None
    why: Why


class ExpectationEnded(Outcome, frozen=True, kw_only=True, tag="expectation_ended"):
    expectation_id: str
    reason: str
    """met, withdrawn, recomputed."""
    due_at: datetime | None = None
    ended_at: datetime


class GapOpened(Outcome, frozen=True, kw_only=True, tag="gap_opened"):
    gap_id: str
    code: str
    name: str
    severity: Severity
    role: str
    organisation: str
    subject: str = ""
    opened_at: datetime
    due_at: datetime
    late_informed: bool
    explanation: str
    next_action: str
    ladder: str
    duty_ids: tuple[str, ...] = ()
    why: Why


class GapRaised(Outcome, frozen=True, kw_only=True, tag="gap_raised"):
    """Severity raised in place; never lowered."""

    gap_id: str
    code: str
    severity: Severity
    at: datetime
    reason: str


class GapClosed(Outcome, frozen=True, kw_only=True, tag="gap_closed"):
    gap_id: str
    code: str
    role: str
    state: GapState
    closed_at: datetime
    evidence: tuple[str, ...] = ()
    reason: str


class Escalated(Outcome, frozen=True, kw_only=True, tag="escalated"):
    gap_id: str
    code: str
    ladder: str
    rung: int
    role: str
    organisation: str
    obligation_id: str
    at: datetime


class EpisodeChanged(Outcome, frozen=True, kw_only=True, tag="episode_changed"):
    """What the read model shows of the episode itself.  Identity travels here and nowhere else."""

    mother: Person | None = None
    edd: str | None = None
    provider: str | None = None
    practice: str | None = None
    ended_at: datetime | None = None
    outcome: str | None = None
    babies: tuple[Baby, ...] = ()
    team: tuple[Holder, ...] = ()


class EventRecorded(Outcome, frozen=True, kw_only=True, tag="event_recorded"):
    """An event entered the episode (or was seen to be a duplicate, a correction, a retraction)."""

    event_id: str
    event_type: str
    occurred_at: datetime
    organisation: str
    how: str
    """new, duplicate, corrected, retracted, after_end, before_start."""


class WakeWanted(Outcome, frozen=True, kw_only=True, tag="wake_wanted"):
    at: datetime | None
    """None: nothing is waiting any more."""


type_of_outcome = (
    ObligationRaised
    | NoticeIssued
    | LevelReached
    | ObligationMet
    | ObligationEnded
    | ExpectationRaised
    | ExpectationEnded
    | GapOpened
    | GapRaised
    | GapClosed
    | Escalated
    | EpisodeChanged
    | EventRecorded
    | WakeWanted
)


class Decision(Struct, frozen=True, kw_only=True):
    """All that follows from one input: the new episode, and what has happened."""

    episode: Episode
    outcomes: tuple[type_of_outcome, ...]
    input_id: str
    at: datetime
    policy_version: str

    @property
    def seq(self) -> int:
        """The episode's sequence number that this decision carries."""
        return self.episode.seq
