"""The five clocks: elapsed hours, calendar days, working days, gestation and infant age.

Deadlines are worked out in local time (Europe/London) because that is how people keep them, and
are returned as UTC instants.  The calendar of bank holidays is given, never looked up.
Rules: domain ground rules 1.2; test vectors 1.5; rulings 1, 2.
"""

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Europe/London")
TERM_DAYS = 280
END_OF_DAY = time(23, 59, 59)
CLOSE_OF_OFFICE = time(17, 0)
NOON = time(12, 0)
DAYS_KNOWN = 4_096
"""Days whose working-out is kept: a year of them, each with the few spans that a policy uses."""


class Unit(StrEnum):
    """What a span is measured in."""

    HOURS = "h"
    DAYS = "d"
    WORKING_DAYS = "wd"
    GESTATION = "g"
    INFANT_AGE = "a"
    MONTHS = "mo"


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time on one of the clocks.  `amount` counts hours, days or months."""

    unit: Unit
    amount: int
    limit: "Span | None" = None
    """What it may not outlast: `10wd by 28+0g` ends at 28+0 where that is sooner."""

    def counts_on(self, *units: Unit) -> bool:
        """Whether the span, or what limits it, is measured in one of these units."""
        return self.unit in units or (self.limit is not None and self.limit.unit in units)

    def __str__(self) -> str:
        """The span as it is written in a policy file."""
        if self.limit is not None:
            return f"{Span(self.unit, self.amount)} by {self.limit}"
        if self.unit is Unit.GESTATION:
            return f"{self.amount // 7}+{self.amount % 7}g"
        return f"{self.amount}{self.unit}"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Which days are worked.  `holidays` holds the bank holidays of the years that are known."""

    holidays: frozenset[date]

    def is_working_day(self, day: date) -> bool:
        """Monday to Friday and not a bank holiday."""
        return day.weekday() < 5 and day not in self.holidays

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; day 1 is the first working day after it."""
        return _working_day(self.holidays, day, count)


@lru_cache(maxsize=DAYS_KNOWN)
def _working_day(holidays: frozenset[date], day: date, count: int) -> date:
    """As `Calendar.add_working_days`; all episodes ask it of the same few days."""
    calendar = Calendar(holidays)
    step = 1 if count >= 0 else -1
    left = abs(count)
    while left:
        day += timedelta(days=step)
        if calendar.is_working_day(day):
            left -= 1
    return day


_WRITTEN = re.compile(r"(-?\d+)(h|d|wd|a|mo)|(\d{1,2})\+([0-6])g")


def parse_span(text: str) -> Span:
    """Read `2wd`, `24h`, `14d`, `26+0g`, `14a`, `3mo`, `-48h` or `same-day`, and `2wd by 28+0g`.

    Raises ValueError, naming what may be written, for anything else.
    """
    first, by, last = text.partition(" by ")
    if by:
        return replace(parse_span(first), limit=parse_span(last))
    if text == "same-day":
        return Span(Unit.DAYS, 0)
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{text!r} is not a span: write hours '24h', days '5d' or 'same-day', working days "
            "'2wd', months '3mo', gestation '26+0g' or infant age '14a'; a second one after ' by ' "
            "is the latest"
        )
    if found[3] is not None:
        return Span(Unit.GESTATION, int(found[3]) * 7 + int(found[4]))
    return Span(Unit(found[2]), int(found[1]))


@lru_cache(maxsize=DAYS_KNOWN)
def at_local(day: date, at: time) -> datetime:
    """The instant, in UTC, of a local time of day."""
    return datetime.combine(day, at, LOCAL).astimezone(UTC)


def local_date(instant: datetime) -> date:
    """The day on which an instant falls for the people concerned."""
    return instant.astimezone(LOCAL).date()


def _add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day."""
    index = day.month - 1 + months
    year, month = day.year + index // 12, index % 12 + 1
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")


def due_after(
    span: Span,
    start: datetime,
    calendar: Calendar,
    *,
    edd: date | None = None,
    born: date | None = None,
) -> datetime | None:
    """When `span` from `start` falls due.

    Gestation spans are measured on `edd` and age spans on `born`; while the date they need is
    unknown the answer is None.  A limit that is past when the clock begins limits nothing.
    """
    if span.limit is not None:
        due = due_after(replace(span, limit=None), start, calendar, edd=edd, born=born)
        last = due_after(span.limit, start, calendar, edd=edd, born=born)
        limits = last is not None and last > start and (due is None or last < due)
        return last if limits else due
    return _due(span, start, calendar, edd, born)


def _due(
    span: Span, start: datetime, calendar: Calendar, edd: date | None, born: date | None
) -> datetime | None:
    """As `due_after`, of a span that nothing limits."""
    match span.unit:
        case Unit.WORKING_DAYS:
            day = calendar.add_working_days(local_date(start), span.amount)
            return at_local(day, CLOSE_OF_OFFICE)
        case Unit.HOURS:
            return start + timedelta(hours=span.amount)
        case Unit.DAYS:
            return at_local(local_date(start) + timedelta(days=span.amount), END_OF_DAY)
        case Unit.MONTHS:
            return at_local(_add_months(local_date(start), span.amount), END_OF_DAY)
        case Unit.GESTATION:
            if edd is None:
                return None
            return at_local(edd - timedelta(days=TERM_DAYS - span.amount), END_OF_DAY)
        case Unit.INFANT_AGE:
            if born is None:
                return None
            return at_local(born + timedelta(days=span.amount), END_OF_DAY)


def office_acceptance(due_at: datetime, start: datetime, calendar: Calendar) -> datetime:
    """When an office role must have accepted something that was due within hours.

    It cannot be asked to accept on a day it does not work: noon of the first working day after
    the event, or the hour deadline itself where that is later (ground rule 1.2).
    """
    noon = at_local(calendar.add_working_days(local_date(start), 1), NOON)
    return max(due_at, noon)


def gestation_days(edd: date, on: date) -> int:
    """Days of pregnancy on a day: 280 less the days still to go until the due date."""
    return TERM_DAYS - (edd - on).days


def gestation_words(days: int) -> str:
    """Days of pregnancy as weeks and days, `20+3`."""
    return f"{days // 7}+{days % 7}"


def clock_start(body: dict[str, Any], name: str, occurred_at: datetime) -> datetime:
    """From when a clock runs: a field of the event where it has one, else the event itself.

    A field that holds a date counts from the beginning of that day, as it is here.
    """
    found = body.get(name)
    if isinstance(found, str):
        return at_local(date.fromisoformat(found), time(0))
    return found if isinstance(found, datetime) else occurred_at


def estimated_due_date(gestation: dict[str, Any] | None, occurred_at: datetime) -> str | None:
    """A due date reckoned from a stated gestation, as an ISO date, or None."""
    if not gestation or gestation.get("weeks") is None:
        return None
    days = int(gestation["weeks"]) * 7 + int(gestation.get("days") or 0)
    return (local_date(occurred_at) + timedelta(days=TERM_DAYS - days)).isoformat()
