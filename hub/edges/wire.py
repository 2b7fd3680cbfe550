"""The Confluent wire format: a zero byte, the schema's number in four bytes, then Avro.

Only numbers from our own list are read, and the whole payload must be consumed: fastavro by
itself passes over trailing bytes in silence.  No fault repeats a value, though fastavro's own
messages do.
"""

from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

import fastavro
import msgspec

from hub.core.faults import FaultReason, SenderFault
from hub.edges.avro_compiled import reader, type_of_reader, type_of_writer, writer
from hub.edges.avro_numbers import NotCompiledError
from hub.edges.schemas import Released, Schemas

HEADER_BYTES = 5

READ_FAILURES = (
    EOFError,
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    MemoryError,
    RecursionError,
    fastavro.read.SchemaResolutionError,
)
"""All that fastavro raises on bytes that are not what they claim (found by fuzzing)."""
WRITE_FAILURES = (ValueError, KeyError, TypeError, OverflowError, AttributeError, IndexError)
"""All that fastavro raises on values that the schema does not allow."""


class Wire:
    """Reads and writes single records of one set of schemas.

    Each schema is compiled when it is first used; what compiled code does not take up is done by
    fastavro, which alone decides what is a fault.
    """

    def __init__(
        self, schemas: Schemas, structs: Mapping[str, type[msgspec.Struct]] | None = None
    ) -> None:
        """`structs` by the names of their records; events are dictionaries."""
        self.schemas = schemas
        self._structs = structs or {}
        self._writers: dict[int, type_of_writer | None] = {}
        self._readers: dict[int, type_of_reader | None] = {}

    def write_fast(self, stem: str, value: Any, largest: int) -> bytes | None:
        """The Struct, or the event's dictionary, by compiled code; None when `write` must do it.

        Raises SenderFault as `write` does.
        """
        released = self.schemas.current(stem)
        try:
            write = self._writers[released.id]
        except KeyError:
            write = self._writers[released.id] = self._compiled(writer, released)
        if write is None:
            return None
        out = bytearray(b"\0")
        out += released.id.to_bytes(4, "big")
        try:
            write(value, out)
        except (NotCompiledError, *WRITE_FAILURES):
            return None
        _require_small(out, largest)
        return bytes(out)

    def read_fast(self, written: Released, sent: bytes) -> Any | None:
        """The Struct, or the event's dictionary with its dates as ISO text, by compiled code.

        None when `read_as` must do it: for an older version, and for whatever is unusual.
        """
        try:
            read = self._readers[written.id]
        except KeyError:
            newest = self.schemas.current(written.stem) is written
            read = self._compiled(reader, written) if newest else None
            self._readers[written.id] = read
        if read is None:
            return None
        try:
            record, end = read(sent, HEADER_BYTES)
        except (NotCompiledError, *READ_FAILURES):
            return None
        return record if end == len(sent) else None

    def _compiled(self, build: Callable[..., Any], released: Released) -> Any:
        try:
            return build(released.avsc, {} if released.event else self._structs)
        except NotCompiledError:
            return None

    def write(self, stem: str, record: dict[str, Any], largest: int) -> bytes:
        """The record in the newest version of its schema.

        Raises SenderFault: SCHEMA_VIOLATION, or OVERSIZE above `largest` bytes, so that nothing
        is written that the other side of the wire would refuse to read.
        """
        released = self.schemas.current(stem)
        out = BytesIO()
        out.write(b"\0" + released.id.to_bytes(4, "big"))
        try:
            fastavro.schemaless_writer(out, released.parsed, record)
        except WRITE_FAILURES:
            raise SenderFault(
                FaultReason.SCHEMA_VIOLATION,
                f"a value is not as the schema of {stem} says",
                remedy=f"compare the record with the schema of {stem}",
            ) from None
        written = out.getvalue()
        _require_small(written, largest)
        return written

    def schema_of(self, sent: bytes, largest: int) -> Released:
        """Which schema the bytes name.

        Raises SenderFault: OVERSIZE, UNPARSEABLE, UNKNOWN_SCHEMA.
        """
        _require_small(sent, largest)
        if len(sent) < HEADER_BYTES or sent[0] != 0:
            raise unparseable("it does not begin as the Confluent wire format does")
        released = self.schemas.by_id(int.from_bytes(sent[1:HEADER_BYTES], "big"))
        if released is None:
            raise unknown_schema()
        return released

    def read(self, stem: str, sent: bytes, largest: int) -> dict[str, Any]:
        """The record, which must be one of `stem`, in the newest version of its schema."""
        written = self.schema_of(sent, largest)
        if written.stem != stem:
            raise unknown_schema()
        return self.read_as(written, sent)

    def read_as(self, written: Released, sent: bytes) -> dict[str, Any]:
        """The record behind the header, in the newest version of the schema it was written with."""
        newest = self.schemas.current(written.stem)
        source = BytesIO(sent)
        source.seek(HEADER_BYTES)
        try:
            record = fastavro.schemaless_reader(
                source, written.parsed, None if newest is written else newest.parsed
            )
        except READ_FAILURES:
            raise unparseable("it is not what its schema says") from None
        if source.tell() != len(sent) or not isinstance(record, dict):
            raise unparseable("bytes follow after its end")
        return record


def unparseable(why: str) -> SenderFault:
    """The fault for bytes that are no record."""
    return SenderFault(
        FaultReason.UNPARSEABLE,
        f"the record cannot be read: {why}",
        remedy="write it with the schema that the registry gives for its number",
    )


def unknown_schema() -> SenderFault:
    """The fault for a number that is not ours, or not one that belongs here."""
    return SenderFault(
        FaultReason.UNKNOWN_SCHEMA,
        "the record names a schema that does not belong here",
        remedy="use a schema of the hub's registry that belongs to this topic",
    )


def _require_small(record: bytes | bytearray, largest: int) -> None:
    if len(record) > largest:
        raise SenderFault(
            FaultReason.OVERSIZE,
            f"the record is larger than {largest} bytes",
            remedy="leave attachments out; send a reference to the document",
        )
