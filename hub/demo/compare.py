"""Compares what followed with what a scenario says must follow: nothing missing, nothing more."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from hub.core.model import NoticeReason
from hub.core.outcomes import (
    Escalated,
    GapClosed,
    GapOpened,
    GapRaised,
    NoticeIssued,
    ObligationEnded,
    type_of_outcome,
)
from hub.demo.scenario import ROW_KINDS, Row, local_words
from hub.demo.tidy import SECOND

COMPARED = tuple(name for name in Row.__struct_fields__ if name not in ("because", "line"))
TIMES = ("at", "due")
RULES = ("notice", "ended")
"""`P02` stands for every rule of that policy."""

SHOWN_AS_ESCALATION = (NoticeReason.ESCALATED, NoticeReason.REMINDER)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Names that later outcomes refer to: gaps by id, with what a row says of them."""

    gaps: dict[str, GapOpened]


def row_of(outcome: type_of_outcome, at: datetime, seen: Seen) -> Row | None:
    """The row of an outcome that people see; None for the hub's own book-keeping."""
    when = local_words(at)
    match outcome:
        case NoticeIssued(reason=reason) if reason not in SHOWN_AS_ESCALATION:
            return Row(
                at=when,
                notice=outcome.why.rule,
                reason=outcome.reason.value,
                role=outcome.role,
                organisation=outcome.organisation,
                due=local_words(outcome.due_at),
            )
        case GapOpened():
            seen.gaps[outcome.gap_id] = outcome
            return _gap(when, outcome, "opened", severity=int(outcome.severity))
        case GapRaised():
            opened = seen.gaps[outcome.gap_id]
            return _gap(when, opened, "raised", severity=int(outcome.severity))
        case GapClosed():
            return _gap(when, seen.gaps[outcome.gap_id], outcome.state.value, severity=None)
        case Escalated():
            return Row(
                at=when,
                escalated=outcome.code,
                rung=outcome.rung,
                role=outcome.role,
                organisation=outcome.organisation,
            )
        case ObligationEnded() if not outcome.why.rule.startswith("EL-"):
            return Row(
                at=when,
                ended=outcome.why.rule,
                state=outcome.state.value,
                role=outcome.role,
                organisation=outcome.organisation,
            )
        case _:
            return None


def _gap(when: str, gap: GapOpened, state: str, severity: int | None) -> Row:
    return Row(
        at=when,
        gap=gap.code,
        state=state,
        severity=severity,
        role=gap.role,
        organisation=gap.organisation,
        subject=gap.subject or None,
        reason=(gap.reason or None) if state == "opened" else None,
    )


def fits(expected: Row, actual: Row) -> bool:
    """Whether an outcome is the one a row speaks of; what the row leaves out may be anything."""
    for name in COMPARED:
        wanted, found = getattr(expected, name), getattr(actual, name)
        if wanted in (None, "") or wanted == found:
            continue
        # A time of the hour that comes twice may be either, where a row does not say which.
        if name in TIMES and found == f"{wanted}{SECOND}":
            continue
        if name in RULES and "." not in wanted and str(found).startswith(f"{wanted}."):
            continue
        return False
    return True


def forbids(never: Row, actual: Row) -> bool:
    """Whether an outcome is one that must not be; a row without a kind is about whoever is told."""
    told = actual.notice is not None or actual.escalated is not None
    return fits(never, actual) and (told or any(getattr(never, k) is not None for k in ROW_KINDS))


def compare(expected: Iterable[Row], actual: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """The rows that are missing and those that nobody expected.

    Rows that say more are matched first, so that a bare row never takes the place of an exact one.
    """
    left = list(actual)
    missing = []
    rows = sorted(expected, key=lambda r: -len(msgspec.to_builtins(r)))
    for row in rows:
        found = next((a for a in left if fits(row, a)), None)
        if found is None:
            missing.append(row)
        else:
            left.remove(found)
    return missing, left
