"""What mishaps are made of: leaving out, delaying, spoiling, losing a letter, and mending late."""

from datetime import datetime, timedelta
from typing import Any

from hub.synth.calendar import day_of, noon_after, visit, working_day
from hub.synth.family import Family, Happening, Unread

MENDED = 0.75
"""The share of wrongs that somebody puts right in the end; the rest stay as they are."""


def mended_at(family: Family, due: datetime) -> datetime | None:
    """When somebody puts it right, some working days too late; None when nobody does."""
    if family.chance.random() >= MENDED:
        return None
    days = family.chance.randint(1, 3)
    return visit(family.chance, working_day(day_of(due), days))


def not_done(family: Family, due: datetime, *left_out: Happening | None) -> datetime | None:
    """Leave things out, or let them happen only long after they were due; gives when."""
    late = mended_at(family, due)
    for happening in left_out:
        if happening is None:
            continue
        if late is None:
            family.drop(happening)
        else:
            happening.at = late
            _restate(happening, late)
    return late


def _restate(happening: Happening, moment: datetime) -> None:
    """What happens later says so: a report does not carry the time of the day it was meant for."""
    for name in ("submitted_at", "notified_at", "issued_at"):
        if name in happening.body:
            happening.body[name] = moment


def unread(
    family: Family, role: str, about: Happening, due: datetime, *, how: str = "", org: str = ""
) -> datetime | None:
    """A letter that nobody takes, or somebody only long after it was due; gives when."""
    late = mended_at(family, due)
    manner = how or ("late" if late else "never")
    family.unread.append(Unread(role, about.key, manner, late, organisation=org))
    return late


def correct(family: Family, wrong: Happening, moment: datetime, **right: Any) -> None:
    """The sender corrects what was reported."""
    made = family.add(
        f"corrected-{wrong.key}", "event.corrected", moment, wrong.org, wrong.role,
        target_id="", target_type=wrong.type, reason="wrong_content", unless_over=False,
    )  # fmt: skip
    made.corrects = wrong
    made.right = right


def shift(family: Family, days: timedelta, *, named: str) -> None:
    """Let everything whose key has a word in it happen later."""
    for happening in family.happenings:
        if named in happening.key:
            happening.at += days
            for name, value in happening.body.items():
                if isinstance(value, datetime):
                    happening.body[name] = value + days


def soon(happening: Happening) -> datetime:
    """When a report has reached the hub."""
    return happening.at + happening.told_after


def noon_or(hours: int, happening: Happening) -> datetime:
    """When an office must have taken something wanted within hours (ground rule 1.2)."""
    return max(happening.at + timedelta(hours=hours), noon_after(happening.at))
