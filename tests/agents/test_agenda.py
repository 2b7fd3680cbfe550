"""The agenda: level-triggered, so that no wake is lost and a repeated one does no harm."""

from datetime import UTC, datetime, timedelta

import pytest

from agents.agenda import AGAIN_SECONDS, TICK_SECONDS, Agenda

NOON = datetime(2026, 3, 25, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def agenda() -> Agenda:
    """Two episodes on one partition and one on another."""
    found = Agenda()
    found.note(0, b"ep-1", NOON)
    found.note(0, b"ep-2", NOON + MINUTE)
    found.note(1, b"ep-3", NOON)
    return found


def test_what_is_due_is_woken_and_nothing_else(agenda: Agenda) -> None:
    """At its very time, not before."""
    assert [] == agenda.due(NOON - timedelta(microseconds=1), 0.0)
    assert [(0, b"ep-1", NOON), (1, b"ep-3", NOON)] == agenda.due(NOON, 0.0)


def test_a_wake_that_was_sent_is_not_sent_again_at_once(agenda: Agenda) -> None:
    """The decision needs milliseconds; the next tick comes before it."""
    agenda.due(NOON, 0.0)
    assert [] == agenda.due(NOON, 0.05)
    assert [(0, b"ep-2", NOON + MINUTE)] == agenda.due(NOON + MINUTE, 0.1)


def test_a_wake_that_nobody_answered_is_sent_again(agenda: Agenda) -> None:
    """Lost in a rebalance, it costs no more than a few seconds."""
    agenda.due(NOON, 0.0)
    assert [] == agenda.due(NOON, AGAIN_SECONDS)
    assert 2 == len(agenda.due(NOON, AGAIN_SECONDS + 0.01))


def test_an_entry_leaves_only_when_the_episode_says_so(agenda: Agenda) -> None:
    """Being woken changes nothing by itself."""
    agenda.due(NOON, 0.0)
    assert 3 == agenda.size()
    agenda.note(0, b"ep-1", None)
    assert 2 == agenda.size()
    assert [b"ep-3"] == [key for _, key, _ in agenda.due(NOON, AGAIN_SECONDS + 1)]


def test_an_episode_that_wants_another_time_is_woken_then(agenda: Agenda) -> None:
    """The old time is forgotten, earlier or later."""
    agenda.note(0, b"ep-1", NOON + MINUTE)
    assert [b"ep-3"] == [key for _, key, _ in agenda.due(NOON, 0.0)]
    agenda.note(0, b"ep-1", NOON - MINUTE)
    assert [(0, b"ep-1", NOON - MINUTE)] == agenda.due(NOON - MINUTE, 1.0)


def test_back_and_forth_wakes_once(agenda: Agenda) -> None:
    """An episode that changes its mind twice has one entry that holds."""
    agenda.note(0, b"ep-1", NOON + MINUTE)
    agenda.note(0, b"ep-1", NOON)
    assert [(0, b"ep-1", NOON)] == [row for row in agenda.due(NOON, 0.0) if row[0] == 0]
    assert 3 == agenda.size()


def test_an_episode_that_always_wants_a_time_gone_by_cannot_wake_itself_without_end(
    agenda: Agenda,
) -> None:
    """The same time said again sends nothing while its wake is still on the way."""
    agenda.due(NOON, 0.0)
    for tick in range(1, 21):
        agenda.note(0, b"ep-1", NOON)
        assert [] == agenda.due(NOON, tick * TICK_SECONDS)
    assert (0, b"ep-1", NOON) in agenda.due(NOON, AGAIN_SECONDS + TICK_SECONDS)


def test_a_partition_that_is_lost_takes_its_entries_along(agenda: Agenda) -> None:
    """Another worker wakes them now; what comes back starts afresh."""
    agenda.due(NOON, 0.0)
    agenda.forget(0)
    assert 1 == agenda.size()
    assert [] == [row for row in agenda.due(NOON + MINUTE, 99.0) if row[0] == 0]
    agenda.note(0, b"ep-1", NOON)
    assert [(0, b"ep-1", NOON)] == [row for row in agenda.due(NOON, 99.0) if row[0] == 0]


def test_many_that_are_due_come_in_the_order_of_their_times() -> None:
    """The longest overdue first."""
    agenda = Agenda()
    for number in range(50):
        agenda.note(0, f"ep-{number}".encode(), NOON - number * MINUTE)
    times = [wake for _, _, wake in agenda.due(NOON, 0.0)]
    assert sorted(times) == times
    assert 50 == len(times)
