"""State that a crash cannot lose: the value, the last input it absorbed, and what was said of it.

A stored value carries the offset of the last input absorbed and the outputs that a crash could
still lose (those that the broker has not confirmed yet).  A redelivered input changes nothing: its
outputs are said again, byte for byte, and consumers drop what they have.

The header stands before the packed part, so that an agenda can be rebuilt without decoding it:
eight bytes of offset, eight bytes of the next wake in microseconds (or -1).
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from agents.outputs import Output

HEADER = struct.Struct(">qq")
NEVER = -1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

type_of_outputs = tuple[Output, ...]
"""In the order in which they were sent."""
type_of_said = tuple[tuple[int, type_of_outputs], ...]


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    state: msgspec.Raw
    said: type_of_said = ()


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(_Packed).decode


@dataclass(slots=True)
class Kept:
    """A stored value, opened."""

    state: bytes = b""
    last_offset: int = -1
    said: type_of_said = ()
    next_wake: datetime | None = field(default=None)
    value: Any = field(default=None, compare=False)
    """What `state` says, where somebody has decoded it already; `state` may then be left empty."""

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
        confirmed: int,
        next_wake: datetime | None = None,
        value: Any = None,
    ) -> "Kept":
        """The value after one more input; outputs of inputs below `confirmed` are forgotten."""
        still = tuple(row for row in self.said if row[0] >= confirmed)
        return Kept(state, offset, (*still, (offset, outputs)), next_wake, value)


def open_kept(stored: bytes | None) -> Kept:
    """Open a stored value; None is a key that nothing is known of."""
    if stored is None:
        return Kept()
    offset, wake = HEADER.unpack_from(stored)
    packed = _unpack(memoryview(stored)[HEADER.size :])
    return Kept(bytes(packed.state), offset, packed.said, _instant(wake))


def opener(state: type) -> Callable[[bytes | None], Kept]:
    """As `open_kept`, with the state decoded in the same pass and not copied (`Kept.value`).

    The state of an episode is nine tenths of its stored value: to look for its end, copy it and
    read it again takes a quarter longer.
    """
    form = msgspec.defstruct(
        "Decoded", [("state", state), ("said", type_of_said, ())], array_like=True, frozen=True
    )
    decode = msgspec.msgpack.Decoder(form).decode

    def open_decoded(stored: bytes | None) -> Kept:
        if stored is None:
            return Kept()
        offset, wake = HEADER.unpack_from(stored)
        found: Any = decode(memoryview(stored)[HEADER.size :])
        return Kept(b"", offset, found.said, _instant(wake), found.state)

    return open_decoded


def close_kept(kept: Kept) -> bytes:
    """A value as it is stored.  Its state must be there as bytes, as `after` makes it."""
    assert kept.state or kept.value is None, "a value that was only opened is stored already"
    wake = NEVER if kept.next_wake is None else (kept.next_wake - _EPOCH) // _MICROSECOND
    packed = _pack(_Packed(msgspec.Raw(kept.state), kept.said))
    return HEADER.pack(kept.last_offset, wake) + packed


class RecentlyKept:
    """Values as they were last closed, so that the next input of a key need not open them again.

    It can never be stale: a value is handed out only for the very bytes that it was closed to, and
    equal bytes open to equal values, whatever has happened to the store in between.
    """

    def __init__(self, open_stored: Callable[[bytes | None], Kept], most: int):
        """`open_stored` opens what is not known; the oldest beyond `most` values are let go."""
        self._open = open_stored
        self._most = most
        self._known: dict[tuple[int, bytes], tuple[bytes, Kept]] = {}

    def open(self, partition: int, key: bytes, stored: bytes | None) -> Kept:
        """The value behind the bytes stored for a key."""
        known = self._known.get((partition, key))
        if known is not None and known[0] == stored:
            return known[1]
        return self._open(stored)

    def close(self, partition: int, key: bytes, kept: Kept) -> bytes:
        """As `close_kept`; the value is remembered by the bytes it was closed to."""
        stored = close_kept(kept)
        self._known.pop((partition, key), None)
        self._known[partition, key] = stored, kept
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        return stored

    def clear(self) -> None:
        """Let everything go: the partitions are somebody else's now."""
        self._known.clear()


def next_wake_of(stored: bytes) -> datetime | None:
    """When the episode of a stored value wants to be woken, without opening it."""
    return _instant(HEADER.unpack_from(stored)[1])


def _instant(microseconds: int) -> datetime | None:
    return None if microseconds == NEVER else _EPOCH + timedelta(microseconds=microseconds)
