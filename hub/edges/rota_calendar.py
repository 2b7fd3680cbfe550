"""A rota as an iCalendar file (RFC 5545): each VEVENT is an absence.

Who is away is the ORGANIZER, whose calendar it is; who stands in is the one ATTENDEE beside her.
Only what the hub can keep exactly is taken.  An entry that repeats, that was called off or whose
time depends on whoever reads it is refused, because a guess would leave somebody uncovered.  Titles
and notes are not read: they may name anybody.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from msgspec import Struct

from hub.core.faults import FaultReason, SenderFault
from hub.core.rota import RotaRow
from hub.edges.rota_rows import (
    LONDON,
    MOST_ROWS,
    YEARS,
    People,
    ReadRow,
    asked_row,
    midnight,
    wrong,
)

CALENDAR_TYPE: Final = "text/calendar"
ROLE: Final = "X-HUB-ROLE"
"""The team for which the cover must be able to stand in, where an entry names one."""

WITHOUT: Final = {
    "RRULE": "the entry repeats",
    "RDATE": "the entry repeats",
    "EXDATE": "the entry repeats",
    "RECURRENCE-ID": "the entry changes one of a series",
    "DURATION": "the entry has a length and no end",
}
IGNORED: Final = frozenset({"VTIMEZONE", "VALARM"})
"""Components of a calendar that say nothing of who is away."""

_LINE: Final = re.compile(
    r'([A-Za-z0-9-]+)((?:;[A-Za-z0-9-]+=(?:"[^"]*"|[^";:])*)*):(.*)', re.DOTALL
)
_PARAMETER: Final = re.compile(r';([A-Za-z0-9-]+)=("[^"]*"|[^";:]*)')
_DAY: Final = re.compile(r"\d{8}")
_INSTANT: Final = re.compile(r"\d{8}T\d{6}Z?")


class Property(Struct, frozen=True):
    """One line of an entry."""

    value: str
    parameters: Mapping[str, str]


type_of_entry = Mapping[str, list[Property]]


def read_calendar(body: bytes, people: People) -> tuple[ReadRow, ...]:
    """The entries of a calendar.  Raises SenderFault where the file is none."""
    found: list[ReadRow] = []
    for entry in _entries(_lines(body)):
        if len(found) == MOST_ROWS:
            raise SenderFault(
                FaultReason.OVERSIZE,
                f"the calendar has more than {MOST_ROWS} entries",
                remedy="send it in several files",
            )
        found.append(_read(len(found) + 1, entry, people))
    return tuple(found)


def _no_calendar(message: str, number: int) -> SenderFault:
    return SenderFault(
        FaultReason.UNPARSEABLE,
        message,
        field=f"line {number}",
        remedy="send the file as the calendar exported it, in UTF-8",
    )


def _lines(body: bytes) -> Iterator[tuple[int, str]]:
    """The lines of a calendar, put together where they were folded, each with its number."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _no_calendar("this is not text in UTF-8", 1) from None
    begun, whole = 1, ""
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), start=1):
        if line[:1] in (" ", "\t"):
            whole += line[1:]
            continue
        if whole:
            yield begun, whole
        begun, whole = number, line
    if whole:
        yield begun, whole


def _entries(lines: Iterator[tuple[int, str]]) -> Iterator[type_of_entry]:
    """The properties of each VEVENT; components inside it, and time zones, are passed over."""
    inside: list[str] = []
    entry: dict[str, list[Property]] = {}
    number = 1
    for number, line in lines:
        name, said = _property(number, line)
        if name == "BEGIN":
            _check_begins(number, inside, said.value.upper())
            inside.append(said.value.upper())
            entry = defaultdict(list) if inside[-1] == "VEVENT" else entry
        elif name == "END":
            _check_ends(number, inside, said.value.upper())
            if inside.pop() == "VEVENT":
                yield entry
        else:
            _check_stands(number, inside, name, said)
            if inside[-1] == "VEVENT":
                entry[name].append(said)
    if inside:
        raise _no_calendar("the calendar is cut off", number)


def _check_ends(number: int, inside: list[str], component: str) -> None:
    if inside[-1:] != [component]:
        raise _no_calendar("a part of the calendar ends that had not begun", number)


def _check_stands(number: int, inside: list[str], name: str, said: Property) -> None:
    if not inside:
        raise _no_calendar("this is not a calendar", number)
    if (name, said.value.upper()) == ("METHOD", "CANCEL"):
        raise _no_calendar("the calendar calls its entries off", number)


def _check_begins(number: int, inside: list[str], component: str) -> None:
    allowed = {"VEVENT", *IGNORED} if inside else {"VCALENDAR"}
    if component not in allowed and not IGNORED.intersection(inside):
        raise _no_calendar("the hub reads only VEVENT, in one VCALENDAR after the other", number)
    if component == "VEVENT" and inside != ["VCALENDAR"]:
        raise _no_calendar("an entry begins inside another", number)


def _property(number: int, line: str) -> tuple[str, Property]:
    met = _LINE.fullmatch(line)
    if met is None:
        raise _no_calendar("this is no line of a calendar", number)
    parameters = {
        name.upper(): value.strip('"').upper() if name.upper() != "TZID" else value.strip('"')
        for name, value in _PARAMETER.findall(met[2])
    }
    return met[1].upper(), Property(met[3].strip(), parameters)


def _read(number: int, entry: type_of_entry, people: People) -> ReadRow:
    try:
        for name, why in WITHOUT.items():
            if entry.get(name):
                raise wrong(why, name, "write each absence with its own DTSTART and DTEND")
        if any(each.value.upper() == "CANCELLED" for each in entry.get("STATUS", ())):
            raise wrong("the entry was called off", "STATUS", "leave it out, and end the absence")
        since, until = _time(entry, "DTSTART"), _time(entry, "DTEND")
        person = people.id_of(_address(_one(entry, "ORGANIZER"), "ORGANIZER"), "ORGANIZER")
        asked = asked_row(people, person, _cover(entry, people, person), since, until)
        role = _one(entry, ROLE).value if entry.get(ROLE) else None
        return ReadRow(number=number, row=RotaRow(asked=asked, role=role))
    except SenderFault as fault:
        return ReadRow(number=number, fault=fault)


def _one(entry: type_of_entry, name: str) -> Property:
    found = entry.get(name, [])
    if len(found) == 1:
        return found[0]
    raise wrong(f"the entry has {len(found)} of these", name, f"give each entry exactly one {name}")


def _cover(entry: type_of_entry, people: People, person: str) -> str | None:
    """The one who stands in; calendars list the organiser among those who were asked, too."""
    found: set[str] = set()
    for each in entry.get("ATTENDEE", []):
        if each.parameters.get("CUTYPE", "INDIVIDUAL") != "INDIVIDUAL":
            raise wrong("a group, a room or a thing covers nobody", "ATTENDEE", "name a colleague")
        who = people.id_of(_address(each, "ATTENDEE"), "ATTENDEE")
        if who != person and each.parameters.get("PARTSTAT") == "DECLINED":
            raise wrong("the colleague has declined", "ATTENDEE", "name one who has not")
        found.add(who)
    found.discard(person)
    if len(found) > 1:
        raise wrong(
            "more than one colleague is named", "ATTENDEE", "name the one colleague who stands in"
        )
    return next(iter(found), None)


def _address(said: Property, field: str) -> str:
    """What stands before the @ of an address: the id or login of the directory."""
    scheme, _, address = said.value.partition(":")
    name, at, _ = address.partition("@")
    if scheme.lower() != "mailto" or not at or not name:
        raise wrong(
            "this is no mail address", field, "write mailto:, the person_id or login, and @ a host"
        )
    return name


def _time(entry: type_of_entry, name: str) -> datetime:
    """An instant, or the midnight with which a day begins in London.

    The end of whole days is the day after the last one, as RFC 5545 has it.
    """
    said = _one(entry, name)
    try:
        if _DAY.fullmatch(said.value):
            return midnight(_in_sight(date.fromisoformat(said.value), name))
        if not _INSTANT.fullmatch(said.value):
            raise ValueError
        plain = datetime.strptime(said.value[:15], "%Y%m%dT%H%M%S")  # noqa: DTZ007  its zone follows
    except ValueError:
        raise wrong(
            "this is no time", name, "write it as 20260324, 20260324T200000Z or with a TZID"
        ) from None
    _in_sight(plain.date(), name)
    return plain.replace(tzinfo=UTC if said.value.endswith("Z") else _zone(said, name))


def _in_sight(day: date, name: str) -> date:
    if day.year not in YEARS:
        raise wrong("the year is far away", name, "correct the year")
    return day


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _zone(said: Property, name: str) -> ZoneInfo:
    zone = said.parameters.get("TZID", "")
    if zone == "GMT Standard Time":
        # What Outlook calls the time of London, in summer too.
        return LONDON
    if zone in _zones():
        return ZoneInfo(zone)
    raise wrong(
        "the time has no zone that the hub knows",
        name,
        "write it in UTC with a Z at the end, or with TZID=Europe/London",
    )
