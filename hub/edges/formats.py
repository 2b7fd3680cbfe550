"""Which language do these bytes speak?  Looks, and judges nothing.

A file may hold several messages (MLLP frames, an HL7 batch, a list of CloudEvents, FHIR lines);
each becomes one piece, and what belongs to none of them becomes a piece with a fault, so that no
byte is passed over in silence.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import msgspec

from hub.core.faults import FaultReason, SenderFault
from hub.edges.csv_rows import looks_like_csv, read_sheet


class Format(StrEnum):
    """The languages that the hub reads."""

    HL7_V2 = "hl7v2"
    FHIR_JSON = "fhir-json"
    FHIR_XML = "fhir-xml"
    CDA = "cda"
    NEMS = "nems"
    CLOUDEVENT = "cloudevent"
    MNS_SIGNAL = "mns-signal"
    HUB_JSON = "hub-json"
    HUB_AVRO = "hub-avro"
    HUB_CSV = "hub-csv"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Piece:
    """One message of a file; or the fault of bytes that belong to none."""

    format: Format
    body: bytes
    value: Any = None
    """What its JSON says, where it is JSON; the row, where it is one of a CSV file."""
    fault: SenderFault | None = None


REMEDY: Final = (
    "send HL7 v2, a FHIR resource or bundle (JSON or XML), a CloudEvent, or an event of the hub "
    "as JSON or CSV; docs/publish.md shows each"
)

_BLANK: Final = b"\xef\xbb\xbf \t\r\n"
_WIDE: Final = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_FRAME: Final = re.compile(rb"\x0b([^\x0b\x1c]*)\x1c\r?")
_MESSAGE_START: Final = re.compile(rb"(?:\A|(?<=[\r\n]))(?=MSH)")
_BATCH_LINE: Final = re.compile(rb"(?:\A|(?<=[\r\n]))(?:FHS|BHS|BTS|FTS)[^\r\n]*")
_COUNT: Final = re.compile(rb"(?<=[\r\n])BTS[^\r\n](\d{1,6})")
_HL7_STARTS: Final = (b"MSH", b"FHS", b"BHS", b"\x0b")
_VERSIONED: Final = re.compile(r"[a-z0-9-]{1,200}-\d{1,3}")
"""Event types of the national service end in a version; ours have a dot and none."""
_STRANGERS: Final = (
    (b"%PDF", "a PDF document", "send its content as a discharge summary with coded sections"),
    (b"PK\x03\x04", "a ZIP or Office file", "send the messages in it one by one"),
    (b"\x1f\x8b", "compressed (gzip)", "send it uncompressed"),
    (b"UNA", "an EDIFACT message", REMEDY),
    (b"UNB", "an EDIFACT message", REMEDY),
    (b"{\\rtf", "a word processor's file", REMEDY),
)


def pieces_of(body: bytes) -> Iterator[Piece]:
    """The messages in these bytes, at least one piece, in order.  Never raises."""
    plain = _narrow(body)
    start = plain.lstrip(_BLANK)
    if start.startswith(_HL7_STARTS):
        yield from _hl7_pieces(plain)
    elif body[:1] == b"\x00" and len(body) > len(b"\x00----"):
        yield Piece(Format.HUB_AVRO, body)
    elif start.startswith((b"{", b"[")):
        yield from _json_pieces(start)
    elif start.startswith(b"<"):
        yield _xml_piece(body, start)
    elif looks_like_csv(body):
        yield from _rows_of(body)
    else:
        yield _stranger(body, start)


def _rows_of(body: bytes) -> Iterator[Piece]:
    """Each row of a file of events; or the whole of one whose rows cannot be told apart."""
    try:
        rows = read_sheet(body).rows
    except SenderFault as fault:
        yield Piece(Format.HUB_CSV, body, fault=fault)
        return
    for row in rows:
        yield Piece(Format.HUB_CSV, row.original, row, row.fault)
    if not rows:
        yield _broken(Format.HUB_CSV, body, "there is a header and no row", "add the rows")


def format_of_json(value: Any) -> Format:
    """What a JSON object is, by the members that only one language has."""
    if not isinstance(value, dict):
        return Format.UNKNOWN
    if "resourceType" in value:
        return Format.FHIR_JSON
    event_type = value.get("type")
    if isinstance(event_type, str) and _VERSIONED.fullmatch(event_type):
        return Format.CLOUDEVENT
    if isinstance(event_type, str) and "." in event_type:
        return Format.HUB_JSON
    if isinstance(value.get("subject"), dict) and "data" in value:
        return Format.HUB_JSON
    if "specversion" in value or {"id", "source", "type", "time"} <= value.keys():
        return Format.CLOUDEVENT
    if "type" in value and ("data" in value or "subject" in value):
        return Format.HUB_JSON
    return Format.UNKNOWN


def _narrow(body: bytes) -> bytes:
    """UTF-16 with its mark as UTF-8; everything else as it is."""
    wide = _WIDE.get(body[:2])
    try:
        return body[2:].decode(wide).encode() if wide else body
    except UnicodeError:
        return body


# --- HL7 v2 ----------------------------------------------------------------------------------


def _hl7_pieces(body: bytes) -> Iterator[Piece]:
    if b"\x0b" not in body:
        yield from _batch(body)
        return
    end = 0
    for found in _FRAME.finditer(body):
        yield from _outside(body[end : found.start()])
        yield from _batch(found[1])
        end = found.end()
    yield from _outside(body[end:])


def _outside(between: bytes) -> Iterator[Piece]:
    """Bytes that are in no complete frame."""
    if between.strip(_BLANK):
        yield _broken(
            Format.HL7_V2,
            between,
            "there are bytes outside a complete MLLP frame",
            "send each message as 0x0B, the message, 0x1C 0x0D",
        )


def _batch(body: bytes) -> Iterator[Piece]:
    """Each message of a batch; one that stands alone is a batch of one."""
    before, *messages = _MESSAGE_START.split(body.lstrip(_BLANK))
    stray = _BATCH_LINE.sub(b"", before).strip(_BLANK)
    if stray or not messages:
        yield _broken(Format.HL7_V2, before, "there is no MSH segment", "begin with MSH")
    for each in messages:
        yield Piece(Format.HL7_V2, _BATCH_LINE.sub(b"", each))
    promised = _COUNT.search(body)
    if messages and promised and int(promised[1]) != len(messages):
        yield _broken(
            Format.HL7_V2,
            b"",
            f"the batch promises {int(promised[1])} messages and holds {len(messages)}",
            "send the whole batch again; what was read of it is harmless when it comes twice",
            "BTS-1",
        )


# --- JSON and XML ----------------------------------------------------------------------------


def _json_pieces(start: bytes) -> Iterator[Piece]:
    try:
        value = msgspec.json.decode(start)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield from _json_lines(start)
        return
    if not isinstance(value, list):
        yield _json_piece(start, value)
    elif not value:
        yield _stranger(start, start)
    else:
        for each in value:
            yield _json_piece(msgspec.json.encode(each), each)


def _json_lines(start: bytes) -> Iterator[Piece]:
    """One JSON object in each line, which is how FHIR is exported in bulk."""
    lines = [line for line in start.split(b"\n") if line.strip()]
    if len(lines) < 2 or not all(line.strip()[-1:] == b"}" for line in lines):
        yield _broken(
            Format.UNKNOWN,
            start,
            "this is not complete JSON text in UTF-8",
            "send the whole of it, as one JSON object",
        )
        return
    for line in lines:
        yield from _json_pieces(line.strip())


def _json_piece(body: bytes, value: Any) -> Piece:
    found = format_of_json(value)
    if found is Format.UNKNOWN:
        return _stranger(body, body, "JSON, but neither FHIR, a CloudEvent nor an event of the hub")
    return Piece(found, body, value)


def _xml_piece(body: bytes, start: bytes) -> Piece:
    if b"http://hl7.org/fhir" in start[:20_000]:
        return Piece(Format.FHIR_XML, body)
    head = start[:20_000]
    if b"ClinicalDocument" in head:
        return Piece(Format.CDA, body)
    if b"urn:hl7-org:v3" in head:
        return _stranger(
            body, start, "an HL7 v3 message", "send the FHIR form of the same document"
        )
    return _stranger(body, start, "XML, but not FHIR in the namespace http://hl7.org/fhir")


def _stranger(body: bytes, start: bytes, what: str = "", remedy: str = REMEDY) -> Piece:
    if not body.strip(_BLANK):
        return _broken(Format.UNKNOWN, body, "there is nothing in it", "send the message itself")
    for mark, name, instead in _STRANGERS:
        if not what and start.startswith(mark):
            what, remedy = name, instead
    said = f"this is {what}" if what else "this is in no format that the hub reads"
    return _broken(Format.UNKNOWN, body, said, remedy)


def _broken(form: Format, body: bytes, message: str, remedy: str, field: str = "") -> Piece:
    fault = SenderFault(FaultReason.UNPARSEABLE, message, field=field, remedy=remedy)
    return Piece(form, body, fault=fault)
