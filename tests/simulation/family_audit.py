"""What must be true of one family's decisions, in order."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec.structs import replace

from hub.core.model import NoticeReason, ObligationState, Signal
from hub.core.outcomes import (
    GapClosed,
    GapOpened,
    GapRaised,
    LevelReached,
    NoticeIssued,
    ObligationEnded,
    ObligationMet,
    ObligationRaised,
    type_of_outcome,
)
from hub.edges.avro import DecisionRecord

OTHER_ORGANISATION = "Y99999"

LAG = timedelta(days=1, minutes=1)
"""In quiet times the world looks at the clock once a day; a gap may not open later than that."""

NOT_BY_ONE_DUTY = frozenset({"G49", "G63"})
"""G49 only people close; a G63 waits for every rung told at once, and the log names the first."""

TAKES_BACK = (NoticeReason.WITHDRAWN, NoticeReason.RETRACTED)
RETOLD = (*TAKES_BACK, NoticeReason.CORRECTED, NoticeReason.REROUTED)
"""What may still be said to somebody whose duty is done; only the first two of one that ended."""

GIVEN_BACK = (ObligationState.NOT_OURS, ObligationState.REFUSED, ObligationState.BOUNCED)

type_of_wrongs = Iterator[tuple[str, str]]
"""A kind, and a sentence."""


@dataclass(slots=True)
class FamilyAudit:
    """One family's log so far, folded as simply as can be."""

    episode: str
    seq: int = 0
    at: datetime | None = None
    duties: dict[str, ObligationRaised] = field(default_factory=dict)
    notices: dict[str, NoticeIssued] = field(default_factory=dict)
    rounds: set[tuple[str, int, str]] = field(default_factory=set)
    met: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    open_gaps: dict[str, GapOpened] = field(default_factory=dict)
    opened: set[tuple[str, datetime]] = field(default_factory=set)

    def hear(self, record: DecisionRecord, quiet_since: datetime | None) -> type_of_wrongs:
        """Take one decision in; yields what is wrong with it."""
        if self.at is not None and record.at < self.at:
            yield "time", f"{self.episode}: time ran backwards"
        self.seq, self.at = record.seq, record.at
        for outcome in record.outcomes:
            yield from self._duty(outcome)
            yield from self._gap(outcome)
            if isinstance(outcome, GapOpened) and quiet_since is not None:
                yield from self._in_time(outcome, record.at, quiet_since)

    def _in_time(self, gap: GapOpened, at: datetime, quiet_since: datetime) -> type_of_wrongs:
        late = gap.due_at > quiet_since and at - gap.due_at > LAG and not gap.late_informed
        if late:
            yield "late gap", f"{self.episode}: {gap.code} opened {at - gap.due_at} after its time"

    def _duty(self, outcome: type_of_outcome) -> type_of_wrongs:
        """What is said of duties and notices."""
        match outcome:
            case ObligationRaised():
                if outcome.obligation_id in self.duties:
                    yield "duty twice", f"{self.episode}: a duty raised twice"
                self.duties[outcome.obligation_id] = outcome
            case NoticeIssued():
                yield from self._notice(outcome)
            case LevelReached():
                yield from self._level(outcome)
            case ObligationMet():
                self.met.add(outcome.obligation_id)
            case ObligationEnded():
                self.ended.add(outcome.obligation_id)

    def _level(self, reached: LevelReached) -> type_of_wrongs:
        if reached.counts and reached.signal is not Signal.ACTED:
            told = self.notices.get(reached.notice_id)
            if told is None or told.organisation != reached.organisation:
                yield "stranger", f"{self.episode}: a stranger's word counted"
        if reached.state in GIVEN_BACK or reached.signal is Signal.REISSUE:
            # Given back after all, or its proof was taken back: the duty stands again.
            self.met.discard(reached.obligation_id)

    def _notice(self, notice: NoticeIssued) -> type_of_wrongs:
        rule, duty = notice.why.rule, notice.obligation_id
        if notice.notice_id in self.notices:
            yield "notice twice", f"{self.episode}: one notice id twice"
        this_round = (duty, notice.round, notice.reason)
        if this_round in self.rounds:
            yield "round twice", f"{self.episode}: {rule} says one thing twice in a round"
        self.rounds.add(this_round)
        if duty in self.ended and notice.reason not in TAKES_BACK:
            sentence = f"{self.episode}: {rule} is told ({notice.reason}) after its end"
            yield "after withdrawal", sentence
        if duty in self.met and notice.reason not in RETOLD:
            sentence = f"{self.episode}: {rule} is told ({notice.reason}) though it was met"
            yield "after met", sentence
        if not notice.organisation or not notice.why.authority:
            yield "nobody", f"{self.episode}: a notice of {rule} to nobody"
        if notice.organisation == OTHER_ORGANISATION:
            yield "to a stranger", f"{self.episode}: {rule} tells a stranger"
        self.notices[notice.notice_id] = notice

    def _gap(self, outcome: type_of_outcome) -> type_of_wrongs:
        """What is said of gaps."""
        match outcome:
            case GapOpened():
                if outcome.gap_id in self.open_gaps:
                    yield "gap twice", f"{self.episode}: {outcome.code} opened twice"
                deadline = (outcome.gap_id, outcome.due_at)
                if deadline in self.opened:
                    yield "deadline twice", f"{self.episode}: {outcome.code} twice for one deadline"
                self.opened.add(deadline)
                if outcome.opened_at < outcome.due_at:
                    yield "early gap", f"{self.episode}: {outcome.code} opened before it was due"
                self.open_gaps[outcome.gap_id] = outcome
            case GapRaised():
                yield from self._raised(outcome)
            case GapClosed():
                if self.open_gaps.pop(outcome.gap_id, None) is None:
                    yield "not open", f"{self.episode}: {outcome.code} closed and not open"

    def _raised(self, raised: GapRaised) -> type_of_wrongs:
        """A gap grows graver, or is given to another owner as grave as it was."""
        known, moved = self.open_gaps.get(raised.gap_id), bool(raised.organisation)
        if known is None or raised.severity < known.severity + (not moved):
            yield "lighter", f"{self.episode}: {raised.code} was made lighter"
        elif raised.organisation == known.organisation:
            yield "not moved", f"{self.episode}: {raised.code} passed to its own owner"
        elif moved:
            self.open_gaps[raised.gap_id] = replace(known, organisation=raised.organisation)

    # --- at the end -----------------------------------------------------------------------------

    def close(self, now: datetime) -> type_of_wrongs:
        """Every duty past its time is met, ended or visible; every gap waits for something."""
        done = self.met | self.ended
        for identity, duty in self.duties.items():
            due = max(milestone.due_at for milestone in duty.milestones)
            if identity in done or due > now or duty.why.rule.startswith("EL-"):
                continue
            if not self._shows(identity, duty):
                rule = duty.why.rule
                sentence = f"{self.episode}: {rule} for {duty.role} is overdue and nobody sees it"
                yield "unseen", sentence
        waiting = {duty.role for identity, duty in self.duties.items() if identity not in done}
        for gap in self.open_gaps.values():
            known = [self.duties[i] for i in gap.duty_ids if i in self.duties]
            owed = any(duty.role in waiting for duty in known)
            if known and not owed and gap.code not in NOT_BY_ONE_DUTY:
                yield "stale gap", f"{self.episode}: {gap.code} stays open though its duty is done"

    def _shows(self, identity: str, duty: ObligationRaised) -> bool:
        """Whether a gap is open for a duty.

        A duty may join a gap that is already open for the same role; the log names the first.
        """
        return any(
            identity in gap.duty_ids or duty.role in (gap.role, gap.subject.rpartition("/")[2])
            for gap in self.open_gaps.values()
        )
