"""How many events a feed usually brings in each hour of the week, and whether it brings them now.

The rule, in the words of an operator: at each full hour look back over as many hours as this feed
needs to bring a certain number of events even in a poor week; if it brought a small share of them,
it has gone quiet.  What a poor week brings is learnt for each hour of the week (local time, a
bank holiday is a Sunday) from the last weeks.  Hours in which it usually brings nothing add
nothing, so that silence at night says nothing; a feed that never brings as many in a day is not
judged here.
How many, how far back and what share are settings (`areas.toml`).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from hub.core.deadlines import LOCAL, Calendar

HOUR = 3600
WEEK = 168
DAY = 24
SUNDAY = 6

WEEKS_KEPT = 8
"""Hours of one kind that are remembered."""

UNKNOWN = -1
"""An hour of which nothing can be said: the hub was away, or the feed was known to be ill."""

AWAY_HOURS = 2
"""The hub looks at a judged feed every hour: when it did not, it was away."""

ADAPTS_AFTER = 14 * DAY
"""A silence is not learnt from, until it has lasted so long that it is how the feed is now."""

SETTLED = timedelta(minutes=10)
"""How long after the full hour it is judged, so that what came at its end is counted."""

QUANTILE, WEEKS_KNOWN = "feed_poor_week", "feed_weeks_known"
LEAST_EXPECTED, LOOK_BACK = "feed_least_expected", "feed_look_back"
SHARE = "feed_least_share"
type_of_rules = Mapping[str, int]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Volumes(Struct, frozen=True, array_like=True):
    """What is known of a feed's volume."""

    latest: int = 0
    """The hour that runs, counted from 1970; nought before anything was heard."""
    hours: tuple[int, ...] = ()
    """Events of the last hours, the one that runs last."""
    slots: tuple[tuple[int, ...], ...] = ()
    """Events of earlier hours, by the hour of the week, the newest last."""
    quiet_since: int | None = None


class Judged(Struct, frozen=True):
    """What the last hours brought beside what they usually bring."""

    came: int
    usual: int
    hours: int


def hour_of(at: datetime) -> int:
    """The hour that an instant lies in, counted from 1970."""
    return int((at - _EPOCH).total_seconds()) // HOUR


def slot_of(hour: int, calendar: Calendar) -> int:
    """The hour of the week, by the clock of London; that of a Sunday on a bank holiday."""
    local = (_EPOCH + timedelta(hours=hour)).astimezone(LOCAL)
    weekday = SUNDAY if local.date() in calendar.holidays else local.weekday()
    return weekday * DAY + local.hour


def came(
    volumes: Volumes, at: datetime, events: int, rules: type_of_rules, calendar: Calendar
) -> Volumes:
    """So many events have come; with none of them, time has passed."""
    passed = _passed(volumes, hour_of(at), rules, calendar)
    return replace(passed, hours=(*passed.hours[:-1], _plus(passed.hours[-1], events)))


def speaks(volumes: Volumes, rules: type_of_rules) -> bool:
    """Whether any hour of the week is known to bring something: before that no feed is judged."""
    return any(len(slot) >= rules[WEEKS_KNOWN] and max(slot) > 0 for slot in volumes.slots)


def judged(volumes: Volumes, rules: type_of_rules, calendar: Calendar) -> Judged | None:
    """The last full hours beside what they usually bring; None where that would be too little."""
    found = Judged(0, 0, 0)
    weeks = [0] * WEEKS_KEPT
    for hour, events in _full_hours(volumes, rules[LOOK_BACK]):
        if events == UNKNOWN:
            return None
        slot = volumes.slots[slot_of(hour, calendar)]
        if len(slot) >= rules[WEEKS_KNOWN]:
            # Of these hours together, week by week: one hour alone may be poor in a good week.
            weeks = [one + more for one, more in zip(weeks, reversed(slot), strict=False)]
        found = Judged(found.came + events, _poor(weeks, rules), found.hours + 1)
        if found.usual >= rules[LEAST_EXPECTED]:
            return found
    return None


def followed(volumes: Volumes, found: Judged | None, rules: type_of_rules) -> Volumes:
    """The volume after it was judged.  It is quiet below the share, and well at twice of it."""
    if found is None:
        return _as_it_is_now(volumes)
    percent = found.came * 100
    if volumes.quiet_since is None and percent < rules[SHARE] * found.usual:
        return replace(volumes, quiet_since=volumes.latest - found.hours)
    if volumes.quiet_since is not None and percent >= 2 * rules[SHARE] * found.usual:
        return _well_again(volumes, volumes.quiet_since)
    return volumes


def _well_again(volumes: Volumes, since: int) -> Volumes:
    """The silence is over; its hours are neither judged nor learnt from."""
    begun = volumes.latest - len(volumes.hours) + 1
    well = max(0, since - begun)
    dark = (UNKNOWN,) * (len(volumes.hours) - 1 - well)
    return replace(
        volumes, quiet_since=None, hours=(*volumes.hours[:well], *dark, volumes.hours[-1])
    )


def _as_it_is_now(volumes: Volumes) -> Volumes:
    """A feed that has long brought less, and too little to be judged, is no longer quiet."""
    since = volumes.quiet_since
    if since is None or volumes.latest - since < 2 * ADAPTS_AFTER or max(volumes.hours) <= 0:
        return volumes
    return _well_again(volumes, since)


def next_judged(volumes: Volumes, rules: type_of_rules) -> datetime | None:
    """When to look again; None for a feed that is not judged."""
    if volumes.quiet_since is None and not speaks(volumes, rules):
        return None
    return _EPOCH + timedelta(hours=volumes.latest + 1) + SETTLED


def _full_hours(volumes: Volumes, most: int) -> Iterator[tuple[int, int]]:
    """The hours that are over, the newest first."""
    over = volumes.hours[:-1][-most:] if volumes.slots else ()
    for back, events in enumerate(reversed(over), start=1):
        yield volumes.latest - back, events


def _poor(weeks: Sequence[int], rules: type_of_rules) -> int:
    """What a poor one of these weeks brought."""
    return sorted(weeks)[(len(weeks) - 1) * rules[QUANTILE] // 100]


def _plus(before: int, events: int) -> int:
    return UNKNOWN if before == UNKNOWN else before + events


def _passed(volumes: Volumes, hour: int, rules: type_of_rules, calendar: Calendar) -> Volumes:
    """Hours have gone by since anything was heard or looked at."""
    if not volumes.hours:
        # Nobody knows what came before the first event of its first hour.
        return Volumes(latest=hour, hours=(UNKNOWN,), slots=((),) * WEEK)
    gone = hour - volumes.latest
    if gone <= 0:
        return volumes
    away = gone > AWAY_HOURS and next_judged(volumes, rules) is not None
    between = (UNKNOWN if away else 0,) * min(gone - 1, WEEK * WEEKS_KEPT)
    hours = (*volumes.hours, *between, 0)
    if away:
        hours = (*volumes.hours[:-1], UNKNOWN, *between, UNKNOWN)
    return _learnt(replace(volumes, latest=hour, hours=hours), rules[LOOK_BACK] + 1, calendar)


def _learnt(volumes: Volumes, kept: int, calendar: Calendar) -> Volumes:
    """Hours that are too old to be judged become part of what is usual."""
    if len(volumes.hours) <= kept:
        return volumes
    slots = list(volumes.slots)
    oldest = volumes.latest - len(volumes.hours) + 1
    for place, events in enumerate(volumes.hours[:-kept]):
        if events != UNKNOWN and not _ill(volumes, oldest + place):
            slot = slot_of(oldest + place, calendar)
            slots[slot] = (*slots[slot], events)[-WEEKS_KEPT:]
    return replace(volumes, hours=volumes.hours[-kept:], slots=tuple(slots))


def _ill(volumes: Volumes, hour: int) -> bool:
    """Whether an hour belongs to a silence that is not yet how the feed is."""
    since = volumes.quiet_since
    return since is not None and hour >= since and volumes.latest - since < ADAPTS_AFTER
