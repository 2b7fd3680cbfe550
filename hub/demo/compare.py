"""Compares what followed with what a scenario says must follow: nothing missing, nothing more."""

from collections.abc import Iterable
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

import msgspec
from msgspec.structs import replace

from hub.core.holding import TEAM_OF
from hub.core.model import NoticeReason
from hub.core.outcomes import (
    Escalated,
    GapClosed,
    GapOpened,
    GapRaised,
    LevelReached,
    NoticeIssued,
    ObligationEnded,
    ObligationRaised,
    type_of_outcome,
)
from hub.demo.rows import NOT_OPEN, OPEN, ROW_KINDS, Followed, Row, in_words
from hub.demo.scenario import instant, local_words
from hub.demo.tidy import SECOND

NOT_COMPARED = ("because", "line", "shows", "hides", "times", "levels")
COMPARED = tuple(name for name in Row.__struct_fields__ if name not in NOT_COMPARED)
TIMES = ("at", "due")
RULES = ("notice", "ended", "told")
"""`P02` stands for every rule of that policy, and `*` for anything."""
DAY = "2026-03-24"
TURNED = (NoticeReason.FIRST, NoticeReason.REROUTED)
SHOWN_AS_ESCALATION = (NoticeReason.ESCALATED, NoticeReason.REMINDER)


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Names that later outcomes refer to: gaps, notices and the times of duties, by their ids."""

    gaps: dict[str, GapOpened]
    notices: dict[str, NoticeIssued] = {}
    duties: dict[str, dict[str, str]] = {}


def _levels(issued: NoticeIssued, seen: Seen) -> dict[str, str]:
    """By when each level is owed: of a duty turned to another holder none before its notice is."""
    levels = seen.duties.get(issued.obligation_id, {})
    if issued.reason in TURNED:
        due = local_words(issued.due_at)
        levels = {level: max(by, due) for level, by in levels.items()}
        seen.duties[issued.obligation_id] = levels
    return levels


def row_of(outcome: type_of_outcome, at: datetime, seen: Seen) -> Row | None:
    """The row of an outcome that people see; None for the hub's own book-keeping."""
    when = local_words(at)
    match outcome:
        case ObligationRaised():
            seen.duties[outcome.obligation_id] = {
                m.level.name.lower(): local_words(m.due_at) for m in outcome.milestones
            }
            return None
        case LevelReached(counts=True) if outcome.notice_id in seen.notices:
            return _told(when, outcome, seen.notices[outcome.notice_id])
        case NoticeIssued(reason=reason) if reason not in SHOWN_AS_ESCALATION:
            seen.notices[outcome.notice_id] = outcome
            return _notice(when, outcome, _levels(outcome, seen))
        case GapOpened():
            seen.gaps[outcome.gap_id] = outcome
            return _gap(when, outcome, "opened", severity=int(outcome.severity))
        case GapRaised():
            return _raised(when, outcome, seen)
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


def _notice(when: str, notice: NoticeIssued, levels: dict[str, str]) -> Followed:
    said = [w for c in notice.content for w in (c.group, c.field, c.label, c.value)]
    return Followed(
        at=when,
        notice=notice.why.rule,
        reason=notice.reason.value,
        role=notice.role,
        organisation=notice.organisation,
        due=local_words(notice.due_at),
        levels=levels,
        content=(notice.title, *said),
    )


def _told(when: str, reached: LevelReached, notice: NoticeIssued) -> Row:
    return Row(
        at=when,
        told=notice.why.rule,
        level=reached.level.name.lower(),
        role=notice.role,
        organisation=notice.organisation,
    )


def _raised(when: str, raised: GapRaised, seen: Seen) -> Row | None:
    """A gap that is graver; of one that has another owner the ladder tells, which begins anew."""
    opened = seen.gaps[raised.gap_id]
    if raised.organisation:
        moved = msgspec.structs.replace(opened, organisation=raised.organisation)
        seen.gaps[raised.gap_id] = moved
        return None
    return _gap(when, opened, "raised", severity=int(raised.severity))


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
        if wanted not in (None, "") and not same(name, wanted, found):
            return False
    said = [" ".join(word.casefold().split()) for word in _content(actual)]
    return (
        all(same("at", by, actual.levels.get(level)) for level, by in expected.levels.items())
        and all(_says(said, word) for word in expected.shows)
        and not any(_says(said, word) for word in expected.hides)
    )


def _content(actual: Row) -> tuple[str, ...]:
    """What the notice of an outcome said."""
    return actual.content if isinstance(actual, Followed) else ()


def same(name: str, wanted: Any, found: Any) -> bool:
    """Whether a word of a row and that of an outcome mean the same."""
    if wanted == found:
        return True
    if name in TIMES:
        # A day alone is any time of it; a time of the hour that comes twice may be either.
        said = str(found)
        return said == wanted + SECOND or (len(wanted) == len(DAY) and said.startswith(wanted))
    if name in RULES:
        return str(found).startswith(f"{wanted}.") or fnmatchcase(str(found), wanted)
    if name == "subject":
        # What a gap is about may be told more exactly: the visit to a baby, one of two practices.
        return str(found).startswith(f"{wanted}/")
    return name == "role" and TEAM_OF.get(wanted) == found


def _says(said: list[str], word: str) -> bool:
    """Whether a notice says a word: as a group, a field with or without `event.`, or in words."""
    plain = " ".join(word.casefold().split())
    return any(plain in words or words.endswith(f".{plain}") for words in said)


def forbids(never: Row, actual: Row) -> bool:
    """Whether an outcome is one that must not be; a row without a kind is about whoever is told."""
    told = actual.notice is not None or actual.escalated is not None
    return fits(never, actual) and (told or any(getattr(never, k) is not None for k in ROW_KINDS))


def compare(expected: Iterable[Row], actual: Iterable[Row]) -> tuple[list[Row], list[Row]]:
    """The rows that are missing and those that nobody expected.

    Rows that say more are matched first, so that a bare row never takes the place of an exact one.
    """
    followed = list(actual)
    left = list(followed)
    missing = []
    rows = sorted(expected, key=lambda r: -len(in_words(r)))
    for row in rows:
        if row.state in (OPEN, NOT_OPEN):
            missing += [row] if stands(row, followed) is not (row.state == OPEN) else []
            continue
        found = [a for a in (left if row.times is None else followed) if fits(row, a)]
        if (not found) if row.times is None else (len(found) != row.times):
            missing.append(row)
        # The very thing first: another row may mean what is told more exactly.
        exact = sorted(found, key=lambda a: (a.role != row.role, a.subject != row.subject))
        mine = exact[: row.times or 1]
        left = [a for a in left if not any(a is one for one in mine)]
    return missing, [row for row in left if row.told is None]


def stands(row: Row, actual: Iterable[Row]) -> bool:
    """Whether a gap that a row speaks of is open at its time."""
    at = instant(row.at if len(row.at) > len(DAY) else f"{row.at} 23:59")
    bare = replace(row, at="", state=None, severity=None)
    open_now: dict[tuple[str | None, ...], int | None] = {}
    for one in actual:
        if one.gap is None or instant(one.at) > at or not fits(bare, one):
            continue
        key = (one.gap, one.role, one.organisation, one.subject)
        if one.state in ("opened", "raised"):
            open_now[key] = one.severity
        else:
            open_now.pop(key, None)
    return any(row.severity in (None, severity) for severity in open_now.values())
