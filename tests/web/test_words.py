from datetime import UTC, datetime, timedelta

import pytest

from hub.core.faults import FaultReason
from hub.core.model import Level, NoticeReason, ObligationState, Severity, Signal
from hub.web import words
from hub.web.problem import TITLES
from hub.web.queries import end_of_day
from hub.web.words import NOT_ACCEPTED_WORDS, evidence_note


@pytest.mark.parametrize("needed", list(Level))
@pytest.mark.parametrize("level", [Level.OWED, Level.SENT])
def test_sent_is_never_green(level: Level, needed: Level) -> None:
    """Not even where a rule asks for no more than sending."""
    assert "green" != words.level_tag(level, needed).colour


@pytest.mark.parametrize(
    ("level", "needed", "state", "expected"),
    [
        (Level.DELIVERED, Level.ACCEPTED, "delivered", ("In their system", "blue")),
        (Level.ACCEPTED, Level.ACCEPTED, "accepted", ("Accepted", "green")),
        (Level.ACCEPTED, Level.ACTED, "accepted", ("Accepted", "blue")),
        (Level.ACCEPTED, Level.ACCEPTED, "not_ours", ("Not ours", "orange")),
        (Level.DELIVERED, Level.DELIVERED, "withdrawn", ("Withdrawn", "grey")),
    ],
)
def test_a_level_in_words(
    level: Level, needed: Level, state: str, expected: tuple[str, str]
) -> None:
    """Green is for the level that counts; a side state speaks before any level."""
    tag = words.level_tag(level, needed, state)
    assert expected == (tag.word, tag.colour)


def test_every_code_has_its_words() -> None:
    """No closed list has a member that a page could not name."""
    levels = {*ObligationState} - {*words.SIDE_STATES}
    assert {level.name.lower() for level in Level} == {state.value for state in levels}
    assert set(Severity) == set(words.SEVERITY_TAGS)
    assert set(NoticeReason) == set(words.REASON_WORDS)
    assert set(FaultReason) == set(TITLES)
    evidence = {*list(Signal)[: list(Signal).index(Signal.WITHDRAW)]}
    assert set() == evidence - set(words.SIGNAL_WORDS)


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (datetime(2026, 3, 24, 17, 0, tzinfo=UTC), "Tuesday 24 March 2026, 17:00"),
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "Sunday 29 March 2026, 00:59"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "Sunday 29 March 2026, 02:00"),
        (datetime(2026, 7, 1, 23, 30, tzinfo=UTC), "Thursday 2 July 2026, 00:30"),
        (None, "–"),
    ],
)
def test_times_are_local(instant: datetime | None, expected: str) -> None:
    """Also in the night in which the clocks go forward."""
    assert expected == words.when(instant)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 3, 28, 12, 0, tzinfo=UTC), datetime(2026, 3, 29, 0, 0, tzinfo=UTC)),
        (datetime(2026, 3, 29, 12, 0, tzinfo=UTC), datetime(2026, 3, 29, 23, 0, tzinfo=UTC)),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 26, 0, 0, tzinfo=UTC)),
    ],
)
def test_today_ends_at_local_midnight(now: datetime, expected: datetime) -> None:
    """A day has 23 hours in March and 25 in October."""
    assert expected == end_of_day(now)


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (timedelta(seconds=59), "0 minutes"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(days=1, hours=1), "1 day 1 hour"),
        (timedelta(days=3), "3 days"),
        (-timedelta(hours=1), "0 minutes"),
    ],
)
def test_an_age_in_words(length: timedelta, expected: str) -> None:
    """Two units at most, and never negative."""
    assert expected == words.span(length)


def test_an_nhs_number_is_read_in_groups() -> None:
    """3-3-4; and its absence is said."""
    assert ("999 000 0018", "no NHS number") == (
        words.nhs_number("9990000018"),
        words.nhs_number(None),
    )


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("not_ours", "Not ours"),
        ("GP_PRACTICE", "GP practice"),
        ("NEW_ROLE", "New role"),
        ("", "–"),
        ("follow-up", "Follow up"),
    ],
)
def test_codes_in_words(code: str, expected: str) -> None:
    """A code that has no words of its own is still readable."""
    assert expected == words.in_words(code)


def test_an_event_type_in_words() -> None:
    """As staff would say it."""
    assert "Pregnancy referral received" == words.event_words("pregnancy.referral-received")


@pytest.mark.parametrize(
    ("detail", "counts", "words"),
    [
        (None, True, ""),
        ("will_act", True, "will act"),
        ("assignment_ended", False, "the witness no longer held the role"),
        (None, False, "noted, but it does not count"),
        ("wrong_role", True, "a role that the notice is not for"),
        ("faster_than_read", False, "faster than anybody reads"),
        ("no_named_person", True, "safeguarding is accepted by name"),
    ],
)
def test_an_acceptance_that_does_not_count_says_why(
    detail: str | None, words: str, *, counts: bool
) -> None:
    """And what to do: whoever pressed the button reads it in the trail."""
    said = evidence_note(detail, counts=counts)
    assert words in said
    again = detail in NOT_ACCEPTED_WORDS and detail != "wrong_role"
    assert ("accept it again" in said) == again
    assert ("Whoever holds its role reads it" in said) == (detail == "wrong_role")
