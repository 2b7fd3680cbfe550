"""Invariant: any bytes become pieces with one outcome each, and no defect of ours is among them.

Seeded and short; HUB_FUZZ_ROUNDS makes it long.
"""

import os
import random

import pytest

from hub.edges.anything import Outcome, Part, read_anything
from hub.edges.mapped import HUBS_OWN_FAULT
from tests.edges.fhir_documents import reader
from tests.edges.hl7_messages import message, names
from tests.house.tree import ROOT

ROUNDS = int(os.environ.get("HUB_FUZZ_ROUNDS", "40"))
EXAMPLES = sorted((ROOT / "docs/publish/examples").iterdir())
SEEDS = {file.name: file.read_bytes() for file in EXAMPLES} | {
    f"{name}.hl7": message(name) for name in names()
}
BITS = (b'"', b"<", b">", b"&", b"|", b"^", b"\r", b"\n", b"{", b"}", b"[", b"]", b"null", b"\x00")
WORDS = (b"\xff\xfe", b"\xed\xa0\x80", b"\\ud800", b"1e999", b"-1", b"9" * 40, b"true", b"\x0b")


def hold(body: bytes) -> tuple[Part, ...]:
    """Everything is accounted for: events, a reason to ignore, or a fault with its reason."""
    parts = read_anything(body, reader())
    assert parts
    for part in parts:
        assert not part.explanation.startswith(HUBS_OWN_FAULT), part.explanation
        assert bool(part.events) is (part.outcome is Outcome.EVENTS)
        assert bool(part.reason) is (part.outcome is not Outcome.EVENTS)
    return parts


@pytest.mark.parametrize("name", SEEDS)
def test_a_message_cut_off_anywhere(name: str) -> None:
    """A connection breaks, a disk is full."""
    body = SEEDS[name]
    step = max(1, len(body) // ROUNDS)
    for end in range(0, len(body), step):
        hold(body[:end])


@pytest.mark.parametrize("name", SEEDS)
def test_a_message_with_bytes_changed(name: str) -> None:
    """Some are lost, some doubled, some replaced by what readers trip over."""
    luck = random.Random(f"{name}-1")  # noqa: S311  seeded, no secret
    for _ in range(ROUNDS):
        body = bytearray(SEEDS[name])
        for _ in range(luck.randint(1, 6)):
            at, length = luck.randrange(len(body) + 1), luck.choice((0, 1, 2, 30))
            put = luck.choice((*BITS, *WORDS, luck.randbytes(3), bytes(body[at : at + 60])))
            body[at : at + length] = put
        hold(bytes(body))


@pytest.mark.parametrize("name", [one for one in SEEDS if one.endswith((".json", ".xml"))])
def test_a_message_with_its_values_exchanged(name: str) -> None:
    """Well-formed still, and nonsense: every quoted value may become another."""
    luck = random.Random(f"{name}-2")  # noqa: S311  seeded, no secret
    pieces = SEEDS[name].split(b'"')
    values = pieces[1::2]
    for _ in range(ROUNDS):
        changed = list(pieces)
        for _ in range(luck.randint(1, 4)):
            at = luck.randrange(1, len(changed), 2)
            changed[at] = luck.choice((*values, b"", b"x" * 300, b"2026-13-45", b"-0", b"None"))
        hold(b'"'.join(changed))


def test_noise() -> None:
    """No message at all, behind every beginning that a reader knows."""
    luck = random.Random(3)  # noqa: S311  seeded, no secret
    starts = (b"", b"MSH|", b"<", b"{", b"[", b"\x00", b"\x0b", b"BHS|", b'{"resourceType":')
    for _ in range(ROUNDS * 10):
        hold(luck.choice(starts) + luck.randbytes(luck.randint(0, 80)))


def test_two_messages_in_one_file_are_two_outcomes() -> None:
    """Whatever stands beside a good message, it is read."""
    good = SEEDS["booking.hl7"].replace(b"\n", b"\r")
    luck = random.Random(4)  # noqa: S311  seeded, no secret
    for _ in range(ROUNDS):
        noise = luck.randbytes(20).replace(b"\x0b", b"").replace(b"\x1c", b"")
        parts = hold(b"\x0b" + good + b"\x1c\r" + b"\x0bMSH" + noise + b"\x1c\r")
        assert Outcome.EVENTS is parts[0].outcome
        assert len(parts) > 1
