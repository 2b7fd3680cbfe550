"""The hub's clocks, and what is said of a setting that is none."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.ops.clock import AcceleratedClock, HeldClock, RealClock, clock_from
from hub.ops.settings import Settings

MARCH = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOVEMBER = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def accelerated(seconds: float, end: datetime | None = None) -> AcceleratedClock:
    """An hour a second, so many real seconds after its anchor."""
    return AcceleratedClock(
        MARCH, NOVEMBER, 3600.0, end, real=lambda: NOVEMBER + timedelta(seconds=seconds)
    )


def test_the_real_clock_is_aware_and_between_two_readings() -> None:
    """`real` is the wall clock of this machine."""
    before = datetime.now(UTC)
    shown = clock_from("real").now()
    after = datetime.now(UTC)

    assert before <= shown <= after


def test_a_held_clock_stands_where_its_file_says(tmp_path: Path) -> None:
    """It moves only when somebody moves it, and another process sees the same."""
    clock = clock_from(f"file:{tmp_path / 'clock'}")
    assert isinstance(clock, HeldClock)
    clock.move(MARCH)

    assert MARCH == clock_from(f"file:{tmp_path / 'clock'}").now()


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0, MARCH), (24.0, MARCH + timedelta(days=1)), (-1.0, MARCH - timedelta(hours=1))],
)
def test_an_accelerated_clock_runs_in_proportion(seconds: float, shown: datetime) -> None:
    """An hour a second: a day in 24 seconds, and an hour less a second before the anchor."""
    assert shown == accelerated(seconds).now()


def test_an_accelerated_clock_stands_still_at_its_end() -> None:
    """So that a run can come to rest."""
    end = MARCH + timedelta(days=2)

    assert [end - timedelta(hours=1), end, end] == [
        accelerated(seconds, end).now() for seconds in (47.0, 48.0, 5000.0)
    ]


def test_the_real_instant_of_a_shown_one() -> None:
    """A run knows how long it has to wait."""
    assert NOVEMBER + timedelta(seconds=24) == accelerated(0).real_at(MARCH + timedelta(days=1))


@pytest.mark.parametrize("end", [None, MARCH + timedelta(days=9)])
def test_a_setting_gives_every_process_the_same_clock(end: datetime | None) -> None:
    """Both anchors are in the setting, so a restarted process finds the time again."""
    clock = AcceleratedClock(MARCH, NOVEMBER, 1234.5, end)
    again = clock_from(Settings(clock=clock.setting()).clock)

    assert isinstance(again, AcceleratedClock)
    assert (MARCH, NOVEMBER, 1234.5, end) == (again.start, again.since, again.factor, again.end)


def test_offsets_are_taken_into_account() -> None:
    """Nine o'clock in Rome is eight in UTC."""
    clock = clock_from("accelerated:2026-03-02T09:00:00+01:00@2026-11-23T10:00:00Zx60")

    assert isinstance(clock, AcceleratedClock)
    assert MARCH - timedelta(hours=1) == clock.start


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("", "use 'real'"),
        ("file:", "use 'real'"),
        ("fast", "use 'real'"),
        ("accelerated:", "for example"),
        ("accelerated:2026-03-02T09:00:00Z", "for example"),
        ("accelerated:2026-03-02T09:00:00Z@2026-11-23T10:00:00Z", "for example"),
        ("accelerated:then@2026-11-23T10:00:00Zx60", "the hub instant 'then' is not"),
        ("accelerated:2026-03-02T09:00:00Z@todayx60", "the real instant 'today' is not"),
        ("accelerated:2026-03-02T09:00:00@2026-11-23T10:00:00Zx60", "needs an offset"),
        ("accelerated:2026-03-02T09:00:00Z@2026-11-23T10:00:00Zxten", "factor 'ten'"),
        ("accelerated:2026-03-02T09:00:00Z@2026-11-23T10:00:00Zx0", "above 0"),
        ("accelerated:2026-03-02T09:00:00Z@2026-11-23T10:00:00Zx-1", "above 0"),
        ("accelerated:2026-03-02T09:00:00Z@2026-11-23T10:00:00Zxnan", "above 0"),
        ("accelerated:2026-03-02T09:00:00Z@2026-11-23T10:00:00Zx1e9", "up to 1000000"),
        ("accelerated:2026-03-02T09:00Z/2026-03-01T09:00Z@2026-11-23T10:00Zx60", "before"),
    ],
)
def test_a_setting_that_is_no_clock_is_refused_in_words(setting: str, words: str) -> None:
    """What is wrong, and what may be written."""
    with pytest.raises(ValueError, match=words):
        clock_from(setting)


def test_a_real_clock_by_default() -> None:
    """Nobody runs on invented time without asking for it."""
    assert isinstance(clock_from(Settings().clock), RealClock)
