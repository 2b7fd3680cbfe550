"""What one key of a person is told of another, as it travels between the partitions of people."""

from functools import cache
from typing import Any

import msgspec

from hub.core.ties import Link
from hub.edges.avro import LARGEST_INNER_BYTES
from hub.edges.schemas import Schemas
from hub.edges.wire import HEADER_BYTES, Wire, unparseable

STEM = "hub.link"


class LinkCodec:
    """Writes and reads links in the wire format of all the hub's records."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self._wire = Wire(schemas, {})

    def is_link(self, sent: bytes) -> bool:
        """Whether bytes are a link and no event: both come to a person's key."""
        if len(sent) < HEADER_BYTES or sent[0] != 0:
            return False
        named = self._schemas.by_id(int.from_bytes(sent[1:HEADER_BYTES], "big"))
        return named is not None and named.stem == STEM

    def encode(self, link: Link) -> bytes:
        """A link as bytes that name their schema."""
        plain: dict[str, Any] = {name: getattr(link, name) for name in link.__struct_fields__}
        return self._wire.write(STEM, plain | {"tie": str(link.tie)}, LARGEST_INNER_BYTES)

    def decode(self, sent: bytes) -> Link:
        """A link.  Raises SenderFault for bytes that are none."""
        record = self._wire.read(STEM, sent, LARGEST_INNER_BYTES)
        try:
            return msgspec.convert(record, Link)
        except msgspec.ValidationError:
            # Its words could quote a value.
            raise unparseable("the record is no link") from None


@cache
def link_codec(schemas: Schemas) -> LinkCodec:
    """The codec for a set of schemas, made once."""
    return LinkCodec(schemas)
