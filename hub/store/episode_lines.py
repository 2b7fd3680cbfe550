"""What the pages read of one pregnancy: its course, its duties and its gaps."""

from dataclasses import dataclass
from datetime import datetime

from hub.core.episode import Baby, Milestone
from hub.core.model import GapState, Holder, Level, ObligationState, Purpose, Severity, Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeView:
    """One pregnancy as the read model knows it.  Holds identity: show it only to the entitled."""

    episode_id: str
    reference: str | None
    nhs_number: str | None
    family_name: str | None
    given_name: str | None
    birth_date: str | None
    """ISO date."""
    postcode: str | None
    edd: str | None
    """Expected date of delivery, ISO date."""
    provider: str | None
    practice: str | None
    ended_at: datetime | None
    outcome: str | None
    babies: tuple[Baby, ...]
    team: tuple[Holder, ...]
    next_wake_at: datetime | None
    seq: int
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ObligationLine:
    """One duty to tell, and how far it got."""

    obligation_id: str
    episode_id: str
    rule: str
    because: str
    authority: str
    role: str
    organisation: str
    person: str | None
    subject: str
    purpose: Purpose
    state: ObligationState
    level: Level
    level_needed: Level
    due_at: datetime | None
    raised_at: datetime
    met_at: datetime | None
    late: bool
    ended_reason: str | None
    """Why it was withdrawn, suppressed, declined, waived or retracted."""
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageGap:
    """An open gap about the duty to tell one role."""

    gap_id: str
    code: str
    name: str
    severity: Severity
    role: str
    organisation: str
    opened_at: datetime
    due_at: datetime
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedBack:
    """The last time that a recipient handed a notice of a duty back."""

    signal: Signal
    """`not_ours`, `refused` or `stale_recipient`; `bounced` where its channel did."""
    reason: str | None
    """Its code."""
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageLine:
    """For one role: was it told of an event, how far, when, and if not, why not."""

    role: str
    organisation: str
    person: str | None
    obligation_id: str
    notice_id: str | None
    """The notice of it that stands; None before the first."""
    state: ObligationState
    level: Level
    level_needed: Level
    raised_at: datetime
    reached: tuple[tuple[Level, datetime], ...]
    """When each level was first reached, by evidence that counts, lowest first."""
    reached_at: datetime | None
    """When `level` was reached, by the witness's clock."""
    milestones: tuple[Milestone, ...]
    """Which level is owed by when."""
    due_at: datetime | None
    met: bool
    late: bool
    ended_reason: str | None
    """Why it was withdrawn, suppressed, declined, waived or retracted."""
    ended_at: datetime | None
    why_not: str | None
    """A sentence or coded reason while the duty is unmet; None once it is met."""
    handed_back: HandedBack | None
    gap_id: str | None
    """The gravest open gap about it."""
    gaps: tuple[CoverageGap, ...]
    """The open gaps about it, the gravest first."""
    ever: frozenset[str]
    """The codes of all gaps about it, closed ones too."""
    rule: str
    because: str
    authority: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationLine:
    """One rung climbed."""

    gap_id: str
    rung: int
    role: str
    organisation: str
    obligation_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GapView:
    """One gap, with its owner and what clears it."""

    gap_id: str
    episode_id: str
    code: str
    name: str
    severity: Severity
    role: str
    organisation: str
    subject: str
    state: GapState
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None
    late_informed: bool
    late_detected: bool
    explanation: str
    next_action: str
    ladder: str
    rung: int
    rule: str
    policy: str
    because: str
    authority: str
    evidence: tuple[str, ...]
    close_reason: str | None
    duty_ids: tuple[str, ...]
    """The obligations it is about."""
    escalations: tuple[EscalationLine, ...] = ()
    """Filled by `gap`, empty on a board."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One thing that happened in an episode.

    `kind` is event, notice, level, met, ended, gap, gap_closed, escalated or expectation_ended;
    `ref` is the id of the event, notice, obligation, gap or expectation it is about.
    """

    at: datetime
    kind: str
    ref: str
    title: str
    role: str | None = None
    organisation: str | None = None
    person: str | None = None
    detail: str | None = None
    level: Level | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeTimeline:
    """An episode, all that happened in it (oldest first), and what is open."""

    episode: EpisodeView
    entries: tuple[TimelineEntry, ...]
    obligations: tuple[ObligationLine, ...]
    gaps: tuple[GapView, ...]
