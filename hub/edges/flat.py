"""An event type as a list of single fields, for those who fill in cells and forms.

The Avro schema is the only description of an event; this reads from it which field stands where,
of what kind it is and whether it must be given, and turns what a person wrote into a value.  A
fault names the field and what is allowed, and never repeats what was written.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from hub.core.faults import FaultReason, SenderFault
from hub.edges.schemas import Schemas
from hub.ops import limits_documents as limits

LONDON: Final = ZoneInfo("Europe/London")
SEPARATOR: Final = "|"
"""Between the values of a field that may have several."""
MOST_OF_A_KIND: Final = limits.CSV_ENTRIES.value
"""How many entries a list of groups of fields may have in one row (babies, attendees)."""
ITEM: Final = "*"
OURS: Final = frozenset({"specversion", "type", "receivedat", "status", "supersedes"})
"""Fields of the envelope that nobody writes by hand."""

_NUMBERED: Final = re.compile(r"\.[1-9][0-9]{0,2}(?=\.)")
_SCIENTIFIC: Final = re.compile(r"[0-9](?:[.,][0-9]+)?[eE][+-]?[0-9]{1,3}")
_BRITISH: Final = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})(?:[ T]+([0-9:]{4,8}))?")
_ISO: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T]+([0-9:]{4,8}))?")
_CLOCK: Final = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?")
_TRUE, _FALSE = frozenset({"true", "yes", "y", "1"}), frozenset({"false", "no", "n", "0"})


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    INSTANT = "time"
    CHOICE = "choice"
    TRUTH = "yes or no"


class Leaf(Struct, frozen=True, kw_only=True):
    """One field of an event type, by its path in the JSON form; `*` stands for a number."""

    path: str
    doc: str
    kind: Kind
    choices: tuple[str, ...] = ()
    required: bool = False
    several: bool = False
    empty: bool = False
    """Whether an empty text is an answer where the field must be there."""
    least: int | None = None
    most: int | None = None


@cache
def leaves(schemas: Schemas, event_type: str) -> tuple[Leaf, ...]:
    """Every field that a person may fill in, envelope first, in the order of the schema."""
    fields = schemas.avsc(event_type)["fields"]
    named: dict[str, Any] = {}
    envelope = _record(fields[0]["type"], "", named, required=True, leave_out=OURS)
    body = _record({"fields": fields[1:]}, "data.", named, required=True)
    return (*envelope, *body)


def leaf_of(schemas: Schemas, event_type: str, path: str) -> Leaf | None:
    """The field at a path, whose numbers may be any."""
    general = _NUMBERED.sub(f".{ITEM}", path)
    return next((leaf for leaf in leaves(schemas, event_type) if leaf.path == general), None)


def _record(
    avro: Mapping[str, Any],
    before: str,
    named: dict[str, Any],
    *,
    required: bool,
    leave_out: frozenset[str] = frozenset(),
) -> Iterator[Leaf]:
    for one in avro["fields"]:
        if one["name"] not in leave_out:
            needed = required and "default" not in one
            yield from _field(one, one["type"], before + one["name"], named, required=needed)


def _field(
    one: Mapping[str, Any], avro: Any, path: str, named: dict[str, Any], *, required: bool
) -> Iterator[Leaf]:
    avro = _plain(avro, named)
    if isinstance(avro, dict) and avro["type"] == "record":
        yield from _record(avro, f"{path}.", named, required=required)
    elif isinstance(avro, dict) and avro["type"] == "array":
        items = _plain(avro["items"], named)
        if isinstance(items, dict) and items["type"] == "record":
            yield from _record(items, f"{path}.{ITEM}.", named, required=False)
        else:
            yield _leaf(one, items, path, required=False, several=True)
    else:
        yield _leaf(one, avro, path, required=required)


def _plain(avro: Any, named: dict[str, Any]) -> Any:
    """A type without its null, and a name as what it names."""
    if isinstance(avro, list):
        avro = next(each for each in avro if each != "null")
    if isinstance(avro, str):
        return named.get(avro, avro)
    if "name" in avro:
        named[avro["name"]] = named[f"perinatal.{avro['name']}"] = avro
    return avro


def _leaf(
    one: Mapping[str, Any], avro: Any, path: str, *, required: bool, several: bool = False
) -> Leaf:
    logical = avro.get("logicalType") if isinstance(avro, dict) else None
    plain = avro["type"] if isinstance(avro, dict) else avro
    kinds = {"int": Kind.NUMBER, "long": Kind.NUMBER, "boolean": Kind.TRUTH, "enum": Kind.CHOICE}
    kind = kinds.get(plain, Kind.TEXT)
    kind = {"date": Kind.DATE, "timestamp-micros": Kind.INSTANT}.get(str(logical), kind)
    return Leaf(
        path=path,
        doc=one["doc"],
        kind=kind,
        choices=tuple(avro["symbols"]) if kind is Kind.CHOICE else (),
        required=required,
        several=several,
        empty=kind is Kind.TEXT and not one.get("min_length"),
        least=one.get("minimum"),
        most=one.get("maximum"),
    )


# --- what a person wrote ---------------------------------------------------------------------


def value_of(leaf: Leaf, text: str, place: str) -> Any:
    """What stands in a cell, as the JSON form has it.  Raises SenderFault naming `place`."""
    if leaf.several:
        parts = (each.strip() for each in text.split(SEPARATOR))
        return [_one(leaf, each, place) for each in parts if each]
    return _one(leaf, text, place)


def _one(leaf: Leaf, text: str, place: str) -> Any:
    match leaf.kind:
        case Kind.NUMBER:
            return _number(leaf, text, place)
        case Kind.DATE:
            return _day(text, place).isoformat()
        case Kind.INSTANT:
            return _instant(text, place)
        case Kind.TRUTH:
            return _truth(text, place)
        case Kind.CHOICE:
            return _choice(leaf, text, place)
    if _SCIENTIFIC.fullmatch(text):
        raise _fault(
            place,
            "a spreadsheet has turned the number into a power of ten, and its digits are lost",
            "format the column as text, enter the number again and save the file anew",
        )
    return re.sub(r"[ \-]", "", text) if place.endswith("nhs_number") else text


def _number(leaf: Leaf, text: str, place: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise _fault(place, "this is no whole number", "write digits only, such as 12")
    number = int(text)
    low = leaf.least is not None and number < leaf.least
    high = leaf.most is not None and number > leaf.most
    if low or high:
        side, bound = ("least", leaf.least) if low else ("most", leaf.most)
        raise _fault(place, "this number cannot be", f"write a number of {bound} at {side}")
    return number


def _truth(text: str, place: str) -> bool:
    said = text.lower()
    if said in _TRUE or said in _FALSE:
        return said in _TRUE
    raise _fault(place, "this is neither yes nor no", "write yes or no")


def _choice(leaf: Leaf, text: str, place: str) -> str:
    found = {each.lower(): each for each in leaf.choices}.get(text.lower())
    if found is not None:
        return found
    raise _fault(
        place, "this is none of the codes of the field", f"write one of {', '.join(leaf.choices)}"
    )


def _day(text: str, place: str) -> date:
    return _written(text, place, clock=False)[0]


def _instant(text: str, place: str) -> str:
    """With its offset as it is; without one it is London time, if that hour came once."""
    stated = text.upper().replace(" ", "T", 1)
    if re.search(r"(Z|[+-][0-9]{2}:[0-9]{2})$", stated):
        return stated
    day, hour, minute, second = _written(text, place, clock=True)
    local = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=LONDON)
    offsets = {local.replace(fold=fold).utcoffset() for fold in (0, 1)}
    if len(offsets) > 1:
        raise _fault(
            place,
            "on that night the clocks change, and this hour came twice or never",
            "write the time with its offset, such as 2026-10-25T01:30:00+01:00",
        )
    return local.astimezone(UTC).isoformat()


def _written(text: str, place: str, *, clock: bool) -> tuple[date, int, int, int]:
    """A day, and the clock where one stands or may be left out."""
    british, iso = _BRITISH.fullmatch(text), _ISO.fullmatch(text)
    found = british or iso
    wrong = _fault(
        place,
        "this is no day of the calendar in a form that means one day only",
        "write 2026-10-20 or 20/10/2026, the day before the month and the year with four digits"
        + (", and the time as 14:30" if clock else ""),
    )
    if found is None or (found[4] and not clock) or (clock and not found[4]):
        raise wrong
    numbers = [int(each) for each in found.groups()[:3]]
    time = _CLOCK.fullmatch(found[4] or "00:00")
    try:
        day = date(*(reversed(numbers) if british else numbers))
        hour, minute, second = (int(each or 0) for each in time.groups()) if time else (24, 0, 0)
        datetime(day.year, day.month, day.day, hour, minute, second)  # noqa: DTZ001  the range only
    except ValueError:
        raise wrong from None
    return day, hour, minute, second


def _fault(place: str, message: str, remedy: str) -> SenderFault:
    return SenderFault(FaultReason.SCHEMA_VIOLATION, message, field=place, remedy=remedy)


# --- the whole event -------------------------------------------------------------------------


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values by their paths as one object; numbers make lists, in their order."""
    made: dict[str, Any] = {}
    for path, value in values.items():
        *way, last = path.split(".")
        inside = made
        for step in way:
            inside = inside.setdefault(step, {})
        inside[last] = value
    listed = _with_lists(made)
    assert isinstance(listed, dict), "the outermost names are fields"
    return listed


def _with_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {name: _with_lists(each) for name, each in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def filled(schemas: Schemas, event_type: str, cells: Mapping[str, str]) -> dict[str, Any]:
    """The JSON form of an event from what stands at each path.  Raises SenderFault."""
    values: dict[str, Any] = {}
    for path, text in cells.items():
        if not text:
            continue
        leaf = leaf_of(schemas, event_type, path)
        if leaf is None or any(int(each[1:]) > MOST_OF_A_KIND for each in _NUMBERED.findall(path)):
            raise _fault(
                path,
                "the event type has no such field",
                "leave the column empty, or take the names from the template of the event type",
            )
        values[path] = value_of(leaf, text, path)
    for leaf in leaves(schemas, event_type):
        if leaf.required and leaf.empty and leaf.path not in values:
            values[leaf.path] = ""
    return {**nested(values), "type": event_type}
