"""What the pages and the story player read: small frozen values, one per row or card."""

from dataclasses import dataclass
from datetime import datetime

from hub.core.model import Level, NoticeReason, ObligationState, Purpose, Severity, Signal
from hub.core.outcomes import ContentLine
from hub.store.episode_lines import (
    CoverageLine,
    EpisodeTimeline,
    EpisodeView,
    EscalationLine,
    GapView,
    ObligationLine,
    TimelineEntry,
)

__all__ = [
    "AttemptLine",
    "CoverageLine",
    "DeliveryLine",
    "EpisodeTimeline",
    "EpisodeView",
    "EscalationLine",
    "GapView",
    "Gauges",
    "LevelLine",
    "NoticeTrail",
    "NoticeView",
    "ObligationLine",
    "QuarantineItem",
    "QuarantineLine",
    "TimelineEntry",
    "WorklistCounts",
    "WorklistLine",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistLine:
    """One line of a worklist."""

    notice_id: str
    obligation_id: str
    episode_id: str
    reason: NoticeReason
    role: str
    organisation: str
    person: str | None
    round: int
    purpose: Purpose
    title: str
    level_needed: Level
    level: Level
    state: ObligationState
    due_at: datetime
    issued_at: datetime
    overdue: bool
    severity: Severity | None
    """The gravest open gap about this duty; None when there is none."""
    accepted_by: str | None
    taken_by: str | None
    """Who said 'I am on it', while that holds."""
    taken_until: datetime | None
    family_name: str | None
    given_name: str | None
    nhs_number: str | None
    edd: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistCounts:
    """The figures above a worklist."""

    open: int
    overdue: int
    mine: int
    done: int
    withdrawn: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """One notice whole."""

    notice_id: str
    obligation_id: str
    episode_id: str
    seq: int
    reason: NoticeReason
    role: str
    organisation: str
    person: str | None
    round: int
    purpose: Purpose
    title: str
    level_needed: Level
    due_at: datetime
    content: tuple[ContentLine, ...]
    in_reply_to: str | None
    rule: str
    policy: str
    because: str
    authority: str
    issued_at: datetime
    level: Level
    state: ObligationState
    last_signal_at: datetime | None
    accepted_by: str | None
    withdrawn: bool
    listed: str
    """open, done, superseded or withdrawn: where the worklist shows it."""
    severity: Severity | None
    taken_by: str | None
    taken_until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelLine:
    """One piece of evidence about a notice."""

    notice_id: str
    obligation_id: str
    signal: Signal
    level: Level
    state: ObligationState
    counts: bool
    organisation: str
    person: str | None
    channel: str
    reached_at: datetime
    detail: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptLine:
    """One attempt to deliver a notice; `n` counts from 1001 on over a second channel."""

    n: int
    at: datetime
    channel: str
    destination_id: str
    result: str
    reason: str | None
    http_status: int | None
    latency_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryLine:
    """Where a notice stands in the outbox."""

    notice_id: str
    channel: str
    destination_id: str
    state: str
    attempts: int
    next_try_at: datetime
    last_reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeTrail:
    """Everything that happened to one notice, oldest first."""

    levels: tuple[LevelLine, ...]
    attempts: tuple[AttemptLine, ...]
    delivery: DeliveryLine | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineLine:
    """One input that could not be decided, without its bytes."""

    quarantine_id: str
    reason: str
    explanation: str
    field: str
    remedy: str
    door: str
    source: str
    event_type: str | None
    family: str | None
    content_type: str
    received_at: datetime
    owner: str
    episode_id: str | None
    state: str
    """open, redriven, returned, collected or closed."""
    resolved_at: datetime | None
    resolved_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineItem:
    """One input that could not be decided, with its original bytes."""

    line: QuarantineLine
    original: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges:
    """What the metrics show of the read model."""

    gaps_open: dict[tuple[str, Severity], int]
    oldest_unaccepted_seconds: float
    """How long past its due time the most overdue unaccepted notice is; 0 for none."""
    quarantine_depth: dict[str, int]
