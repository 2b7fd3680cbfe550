"""A record on one of the hub's own topics that cannot be read: set aside, or reason to stop.

Only the hub writes there, so such a record is a defect or a trespass.  Two cases are told apart:

* Bytes that are no record of ours, or a record that is broken: read again tomorrow it would be
  just as unreadable.  It is set aside in quarantine with its place and an owner, said as an error
  in the log, and the partition goes on.  What it should have said is missing then, and the core
  still knows: a notice that nobody delivers opens its gap.
* A schema number that this role does not know: most likely a newer hub wrote it, and everything
  after it is newer too.  Going on would drop decisions in silence, so the role stops, says what to
  do, and meets the same record after every restart until somebody has done it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

from aiokafka import ConsumerRecord

from hub.core.faults import FaultReason, SenderFault
from hub.core.ids import derive
from hub.edges.avro import QuarantineRecord
from hub.edges.publish import ORIGINAL_KEPT_BYTES, OWNER, UNKNOWN_SOURCE
from hub.edges.schemas import default_schemas
from hub.edges.wire import HEADER_BYTES
from hub.ops.logs import log

NEWER_RECORD: Final = 5
"""The exit code of a role that met a record which a newer hub seems to have written."""

type_of_record = TypeVar("type_of_record")

CONTENT_TYPE: Final = "application/vnd.apache.avro"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What stands in the place of a record that could not be read."""

    kept: QuarantineRecord


class WrittenByANewerHub(Exception):  # noqa: N818  it names what was met
    """A record names a schema that this role does not know.  The text holds its place only.

    Operator action: bring this role to the version of the worker.  If no newer hub runs, somebody
    else wrote the record: find out who may write to the hub's topics, then pass over it as
    docs/operate.md says ("A record that cannot be read").
    """


@dataclass(slots=True)
class Batch(Generic[type_of_record]):
    """Records as they were read, up to the first that a newer hub seems to have written."""

    records: list[ConsumerRecord]
    read: list[type_of_record | Unreadable]
    newer: WrittenByANewerHub | None = None
    """To be raised once what came before it has been dealt with."""


def read_batch(
    records: Sequence[ConsumerRecord], decode: Callable[[ConsumerRecord], type_of_record]
) -> Batch[type_of_record]:
    """Decode records one by one; `decode` raises SenderFault for one that it cannot read."""
    batch: Batch[type_of_record] = Batch([], [])
    for record in records:
        try:
            batch.read.append(decode(record))
        except SenderFault as fault:
            try:
                batch.read.append(Unreadable(set_aside(record, fault)))
            except WrittenByANewerHub as newer:
                batch.newer = newer
                break
        batch.records.append(record)
    return batch


def set_aside(record: ConsumerRecord, fault: SenderFault) -> QuarantineRecord:
    """The quarantine record of an unreadable record; both readers of a topic give it the same id.

    Raises WrittenByANewerHub.
    """
    place = f"{record.topic} {record.partition}/{record.offset}"
    value: bytes = record.value or b""
    if fault.reason is FaultReason.UNKNOWN_SCHEMA and not _is_ours(value):
        raise WrittenByANewerHub(place)
    log().error("record_set_aside", topic=record.topic, place=place, reason=fault.reason.value)
    return QuarantineRecord(
        quarantine_id=derive("q", record.topic, record.partition, record.offset),
        reason=fault.reason,
        explanation=f"{fault.message} ({place})",
        field="",
        remedy="find out what wrote it; only the hub may write to this topic",
        door="kafka",
        source=UNKNOWN_SOURCE,
        content_type=CONTENT_TYPE,
        original=value[:ORIGINAL_KEPT_BYTES],
        received_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        owner=OWNER,
    )


def say_newer(met: BaseException) -> bool:
    """Log it, in words, if that is what ended a role."""
    found = _first(met)
    if found is None:
        return False
    log().critical(
        "record_of_a_newer_hub",
        place=str(found),
        remedy="bring this role to the worker's version; see docs/operate.md",
    )
    return True


def _first(met: BaseException) -> WrittenByANewerHub | None:
    if isinstance(met, WrittenByANewerHub):
        return met
    if isinstance(met, BaseExceptionGroup):
        return next(filter(None, map(_first, met.exceptions)), None)
    return None


def _is_ours(value: bytes) -> bool:
    """Whether the schema that a record names is one of ours, if of another kind of record."""
    return default_schemas().by_id(int.from_bytes(value[1:HEADER_BYTES], "big")) is not None
