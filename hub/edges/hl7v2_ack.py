"""The answer to an HL7 v2 message: AA, AE or AR, with the place, the reason and the remedy.

    AA  taken: Kafka has confirmed every event of the message (or there was nothing to route)
    AE  not taken: something in it must be mended, or (207, "try again later") we are unavailable
    AR  refused unread: a version, type, trigger or processing id that the hub does not take

An answer never repeats a value of the message but its control id.
"""

import re
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from hub.core.faults import FaultReason, SenderFault
from hub.edges.hl7v2_message import FieldMissing, Segment, read
from hub.edges.hl7v2_reading import VERSIONS
from hub.edges.hl7v2_separators import Separators

OUR_APPLICATION: Final = "PERINATAL_HUB"
OUR_VERSION: Final = "2.5.1"
"""Answered to a sender whose own version we cannot read or do not take."""

CONTROL_ID_LENGTH: Final = 20
LONGEST_ECHO: Final = 199
"""The longest control id of any HL7 v2 version; a longer one is not echoed whole."""

TRY_AGAIN: Final = "The hub cannot take messages now. Nothing was kept. Try again later."

UNAVAILABLE: Final = "unavailable"
"""ERR-5 where the reason is no fault of the sender's."""

_OURS: Final = Separators()
_MARKS: Final = {
    _OURS.escape: "\\E\\",
    _OURS.field: "\\F\\",
    _OURS.component: "\\S\\",
    _OURS.repetition: "\\R\\",
    _OURS.subcomponent: "\\T\\",
}
_CONDITIONS: Final = {
    100: "Segment sequence error",
    101: "Required field missing",
    102: "Data type error",
    200: "Unsupported message type",
    201: "Unsupported event code",
    202: "Unsupported processing id",
    203: "Unsupported version id",
    204: "Unknown key identifier",
    207: "Application internal error",
}
"""HL7 table 0357."""

_BY_REASON: Final = {
    FaultReason.UNPARSEABLE: 100,
    FaultReason.OVERSIZE: 207,
    FaultReason.UNKNOWN_SCHEMA: 203,
    FaultReason.SCHEMA_VIOLATION: 102,
    FaultReason.UNKNOWN_EVENT_TYPE: 201,
    FaultReason.UNSUPPORTED_MESSAGE: 200,
    FaultReason.MISSING_SEGMENT: 100,
    FaultReason.MISSING_IDENTITY: 101,
    FaultReason.NHS_NUMBER_INVALID: 102,
    FaultReason.UNKNOWN_ORGANISATION: 204,
    FaultReason.NOT_YOUR_ORGANISATION: 204,
    FaultReason.DUE_DATE_OUT_OF_RANGE: 102,
    FaultReason.FROM_THE_FUTURE: 102,
    FaultReason.BEFORE_EPISODE: 102,
    FaultReason.NO_EPISODE: 204,
    FaultReason.TWO_CANDIDATES: 204,
    FaultReason.UNKNOWN_TARGET: 204,
    FaultReason.UNKNOWN_NOTICE: 204,
    FaultReason.DUPLICATE_CONFLICT: 207,
    FaultReason.POLICY_ERROR: 207,
}
"""One for every reason; a test counts them."""

_UNSUPPORTED: Final = {"MSH-9.1": 200, "MSH-9.2": 201, "MSH-11": 202, "MSH-12": 203}
_PLACES: Final = {
    "source": "MSH-4",
    "subject.nhs_number": "PID-3",
    "subject.reference": "PID-3",
    "time": "EVN-2",
}
"""Where in HL7 stands what the door's own check calls by its JSON path."""

_PLACE: Final = re.compile(r"([A-Z][A-Z0-9]{2})(?:-(\d+)(?:\.(\d+))?)?")


class Code(StrEnum):
    """MSA-1, HL7 table 0008."""

    TAKEN = "AA"
    FAULTY = "AE"
    REFUSED = "AR"


def header_of(body: bytes) -> Segment | None:
    """The MSH segment alone, however bad the rest is; None when not even that can be read."""
    first_line = re.split(rb"[\r\n]", body.lstrip(b"\r\n"), maxsplit=1)[0]
    try:
        return read(first_line).header
    except SenderFault:
        return None


def taken(header: Segment | None, answered_at: datetime, text: str = "") -> bytes:
    """AA.  `text` says what was done where that is not plain (a message that was ignored)."""
    return _message(header, Code.TAKEN, answered_at, text)


def try_again(header: Segment | None, answered_at: datetime) -> bytes:
    """AE with 207: nothing is wrong with the message, and nothing of it is kept."""
    error = _error("", 207, UNAVAILABLE, TRY_AGAIN)
    return _message(header, Code.FAULTY, answered_at, TRY_AGAIN, error)


def not_taken(
    header: Segment | None, answered_at: datetime, fault: SenderFault, kept_as: str
) -> bytes:
    """AE or AR for a fault of the sender's; `kept_as` is the id of the original in quarantine."""
    unsupported = fault.reason is FaultReason.UNSUPPORTED_MESSAGE
    code = Code.REFUSED if unsupported else Code.FAULTY
    text = f"{fault.message}: {fault.remedy}" if fault.remedy else fault.message
    place = _PLACES.get(fault.field, fault.field)
    error = _error(place, condition(fault), fault.reason.value, text, kept_as)
    return _message(header, code, answered_at, text, error)


def condition(fault: SenderFault) -> int:
    """The code of HL7 table 0357 that says it best."""
    if isinstance(fault, FieldMissing) or isinstance(fault.__cause__, FieldMissing):
        return 101
    if fault.reason is FaultReason.UNSUPPORTED_MESSAGE:
        return _UNSUPPORTED.get(fault.field, 200)
    return _BY_REASON[fault.reason]


def _error(place: str, number: int, reason: str, text: str, kept_as: str = "") -> str:
    """ERR in the form of 2.5 (fields 2 to 8), with field 1 for readers of older versions."""
    found = _PLACE.fullmatch("OBX-5" if place.startswith("OBX:") else place)
    segment, field, component = found.groups(default="") if found else ("", "", "")
    words = _CONDITIONS[number]
    old_location = f"{segment}^1^{field}^" if segment else "^^^"
    location = f"{segment}^1^{field}^1^{component}".rstrip("^") if segment else ""
    fields = [
        "ERR",
        f"{old_location}{number}&{words}&HL70357",
        location,
        f"{number}^{words}^HL70357",
        "E",
        reason,
        "",
        _escape(f"kept in quarantine as {kept_as}") if kept_as else "",
        _escape(text),
    ]
    return "|".join(fields)


def _message(
    header: Segment | None, code: Code, answered_at: datetime, text: str, error: str = ""
) -> bytes:
    control_id = _echo(header, 10)[:LONGEST_ECHO]
    at = answered_at.astimezone(UTC).strftime("%Y%m%d%H%M%S") + "+0000"
    ours = blake2b(f"{control_id}|{answered_at.isoformat()}".encode(), digest_size=10).hexdigest()
    trigger = _echo(header, 9, 2)
    version = _echo(header, 12)
    msh = [
        "MSH",
        "^~\\&",
        OUR_APPLICATION,
        "",
        _echo(header, 3),
        _echo(header, 4),
        at,
        "",
        f"ACK^{trigger}^ACK" if trigger else "ACK",
        ours[:CONTROL_ID_LENGTH],
        _echo(header, 11) or "P",
        version if version in VERSIONS else OUR_VERSION,
    ]
    # MSH-18: the answer may hold what the sender wrote in its own character set (its names).
    msh += [""] * 5 + ["UNICODE UTF-8"]
    segments = ["|".join(msh), f"MSA|{code.value}|{control_id}|{_escape(text)}".rstrip("|")]
    if error:
        segments.append(error)
    return ("\r".join(segments) + "\r").encode("utf-8")


def _echo(header: Segment | None, field: int, component: int = 1) -> str:
    """A value of the sender's header, escaped anew: its separators may not be ours."""
    return _escape(header.value(field, component)) if header is not None else ""


def _escape(text: str) -> str:
    if text.isprintable() and _MARKS.keys().isdisjoint(text):
        return text
    # A control character would end the segment or the frame.
    return "".join(_MARKS.get(each, each if each.isprintable() else " ") for each in text)
