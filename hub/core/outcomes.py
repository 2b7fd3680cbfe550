"""Outcomes: what a decision says has happened.  They are data; others carry them out.

Every outcome that concerns a person's being told carries its `Why`.
"""

from datetime import datetime
from typing import Any

from msgspec import Struct

from hub.core.circumstances import Circumstances
from hub.core.episode import Baby, Episode, Milestone
from hub.core.model import (
    CountedNote,
    Event,
    GapState,
    Holder,
    Level,
    NoticeReason,
    ObligationState,
    Person,
    Purpose,
    Severity,
    Signal,
)
from hub.core.withholding import Withheld


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
    """A role is now owed something."""

    obligation_id: str
    role: str
    organisation: str
    person: str | None = None
    subject: str = ""
    purpose: Purpose
    milestones: tuple[Milestone, ...]
    why: Why


class NoticeIssued(Outcome, frozen=True, kw_only=True, tag="notice_issued"):
    """A notice for one recipient, with everything it says."""

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
    withheld: tuple[Withheld, ...] = ()
    """For those who audit, and never for the recipient: what it does not say, and who says it."""
    circumstances: Circumstances | None = None
    """What the filters of its recipient's subscriptions go by; None in what older hubs decided."""
    why: Why


class LevelReached(Outcome, frozen=True, kw_only=True, tag="level_reached"):
    """Evidence about a notice, and whether it counts."""

    obligation_id: str
    notice_id: str
    signal: Signal
    level: Level
    state: ObligationState
    counts: bool
    """False when the witness no longer holds the role: noted, but nobody is 'told' by it.

    False also for `reissue`: what proved a level was taken back, or turned out to be no
    acceptance, and the duty stands again at `level`."""
    organisation: str
    person: str | None = None
    channel: str
    reached_at: datetime
    detail: str | None = None


class ObligationMet(Outcome, frozen=True, kw_only=True, tag="obligation_met"):
    """Everything a duty asked for has been reached."""

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
    withheld: tuple[Withheld, ...] = ()
    """Of a duty that a restriction stopped whole: what was held back, and who says it instead."""
    why: Why


class ExpectationRaised(Outcome, frozen=True, kw_only=True, tag="expectation_raised"):
    """Something must follow, or become true, by then."""

    expectation_id: str
    role: str
    organisation: str
    subject: str = ""
    due_at: datetime | None
    why: Why


class ExpectationEnded(Outcome, frozen=True, kw_only=True, tag="expectation_ended"):
    """It followed, no longer applies, or has a new due time."""

    expectation_id: str
    reason: str
    """met, withdrawn, recomputed."""
    due_at: datetime | None = None
    ended_at: datetime


class GapOpened(Outcome, frozen=True, kw_only=True, tag="gap_opened"):
    """Something the policy requires is not so."""

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
    """The hub was told so late that the due time had passed."""
    late_detected: bool = False
    """The hub knew, and could not look in time: it, or what it stands on, was down."""
    explanation: str
    next_action: str
    ladder: str
    duty_ids: tuple[str, ...] = ()
    reason: str = ""
    """Which of the ways of being so that its code knows (`GapReason`); empty where it knows one."""
    why: Why


class GapRaised(Outcome, frozen=True, kw_only=True, tag="gap_raised"):
    """Severity raised in place, never lowered; or, as grave as before, given to another owner."""

    gap_id: str
    code: str
    severity: Severity
    at: datetime
    reason: str
    organisation: str = ""
    """The owner's organisation from now on, where the family has moved; else empty."""


class GapClosed(Outcome, frozen=True, kw_only=True, tag="gap_closed"):
    """A gap has ended; `state` says how."""

    gap_id: str
    code: str
    role: str
    state: GapState
    closed_at: datetime
    evidence: tuple[str, ...] = ()
    reason: str


class Escalated(Outcome, frozen=True, kw_only=True, tag="escalated"):
    """A rung of a ladder was taken."""

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
    """new, duplicate, corrected, retracted, after_end, before_start, followed."""


class WakeWanted(Outcome, frozen=True, kw_only=True, tag="wake_wanted"):
    """When the episode next wants to be told the time."""

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


class Reopened(Struct, frozen=True, kw_only=True):
    """What a family must hear of a matter: the episode, and the inner event for it."""

    episode_id: str
    note: CountedNote


class Decision(Struct, frozen=True, kw_only=True):
    """All that follows from one input: the new episode, and what has happened."""

    episode: Episode
    outcomes: tuple[type_of_outcome, ...]
    input_id: str
    at: datetime
    policy_version: str
    counted: tuple[Any, ...] = ()
    """What matters are to count of it (`hub.core.matters.Counted`); not part of its record."""
    reopened: tuple[Reopened, ...] = ()
    """Families whose acceptances were none after all; not part of its record."""
    named: tuple[Event, ...] = ()
    """What families that an event of a matter names are to hear of; not part of its record."""
    shared: tuple[Event, ...] = ()
    """What another episode of the same pregnancy is to hear of; not part of its record."""
    shared_with: str = ""

    @property
    def seq(self) -> int:
        """The episode's sequence number that this decision carries."""
        return self.episode.seq
