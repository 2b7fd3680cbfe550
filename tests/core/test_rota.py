"""A rota as a whole: what each row would do after the rows above it."""

from datetime import UTC, datetime, timedelta

from hub.core.covering import Absence, HeldBy, NotArranged, Roster
from hub.core.rota import RotaRow, RowOutcome, plan

T0 = datetime(2026, 3, 24, tzinfo=UTC)
DAY = timedelta(days=1)
LONGEST = timedelta(days=30)
HOLDS = {"ada": ("HV_TEAM", "NAMED_HV"), "bea": ("HV_TEAM", "NAMED_HV"), "cis": ("HV_TEAM",)}


def row(person: str, first: int, days: int, cover: str | None = None) -> RotaRow:
    """A row of whole days from T0."""
    since = T0 + first * DAY
    asked = Absence(
        absence_id="",
        organisation="RYX",
        person=person,
        since=since,
        until=since + days * DAY,
        cover=cover,
    )
    return RotaRow(asked=asked)


def test_rows_that_contradict_each_other_are_found_before_anything_is_recorded() -> None:
    """The second of two that overlap is refused; the same twice is known; hers alone count."""
    rows = [row("ada", 0, 5), row("ada", 4, 5), row("ada", 0, 5), row("bea", 4, 5)]
    found = plan(Roster(holds=HOLDS), rows, T0, LONGEST)
    assert [
        (RowOutcome.NEW, None),
        (RowOutcome.REFUSED, NotArranged.OVERLAPS),
        (RowOutcome.KNOWN, None),
        (RowOutcome.NEW, None),
    ] == [(each.outcome, each.why) for each in found]


def test_a_cover_who_is_away_by_another_row_shows() -> None:
    """Whichever of the two rows comes first."""
    rows = [row("ada", 0, 5, "bea"), row("bea", 2, 2), row("bea", 9, 1, "cis")]
    found = plan(Roster(holds=HOLDS), rows, T0, LONGEST)
    away = (("HV_TEAM", HeldBy.COVER_AWAY), ("NAMED_HV", HeldBy.COVER_AWAY))
    partly = (("HV_TEAM", HeldBy.COVER), ("NAMED_HV", HeldBy.NOT_IN_ROLE))
    assert [away, partly] == [found[0].held, found[2].held]
    assert [False, False, False] == [each.covered for each in found]


def test_what_has_passed_is_no_fault() -> None:
    """A rota that is sent every week begins in the past; what goes on is recorded."""
    rows = [row("ada", -9, 2), row("ada", -2, 4), row("ada", 5, -1)]
    found = plan(Roster(holds=HOLDS), rows, T0, LONGEST)
    assert [RowOutcome.OVER, RowOutcome.NEW, RowOutcome.REFUSED] == [e.outcome for e in found]
