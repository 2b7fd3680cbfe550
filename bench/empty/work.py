"""The work that every host does for one input, and the judge's own fold of the inputs.

An input is 500 bytes under one of 50,000 keys and begins with its number (8 bytes, big-endian).
Its output is the msgpack array [number, how many inputs of this key, the sum of their numbers].
"""

from collections.abc import Iterator
from random import Random

import msgspec

PARTITIONS = 4
KEYS = 50_000
INPUT_BYTES = 500
NUMBER_BYTES = 8
FILLING = bytes(range(256)) * 2

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[int, int, int]).decode


def output_of(value: bytes, seq: int, total: int) -> tuple[bytes, int]:
    """The output of one input, and the new sum; `seq` counts this input already."""
    number = int.from_bytes(value[:NUMBER_BYTES], "big")
    total += number
    return _pack((number, seq, total)), total


def inputs(events: int, seed: int = 4) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of the load, always the same; keys come in no order."""
    draw = Random(seed)  # noqa: S311  a reproducible load, not a secret
    filling = FILLING[: INPUT_BYTES - NUMBER_BYTES]
    for number in range(events):
        yield b"k%d" % draw.randrange(KEYS), number.to_bytes(NUMBER_BYTES, "big") + filling


class Judge:
    """Compares outputs with a fold of the inputs that shares no code with the hosts."""

    def __init__(self, events: int):
        self.want: dict[bytes, tuple[int, int]] = {}
        for number, (key, _) in enumerate(inputs(events)):
            seq, total = self.want.get(key, (0, 0))
            self.want[key] = (seq + 1, total + number)
        self.got: dict[bytes, tuple[int, int]] = {}
        self.numbers: set[int] = set()
        self.outputs = 0

    def see(self, key: bytes, value: bytes) -> None:
        """One output, in the order of its partition."""
        number, seq, total = _unpack(value)
        self.outputs += 1
        self.numbers.add(number)
        self.got[key] = (seq, total)

    def faults(self) -> dict[str, int]:
        """How many inputs have no output, how many have two, and how many keys end wrong."""
        return {
            "lost": sum(seq for seq, _ in self.want.values()) - len(self.numbers),
            "repeated": self.outputs - len(self.numbers),
            "wrong_keys": sum(self.got.get(key) != end for key, end in self.want.items()),
        }
