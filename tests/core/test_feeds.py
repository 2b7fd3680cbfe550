"""What a matter hears of a feed: once when something is missing, once when it is not any more."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hub.core.deadlines import Calendar
from hub.core.draft import unpack_fields
from hub.core.feeds import (
    NAMED,
    Arrivals,
    Feed,
    arrivals_note,
    arrivals_of,
    heard,
    looked_at,
    next_look,
    told_together,
    words_of,
)
from hub.core.numbering import Hole
from hub.policy.loader import load_policy

FEED = "RXX:MAT_PAS"
SETTINGS = load_policy().settings.usual
GRACE = timedelta(minutes=int(str(SETTINGS["feed_numbers_grace"])))
CALENDAR = Calendar(frozenset())
AT = datetime(2026, 3, 3, 11, tzinfo=UTC)


class Story:
    """A feed, and what was said of it."""

    def __init__(self) -> None:
        self.feed = Feed()
        self.said: list[dict[str, Any]] = []

    def hear(
        self, *numbers: int, at: datetime = AT, nothing: tuple[int, int] | None = None
    ) -> None:
        """Messages with these numbers have come."""
        given = Arrivals(
            FEED,
            numbers=tuple((number, f"m{number}") for number in numbers),
            nothing=(nothing,) if nothing else (),
        )
        self.feed, said = heard(self.feed, given, at, SETTINGS, CALENDAR)
        self.said += [unpack_fields(each.note.fields) for each in said]

    def look(self, at: datetime) -> None:
        """The clock wakes it."""
        self.feed, said = looked_at(self.feed, at, SETTINGS, CALENDAR)
        self.said += [unpack_fields(each.note.fields) for each in said]


def test_a_hole_is_said_when_its_grace_is_over_and_not_before() -> None:
    """The clock is asked for exactly that time."""
    story = Story()
    story.hear(1, 2, 5)
    assert AT + GRACE == next_look(story.feed, SETTINGS)
    story.look(AT + GRACE - timedelta(seconds=1))
    assert [] == story.said
    story.look(AT + GRACE)
    assert [f"{FEED}, 2 missing: 3 to 4"] == [body["about"] for body in story.said]
    assert next_look(story.feed, SETTINGS) is None


def test_it_ends_when_everything_late_is_here() -> None:
    """One of two is not enough; the name of the gap stays what it was."""
    story = Story()
    story.hear(1, 2, 5)
    story.look(AT + GRACE)
    story.hear(4, at=AT + 2 * GRACE)
    story.hear(3, at=AT + 3 * GRACE)
    assert [2, 1, 0] == [body["missing"] for body in story.said]
    assert {f"{FEED}, 2 missing: 3 to 4"} == {body["about"] for body in story.said}


def test_it_ends_when_the_owner_says_that_they_carried_nothing() -> None:
    """For the numbers that he names."""
    story = Story()
    story.hear(1, 2, 5)
    story.look(AT + GRACE)
    story.hear(6, at=AT + 2 * GRACE, nothing=(3, 4))
    assert [2, 0] == [body["missing"] for body in story.said]


def test_what_comes_in_time_is_never_said() -> None:
    """Messages that overtake each other within the grace are no news at all."""
    story = Story()
    story.hear(1, 4)
    story.hear(3, 2, at=AT + GRACE / 2)
    story.look(AT + 2 * GRACE)
    assert [] == story.said


def test_further_holes_belong_to_the_gap_that_stands() -> None:
    """A feed that loses one in ten opens one gap and not hundreds."""
    story = Story()
    for number in (n for n in range(1, 100) if n % 10):
        story.hear(number, at=AT + number * GRACE)
    assert 1 == len({body["about"] for body in story.said})
    assert 9 == story.said[-1]["missing"]


def test_many_holes_are_counted() -> None:
    """A few are named, the rest is a number."""
    holes = [Hole(n, n, AT) for n in range(10, 10 + 2 * NAMED, 2)] + [Hole(50, 59, AT)]
    assert "15 missing: 10, 12, 14, 16, 18 and 1 more holes" == words_of(holes)


def test_what_has_come_travels_whole() -> None:
    """From the intake agent to the feeds agent; of one slice each feed is told once."""
    first = Arrivals(FEED, 1, ((7, "a"),))
    second = Arrivals("RYX:ED", 1)
    third = Arrivals(FEED, 0, ((8, "b"),), ((3, 4),))
    assert [
        Arrivals(FEED, 1, ((7, "a"), (8, "b")), ((3, 4),)),
        second,
    ] == told_together([first, second, third])
    assert third == arrivals_of(arrivals_note(third, AT))
