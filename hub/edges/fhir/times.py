"""FHIR's dates and times: instants are aware UTC, days are ISO text.

A time without an offset, which FHIR does not allow and senders write all the same, is local to
London; a day alone is its midnight, the earliest reading.
"""

import re
from datetime import UTC, date, datetime
from typing import Final

from hub.core.faults import SenderFault
from hub.edges.fhir.tree import wrong
from hub.edges.hl7v2_message import LOCAL

_TIME: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,6})\d*)?)?\s*"
    r"(Z|z|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
EARLIEST_YEAR: Final = 1900


def instant(written: str, path: str) -> datetime | None:
    """An aware UTC instant; None for an empty one.  Raises SenderFault naming `path`."""
    if not written:
        return None
    found = _TIME.fullmatch(written)
    try:
        if found is None:
            raise ValueError
        clock = found[2] or "00:00"
        parsed = datetime.fromisoformat(f"{found[1]}T{clock}{(found[4] or '').upper()}")
        if found[3]:
            parsed = parsed.replace(microsecond=int(found[3].ljust(6, "0")))
        if parsed.year < EARLIEST_YEAR:
            raise ValueError
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=LOCAL)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _bad(path) from None


def day(written: str, path: str) -> str | None:
    """The local date of a FHIR date or time, ISO; None for an empty one.

    Raises SenderFault naming `path`.
    """
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", written, re.ASCII):
        try:
            return date.fromisoformat(written).isoformat()
        except ValueError:
            raise _bad(path) from None
    found = instant(written, path)
    return found.astimezone(LOCAL).date().isoformat() if found else None


def day_if_whole(written: str) -> str | None:
    """As `day`, but a year or month alone, or a date that is none, is simply not known."""
    try:
        return day(written, "")
    except SenderFault:
        return None


def _bad(path: str) -> SenderFault:
    return wrong(
        path, "is not a date or time", "write times as 2026-10-20T09:30:00Z, days as 2026-10-20"
    )
