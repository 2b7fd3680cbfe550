"""The agenda when the clock misbehaves: it jumps, it stands still, and the worker was away."""

from datetime import UTC, datetime, timedelta

from agents.agenda import AGAIN_SECONDS, TICK_SECONDS, Agenda

NOON = datetime(2026, 3, 25, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def hourly(episodes: int) -> Agenda:
    """Episodes that want waking at noon, at one, at two and so on."""
    agenda = Agenda()
    for number in range(episodes):
        agenda.note(0, b"ep-%d" % number, NOON + number * HOUR)
    return agenda


def test_a_clock_that_jumps_forwards_wakes_all_that_fell_due() -> None:
    """Three hours at once: everything up to then, in the order of its times, once."""
    agenda = hourly(6)
    agenda.due(NOON, 0.0)

    woken = agenda.due(NOON + 3 * HOUR, TICK_SECONDS)
    assert [b"ep-1", b"ep-2", b"ep-3"] == [key for _, key, _ in woken]
    assert [] == agenda.due(NOON + 3 * HOUR, 2 * TICK_SECONDS)


def test_a_clock_that_jumps_backwards_repeats_nothing_that_was_answered() -> None:
    """What the episodes have decided stays decided; what is not due by the new time waits."""
    agenda = hourly(3)
    agenda.due(NOON, 0.0)
    agenda.note(0, b"ep-0", None)

    assert [] == agenda.due(NOON - 3 * HOUR, TICK_SECONDS)
    assert [] == agenda.due(NOON, AGAIN_SECONDS + 1)
    assert [(0, b"ep-1", NOON + HOUR)] == agenda.due(NOON + HOUR, AGAIN_SECONDS + 2)


def test_a_wake_that_got_lost_before_the_clock_went_back_is_due_at_its_time() -> None:
    """It was sent in vain, and by the clock as it is now it is too early to send it again."""
    agenda = hourly(1)
    agenda.due(NOON, 0.0)

    assert [] == agenda.due(NOON - HOUR, AGAIN_SECONDS + 1)
    assert [] == agenda.due(NOON - HOUR, AGAIN_SECONDS + 2)
    assert [(0, b"ep-0", NOON)] == agenda.due(NOON, AGAIN_SECONDS + 3)


def test_a_wall_clock_that_jumps_does_not_hurry_what_is_on_its_way() -> None:
    """How long a wake stays unanswered is measured on the clock that nobody sets."""
    agenda = hourly(1)
    agenda.due(NOON, 0.0)

    assert [] == agenda.due(NOON + 1000 * HOUR, TICK_SECONDS)


def test_a_wall_clock_that_stands_still_does_not_hold_up_what_was_lost() -> None:
    """The answer is overdue by the monotonic clock alone."""
    agenda = hourly(1)
    agenda.due(NOON, 0.0)

    assert 1 == len(agenda.due(NOON, AGAIN_SECONDS + 1))


def test_after_a_long_pause_each_is_woken_once() -> None:
    """A week away: due and unanswered together, one wake each and none again at once."""
    agenda = hourly(100)
    agenda.due(NOON + HOUR, 0.0)

    week = 168 * HOUR
    woken = agenda.due(NOON + week, week.total_seconds())
    assert {b"ep-%d" % number for number in range(100)} == {key for _, key, _ in woken}
    assert 100 == len(woken)
    assert [] == agenda.due(NOON + week, week.total_seconds() + TICK_SECONDS)


def test_a_time_before_1970_is_due_at_once() -> None:
    """A date nobody can have meant is woken for rather than never."""
    agenda = Agenda()
    agenda.note(0, b"ep-0", datetime(1900, 1, 1, tzinfo=UTC))

    assert [b"ep-0"] == [key for _, key, _ in agenda.due(NOON, 0.0)]
