"""What is known of a feed by what it brings: numbers that never came, hours that were too quiet.

The feeds agent keeps one `Feed` for each sender.  What it finds out goes to a matter as an inner
event (`feed.numbers`, `feed.hours`), whose rule opens and ends the gap; here nothing is decided but
whether something is missing.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from hub.core.deadlines import Calendar
from hub.core.draft import pack_body, unpack_fields
from hub.core.ids import derive
from hub.core.matters import Counted
from hub.core.model import CountedNote
from hub.core.numbering import Hole, Numbers, carried_nothing, holes_of, number_heard
from hub.core.volumes import Volumes, came, followed, judged, next_judged

ARRIVALS = "feed.arrivals"
"""The inner event by which the feeds agent hears what has come."""
NUMBERS, HOURS = "feed.numbers", "feed.hours"
"""The inner events by which a matter hears of what is missing."""
QUIET, WELL = "quiet", "well"
GRACE = "feed_numbers_grace"
"""The setting that says for how many minutes a number may be late."""
NAMED = 5
"""Holes that are named one by one; the rest is counted."""


class Arrivals(Struct, frozen=True):
    """What has come from one feed at one time: how many events, which numbers of which messages."""

    source: str
    events: int = 0
    numbers: tuple[tuple[int, str], ...] = ()
    nothing: tuple[tuple[int, int], ...] = ()
    """Numbers, from and to, of which the owner of the feed says that they carried nothing."""


class Feed(Struct, frozen=True, array_like=True):
    """One feed, as the feeds agent keeps it."""

    source: str = ""
    area: str = ""
    numbers: Numbers = Numbers()
    volumes: Volumes = Volumes()
    missing: str = ""
    """What was said to be missing when the gap was opened; empty while nothing is."""
    named: str = ""
    """What was said of it last."""


def arrivals_note(given: Arrivals, at: datetime) -> CountedNote:
    """What has come, as it travels to the feeds agent."""
    body = {"events": given.events, "numbers": given.numbers, "nothing": given.nothing}
    return CountedNote(
        event_id=derive("c", ARRIVALS, given.source, at.isoformat(), *given.numbers),
        event_type=ARRIVALS,
        source=given.source,
        occurred_at=at,
        fields=pack_body(body),
    )


def arrivals_of(note: CountedNote) -> Arrivals:
    """What has come, out of its note."""
    body = unpack_fields(note.fields)
    return Arrivals(
        source=note.source,
        events=body["events"],
        numbers=tuple((number, sent_as) for number, sent_as in body["numbers"]),
        nothing=tuple((first, last) for first, last in body["nothing"]),
    )


def heard(
    feed: Feed,
    given: Arrivals,
    at: datetime,
    settings: Mapping[str, Any],
    calendar: Calendar,
) -> tuple[Feed, list[Counted]]:
    """Something has come from a feed."""
    numbers = feed.numbers
    for number, sent_as in given.numbers:
        numbers = number_heard(numbers, number, sent_as, at)
    for first, last in given.nothing:
        numbers = carried_nothing(numbers, first, last)
    volumes = feed.volumes
    if given.events or volumes.hours:
        volumes = came(volumes, at, given.events, settings, calendar)
    fresh = replace(feed, source=given.source, numbers=numbers, volumes=volumes)
    return _numbers_said(fresh, at, settings)


def looked_at(
    feed: Feed, at: datetime, settings: Mapping[str, Any], calendar: Calendar
) -> tuple[Feed, list[Counted]]:
    """Time has passed: numbers may be overdue, and the hours that are over may be judged."""
    due = next_judged(feed.volumes, settings)
    fresh, said = _numbers_said(feed, at, settings)
    if due is None or at < due:
        return fresh, said
    volumes = came(feed.volumes, at, 0, settings, calendar)
    found = judged(volumes, settings, calendar)
    after = followed(volumes, found, settings)
    if (after.quiet_since is None) != (feed.volumes.quiet_since is None):
        state = WELL if after.quiet_since is None else QUIET
        words = f", {found.came} events in {found.hours} h, expected {found.usual}" if found else ""
        body = {"state": state, "about": f"{feed.source}{words}"}
        said = [*said, _counted(HOURS, feed, at, body)]
    return replace(fresh, volumes=after), said


def next_look(feed: Feed, settings: Mapping[str, Any]) -> datetime | None:
    """When the feed wants to be looked at although nothing comes."""
    grace = timedelta(minutes=settings[GRACE])
    pending = [] if feed.missing else [h.since + grace for h in holes_of(feed.numbers)[:1]]
    hour = next_judged(feed.volumes, settings)
    return min([*pending, *([hour] if hour else [])], default=None)


def words_of(holes: Sequence[Hole]) -> str:
    """Which numbers are missing."""
    many = sum(hole.last - hole.first + 1 for hole in holes)
    each = [str(h.first) if h.first == h.last else f"{h.first} to {h.last}" for h in holes[:NAMED]]
    more = f" and {len(holes) - NAMED} more holes" if len(holes) > NAMED else ""
    return f"{many} missing: {', '.join(each)}{more}"


def _numbers_said(
    feed: Feed, at: datetime, settings: Mapping[str, Any]
) -> tuple[Feed, list[Counted]]:
    """What a matter hears of the numbers, where that is news.

    One gap at a time: it ends when nothing that is late is missing any more.
    """
    grace = timedelta(minutes=settings[GRACE])
    holes = holes_of(feed.numbers)
    late = [hole for hole in holes if hole.since + grace <= at]
    named = words_of(late) if late else ""
    if named == feed.named:
        return feed, []
    missing = (feed.missing or f"{feed.source}, {named}") if late else ""
    about = missing or feed.missing
    many = sum(hole.last - hole.first + 1 for hole in late)
    body = {"about": about, "missing": many, "which": named}
    said = _counted(NUMBERS, feed, at, body)
    return replace(feed, missing=missing, named=named), [said]


def _counted(event_type: str, feed: Feed, at: datetime, body: Mapping[str, Any]) -> Counted:
    """An inner event about a feed, for the matter that follows it."""
    whole = {"source": feed.source, **body}
    note = CountedNote(
        event_id=derive("c", event_type, feed.source, at.isoformat(), *whole.values()),
        event_type=event_type,
        source=feed.source,
        occurred_at=at,
        fields=pack_body(whole),
    )
    organisation = feed.source.partition(":")[0]
    return Counted(kind=event_type, of=feed.source, organisation=organisation, note=note)


def told_together(arrivals: Iterable[Arrivals]) -> list[Arrivals]:
    """What has come of each feed, put together; in the order in which they were heard of."""
    found: dict[str, Arrivals] = {}
    for one in arrivals:
        known = found.get(one.source, Arrivals(one.source))
        found[one.source] = Arrivals(
            one.source,
            known.events + one.events,
            known.numbers + one.numbers,
            known.nothing + one.nothing,
        )
    return list(found.values())
