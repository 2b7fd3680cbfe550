"""The numbers that a sender gives its messages, and which of them never came.

A number stands for one message: it counts whether the message became events, was kept in
quarantine or told the hub nothing.  Order, copies and several connections do not matter.  A sender
may begin to count anew at any time (a restart, or a counter at its end); then both counts are
followed until the older one is over, so that a message still on its way fills its own hole.

What cannot be seen: what is lost at the very end of a count, since nobody says that it was the
end; and the beginning of a count that begins above sixteen.
"""

from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

REMEMBERED = 256
"""Numbers of a count of which it is known which message had them: a copy is told from another
message with the same number, which is the sign of a new count."""

FIRST = 1
"""A count begins with it, or with nought."""

REACH = 16
"""How far above its beginning a new count may be heard of first, messages having changed places."""

OVERTAKEN = 32
"""Numbers that one count goes on by before the other one, not heard of meanwhile, is over."""

APART = 8
"""So many low numbers that no count explains are a new count that did not begin at its beginning;
fewer are copies of old messages."""

APART_KEPT = timedelta(minutes=10)

MOST_HOLES = 200
"""Holes followed for one sender.  Beyond, the two oldest become one, which names too much."""

type_of_heard = tuple[int, str, datetime]
"""A number, which message had it, and when it was heard."""


class Hole(Struct, frozen=True, array_like=True):
    """Numbers that have not come, and since when a later one is here."""

    first: int
    last: int
    since: datetime


class Count(Struct, frozen=True, array_like=True):
    """One count, from its beginning to the highest number heard."""

    high: int
    recent: tuple[tuple[int, str], ...]
    holes: tuple[Hole, ...] = ()
    born: int = 0
    """Which count of this sender it is."""
    others: int = 0
    """Numbers that other counts have taken since this one was heard of."""


class Numbers(Struct, frozen=True, array_like=True):
    """What is known of one sender's numbers; the count that was heard of last comes first."""

    counts: tuple[Count, ...] = ()
    apart: tuple[type_of_heard, ...] = ()
    """Low numbers, heard a short while ago, that no count explains yet."""
    ended: tuple[Hole, ...] = ()
    """Holes of counts that are over."""


def number_heard(numbers: Numbers, number: int, sent_as: str, at: datetime) -> Numbers:
    """A message with this number has come; the same message once more changes nothing."""
    if any((number, sent_as) in count.recent for count in numbers.counts):
        return numbers
    if not numbers.counts:
        return Numbers(counts=(Count(number, ((number, sent_as),)),))
    if 0 < number - numbers.counts[0].high <= REACH:
        return _taken(numbers, 0, number, sent_as, at)
    for place, count in enumerate(numbers.counts):
        if any(hole.first <= number <= hole.last for hole in count.holes):
            return _taken(numbers, place, number, sent_as, at)
    if any(hole.first <= number <= hole.last for hole in numbers.ended):
        return replace(numbers, ended=_without(numbers.ended, number, number))
    above = [place for place, count in enumerate(numbers.counts) if number > count.high]
    if above:
        nearest = max(above, key=lambda place: (numbers.counts[place].high, -place))
        return _taken(numbers, nearest, number, sent_as, at)
    return _below(numbers, number, sent_as, at)


def carried_nothing(numbers: Numbers, first: int, last: int) -> Numbers:
    """The owner of the feed has said that these numbers carried nothing."""
    counts = tuple(replace(c, holes=_without(c.holes, first, last)) for c in numbers.counts)
    return replace(numbers, counts=counts, ended=_without(numbers.ended, first, last))


def holes_of(numbers: Numbers) -> list[Hole]:
    """Everything that is missing, the oldest first."""
    each = [*numbers.ended, *(hole for count in numbers.counts for hole in count.holes)]
    return sorted(each, key=lambda hole: (hole.since, hole.first))


def _taken(numbers: Numbers, place: int, number: int, sent_as: str, at: datetime) -> Numbers:
    """The count at this place goes on by one number, or has a hole filled."""
    count = numbers.counts[place]
    holes = _without(count.holes, number, number)
    if number > count.high + 1:
        holes = _bounded((*holes, Hole(count.high + 1, number - 1, at)))
    fresh = Count(
        high=max(count.high, number),
        recent=(*count.recent, (number, sent_as))[-REMEMBERED:],
        holes=holes,
        born=count.born,
    )
    others = (c for other, c in enumerate(numbers.counts) if other != place)
    return _with_others(numbers, fresh, [replace(c, others=c.others + 1) for c in others])


def _with_others(numbers: Numbers, fresh: Count, others: list[Count]) -> Numbers:
    """The newest count, and the latest other one as long as it may still be heard of."""
    kept = [count for count in others if count.others <= OVERTAKEN][:1]
    # Where the older count goes on alone, what looked like a new one was copies: they miss nothing.
    over = [count for count in others if count not in kept and count.born < fresh.born]
    ended = (*numbers.ended, *(hole for count in over for hole in count.holes))
    return replace(numbers, counts=(fresh, *kept), ended=_bounded(ended))


def _below(numbers: Numbers, number: int, sent_as: str, at: datetime) -> Numbers:
    """A low number that fills nothing: a new count, or a copy of something long ago."""
    first = numbers.counts[-1]
    young = first.born == 0 and len(first.recent) < REMEMBERED and first.recent[0][0] <= REACH
    if young and number < min(one for one, _ in first.recent):
        # The very first count, heard of in the middle of its first messages.
        return _taken(numbers, len(numbers.counts) - 1, number, sent_as, at)
    lately = [row for row in numbers.apart if row[2] > at - APART_KEPT]
    if (number, sent_as) in [row[:2] for row in lately]:
        return numbers
    known = any(number == one for count in numbers.counts for one, _ in count.recent)
    low = [row for row in lately if row[0] <= number + REACH]
    if known or number <= FIRST:
        begin = FIRST if number <= REACH else number
        return _begun(numbers, [*low, (number, sent_as, at)], (Hole(begin, number, at),))
    lately.append((number, sent_as, at))
    if len(lately) >= APART:
        # They may still be copies of what was sent long ago: nothing between them is missed.
        return _begun(numbers, lately, ())
    return replace(numbers, apart=tuple(lately))


def _begun(numbers: Numbers, rows: list[type_of_heard], holes: tuple[Hole, ...]) -> Numbers:
    """A new count, of which these numbers are here."""
    heard = {row[0]: row[1] for row in rows}
    high = max(heard)
    if holes:
        holes = (replace(holes[0], last=max(high, holes[0].last)),)
    for number in heard:
        holes = _without(holes, number, number)
    born = 1 + max(count.born for count in numbers.counts)
    fresh = Count(high, tuple(sorted(heard.items())), holes, born)
    others = [replace(count, others=count.others + 1) for count in numbers.counts]
    return replace(_with_others(numbers, fresh, others), apart=())


def _without(holes: tuple[Hole, ...], first: int, last: int) -> tuple[Hole, ...]:
    """Holes, with everything from `first` to `last` taken out of them."""
    left = []
    for hole in holes:
        if last < hole.first or hole.last < first:
            left.append(hole)
            continue
        if hole.first < first:
            left.append(replace(hole, last=first - 1))
        if last < hole.last:
            left.append(replace(hole, first=last + 1))
    return tuple(left)


def _bounded(holes: tuple[Hole, ...]) -> tuple[Hole, ...]:
    while len(holes) > MOST_HOLES:
        one, two, *rest = holes
        first, last = min(one.first, two.first), max(one.last, two.last)
        holes = (Hole(first, last, min(one.since, two.since)), *rest)
    return holes
