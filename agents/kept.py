"""State that a crash cannot lose: the value, the last input it absorbed, and what was said of it.

A stored value carries the offset of the last input absorbed and the outputs that a crash could
still lose (those of inputs not yet committed).  A redelivered input changes nothing: its outputs
are said again, byte for byte, and consumers drop what they have.

The header stands before the packed part, so that an agenda can be rebuilt without decoding it:
eight bytes of offset, eight bytes of the next wake in microseconds (or -1).
"""

import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec

from agents.outputs import Output

HEADER = struct.Struct(">qq")
NEVER = -1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

type_of_outputs = tuple[Output, ...]
"""In the order in which they were sent."""


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    state: msgspec.Raw
    said: tuple[tuple[int, type_of_outputs], ...] = ()


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(_Packed).decode


@dataclass(slots=True)
class Kept:
    """A stored value, opened."""

    state: bytes = b""
    last_offset: int = -1
    said: tuple[tuple[int, type_of_outputs], ...] = ()
    next_wake: datetime | None = field(default=None)

    def again(self, offset: int) -> type_of_outputs | None:
        """What an already absorbed input led to; None for an input that is new."""
        if offset > self.last_offset:
            return None
        return next((outputs for at, outputs in self.said if at == offset), ())

    def after(
        self,
        offset: int,
        state: bytes,
        outputs: type_of_outputs,
        *,
        committed: int,
        next_wake: datetime | None = None,
    ) -> "Kept":
        """The value after one more input; outputs of committed inputs are forgotten."""
        still = tuple(row for row in self.said if row[0] >= committed)
        return Kept(state, offset, (*still, (offset, outputs)), next_wake)


def open_kept(stored: bytes | None) -> Kept:
    """Open a stored value; None is a key that nothing is known of."""
    if stored is None:
        return Kept()
    offset, wake = HEADER.unpack_from(stored)
    packed = _unpack(memoryview(stored)[HEADER.size :])
    return Kept(bytes(packed.state), offset, packed.said, _instant(wake))


def close_kept(kept: Kept) -> bytes:
    """A value as it is stored."""
    wake = NEVER if kept.next_wake is None else (kept.next_wake - _EPOCH) // _MICROSECOND
    packed = _pack(_Packed(msgspec.Raw(kept.state), kept.said))
    return HEADER.pack(kept.last_offset, wake) + packed


def next_wake_of(stored: bytes) -> datetime | None:
    """When the episode of a stored value wants to be woken, without opening it."""
    return _instant(HEADER.unpack_from(stored)[1])


def _instant(microseconds: int) -> datetime | None:
    return None if microseconds == NEVER else _EPOCH + timedelta(microseconds=microseconds)
