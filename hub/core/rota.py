"""A rota as one list of absences: what each row would do, before anything is written down.

A row does what it would do if the rows above it had been recorded already, so that two rows that
contradict each other are found here and not half-way through.  A row that is arranged already, and
one whose time has passed, are no faults: a rota that is sent again every week has both.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from hub.core import covering
from hub.core.covering import Absence, HeldBy, NotArranged, Roster


class RowOutcome(StrEnum):
    """What a row of a rota does."""

    NEW = "new"
    """An absence that is not recorded yet."""
    KNOWN = "known"
    """The same person, time and cover are arranged already."""
    OVER = "over"
    """Its time has passed; nothing is recorded of it."""
    REFUSED = "refused"


class RotaRow(Struct, frozen=True, kw_only=True):
    """One row as it was read: who is away, and who stands in."""

    asked: Absence
    role: str | None = None
    """The team that the cover must be able to stand in for; None where the row names none."""


class PlannedRow(Struct, frozen=True, kw_only=True):
    """What a row does, and how the roles of whoever is away are held meanwhile."""

    asked: Absence
    outcome: RowOutcome
    why: NotArranged | None = None
    held: tuple[tuple[str, HeldBy], ...] = ()

    @property
    def covered(self) -> bool:
        """Whether every role is held by name, all the time."""
        return all(how is HeldBy.COVER for _, how in self.held)


def plan(
    roster: Roster, rows: Iterable[RotaRow], now: datetime, longest: timedelta
) -> tuple[PlannedRow, ...]:
    """What each row would do, in order; `longest` is the longest absence that is taken."""
    arranged: dict[str, list[Absence]] = defaultdict(list)
    for each in roster.absences:
        arranged[each.person].append(each)
    found = []
    for row in rows:
        outcome, why = _judged(roster, arranged, row, now, longest)
        if outcome is RowOutcome.NEW:
            arranged[row.asked.person].append(row.asked)
        found.append(PlannedRow(asked=row.asked, outcome=outcome, why=why))
    return tuple(replace(each, held=_held(roster, arranged, each, now)) for each in found)


def _judged(
    roster: Roster,
    arranged: Mapping[str, list[Absence]],
    row: RotaRow,
    now: datetime,
    longest: timedelta,
) -> tuple[RowOutcome, NotArranged | None]:
    asked = row.asked
    hers = tuple(arranged.get(asked.person, ()))
    if any(same(each, asked) for each in hers):
        return RowOutcome.KNOWN, None
    # Only her own absences can stand in the way; of thousands they are few.
    why = covering.absence_refused(replace(roster, absences=hers), asked, now, longest)
    why = why or _role_wrong(roster, row)
    if why is NotArranged.OVER_ALREADY:
        return RowOutcome.OVER, None
    return (RowOutcome.NEW, None) if why is None else (RowOutcome.REFUSED, why)


def _role_wrong(roster: Roster, row: RotaRow) -> NotArranged | None:
    if row.role is None:
        return None
    if row.role not in roster.holds.get(row.asked.person, ()):
        return NotArranged.NOT_HER_ROLE
    cover = row.asked.cover
    if cover is not None and row.role not in roster.holds.get(cover, ()):
        return NotArranged.OTHER_ROLE
    return None


def _held(
    roster: Roster, arranged: Mapping[str, list[Absence]], row: PlannedRow, now: datetime
) -> tuple[tuple[str, HeldBy], ...]:
    if row.outcome not in (RowOutcome.NEW, RowOutcome.KNOWN):
        return ()
    hers = tuple(arranged.get(row.asked.cover or "", ()))
    cover_only = replace(roster, absences=hers)
    return tuple(
        (role, covering.weakest(cover_only, row.asked, role, now))
        for role in sorted(roster.holds.get(row.asked.person, ()))
    )


def same(one: Absence, other: Absence) -> bool:
    """Whether two absences arrange the same, whatever their ids."""
    return (one.person, one.since, one.until, one.cover) == (
        other.person,
        other.since,
        other.until,
        other.cover,
    )
