"""When people work, and when a day ends: the clocks of the domain's ground rules 1.2.

Written apart from the hub's own clocks on purpose: what is generated and what should have been
noticed must not be reckoned by the code under test.  Bank holidays are those of the `holidays`
package for England.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

import holidays

LOCAL = ZoneInfo("Europe/London")
OFFICE_OPENS, OFFICE_CLOSES = time(9, 0), time(17, 0)
LAST_VISIT_HOUR = 15
"""Contacts begin between nine and three, so that what follows them is still the same office day."""


@cache
def _bank_holidays() -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=range(2024, 2030)))


@cache
def works(day: date) -> bool:
    """Whether offices work on a day."""
    return day.weekday() < 5 and day not in _bank_holidays()


@cache
def working_day(day: date, count: int) -> date:
    """The `count`-th working day after a day; with 0 the day itself or the next that is worked."""
    step = timedelta(days=1 if count >= 0 else -1)
    if count == 0:
        while not works(day):
            day += step
        return day
    for _ in range(abs(count)):
        day += step
        while not works(day):
            day += step
    return day


@cache
def at(day: date, hour: int, minute: int = 0, second: int = 0) -> datetime:
    """A local time of day as a UTC instant."""
    return datetime.combine(day, time(hour, minute, second), LOCAL).astimezone(UTC)


def day_of(moment: datetime) -> date:
    """The local day of an instant."""
    return moment.astimezone(LOCAL).date()


def close(day: date, count: int) -> datetime:
    """The close of office on the `count`-th working day after a day."""
    return at(working_day(day, count), 17)


def midnight(day: date) -> datetime:
    """The last second of a day."""
    return at(day, 23, 59, 59)


def noon_after(moment: datetime) -> datetime:
    """Noon of the first working day after an instant's day: when an office must have accepted."""
    return at(working_day(day_of(moment), 1), 12)


def visit(chance: Random, day: date) -> datetime:
    """Some time on a day, or on the next day that is worked, at which a contact begins."""
    return at(working_day(day, 0), chance.randint(9, LAST_VISIT_HOUR), chance.randrange(0, 60, 5))


def within_office(chance: Random, moment: datetime) -> datetime:
    """When an office that does what it should has read and taken what came at an instant."""
    local = moment.astimezone(LOCAL)
    if works(local.date()) and local.time() >= OFFICE_OPENS and local.hour < LAST_VISIT_HOUR + 1:
        return moment + timedelta(minutes=chance.randint(10, 50))
    early = works(local.date()) and local.time() < OFFICE_OPENS
    day = local.date() if early else working_day(local.date(), 1)
    return at(day, 9, chance.randint(5, 55))
