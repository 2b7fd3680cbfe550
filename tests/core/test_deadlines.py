"""The five clocks, against the vectors of the domain's ground rules 1.2 and 1.5."""

from datetime import UTC, date, datetime, timedelta

import pytest

from hub.core.deadlines import (
    Calendar,
    Span,
    Unit,
    at_local,
    due_after,
    gestation_days,
    gestation_words,
    local_date,
    office_acceptance,
    parse_span,
)
from tests.core.stage import local, policy

CALENDAR: Calendar = policy().calendar


def day(words: str) -> date:
    """A date."""
    return date.fromisoformat(words)


@pytest.mark.parametrize(
    ("start", "count", "due", "sentence"),
    [
        ("2026-03-19", 15, "2026-04-13", "Good Friday and Easter Monday are skipped"),
        ("2026-04-02", 1, "2026-04-07", "the day before Good Friday"),
        ("2026-04-02", 10, "2026-04-20", "ten working days over Easter"),
        ("2026-04-01", 10, "2026-04-17", "one more day before Easter"),
        ("2026-05-22", 1, "2026-05-26", "the spring bank holiday"),
        ("2026-08-28", 1, "2026-09-01", "the summer bank holiday"),
        ("2026-08-15", 1, "2026-08-17", "a Saturday: day 1 is the Monday"),
        ("2026-03-21", 2, "2026-03-24", "a Saturday: day 2 is the Tuesday"),
        ("2026-09-09", 15, "2026-09-30", "three plain weeks"),
        ("2026-12-24", 1, "2026-12-29", "the substitute day for Boxing Day"),
        ("2027-12-24", 1, "2027-12-29", "both Christmas days have substitutes"),
        ("2027-12-31", 1, "2028-01-04", "the substitute day for New Year"),
        ("2026-04-10", -3, "2026-04-07", "three working days before stop short of Easter"),
        ("2026-04-08", -3, "2026-04-01", "and jump over it when they must"),
    ],
)
def test_working_days(start: str, count: int, due: str, sentence: str) -> None:
    """Day 1 is the first working day after the local date of the event."""
    assert sentence
    assert day(due) == CALENDAR.add_working_days(day(start), count)


def test_a_working_day_deadline_is_at_close_of_office() -> None:
    """Ruling 1: 17:00 local, here in summer time although the event was in winter time."""
    found = due_after(Span(Unit.WORKING_DAYS, 15), local("2026-03-19 15:00"), CALENDAR)
    assert datetime(2026, 4, 13, 16, 0, tzinfo=UTC) == found


def test_an_event_after_office_hours_counts_on_its_own_day() -> None:
    """The local date decides, not the hour."""
    spans = [
        due_after(Span(Unit.WORKING_DAYS, 1), local(f"2026-03-24 {hour}"), CALENDAR)
        for hour in ("00:01", "23:59")
    ]
    assert [local("2026-03-25 17:00")] * 2 == spans


def test_the_local_date_decides_in_summer_time() -> None:
    """23:30 UTC in June is tomorrow in London."""
    late = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
    assert day("2026-06-02") == local_date(late)
    assert local("2026-06-03 17:00") == due_after(Span(Unit.WORKING_DAYS, 1), late, CALENDAR)


@pytest.mark.parametrize(
    ("edd", "on", "words"),
    [
        ("2026-10-20", "2026-03-12", "8+2"),
        ("2026-10-20", "2026-03-24", "10+0"),
        ("2026-10-20", "2026-07-28", "28+0"),
        ("2026-08-14", "2026-03-28", "20+1"),
        ("2026-08-14", "2026-04-14", "22+4"),
        ("2026-08-14", "2026-05-22", "28+0"),
        ("2026-09-30", "2026-07-31", "31+2"),
        ("2026-10-20", "2026-10-20", "40+0"),
        ("2026-10-20", "2026-11-03", "42+0"),
    ],
)
def test_gestation(edd: str, on: str, words: str) -> None:
    """280 days less the days still to go; the due date itself is 40+0."""
    assert words == gestation_words(gestation_days(day(edd), day(on)))


@pytest.mark.parametrize(
    ("span", "edd", "due"),
    [
        ("26+0g", "2026-10-20", "2026-07-14 23:59:59"),
        ("10+0g", "2026-10-20", "2026-03-24 23:59:59"),
        ("28+0g", "2026-08-14", "2026-05-22 23:59:59"),
        ("40+0g", "2026-12-25", "2026-12-25 23:59:59"),
    ],
)
def test_a_gestation_deadline(span: str, edd: str, due: str) -> None:
    """The last second of that local day; bank holidays do not move it."""
    found = due_after(parse_span(span), local("2026-01-10 09:00"), CALENDAR, edd=day(edd))
    assert local(due) == found


@pytest.mark.parametrize(
    ("span", "due"),
    [
        ("0a", "2026-06-01"),
        ("5a", "2026-06-06"),
        ("14a", "2026-06-15"),
        ("42a", "2026-07-13"),
        ("56a", "2026-07-27"),
    ],
)
def test_an_infant_age_deadline(span: str, due: str) -> None:
    """The day of birth is day 0."""
    start = local("2026-06-01 04:00")
    found = due_after(parse_span(span), start, CALENDAR, born=day("2026-06-01"))
    assert local(f"{due} 23:59:59") == found


@pytest.mark.parametrize("span", ["26+0g", "14a"])
def test_a_clock_without_its_date_gives_no_time(span: str) -> None:
    """Nothing is guessed: no due date or birth, no deadline."""
    assert due_after(parse_span(span), local("2026-06-01 04:00"), CALENDAR) is None


@pytest.mark.parametrize(
    ("span", "start", "due", "sentence"),
    [
        ("24h", "2026-03-28 20:00", "2026-03-29 21:00", "the clocks go forward"),
        ("24h", "2026-10-24 20:00", "2026-10-25 19:00", "the clocks go back"),
        ("-48h", "2026-03-30 10:00", "2026-03-28 09:00", "ruling 2, before a conference"),
        ("24h", "2026-04-03 12:00", "2026-04-04 12:00", "hours run on a bank holiday"),
        ("1d", "2026-03-28 20:00", "2026-03-29 23:59:59", "days are local dates"),
        ("same-day", "2026-03-12 09:00", "2026-03-12 23:59:59", "ruling 1"),
        ("14d", "2026-03-28 00:30", "2026-04-11 23:59:59", "over the change"),
        ("3mo", "2026-11-30 10:00", "2027-02-28 23:59:59", "the month's last day"),
        ("1mo", "2028-01-31 10:00", "2028-02-29 23:59:59", "a leap year"),
        ("2mo", "2026-12-31 10:00", "2027-02-28 23:59:59", "into the next year"),
        ("12mo", "2026-06-01 10:00", "2027-06-01 23:59:59", "a year"),
    ],
)
def test_hours_days_and_months(span: str, start: str, due: str, sentence: str) -> None:
    """Hours are elapsed time; days and months end with their local day."""
    assert sentence
    assert local(due) == due_after(parse_span(span), local(start), CALENDAR)


@pytest.mark.parametrize(
    ("start", "due", "sentence"),
    [
        ("2026-03-28 20:00", "2026-03-30 12:00", "a Saturday's discharge: Monday noon"),
        ("2026-03-24 15:00", "2026-03-25 15:00", "the hour deadline itself, where it is later"),
        ("2026-03-24 09:00", "2026-03-25 12:00", "or noon, where that is"),
        ("2026-04-02 16:00", "2026-04-07 12:00", "over Easter"),
    ],
)
def test_an_office_role_accepts_on_a_day_it_works(start: str, due: str, sentence: str) -> None:
    """Noon of the first working day after the event, or the hour deadline where that is later."""
    assert sentence
    began = local(start)
    assert local(due) == office_acceptance(began + timedelta(hours=24), began, CALENDAR)


@pytest.mark.parametrize(
    ("text", "unit", "amount"),
    [
        ("24h", Unit.HOURS, 24),
        ("-48h", Unit.HOURS, -48),
        ("5d", Unit.DAYS, 5),
        ("same-day", Unit.DAYS, 0),
        ("2wd", Unit.WORKING_DAYS, 2),
        ("-3wd", Unit.WORKING_DAYS, -3),
        ("3mo", Unit.MONTHS, 3),
        ("14a", Unit.INFANT_AGE, 14),
        ("26+0g", Unit.GESTATION, 182),
        ("9+6g", Unit.GESTATION, 69),
    ],
)
def test_spans_are_read_and_written(text: str, unit: Unit, amount: int) -> None:
    """What is written in a policy file comes back as it was written."""
    found = parse_span(text)
    assert Span(unit, amount) == found
    assert found == parse_span(str(found))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2",
        "wd",
        "2 wd",
        "2WD",
        "20.5g",
        "20+7g",
        "20+3",
        "26g",
        "1.5h",
        "2w",
        "next day",
        "--1h",
    ],
)
def test_what_is_no_span_is_refused_with_what_may_be_written(text: str) -> None:
    """The words say every form; 20.5 is not 20 weeks and 5 days (trap 13)."""
    with pytest.raises(ValueError, match="write hours '24h', days '5d' or 'same-day'") as refused:
        parse_span(text)
    assert repr(text) in str(refused.value)


def test_a_local_time_that_the_clocks_skip_still_is_an_instant() -> None:
    """01:30 on the morning the clocks go forward does not exist; it is not an error."""
    skipped = at_local(day("2026-03-29"), datetime(2026, 1, 1, 1, 30, tzinfo=UTC).time())
    assert datetime(2026, 3, 29, 1, 30, tzinfo=UTC) == skipped


@pytest.mark.parametrize(
    ("span", "due"),
    [
        ("10wd by 28+0g", "2026-06-03 23:59"),
        ("1wd by 28+0g", "2026-06-02 17:00"),
        ("10wd by 27+0g", "2026-06-15 17:00"),
    ],
    ids=["the-limit-is-sooner", "the-limit-is-later", "the-limit-is-past"],
)
def test_a_span_does_not_outlast_its_limit(span: str, due: str) -> None:
    """What limits a span counts where it is sooner, and not when it had passed before."""
    edd = day("2026-06-03") + timedelta(days=280 - 28 * 7)
    found = due_after(parse_span(span), local("2026-06-01 09:00"), CALENDAR, edd=edd)
    assert found is not None
    assert local(due) == found.replace(second=0)
    assert parse_span(span) == parse_span(str(parse_span(span)))


def test_a_limit_without_its_date_limits_nothing() -> None:
    """Where nobody knows the due date, the span itself still runs."""
    found = due_after(parse_span("10wd by 28+0g"), local("2026-06-01 09:00"), CALENDAR)
    assert local("2026-06-15 17:00") == found
