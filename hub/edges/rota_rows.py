"""A rota as a file: rows of CSV, or the entries of a calendar (`rota_calendar.py`).

Each row is read by itself and has its own fault, so that whoever mends the file sees all that is
wrong with it at once.  People are known by the id or the login that they have in the directory.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from hub.core.covering import Absence
from hub.core.faults import FaultReason, SenderFault
from hub.core.rota import RotaRow
from hub.edges.csv_rows import Row, sheet_of
from hub.edges.directory import Directory
from hub.ops import limits_cover as limits

MOST_ROWS: Final = limits.ROTA_ROWS.value
LONDON: Final = ZoneInfo("Europe/London")
ONE_DAY: Final = timedelta(days=1)
YEARS: Final = range(2000, 3000)
"""Years far away are typing errors, and the databases could not keep the first of them."""

PERSON, COVER, ROLE = "person", "cover", "role"
FIRST_DAY, LAST_DAY, SINCE, UNTIL = "first_day", "last_day", "since", "until"
COLUMNS: Final = (PERSON, COVER, ROLE, FIRST_DAY, LAST_DAY, SINCE, UNTIL)


class ReadRow(Struct, frozen=True, kw_only=True):
    """One row of a file: what it asks for, or what is wrong with it."""

    number: int
    """As a spreadsheet counts; in a calendar the number of the entry."""
    row: RotaRow | None = None
    fault: SenderFault | None = None


class People(Struct, frozen=True):
    """Those of one organisation, by each of their names in the directory."""

    organisation: str
    ids: Mapping[str, frozenset[str]]

    def id_of(self, said: str, field: str) -> str:
        """The `person_id` behind an id or a login.  Raises SenderFault."""
        found = self.ids.get(said.strip().casefold(), frozenset())
        if len(found) == 1:
            return next(iter(found))
        raise wrong(
            "two members of staff could be meant"
            if found
            else "the directory has nobody of this id or login at your organisation",
            field,
            "give the person_id that she has in the directory",
        )


def people_of(directory: Directory, organisation: str) -> People:
    """Everybody at an organisation who may sign in."""
    names: dict[str, set[str]] = {}
    for member in directory.staff_members.values():
        if member.organisation == organisation:
            for name in (member.person_id, member.login):
                names.setdefault(name.casefold(), set()).add(member.person_id)
    return People(organisation, {name: frozenset(ids) for name, ids in names.items()})


def wrong(message: str, field: str, remedy: str) -> SenderFault:
    """A fault of one row."""
    return SenderFault(FaultReason.SCHEMA_VIOLATION, message, field=field, remedy=remedy)


def asked_row(
    people: People, person: str, cover: str | None, since: datetime, until: datetime
) -> Absence:
    """The absence that a row asks for; it gets its id when it is recorded."""
    return Absence(
        absence_id="",
        organisation=people.organisation,
        person=person,
        since=since,
        until=until,
        cover=cover,
    )


def read_csv(body: bytes, people: People) -> tuple[ReadRow, ...]:
    """The rows of a CSV file.  Raises SenderFault where the header or the file cannot be read."""
    sheet = sheet_of(body, MOST_ROWS, _check_names)
    return tuple(_read(row, people) for row in sheet.rows)


def _check_names(names: tuple[str, ...]) -> None:
    columns = set(names)
    dated = {FIRST_DAY, LAST_DAY} <= columns or {SINCE, UNTIL} <= columns
    if columns - set(COLUMNS) or not dated or PERSON not in columns or len(columns) < len(names):
        raise SenderFault(
            FaultReason.UNPARSEABLE,
            "the first row does not name the columns of a rota",
            field="row 1",
            remedy=f"name {PERSON}, and {FIRST_DAY} with {LAST_DAY} or {SINCE} with {UNTIL}; "
            f"{COVER} and {ROLE} where you have them; each once, and nothing else",
        )


def _read(row: Row, people: People) -> ReadRow:
    try:
        if row.fault is not None:
            raise row.fault
        cells = {name: row.cells.get(name, "") for name in COLUMNS}
        since, until = _period(cells)
        cover = people.id_of(cells[COVER], COVER) if cells[COVER] else None
        asked = asked_row(people, people.id_of(cells[PERSON], PERSON), cover, since, until)
        return ReadRow(number=row.number, row=RotaRow(asked=asked, role=cells[ROLE] or None))
    except SenderFault as fault:
        return ReadRow(number=row.number, fault=fault)


def _period(cells: Mapping[str, str]) -> tuple[datetime, datetime]:
    """From when to when: whole days of London, or instants; never half of each."""
    days, instants = _given(cells, (FIRST_DAY, LAST_DAY)), _given(cells, (SINCE, UNTIL))
    if days and instants:
        raise wrong(
            "the row has days and instants",
            FIRST_DAY,
            f"fill {FIRST_DAY} and {LAST_DAY}, or {SINCE} and {UNTIL}",
        )
    if instants:
        return _instant(cells[SINCE], SINCE), _instant(cells[UNTIL], UNTIL)
    first, last = _day(cells[FIRST_DAY], FIRST_DAY), _day(cells[LAST_DAY], LAST_DAY)
    return midnight(first), midnight(last + ONE_DAY)


def _given(cells: Mapping[str, str], names: Iterable[str]) -> bool:
    return any(cells[name] for name in names)


def _day(said: str, field: str) -> date:
    try:
        found = date.fromisoformat(said)
    except ValueError:
        found = None
    if found is None or found.year not in YEARS:
        raise wrong("this is no day", field, "write the year, month and day as 2026-03-24")
    return found


def _instant(said: str, field: str) -> datetime:
    try:
        found = datetime.fromisoformat(said)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or found.year not in YEARS:
        raise wrong(
            "this is no instant with an offset",
            field,
            "write it as 2026-03-24T20:00:00Z or with +01:00 in place of Z",
        )
    return found


def midnight(day: date) -> datetime:
    """The midnight with which a day begins in London."""
    return datetime(day.year, day.month, day.day, tzinfo=LONDON)
