"""Facts about matters: what is counted of a feed, a practice, a team or an area."""

import re
from datetime import date, timedelta
from statistics import median
from typing import Any

from hub.core.draft import Context, unpack_body
from hub.core.facts.register import fact, of_type
from hub.core.kinds import NUMBER, TEXT, TRUTH
from hub.core.model import GapState, Level

_HOLE = re.compile(r"(\d+) to (\d+)$")
"""How `heartbeats_missing` names a hole."""

WEEKS_NEEDED = 3
"""Same weekdays before a feed's volume says anything: fewer make no median."""


def bodies(c: Context, event_type: str) -> list[dict[str, Any]]:
    """The bodies of the events of a type that stand, by when they happened."""
    found = sorted(of_type(c.episode, event_type), key=lambda r: r.occurred_at)
    return [unpack_body(remembered) for remembered in found]


@fact(TRUTH)
def overdue(c: Context) -> bool:
    """Whether the duty in question is past its time: its gap has been opened."""
    return any(
        e.trigger == c.duty.trigger and e.role == c.duty.role and e.gap_id is not None
        for e in c.episode.expectations.values()
    )


@fact(NUMBER)
def volume_percent(c: Context) -> int | None:
    """A feed's events of its latest day, in percent of the median of the same weekday before.

    Nothing on a bank holiday, and nothing before three such weekdays are known (G61).
    """
    days = {date.fromisoformat(b["day"]): int(b["events"]) for b in bodies(c, "feed.volume")}
    if not days:
        return None
    last = max(days)
    same = [n for day, n in days.items() if day < last and day.weekday() == last.weekday()]
    holiday = last in c.episode.policy.calendar.holidays
    if holiday or len(same) < WEEKS_NEEDED or median(same) <= 0:
        return None
    return int(days[last] * 100 / median(same))


@fact(TEXT)
def heartbeats_missing(c: Context) -> str | None:
    """The feed, and which numbers are missing between this heartbeat and the one before (G61).

    The one before is the latest that happened earlier.  A number below it is a feed that begins to
    count anew; a heartbeat that others have overtaken fills a hole and makes none.
    """
    if c.event is None:
        return None
    number, at = int(c.body["seq"]), c.event.occurred_at
    beats = [r for r in of_type(c.episode, "feed.heartbeat") if r.id != c.event.id]
    earlier = [r for r in beats if r.occurred_at < at]
    if not earlier or len(earlier) < len(beats):
        return None
    before = max(earlier, key=lambda r: r.occurred_at)
    first, last = int(unpack_body(before)["seq"]) + 1, number - 1
    missing = last - first + 1
    return f"{c.body['source']}, {missing} missing: {first} to {last}" if missing > 0 else None


@fact(TRUTH)
def heartbeats_filled(c: Context) -> bool:
    """Whether every number of the hole in question has come since (G61)."""
    named = _HOLE.search(c.duty.subject)
    if named is None:
        return True
    first, last = int(named[1]), int(named[2])
    heard = {int(b["seq"]) for b in bodies(c, "feed.heartbeat")}
    return sum(first <= number <= last for number in heard) == last - first + 1


@fact(NUMBER)
def numbers_missing(c: Context) -> int:
    """How many numbers of a feed's messages were late when it was last looked at (G61)."""
    told = bodies(c, "feed.numbers")
    return int(told[-1]["missing"]) if told else 0


@fact(TRUTH)
def feed_is_well(c: Context) -> bool:
    """Whether a feed brought as much as usual in the hours last looked at (G61)."""
    told = bodies(c, "feed.hours")
    return not told or told[-1]["state"] != "quiet"


@fact(NUMBER, days=NUMBER)
def failures(c: Context, days: int) -> int:
    """Occasions of one gap between two organisations in the days up to now (G64).

    One report that leaves three people untold is one occasion.
    """
    since = c.episode.moment - timedelta(days=days)
    gaps = of_type(c.episode, "gap.opened")
    return len({unpack_body(r)["occasion"] for r in gaps if r.occurred_at > since})


@fact(NUMBER, seconds=NUMBER)
def accepted_within(c: Context, seconds: int) -> int:
    """Acceptances by one person in the seconds up to this one, since they were last looked at."""
    end = c.event.occurred_at if c.event is not None else c.episode.moment
    looked = [g.closed_at for g in c.episode.gaps.values() if g.closed_at is not None]
    begin = max([end - timedelta(seconds=seconds), *looked])
    given = of_type(c.episode, "acceptance.given")
    return sum(begin < r.occurred_at <= end for r in given)


@fact(TRUTH)
def action_recorded(c: Context) -> bool:
    """Whether somebody to whom the open gap of the duty was escalated has recorded an action."""
    draft = c.episode
    mine = {
        e.gap_id
        for e in draft.expectations.values()
        if e.trigger == c.duty.trigger and e.role == c.duty.role and e.subject == c.duty.subject
    }
    still = {g.gap_id for g in draft.gaps.values() if g.state is GapState.OPEN} & mine
    return any(o.trigger in still and o.level >= Level.ACTED for o in draft.obligations.values())
