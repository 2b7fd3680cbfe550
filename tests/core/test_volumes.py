"""What a feed brings in each hour of the week: learnt slowly, judged soon, and never at night."""

from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from hub.core.deadlines import LOCAL, Calendar
from hub.core.volumes import (
    DAY,
    SETTLED,
    WEEK,
    WEEKS_KEPT,
    Volumes,
    came,
    followed,
    hour_of,
    judged,
    next_judged,
    slot_of,
)
from hub.policy.loader import load_policy

RULES = dict(load_policy().settings.usual)
HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
NO_HOLIDAYS = Calendar(frozenset())


def usual(at: datetime) -> int:
    """A clinic that works on weekdays from eight to six, busiest at eleven."""
    local = at.astimezone(LOCAL)
    if local.weekday() >= 5 or not 8 <= local.hour < 18:
        return 0
    return 20 - 2 * abs(local.hour - 11)


class Played:
    """A feed that is looked at each hour, as the clock agent does."""

    def __init__(self, begin: datetime = MONDAY, calendar: Calendar = NO_HOLIDAYS) -> None:
        self.at = begin
        self.calendar = calendar
        self.volumes = Volumes()
        self.changes: list[tuple[datetime, bool]] = []

    def hour(self, events: int) -> None:
        """An hour with so many events, and the look after it."""
        middle = self.at + HOUR / 2
        if events:
            self.volumes = came(self.volumes, middle, events, RULES, self.calendar)
        self.at += HOUR
        due = next_judged(self.volumes, RULES)
        if due is not None and due <= self.at + HOUR / 4:
            due = max(due, self.at + SETTLED)
            passed = came(self.volumes, due, 0, RULES, self.calendar)
            found = judged(passed, RULES, self.calendar)
            after = followed(passed, found, RULES)
            if (after.quiet_since is None) != (self.volumes.quiet_since is None):
                self.changes.append((due, after.quiet_since is not None))
            self.volumes = after

    def weeks(self, count: int) -> "Played":
        """Weeks as they usually are."""
        end = self.at + timedelta(weeks=count)
        while self.at < end:
            self.hour(usual(self.at))
        return self

    def silent(self, hours: int) -> "Played":
        """Hours in which nothing comes."""
        for _ in range(hours):
            self.hour(0)
        return self


def test_nothing_is_said_before_enough_weeks_are_known() -> None:
    """Five weeks are no history."""
    assert [] == Played().weeks(5).silent(WEEK).changes


def test_silence_on_a_busy_tuesday_is_seen_within_hours() -> None:
    """From eleven on nothing comes: it is said ten minutes after twelve."""
    played = Played().weeks(8)
    for _ in range(DAY + 11):
        played.hour(usual(played.at))
    played.silent(3)
    assert [(MONDAY + timedelta(weeks=8, days=1, hours=12, minutes=10), True)] == played.changes


@pytest.mark.parametrize("hours", [3, 20, 60])
def test_silence_at_night_and_at_the_weekend_is_none(hours: int) -> None:
    """From Friday evening nothing usually comes, and nothing is said."""
    played = Played().weeks(8)
    for _ in range(4 * DAY + 18):
        played.hour(usual(played.at))
    assert [] == played.silent(hours).changes


def test_it_is_well_again_when_it_brings_what_it_brought() -> None:
    """And what it did not bring in between is not learnt."""
    played = Played().weeks(8).silent(2 * DAY)
    for _ in range(WEEK - 2 * DAY):
        played.hour(usual(played.at))
    assert [True, False] == [quiet for _, quiet in played.changes]
    eleven = played.volumes.slots[11]
    assert 0 not in eleven


def test_a_trickle_is_seen_too() -> None:
    """A tenth of what usually comes is as little as nothing."""
    played = Played().weeks(8)
    for _ in range(DAY):
        played.hour(usual(played.at) // 10)
    assert [True] == [quiet for _, quiet in played.changes]


def test_what_lasts_is_how_the_feed_is_now() -> None:
    """A ward has moved away: after some weeks what is left is what is usual."""
    played = Played().weeks(8)
    end = played.at + timedelta(weeks=12)
    while played.at < end:
        played.hour(usual(played.at) // 10)
    assert [True, False] == [quiet for _, quiet in played.changes]


def test_a_bank_holiday_is_a_sunday() -> None:
    """On Easter Monday a clinic that rests on Sundays is not missed."""
    easter = Calendar(frozenset({date(2026, 4, 6)}))
    played = Played(datetime(2026, 2, 2, tzinfo=UTC), easter).weeks(9)
    assert [] == played.silent(DAY).changes


def test_hours_go_by_the_clock_of_london() -> None:
    """In summer eight o'clock is seven in UTC: the hour of the week stays what people live by."""
    winter = slot_of(hour_of(datetime(2026, 3, 24, 8, tzinfo=UTC)), NO_HOLIDAYS)
    summer = slot_of(hour_of(datetime(2026, 3, 31, 7, tzinfo=UTC)), NO_HOLIDAYS)
    assert 1 * DAY + 8 == winter == summer


def test_a_hub_that_was_away_says_nothing_of_these_hours() -> None:
    """It did not look, so it does not know; it judges again from the hours after."""
    played = Played().weeks(8)
    for _ in range(10):
        played.hour(usual(played.at))
    played.at += 8 * HOUR
    for _ in range(DAY):
        played.hour(usual(played.at))
    assert [] == played.changes


@pytest.mark.parametrize("seed", range(20))
def test_a_small_feed_never_speaks_and_state_is_bounded(seed: int) -> None:
    """A feed with an event now and then: no gap comes and goes, however long it is quiet."""
    chance = Random(seed)  # noqa: S311  a story, no secret
    played = Played()
    for _ in range(12 * WEEK):
        played.hour(int(chance.random() < 0.15))
    played.silent(WEEK)
    assert [] == played.changes
    assert len(played.volumes.hours) <= RULES["feed_look_back"] + 1
    assert max(map(len, played.volumes.slots)) <= WEEKS_KEPT
