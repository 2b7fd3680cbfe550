"""The one codec: every record that is stored or published passes through here.

Bytes are in the Confluent wire format (`hub.edges.wire`), so that ordinary clients read them.
An event is checked whenever it comes from outside; inside an input it has been checked already,
and is only read.  The module's functions use the packaged schemas unless a composition root has
chosen others with `use_schemas`.
"""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, TypeVar, cast

import msgspec

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Event, Input
from hub.edges import doors, records
from hub.edges.dates import Dates
from hub.edges.doors import (
    LARGEST_EVENT_BYTES,
    check_replacement,
    checked,
    envelope_of,
    event_of,
    event_to_json,
)
from hub.edges.records import DecisionRecord, InputRecord, NoticeRecord, QuarantineRecord
from hub.edges.schemas import Schemas, default_schemas
from hub.edges.wire import Wire, unknown_schema, unparseable

__all__ = [
    "Codec",
    "DecisionRecord",
    "NoticeRecord",
    "QuarantineRecord",
    "Schemas",
    "decode_decision",
    "decode_event",
    "decode_input",
    "decode_notice",
    "decode_quarantine",
    "encode_decision",
    "encode_event",
    "encode_input",
    "encode_notice",
    "encode_quarantine",
    "event_from_json",
    "event_to_json",
    "openapi_schemas",
    "pass_event_on",
    "use_schemas",
]

LARGEST_INNER_BYTES = 1_000_000
"""Just under what a Kafka broker takes by default (1,048,588 with overhead).  The hub's own
records may be larger than an event: a decision holds many notices, quarantine a whole original."""

type_of_built = TypeVar("type_of_built")
PLAIN = (datetime, bytes)
"""Types that Avro writes itself; msgspec leaves them as they are."""


class Codec:
    """Writes and reads every record, with one set of schemas."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self._wire = Wire(schemas, records.STRUCTS)
        self._dates = Dates(schemas)
        outcomes = next(
            one["type"]["items"]
            for one in schemas.avsc("hub.decision")["fields"]
            if one["name"] == "outcomes"
        )
        # The tuple form names the branch, and spares fastavro from trying all fourteen.
        self._branches = {
            one["fields"][0]["default"]: f"perinatal.hub.{one['name']}" for one in outcomes
        }

    def encode_event(self, event: Event) -> bytes:
        """An event as published.  Raises SenderFault as the door does, naming the field."""
        whole = checked({**envelope_of(event), "data": event.body}, self.schemas)
        body = whole.pop("data")
        check_replacement(event, self.schemas)
        return self._write_event(event, whole, body)

    def pass_event_on(self, event: Event) -> bytes:
        """As `encode_event`, of an event that a door has let in this moment and nobody changed."""
        return self._event_inside(event)

    def decode_event(self, sent: bytes, received_at: datetime) -> Event:
        """An event from a public topic, checked as at every door.

        `received_at` holds unless our own edge has stamped the event.  Raises SenderFault.
        """
        envelope, body = self._read_event(sent)
        stamped = envelope.pop("receivedat")
        whole = checked({**envelope, "data": body}, self.schemas)
        event = event_of(whole, whole["data"], stamped or received_at)
        check_replacement(event, self.schemas)
        return event

    def encode_input(self, told: Input) -> bytes:
        """An input of the core.  Its event has passed a door, and is written as it is."""
        record = InputRecord(
            input_id=told.input_id,
            kind=told.kind,
            at=told.at,
            episode_id=told.episode_id,
            event=None if told.event is None else self._event_inside(told.event),
            team=told.team,
            receipt=told.receipt,
            quarantine=told.quarantine,
            counted=told.counted,
            area=told.area,
            other=told.other,
        )
        written = self._wire.write_fast("hub.input", record, LARGEST_INNER_BYTES)
        return written or self._wire.write("hub.input", _plain(record), LARGEST_INNER_BYTES)

    def decode_input(self, sent: bytes) -> Input:
        """An input of the core.  Raises SenderFault for bytes that are none."""
        record: InputRecord = self._read_struct("hub.input", sent, InputRecord)
        return Input(
            input_id=record.input_id,
            kind=record.kind,
            at=record.at,
            episode_id=record.episode_id,
            event=None if record.event is None else self._read_inside(record.event, record.at),
            team=record.team,
            receipt=record.receipt,
            quarantine=record.quarantine,
            counted=record.counted,
            area=record.area,
            other=record.other,
        )

    def encode_decision(self, decision: DecisionRecord) -> bytes:
        """A decision with all its outcomes."""
        if written := self._wire.write_fast("hub.decision", decision, LARGEST_INNER_BYTES):
            return written
        record = _plain(decision)
        record["outcomes"] = [(self._branches[one["kind"]], one) for one in record["outcomes"]]
        return self._wire.write("hub.decision", record, LARGEST_INNER_BYTES)

    def decode_decision(self, sent: bytes) -> DecisionRecord:
        """A decision.  Raises SenderFault for bytes that are none."""
        return self._read_struct("hub.decision", sent, DecisionRecord)

    def encode_notice(self, notice: NoticeRecord) -> bytes:
        """A notice for a Kafka subscriber, or for the outbox."""
        return self._wire.write("hub.notice", _plain(notice), LARGEST_INNER_BYTES)

    def decode_notice(self, sent: bytes) -> NoticeRecord:
        """A notice.  Raises SenderFault for bytes that are none."""
        return self._read_struct("hub.notice", sent, NoticeRecord)

    def encode_quarantine(self, kept: QuarantineRecord) -> bytes:
        """A quarantined input with its original bytes."""
        return self._wire.write("hub.quarantine", _plain(kept), LARGEST_INNER_BYTES)

    def decode_quarantine(self, sent: bytes) -> QuarantineRecord:
        """A quarantined input.  Raises SenderFault for bytes that are none."""
        return self._read_struct("hub.quarantine", sent, QuarantineRecord)

    def _read_struct(self, stem: str, sent: bytes, wanted: type[type_of_built]) -> type_of_built:
        released = self._wire.schema_of(sent, LARGEST_INNER_BYTES)
        built = self._wire.read_fast(released, sent) if released.stem == stem else None
        if built is not None:
            return cast("type_of_built", built)
        record = self._wire.read(stem, sent, LARGEST_INNER_BYTES)
        return _built(lambda: msgspec.convert(record, wanted))

    def _event_inside(self, event: Event) -> bytes:
        return self._write_event(event, envelope_of(event), event.body)

    def _write_event(self, event: Event, envelope: dict[str, Any], body: dict[str, Any]) -> bytes:
        envelope["receivedat"] = event.received_at
        record = {"envelope": envelope, **body}
        written = self._wire.write_fast(event.type, record, LARGEST_EVENT_BYTES)
        return written or self._wire.write(event.type, record, LARGEST_EVENT_BYTES)

    def _read_event(self, sent: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
        """Envelope and body of an event, with dates as ISO text."""
        written = self._wire.schema_of(sent, LARGEST_EVENT_BYTES)
        if not written.event:
            raise unknown_schema()
        body = self._wire.read_fast(written, sent)
        if body is None:
            body = self._wire.read_as(written, sent)
            self._dates.restore(written.stem, body)
        envelope = body.pop("envelope")
        if envelope["type"] != written.stem:
            raise SenderFault(
                FaultReason.SCHEMA_VIOLATION,
                "the type of the event is not the one of its schema",
                field="type",
                remedy="write each event type with its own schema",
            )
        return envelope, body

    def _read_inside(self, sent: bytes, at: datetime) -> Event:
        envelope, body = self._read_event(sent)
        return event_of(envelope, body, envelope["receivedat"] or at)


_chosen: list[Codec] = []


@cache
def _packaged() -> Codec:
    return Codec(default_schemas())


def _codec() -> Codec:
    return _chosen[0] if _chosen else _packaged()


def use_schemas(schemas: Schemas | None) -> None:
    """Make the functions of this module use these schemas; None goes back to the packaged ones."""
    _chosen[:] = [] if schemas is None else [Codec(schemas)]


def event_from_json(sent: bytes | dict[str, Any], received_at: datetime) -> Event:
    """See `hub.edges.doors.event_from_json`."""
    return doors.event_from_json(sent, received_at, _codec().schemas)


def openapi_schemas() -> dict[str, dict[str, Any]]:
    """See `hub.edges.doors.openapi_schemas`."""
    return doors.openapi_schemas(_codec().schemas)


def encode_event(event: Event) -> bytes:
    """See `Codec.encode_event`."""
    return _codec().encode_event(event)


def pass_event_on(event: Event) -> bytes:
    """See `Codec.pass_event_on`."""
    return _codec().pass_event_on(event)


def decode_event(sent: bytes, received_at: datetime) -> Event:
    """See `Codec.decode_event`."""
    return _codec().decode_event(sent, received_at)


def encode_input(told: Input) -> bytes:
    """See `Codec.encode_input`."""
    return _codec().encode_input(told)


def decode_input(sent: bytes) -> Input:
    """See `Codec.decode_input`."""
    return _codec().decode_input(sent)


def encode_decision(decision: DecisionRecord) -> bytes:
    """See `Codec.encode_decision`."""
    return _codec().encode_decision(decision)


def decode_decision(sent: bytes) -> DecisionRecord:
    """See `Codec.decode_decision`."""
    return _codec().decode_decision(sent)


def encode_notice(notice: NoticeRecord) -> bytes:
    """See `Codec.encode_notice`."""
    return _codec().encode_notice(notice)


def decode_notice(sent: bytes) -> NoticeRecord:
    """See `Codec.decode_notice`."""
    return _codec().decode_notice(sent)


def encode_quarantine(kept: QuarantineRecord) -> bytes:
    """See `Codec.encode_quarantine`."""
    return _codec().encode_quarantine(kept)


def decode_quarantine(sent: bytes) -> QuarantineRecord:
    """See `Codec.decode_quarantine`."""
    return _codec().decode_quarantine(sent)


def _plain(struct: msgspec.Struct) -> dict[str, Any]:
    return cast("dict[str, Any]", msgspec.to_builtins(struct, builtin_types=PLAIN))


def _built(build: Callable[[], type_of_built]) -> type_of_built:
    """What `build` makes; a value outside a closed list becomes a fault that does not repeat it."""
    try:
        return build()
    except (msgspec.ValidationError, ValueError):
        raise unparseable("a value is outside its closed list") from None
