"""Reading HL7 v2 (2.3 to 2.5.1) without judging it: segments, fields, identifiers, times.

A message is split lazily: only the fields that somebody asks for are taken apart.  A library that
builds the whole tree first needs 0.9 s for 256 KiB of separators, which would hold up every other
sender, and logs the values whose escapes it cannot read; so the tests use one as a judge of what
is written here, and the door does not.

Tolerated, because real senders do it: LF or CRLF between segments, blank lines, NTE anywhere, a
missing character set, fewer than four encoding characters.  No text raised here holds a value.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from hub.core.faults import FaultReason, SenderFault
from hub.edges.hl7v2_separators import Separators

MOST_SEGMENTS: Final = 2000
"""An ADT message has about ten, a long result report a few hundred."""

EARLIEST_DAY: Final = "19000101"
"""Nobody alive was born, and no system recorded anything, before it."""

LAST_MINUTE: Final = 59

LOCAL: Final = ZoneInfo("Europe/London")
"""HL7 times without an offset are local to the sender; ours are all in England."""

_LINE_ENDS: Final = re.compile(r"\r\n|\n")
_SEGMENT_NAME: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
_TIME: Final = re.compile(
    r"(?P<day>\d{8})(?:(?P<hour>\d{2})(?P<minute>\d{2})?(?P<second>\d{2})?(?:\.\d{1,9})?)?"
    r"(?P<offset>[+-]\d{4})?",
    re.ASCII,
)
_ISO: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[ T](\d\d):(\d\d)(?::(\d\d(?:\.\d{1,9})?))?([+-]\d\d:?\d\d|Z)?)?",
    re.ASCII,
)
_NULL: Final = '""'
"""HL7's way to say "delete what you have"; to a reader of one message it is an empty field."""

_SINGLE_BYTE_SETS: Final = {"8859/1": "latin-1", "8859/15": "iso8859-15", "ASCII": "latin-1"}


class FieldMissing(SenderFault):
    """A field that the mapping needs is empty.

    Operator action: none at once; the original is in quarantine and can be redriven after a fix.
    """

    def __init__(self, place: str) -> None:
        super().__init__(
            FaultReason.SCHEMA_VIOLATION,
            f"{place} is empty",
            field=place,
            remedy=f"fill {place}, or name in the site profile the field that holds it",
        )


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment.  Fields, components and subcomponents are counted from 1, as HL7 does."""

    name: str
    fields: tuple[str, ...]
    """As written; index n is field n, and index 0 is the name."""
    separators: Separators

    def written(self, field: int) -> str:
        """A field as it was written, or an empty string."""
        return self.fields[field] if field < len(self.fields) else ""

    def repetitions(self, field: int) -> tuple[str, ...]:
        """Each repetition of a field as it was written; none for an empty field."""
        whole = self.written(field)
        return tuple(_split(whole, self.separators.repetition)) if whole else ()

    def component(self, written: str, component: int, subcomponent: int = 1) -> str:
        """One component of a repetition, escapes resolved, without outer blanks."""
        part = _part(written, self.separators.component, component)
        part = _part(part, self.separators.subcomponent, subcomponent)
        value = self.separators.unescape(part).strip()
        return "" if value == _NULL else value

    def value(self, field: int, component: int = 1, subcomponent: int = 1) -> str:
        """One component of the first repetition of a field, or an empty string."""
        whole = self.written(field)
        first = _part(whole, self.separators.repetition, 1)
        return self.component(first, component, subcomponent) if whole else ""


@dataclass(frozen=True, slots=True)
class Message:
    """The segments of one message, and where it holds a line that is none."""

    segments: tuple[Segment, ...]
    stray_line: int | None = None
    """Number of the first line that is not a segment, counted from 1."""

    @property
    def header(self) -> Segment:
        """The MSH segment."""
        return self.segments[0]

    def require_segments(self) -> None:
        """Refuse a line that is no segment: what was lost with it cannot be known."""
        if self.stray_line is not None:
            raise SenderFault(
                FaultReason.UNPARSEABLE,
                f"line {self.stray_line} is not a segment",
                remedy="end segments with CR, begin each with its name in capitals, and write a "
                "line break inside a field as \\.br\\",
            )

    def all(self, name: str) -> tuple[Segment, ...]:
        """Every segment of that name, in order."""
        return tuple(each for each in self.segments if each.name == name)

    def first(self, name: str) -> Segment | None:
        """The first segment of that name."""
        return next((each for each in self.segments if each.name == name), None)

    def need(self, name: str) -> Segment:
        """The first segment of that name.  Raises SenderFault when there is none."""
        found = self.first(name)
        if found is None:
            self.require_segments()
            raise SenderFault(
                FaultReason.MISSING_SEGMENT,
                f"there is no {name} segment",
                field=name,
                remedy=f"send the {name} segment with this trigger",
            )
        return found


def read(body: bytes) -> Message:
    """Take a message apart into segments.  Raises SenderFault(UNPARSEABLE)."""
    text = _LINE_ENDS.sub("\r", _decoded(body)).lstrip("\r\ufeff")
    separators = _separators(text)
    segments: list[Segment] = []
    stray: int | None = None
    for number, line in enumerate(text.split("\r"), start=1):
        if not line.strip():
            continue
        segment = _segment(line, separators)
        if segment is None:
            stray = stray or number
        else:
            segments.append(segment)
        if len(segments) > MOST_SEGMENTS:
            raise _unparseable(f"the message has more than {MOST_SEGMENTS} segments", "MSH")
    return Message(tuple(segments), stray)


def instant(written: str, place: str) -> datetime | None:
    """An HL7 time as an aware UTC instant; None for an empty one.

    A time without offset is Europe/London; in the hour that autumn repeats it is the first of the
    two.  A day alone is its midnight, the earliest reading.  Raises SenderFault naming `place`.
    """
    if not written:
        return None
    found = _TIME.fullmatch(_without_marks(written))
    try:
        if found is None or found["day"] < EARLIEST_DAY:
            raise ValueError
        hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
        zone = _offset(found["offset"]) if found["offset"] else LOCAL
        # Not strptime, which takes ten times as long, three times in each message.
        year, month, day_of_month = _ymd(found["day"])
        parsed = datetime(year, month, day_of_month, hour, minute, second, tzinfo=zone)
        return parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _bad_time(place) from None


def day(written: str, place: str) -> str | None:
    """The date of an HL7 date or time, ISO, as written (no change of zone); None for an empty one.

    Raises SenderFault naming `place`.
    """
    if not written:
        return None
    written = _without_marks(written)
    try:
        if not re.match(r"\d{8}", written, re.ASCII) or written[:8] < EARLIEST_DAY:
            raise ValueError
        return date(*_ymd(written)).isoformat()
    except ValueError:
        raise _bad_time(place) from None


def _without_marks(written: str) -> str:
    """A time of ISO 8601, which some national services write, as HL7 writes it."""
    found = _ISO.fullmatch(written) if written[4:5] == "-" else None
    if found is None:
        return written
    *parts, offset = (part or "" for part in found.groups())
    return "".join(parts) + offset.replace(":", "").replace("Z", "+0000")


def _ymd(written: str) -> tuple[int, int, int]:
    """Year, month and day of eight digits, which may be no date."""
    return int(written[:4]), int(written[4:6]), int(written[6:8])


def _offset(written: str) -> timezone:
    """The zone of `+HHMM`.  Raises ValueError for none that there can be."""
    hours, minutes = int(written[1:3]), int(written[3:])
    if minutes > LAST_MINUTE:
        raise ValueError
    east = timedelta(hours=hours, minutes=minutes)
    return timezone(east if written[0] == "+" else -east)


def _bad_time(place: str) -> SenderFault:
    return SenderFault(
        FaultReason.SCHEMA_VIOLATION,
        f"{place} is not a date or time",
        field=place,
        remedy="write times as YYYYMMDDHHMMSS, with +ZZZZ unless they are local to London",
    )


def _decoded(body: bytes) -> str:
    """The text, by MSH-18, else UTF-8, else Latin-1, which every byte string satisfies."""
    first_line = re.split(rb"[\r\n]", body.lstrip(b"\r\n"), maxsplit=1)[0]
    fields = first_line.split(first_line[3:4]) if len(first_line) > 3 else []
    declared = fields[17].decode("ascii", "replace").strip() if len(fields) > 17 else ""
    if declared in _SINGLE_BYTE_SETS:
        return body.decode(_SINGLE_BYTE_SETS[declared])
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        if declared:
            problem = "the bytes are not of the declared character set"
            raise _unparseable(problem, "MSH-18") from None
        return body.decode("latin-1")


def _separators(text: str) -> Separators:
    if not text.startswith("MSH") or len(text) < len("MSH|^"):
        raise _unparseable("the message does not begin with an MSH segment", "MSH")
    field = text[3]
    encoding = text[4:].partition("\r")[0].partition(field)[0]
    return _chosen(field, encoding[:4])


@lru_cache(maxsize=16)
def _chosen(field: str, encoding: str) -> Separators:
    """The separators that a sender has chosen.  Raises SenderFault; a fault is not remembered."""
    chosen = field + encoding
    plain = any(each.isalnum() or each.isspace() or each == '"' for each in chosen)
    if not encoding or plain or len(set(chosen)) != len(chosen):
        raise _unparseable("MSH-1 and MSH-2 are not distinct separators", "MSH-2")
    component, repetition, escape, subcomponent = (encoding[i : i + 1] for i in range(4))
    return Separators(field, component, repetition, escape, subcomponent)


def _segment(line: str, separators: Separators) -> Segment | None:
    """A segment, or None for a line that is none: a name of three, then the end or a field."""
    name, rest = line[:3], line[3:]
    if not _SEGMENT_NAME.fullmatch(name) or (rest and not rest.startswith(separators.field)):
        return None
    fields = line.split(separators.field)
    if name == "MSH":
        # MSH-1 is the separator itself, which splitting has swallowed.
        fields.insert(1, separators.field)
    return Segment(name, tuple(fields), separators)


def _split(written: str, separator: str) -> list[str]:
    return written.split(separator) if separator else [written]


def _part(written: str, separator: str, number: int) -> str:
    if not separator or separator not in written:
        # Most fields hold one value, and are not taken apart for it.
        return written if number == 1 else ""
    parts = written.split(separator)
    return parts[number - 1] if number <= len(parts) else ""


def _unparseable(message: str, place: str) -> SenderFault:
    return SenderFault(
        FaultReason.UNPARSEABLE,
        message,
        field=place,
        remedy="send one HL7 v2 message in each frame, beginning with MSH|^~\\&|",
    )
