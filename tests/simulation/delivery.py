"""A small model of `hub deliver`: an outbox that may be killed between any two of its writes.

The rows and the position they came from share a transaction, as in the real one, so reading is one
effect.  Between sending and writing that it was sent, and between telling the core and writing
that it was told, lie the places where a kill makes a second copy.  The real outbox on SQLite is
put through the same in `test_read_side.py`.
"""

import heapq
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.core.model import Input, NoticeReason, Signal
from hub.core.outcomes import NoticeIssued, ObligationEnded
from hub.edges.avro import DecisionRecord
from hub.store.outbox import GIVE_UP
from hub.store.outbox_reports import Unreported, receipt_of

TAKES_BACK = (NoticeReason.WITHDRAWN, NoticeReason.RETRACTED)
RETRY = timedelta(hours=20)


@dataclass(slots=True)
class Row:
    """One notice in the outbox."""

    episode_id: str
    notice: NoticeIssued
    created_at: datetime
    pending: bool = True
    signal: Signal | None = None
    signal_at: datetime | None = None


@dataclass(slots=True)
class Delivery:
    """The outbox, and the way of a notice through it."""

    dead: str
    """The organisation whose channel always fails."""
    rows: dict[str, Row] = field(default_factory=dict)
    due: list[tuple[datetime, str]] = field(default_factory=list)
    unreported: list[str] = field(default_factory=list)
    sent_not_written: list[str] = field(default_factory=list)
    told_not_written: list[str] = field(default_factory=list)

    def take_in(self, record: DecisionRecord, now: datetime) -> None:
        """Queue the notices of a decision, and cancel what it ended."""
        for outcome in record.outcomes:
            if isinstance(outcome, NoticeIssued):
                self.rows[outcome.notice_id] = Row(record.episode_id, outcome, now)
                heapq.heappush(self.due, (now, outcome.notice_id))
            elif isinstance(outcome, ObligationEnded):
                self._cancel(outcome)

    def _cancel(self, ended: ObligationEnded) -> None:
        for notice_id in ended.notice_ids:
            row = self.rows.get(notice_id)
            if row is not None and row.pending and row.notice.reason not in TAKES_BACK:
                row.pending = False

    def next_effect(self, now: datetime) -> tuple[str | None, Row | Input | None]:
        """One effect, in the order in which the role works, and whom it reaches outside.

        A row is a notice that reaches its recipient; an input is a receipt that is published.
        """
        if self.sent_not_written:
            self._write_attempt(self.sent_not_written.pop(), now)
            return "attempt written", None
        if self.told_not_written:
            self.told_not_written.pop()
            return "report written", None
        if self.unreported:
            notice_id = self.unreported.pop(0)
            self.told_not_written.append(notice_id)
            return "report published", receipt_of(self._report(notice_id))
        due = self._next_due(now)
        if due is None:
            return None, None
        self.sent_not_written.append(due)
        row = self.rows[due]
        return "notice sent", row if row.notice.organisation != self.dead else None

    def _next_due(self, now: datetime) -> str | None:
        """A notice whose attempt is due."""
        while self.due and self.due[0][0] <= now:
            _, notice_id = heapq.heappop(self.due)
            if self.rows[notice_id].pending:
                return notice_id
        return None

    def _write_attempt(self, notice_id: str, now: datetime) -> None:
        """Write what the attempt came to."""
        row = self.rows[notice_id]
        if row.notice.organisation != self.dead:
            row.signal = Signal.SENT
        elif now - row.created_at >= GIVE_UP:
            row.signal = Signal.BOUNCED
        else:
            heapq.heappush(self.due, (now + RETRY, notice_id))
            return
        row.pending, row.signal_at = False, now
        self.unreported.append(notice_id)

    def _report(self, notice_id: str) -> Unreported:
        """What the core must be told of a notice."""
        row = self.rows[notice_id]
        assert row.signal is not None
        assert row.signal_at is not None
        return Unreported(
            notice_id=notice_id,
            episode_id=row.episode_id,
            organisation=row.notice.organisation,
            role=row.notice.role,
            channel="worklist",
            signal=row.signal,
            signal_at=row.signal_at,
            last_reason="unreachable" if row.signal is Signal.BOUNCED else None,
        )

    def kill(self, now: datetime) -> None:
        """What was done and not yet written will be done again."""
        for notice_id in self.sent_not_written:
            heapq.heappush(self.due, (now, notice_id))
        self.unreported = [*self.told_not_written, *self.unreported]
        self.sent_not_written.clear()
        self.told_not_written.clear()
