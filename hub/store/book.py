"""The part of the read model that a batch of decisions touches, held in memory.

Which rows these are is known before anything is folded: an outcome names its duty, its notices and
its gap, and only gaps lead further, to the duties they are about and those duties' other gaps.
"""

from collections.abc import Iterable

from sqlalchemy import Connection

from hub.core.outcomes import (
    Escalated,
    ExpectationEnded,
    ExpectationRaised,
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
from hub.store import tables as t
from hub.store.rows import Rows, type_of_row

NOTICE_COLUMNS = (
    "obligation_id",
    "reason",
    "role",
    "organisation",
    "round",
    "purpose",
    "level_needed",
    "due_at",
    "level",
    "state",
    "withdrawn",
    "listed",
    "severity",
    "rank",
)
"""What the fold asks of a notice; its content is never read back."""


class Named:
    """The ids that outcomes name, by table."""

    def __init__(self) -> None:
        self.obligations: set[str] = set()
        self.notices: set[str] = set()
        self.gaps: set[str] = set()
        self.expectations: set[str] = set()

    def add(self, outcome: type_of_outcome) -> None:
        """Note what one outcome names."""
        match outcome:
            case NoticeIssued():
                self.obligations.add(outcome.obligation_id)
                self.notices.add(outcome.notice_id)
                if outcome.in_reply_to is not None:
                    self.notices.add(outcome.in_reply_to)
            case LevelReached():
                self.obligations.add(outcome.obligation_id)
                self.notices.add(outcome.notice_id)
            case ObligationEnded():
                self.obligations.add(outcome.obligation_id)
                self.notices.update(outcome.notice_ids)
            case ObligationRaised() | ObligationMet():
                self.obligations.add(outcome.obligation_id)
            case GapOpened():
                self.gaps.add(outcome.gap_id)
                self.obligations.update(outcome.duty_ids)
            case Escalated():
                self.gaps.add(outcome.gap_id)
                self.obligations.add(outcome.obligation_id)
            case GapRaised() | GapClosed():
                self.gaps.add(outcome.gap_id)
            case ExpectationRaised() | ExpectationEnded():
                self.expectations.add(outcome.expectation_id)
            case _:
                pass


class Book:
    """Rows by table, and the ways from a duty to its notices and gaps."""

    def __init__(self) -> None:
        self.decisions = Rows(t.decisions, "digest")
        self.conflicts = Rows(t.conflicts, once=True)
        self.episodes = Rows(t.episodes)
        self.events = Rows(t.events)
        self.obligations = Rows(t.obligations, "level", "level_needed", "due_at", "milestones")
        self.causes = Rows(t.causes, once=True)
        self.notices = Rows(t.notices, *NOTICE_COLUMNS)
        self.levels = Rows(t.levels)
        self.expectations = Rows(t.expectations)
        self.gaps = Rows(t.gaps, "severity", "state", "rung", "evidence")
        self.duties = Rows(t.gap_duties, once=True)
        self.escalations = Rows(t.escalations)
        self.withheld = Rows(t.withheld, once=True)
        self._notices_of: dict[str, dict[str, None]] = {}
        self._duties_of: dict[str, dict[str, None]] = {}
        self._gaps_of: dict[str, dict[str, None]] = {}

    def load(self, conn: Connection, records: Iterable[DecisionRecord]) -> None:
        """Read every row that folding these decisions may ask for."""
        named, episodes = Named(), set()
        for record in records:
            episodes.add(record.episode_id)
            for outcome in record.outcomes:
                named.add(outcome)
        self.episodes.load(conn, "episode_id", episodes)
        self.expectations.load(conn, "expectation_id", named.expectations)
        ranked = {row["obligation_id"] for row in self._load_duties(conn, "gap_id", named.gaps)}
        about = self._load_duties(conn, "obligation_id", named.obligations | ranked)
        self.gaps.load(conn, "gap_id", named.gaps | {row["gap_id"] for row in about})
        self.obligations.load(conn, "obligation_id", named.obligations)
        of_duties = self.notices.load(conn, "obligation_id", named.obligations | ranked)
        known = {row["notice_id"] for row in of_duties}
        for row in (*of_duties, *self.notices.load(conn, "notice_id", named.notices - known)):
            self._note_notice(row)

    def _load_duties(self, conn: Connection, column: str, ids: set[str]) -> list[type_of_row]:
        rows = self.duties.load(conn, column, ids)
        for row in rows:
            self._note_duty(row["gap_id"], row["obligation_id"])
        return rows

    def _note_notice(self, row: type_of_row) -> None:
        self._notices_of.setdefault(row["obligation_id"], {})[row["notice_id"]] = None

    def _note_duty(self, gap_id: str, obligation_id: str) -> None:
        self._duties_of.setdefault(gap_id, {})[obligation_id] = None
        self._gaps_of.setdefault(obligation_id, {})[gap_id] = None

    def put_notice(self, row: type_of_row) -> None:
        """Add a notice, or set it anew."""
        self.notices.put(row)
        self._note_notice(row)

    def put_duty(self, gap_id: str, obligation_id: str) -> None:
        """Say that a gap is about an obligation."""
        self.duties.put({"gap_id": gap_id, "obligation_id": obligation_id})
        self._note_duty(gap_id, obligation_id)

    def notices_of(self, obligation_id: str) -> list[type_of_row]:
        """The notices of an obligation."""
        rows = (self.notices.get(one) for one in self._notices_of.get(obligation_id, ()))
        return [row for row in rows if row is not None]

    def duties_of(self, gap_id: str) -> list[str]:
        """The ids of the obligations that a gap is about."""
        return list(self._duties_of.get(gap_id, ()))

    def gaps_of(self, obligation_id: str) -> list[type_of_row]:
        """The gaps about an obligation."""
        rows = (self.gaps.get(gap_id) for gap_id in self._gaps_of.get(obligation_id, ()))
        return [row for row in rows if row is not None]

    def write(self, conn: Connection) -> None:
        """Write everything that came of the batch."""
        for rows in vars(self).values():
            if isinstance(rows, Rows):
                rows.write(conn)
