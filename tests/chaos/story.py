"""One episode as its decisions tell it, folded by the auditor: plain, and without any rule.

Nothing here knows the policy, and nothing is shared with `decide` or with the projector.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

LEVELS = {"sent": 1, "delivered": 2, "opened": 3, "accepted": 4, "acted": 5}
NEW_AIM = ("first", "rerouted")
"""Notices that aim a duty at somebody: whatever was reached before counts no longer."""

NEW_TIMES = ("corrected", "rerouted")
"""Notices that may give a duty later times; what it asks for is due then at the earliest."""


@dataclass(slots=True)
class Duty:
    """A duty to tell."""

    role: str
    rule: str
    milestones: tuple[tuple[int, datetime], ...]
    level: int = 0
    met: bool = False
    ended: bool = False

    def due(self, end: datetime) -> list[datetime]:
        """The times of what has not been reached and was due by `end`."""
        if self.met or self.ended:
            return []
        return [at for level, at in self.milestones if at <= end and level > self.level]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an expectation asks, of whom, and about what."""

    rule: str
    role: str
    subject: str


@dataclass(slots=True)
class Gap:
    """A gap."""

    code: str
    role: str
    subject: str
    organisation: str
    due_at: datetime
    opened_at: datetime
    duty_ids: tuple[str, ...]
    is_open: bool = True


@dataclass(slots=True)
class Story:
    """What the decisions of one episode say, up to `seq`."""

    seq: int = 0
    offset: int = -1
    partition: int = -1
    wake: datetime | None = None
    duties: dict[str, Duty] = field(default_factory=dict)
    expectations: dict[str, datetime | None] = field(default_factory=dict)
    """Those still open, and when they are due."""
    asked: dict[str, Asked] = field(default_factory=dict)
    """What is asked by each expectation."""
    gaps: dict[str, Gap] = field(default_factory=dict)
    notices: list[tuple[int, str, str, str]] = field(default_factory=list)
    """Sequence number, role, organisation, notice id."""
    opened: list[tuple[int, str]] = field(default_factory=list)
    """Sequence number and code of every gap that was opened."""
    events: dict[str, tuple[str, int]] = field(default_factory=dict)
    """How each event was recorded first, and at which sequence number."""
    levels: int = 0
    twice: list[str] = field(default_factory=list)
    """Sentences on gaps that were opened twice."""

    def take(self, decision: dict[str, Any]) -> None:
        """One more decision, in order."""
        self.seq = decision["seq"]
        self.partition, self.offset = decision["input_partition"], decision["input_offset"]
        for outcome in decision["outcomes"]:
            _TAKES[outcome["kind"]](self, outcome)

    # --- one method for each outcome --------------------------------------------------------------

    def _raised(self, outcome: dict[str, Any]) -> None:
        milestones = tuple((m["level"], m["due_at"]) for m in outcome["milestones"])
        rule = outcome["why"]["rule"]
        self.duties[outcome["obligation_id"]] = Duty(outcome["role"], rule, milestones)

    def _noticed(self, outcome: dict[str, Any]) -> None:
        told = (self.seq, outcome["role"], outcome["organisation"], outcome["notice_id"])
        self.notices.append(told)
        duty = self.duties.get(outcome["obligation_id"])
        if duty is None:
            return
        if outcome["reason"] in NEW_AIM:
            duty.met, duty.level = False, 0
        if outcome["reason"] in NEW_TIMES:
            due_at = outcome["due_at"]
            duty.milestones = tuple((level, max(at, due_at)) for level, at in duty.milestones)

    def _reached(self, outcome: dict[str, Any]) -> None:
        self.levels += 1
        duty = self.duties.get(outcome["obligation_id"])
        if duty is None:
            return
        if outcome["counts"]:
            duty.level = max(duty.level, LEVELS.get(outcome["signal"], 0))
        elif outcome["signal"] == "reissue":
            # The event that proved the action was taken back.
            duty.level, duty.met = outcome["level"], False

    def _met(self, outcome: dict[str, Any]) -> None:
        self.duties[outcome["obligation_id"]].met = True

    def _ended(self, outcome: dict[str, Any]) -> None:
        duty = self.duties.setdefault(
            outcome["obligation_id"], Duty(outcome["role"], outcome["why"]["rule"], ())
        )
        duty.ended = True

    def _expected(self, outcome: dict[str, Any]) -> None:
        self.expectations[outcome["expectation_id"]] = outcome["due_at"]
        self.asked[outcome["expectation_id"]] = Asked(
            outcome["why"]["rule"], outcome["role"], outcome["subject"]
        )

    def _followed(self, outcome: dict[str, Any]) -> None:
        if outcome["reason"] == "recomputed":
            self.expectations[outcome["expectation_id"]] = outcome["due_at"]
        else:
            self.expectations.pop(outcome["expectation_id"], None)

    def _opened(self, outcome: dict[str, Any]) -> None:
        identity = outcome["gap_id"]
        gap = Gap(
            outcome["code"],
            outcome["role"],
            outcome["subject"],
            outcome["organisation"],
            outcome["due_at"],
            outcome["opened_at"],
            tuple(outcome["duty_ids"]),
        )
        self.opened.append((self.seq, gap.code))
        for other_id, other in self.gaps.items():
            if not other.is_open:
                continue
            same = (other.code, other.role, other.subject) == (gap.code, gap.role, gap.subject)
            if other_id == identity or same:
                self.twice.append(f"{gap.code} for {gap.role} was opened again while open")
        self.gaps[identity] = gap

    def _closed(self, outcome: dict[str, Any]) -> None:
        gap = self.gaps.get(outcome["gap_id"])
        if gap is not None:
            gap.is_open = False

    def _recorded(self, outcome: dict[str, Any]) -> None:
        if outcome["how"] != "duplicate":
            self.events[outcome["event_id"]] = (outcome["how"], self.seq)

    def _woken(self, outcome: dict[str, Any]) -> None:
        self.wake = outcome["at"]

    def _nothing(self, outcome: dict[str, Any]) -> None:
        """What the auditor has no use for."""


_TAKES = {
    "obligation_raised": Story._raised,
    "notice_issued": Story._noticed,
    "level_reached": Story._reached,
    "obligation_met": Story._met,
    "obligation_ended": Story._ended,
    "expectation_raised": Story._expected,
    "expectation_ended": Story._followed,
    "gap_opened": Story._opened,
    "gap_closed": Story._closed,
    "event_recorded": Story._recorded,
    "wake_wanted": Story._woken,
    "gap_raised": Story._nothing,
    "escalated": Story._nothing,
    "episode_changed": Story._nothing,
}
