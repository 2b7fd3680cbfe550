"""Every input of every door comes to one verdict: a short run of what `make fuzz` does at size."""

import os
from collections import Counter
from contextlib import closing
from typing import Any

import pytest

from hub.core.faults import FaultReason, SenderFault
from hub.edges.mapped import Mapped
from hub.edges.publish import Original
from tests.effort import cases
from tests.fuzz.doors import ADVENT, Hl7, framed_otherwise
from tests.fuzz.kept import Verdict, Written, WrongError, publisher_to, take, verdict_of
from tests.fuzz.mutate import WAYS, luck_of, mutated
from tests.fuzz.run import input_of, run
from tests.fuzz.ways import DOORS

BYTES = int(os.environ.get("HUB_FUZZ_BYTES", cases(200_000, fewest=40_000)))


@pytest.mark.parametrize("name", DOORS)
def test_every_input_is_accounted_for(name: str) -> None:
    """No crash, no hang, no defect of ours; each message is an event, ignored, kept or refused."""
    found = run(name, BYTES, seed=1)

    assert found.failures == []
    assert found.messages == found.verdicts.total()
    assert found.bytes >= BYTES
    assert found.verdicts[Verdict.EVENT] > found.messages // 20, "the damage hides the readers"
    assert found.verdicts[Verdict.QUARANTINED] > found.messages // 20


@pytest.mark.parametrize("name", DOORS)
def test_most_of_the_seeds_are_events(name: str) -> None:
    """Damage to what would be refused anyway finds little."""
    counts = Counter[Verdict]()
    with closing(DOORS[name]()) as door:
        for seed in door.seeds:
            counts.update(door.take(seed, luck_of("1")))

    assert counts[Verdict.EVENT] >= len(door.seeds) // 2


def test_the_same_seed_makes_the_same_input() -> None:
    """So that what was found once can be looked at."""
    door = DOORS["hl7"]()

    assert input_of(door, 7, 1234)[0] == input_of(door, 7, 1234)[0]
    assert len({input_of(door, 7, number)[0] for number in range(100)}) > 90


def test_every_way_of_damage_leaves_bytes_of_any_message() -> None:
    """Also of an empty one, of noise and of Avro."""
    luck = luck_of("1")
    seeds = [b"", b"\xff" * 9, b"MSH|^~\\&|A\rPID|1", b'{"a": [1, {"b": "c"}]}', b"<a><b/></a>"]
    for way in WAYS:
        for seed in seeds:
            for _ in range(20):
                assert isinstance(way(seed, seeds, luck), bytes)
    assert isinstance(mutated(seeds, luck), bytes)


def test_a_planted_defect_is_found() -> None:
    """A fuzzer that cannot fail would praise any reader."""

    class Defective(Hl7):
        def read(self, original: Original) -> Mapped:
            nothing: Any = None
            return Mapped(nothing) if b"9" * 40 in original.body else super().read(original)

    door = Defective()
    with pytest.raises(TypeError):
        door.take(door.seeds[0] + b"9" * 40, luck_of("1"))


def test_a_defect_that_is_caught_is_found_too() -> None:
    """`safely` keeps the original, and the run still says that it was our fault."""

    def broken() -> Mapped:
        raise KeyError("planted")

    written = Written()
    original = Original(body=b"x", door="https", content_type="", received_at=ADVENT)
    take(publisher_to(written), original, broken)
    with pytest.raises(WrongError, match="a defect of the hub"):
        verdict_of(written.taken(), b"x", ADVENT)


def test_two_verdicts_of_one_input_are_found() -> None:
    """An event and a quarantine record; bytes in quarantine that are not those that came."""
    written = Written()

    def refused() -> Mapped:
        raise SenderFault(FaultReason.UNPARSEABLE, "planted", remedy="none")

    original = Original(body=b"x", door="https", content_type="", received_at=ADVENT)
    take(publisher_to(written), original, refused)
    record: Any = written.taken()
    assert Verdict.QUARANTINED is verdict_of(record, b"x", ADVENT)
    for records, body in ((record * 2, b"x"), ([*record, ("perinatal.discharge", b"")], b"x")):
        with pytest.raises(WrongError):
            verdict_of(records, body, ADVENT)
    with pytest.raises(WrongError, match="not what came"):
        verdict_of(record, b"y", ADVENT)


def test_the_second_way_of_framing_counts_as_is_documented() -> None:
    """Broken-off starts are no bytes in no frame; what may become a frame is none yet."""
    assert ([b"A", b"C"], 2) == framed_otherwise(b"x\x0bA\x1c\r\x0bB\x0bC\x1c\r\x0bD")
    assert ([], 3) == framed_otherwise(b"A\x1c\r")
