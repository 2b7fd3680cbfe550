"""The auditor: what must be true of the decisions of any run, said without knowing the rules.

It reads the decision log like any consumer, folds it far more simply than the core does, and never
calls `decide`.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from hub.core.model import NoticeReason, Signal
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
from hub.edges.avro import DecisionRecord, decode_decision
from tests.simulation.world import OTHER_ORGANISATION, World


@dataclass
class Audited:
    """What was found wrong, in sentences."""

    wrong: list[str] = field(default_factory=list)

    def expect(self, truth: bool, sentence: str) -> None:
        """Note a sentence that is not so."""
        if not truth:
            self.wrong.append(sentence)


NOT_BY_ONE_DUTY = frozenset({"G49", "G63"})
"""G49 only people close; a G63 waits for every rung told at once, and the log names the first."""


@dataclass
class _Seen:
    """What one family's log has said so far."""

    duties: dict[str, ObligationRaised] = field(default_factory=dict)
    notices: dict[str, NoticeIssued] = field(default_factory=dict)
    finished: set[str] = field(default_factory=set)
    open_gaps: dict[str, GapOpened] = field(default_factory=dict)


def audit(world: World) -> list[str]:
    """Everything that is wrong with a finished, quiet world."""
    found = Audited()
    found.expect(world.conflicts == 0, f"{world.conflicts} conflicting decisions")
    decided: dict[tuple[int, int], int] = defaultdict(int)
    for episode, rows in world.seen.items():
        numbers = sorted(rows)
        found.expect(numbers == list(range(1, len(rows) + 1)), f"{episode}: a hole in {numbers}")
        records = [decode_decision(rows[n]) for n in numbers]
        for record in records:
            decided[record.input_partition, record.input_offset] += 1
        _audit_episode(found, episode, records, world.now)
    inputs = sum(len(p.inputs) for p in world.partitions)
    found.expect(len(decided) == inputs, f"{inputs - len(decided)} inputs were never decided")
    found.expect(
        all(count == 1 for count in decided.values()), "an input was decided under two numbers"
    )
    return found.wrong


def _audit_episode(
    found: Audited, episode: str, records: list[DecisionRecord], now: datetime
) -> None:
    """One family's decisions, in order."""
    seen = _Seen()
    last = records[0].at
    for record in records:
        found.expect(record.at >= last, f"{episode}: time ran backwards")
        last = record.at
        for outcome in record.outcomes:
            _audit_duty(found, episode, outcome, seen)
            _audit_gap(found, episode, outcome, seen.open_gaps)
    _audit_end(found, episode, now, seen)


def _audit_duty(found: Audited, episode: str, outcome: type_of_outcome, seen: _Seen) -> None:
    """What is said of duties and notices."""
    match outcome:
        case ObligationRaised():
            again = outcome.obligation_id in seen.duties
            found.expect(not again, f"{episode}: a duty raised twice")
            seen.duties[outcome.obligation_id] = outcome
        case NoticeIssued():
            _audit_notice(found, episode, outcome, seen)
        case LevelReached(counts=True) if outcome.signal is not Signal.ACTED:
            told = seen.notices.get(outcome.notice_id)
            right = told is not None and told.organisation == outcome.organisation
            found.expect(right, f"{episode}: a stranger's word counted")
        case LevelReached(signal=Signal.NOT_OURS | Signal.REFUSED | Signal.BOUNCED):
            # Given back after all, by whoever had it: the duty stands again.
            seen.finished.discard(outcome.obligation_id)
        case ObligationMet() | ObligationEnded():
            seen.finished.add(outcome.obligation_id)


def _audit_gap(
    found: Audited, episode: str, outcome: type_of_outcome, open_gaps: dict[str, GapOpened]
) -> None:
    """What is said of gaps."""
    match outcome:
        case GapOpened():
            found.expect(outcome.gap_id not in open_gaps, f"{episode}: a gap opened twice")
            early = outcome.opened_at < outcome.due_at
            found.expect(not early, f"{episode}: a gap opened before it was due")
            open_gaps[outcome.gap_id] = outcome
        case GapRaised():
            graver = outcome.severity > open_gaps[outcome.gap_id].severity
            found.expect(graver, f"{episode}: a gap was made lighter")
        case GapClosed():
            found.expect(outcome.gap_id in open_gaps, f"{episode}: closed and not open")
            open_gaps.pop(outcome.gap_id, None)


def _audit_notice(found: Audited, episode: str, notice: NoticeIssued, seen: _Seen) -> None:
    found.expect(notice.notice_id not in seen.notices, f"{episode}: one notice id twice")
    retold = notice.reason in (NoticeReason.CORRECTED, NoticeReason.REROUTED)
    found.expect(
        notice.obligation_id not in seen.finished or retold,
        f"{episode}: a notice went out for a finished duty ({notice.why.rule})",
    )
    found.expect(
        notice.organisation != "" and bool(notice.why.authority), f"{episode}: a notice to nobody"
    )
    found.expect(notice.organisation != OTHER_ORGANISATION, f"{episode}: a notice to a stranger")
    seen.notices[notice.notice_id] = notice


def _audit_end(found: Audited, episode: str, now: datetime, seen: _Seen) -> None:
    """Every duty past its due time is met, ended, or visible; every gap has a duty still open."""
    for identity, duty in seen.duties.items():
        due = max(m.due_at for m in duty.milestones)
        if identity in seen.finished or due > now or duty.why.rule.startswith("EL-"):
            continue
        # A duty may join a gap that is already open for the same role; the log names the first.
        shown = any(
            identity in gap.duty_ids or duty.role in (gap.role, gap.subject.rpartition("/")[2])
            for gap in seen.open_gaps.values()
        )
        found.expect(
            shown, f"{episode}: {duty.why.rule} for {duty.role} is overdue and nobody can see it"
        )
    waiting = {d.role for identity, d in seen.duties.items() if identity not in seen.finished}
    for gap in seen.open_gaps.values():
        known = [seen.duties[i] for i in gap.duty_ids if i in seen.duties]
        if known and gap.code not in NOT_BY_ONE_DUTY:
            found.expect(
                any(duty.role in waiting for duty in known),
                f"{episode}: {gap.code} stays open though its duty is done",
            )
