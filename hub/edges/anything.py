"""Any bytes to events, to a reason why there are none, or to a fault: the readers behind one door.

`read_anything` is what `hub read` shows and what the tests hold against every sample: each piece
of what came has exactly one outcome.  It checks each event as the doors do, but asks nothing of
the directory, because a stranger who tries a message is in nobody's directory yet.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Event
from hub.edges import avro, cloudevents, hl7v2
from hub.edges.cda.document import fhir_from_cda
from hub.edges.csv_rows import event_of_row
from hub.edges.fhir.reader import events_from as fhir_events
from hub.edges.fhir.reader import open_fhir
from hub.edges.fhir.source import STAND_IN
from hub.edges.formats import Format, Piece, pieces_of
from hub.edges.hl7v2_profile import Profile
from hub.edges.intake import check_event
from hub.edges.mapped import IN_WORDS, Mapped, safely
from hub.edges.schemas import default_schemas
from hub.ops import limits

LARGEST: Final = limits.BODY_BYTES.value


class Outcome(StrEnum):
    """What became of a piece."""

    EVENTS = "events"
    QUARANTINED = "quarantined"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of what came, and its outcome."""

    format: Format
    outcome: Outcome
    events: tuple[Event, ...] = ()
    reason: str = ""
    explanation: str = ""
    field: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """What a reader needs besides the bytes."""

    received_at: datetime
    profile: Profile
    sender: str = ""
    """ODS code of whoever brings it, where that is known."""


class _Everybody:
    """A directory that knows every organisation."""

    def knows(self, ods: str) -> bool:
        """Whether anything was said at all."""
        return bool(ods)


def read_anything(body: bytes, reader: Reader) -> tuple[Part, ...]:
    """The outcome of each piece of these bytes, at least one."""
    if len(body) > LARGEST:
        fault = SenderFault(
            FaultReason.OVERSIZE,
            f"it has more than {LARGEST} bytes",
            remedy="send fewer messages at once, and references instead of documents",
        )
        return (_refused(Format.UNKNOWN, fault),)
    return tuple(_part(piece, reader) for piece in pieces_of(body))


def _part(piece: Piece, reader: Reader) -> Part:
    form = piece.format
    try:
        if piece.fault is not None:
            raise piece.fault
        form, read = safely(lambda: OPENERS[piece.format](piece, reader))
        mapped = safely(lambda: _checked(read, reader))
    except SenderFault as fault:
        return _refused(form, fault)
    if mapped.ignored is not None:
        words = IN_WORDS[mapped.ignored]
        return Part(form, Outcome.IGNORED, reason=mapped.ignored.value, explanation=words)
    return Part(form, Outcome.EVENTS, mapped.events)


def _checked(read: Callable[[], Mapped], reader: Reader) -> Mapped:
    """What a piece says, held against everything that a door holds it against."""
    mapped = read()
    if mapped.removed:
        raise SenderFault(
            FaultReason.UNKNOWN_TARGET,
            "this deletes what was sent before, and nothing was sent here before",
            field="Bundle.entry",
            remedy="post it to the hub that took the resources: it takes back what came of them",
        )
    for event in mapped.events:
        check_event(event, _Everybody(), reader.received_at)
        avro.encode_event(event)
    return mapped


def _refused(form: Format, fault: SenderFault) -> Part:
    return Part(
        form,
        Outcome.QUARANTINED,
        reason=fault.reason.value,
        explanation=fault.message,
        field=fault.field,
        remedy=fault.remedy,
    )


type_of_opener = Callable[[Piece, Reader], tuple[Format, Callable[[], Mapped]]]
"""Opens a piece: its dialect, and what reads it then.  Both raise SenderFault."""


def _hl7(piece: Piece, reader: Reader) -> tuple[Format, Callable[[], Mapped]]:
    at = reader.received_at
    return piece.format, lambda: hl7v2.events_from(piece.body, reader.profile, at)


def _fhir(piece: Piece, reader: Reader) -> tuple[Format, Callable[[], Mapped]]:
    form, root = open_fhir(piece.body, piece.format)
    return form, lambda: fhir_events(root, form, reader.received_at, reader.sender)


def _cda(piece: Piece, reader: Reader) -> tuple[Format, Callable[[], Mapped]]:
    root = fhir_from_cda(piece.body)
    return piece.format, lambda: fhir_events(root, piece.format, reader.received_at, reader.sender)


def _cloudevent(piece: Piece, reader: Reader) -> tuple[Format, Callable[[], Mapped]]:
    value, at = piece.value, reader.received_at
    return piece.format, lambda: cloudevents.events_from(value, at, reader.sender)


def _hub_json(piece: Piece, reader: Reader) -> tuple[Format, Callable[[], Mapped]]:
    return piece.format, lambda: Mapped((avro.event_from_json(piece.body, reader.received_at),))


def _hub_avro(piece: Piece, reader: Reader) -> tuple[Format, Callable[[], Mapped]]:
    return piece.format, lambda: Mapped((avro.decode_event(piece.body, reader.received_at),))


def _hub_csv(piece: Piece, reader: Reader) -> tuple[Format, Callable[[], Mapped]]:
    row, sender = piece.value, reader.sender or STAND_IN

    def read() -> Mapped:
        return Mapped((event_of_row(row, default_schemas(), reader.received_at, sender=sender),))

    return piece.format, read


OPENERS: Final[Mapping[Format, type_of_opener]] = {
    Format.HL7_V2: _hl7,
    Format.FHIR_JSON: _fhir,
    Format.FHIR_XML: _fhir,
    Format.CDA: _cda,
    Format.CLOUDEVENT: _cloudevent,
    Format.HUB_JSON: _hub_json,
    Format.HUB_AVRO: _hub_avro,
    Format.HUB_CSV: _hub_csv,
}
