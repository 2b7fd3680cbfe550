"""Numbers, lengths and instants as Avro writes them, for the functions of `avro_compiled`.

Each raises NotCompiledError for a value that fastavro had better judge.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAYS_SHIFT = date(1970, 1, 1).toordinal()
INT_BITS, LONG_BITS = 31, 63
SIZES_KNOWN = 4096


class NotCompiledError(Exception):
    """Something for fastavro: a schema, a value or bytes that compiled code does not take up.

    Operator action: none; it never leaves the codec.
    """


def varint(number: int) -> bytes:
    """Avro's variable-length form of a number that is already in zigzag order."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


SIZES = [varint(length << 1) for length in range(SIZES_KNOWN)]


def size(length: int) -> bytes:
    """The length of a text or a list."""
    return SIZES[length] if length < SIZES_KNOWN else varint(length << 1)


def zigzag(number: Any, bits: int) -> bytes:
    """A whole number of at most so many bits; an IntEnum of the core is one."""
    if not isinstance(number, int) or number.__class__ is bool:
        raise NotCompiledError
    if not -1 << bits <= number < 1 << bits:
        raise NotCompiledError
    return varint((number << 1) ^ (number >> LONG_BITS))


def micros(instant: Any) -> bytes:
    """An aware instant as microseconds since 1970; what a naive one means is not for us to say."""
    if instant.__class__ is not datetime or instant.tzinfo is None:
        raise NotCompiledError
    return zigzag((instant - EPOCH) // MICROSECOND, LONG_BITS)


def day(text: Any) -> bytes:
    """A date as days since 1970; the core holds it as text."""
    if text.__class__ is not str:
        raise NotCompiledError
    return zigzag(date.fromisoformat(text).toordinal() - DAYS_SHIFT, INT_BITS)


def more(sent: bytes, at: int, first: int) -> tuple[int, int]:
    """The rest of a variable-length number, whose first byte says that there is more."""
    number, shift = first & 0x7F, 7
    while True:
        byte = sent[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            if number >> (LONG_BITS + 1):
                raise NotCompiledError
            return number, at
        shift += 7
        if shift > LONG_BITS:
            raise NotCompiledError
