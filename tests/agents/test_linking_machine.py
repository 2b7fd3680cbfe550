"""Any number of women, known by any of their keys, in any order: what must hold of their files."""

from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agents.kept import open_kept
from hub.core.model import Event
from hub.core.person import PersonState
from tests.agents.people_stage import Place, event
from tests.effort import cases

NUMBERS = ("9990000018", "9990000026", "9990000034")
SECOND = ("9990000050", "9990000069", "9990000077")
"""A number each was given by mistake, until the two records are merged."""
BABIES = ("9990000042", "9990000085", "9990000093")
SOURCES = ("RXA:PAS", "RYV:HV")
WOMEN = st.integers(0, 2)
unpack = msgspec.msgpack.Decoder(PersonState).decode


class AnyKeys(RuleBasedStateMachine):
    """Three women with one pregnancy each, and everything by which somebody knows them."""

    def __init__(self) -> None:
        """Nobody is known."""
        super().__init__()
        self.place = Place()
        self.said: dict[str, int] = {}
        self.merged: set[int] = set()
        self.number = 0

    def say(self, woman: int, kind: str, day: float, **more: Any) -> None:
        """Somebody says something of a woman; nothing that follows has been read yet."""
        self.number += 1
        name = f"e{self.number}"
        self.said[name] = woman
        self.place.say(event(kind, day, name=name, **more))

    def hers(self, woman: int, source: int, by: str) -> dict[str, Any]:
        """How a publisher names her."""
        reference = f"{SOURCES[source]}-{woman}"
        number = {"reference": None, "number": NUMBERS[woman], "second": SECOND[woman]}[by]
        return {"reference": reference, "number": number, "source": SOURCES[source]}

    @rule(woman=WOMEN, source=st.integers(0, 1), by=st.sampled_from(("reference", "number")))
    def pregnant(self, woman: int, source: int, by: str) -> None:
        """She is pregnant, by any of her names."""
        self.say(woman, "pregnancy.notified", self.number / 10, **self.hers(woman, source, by))

    @rule(woman=WOMEN)
    def by_a_second_number(self, woman: int) -> None:
        """A practice knows her under another number, and has no reference of its own for her."""
        known = {
            "reference": f"nhs:{SECOND[woman]}",
            "number": SECOND[woman],
            "source": "Y00001:GP",
        }
        self.say(woman, "pregnancy.notified", self.number / 10, **known)

    @rule(woman=WOMEN, other_way=st.booleans())
    def merge(self, woman: int, other_way: bool) -> None:
        """Her two numbers are one person's."""
        self.merged.add(woman)
        old, new = (SECOND, NUMBERS) if other_way else (NUMBERS, SECOND)
        body = {"from": old[woman], "to": new[woman]}
        named = {"reference": f"nhs:{new[woman]}", "number": new[woman], "source": "X26:PDS"}
        self.say(woman, "demographics.changed", 1 + self.number / 10, **named, **body)

    @rule(woman=WOMEN, by=st.sampled_from(("reference", "number")))
    def born(self, woman: int, by: str) -> None:
        """The birth says whose the baby's number is."""
        body = {"baby_id": f"B-{woman}", "baby_nhs": BABIES[woman]}
        self.say(woman, "birth.notified", 219 + self.number / 10, **self.hers(woman, 0, by), **body)

    @rule(woman=WOMEN)
    def seen(self, woman: int) -> None:
        """Somebody saw the baby, and knows nobody else."""
        known = {"reference": f"nhs:{BABIES[woman]}", "number": BABIES[woman], "born": "2026-10-06"}
        body = {"baby_id": f"nhs:{BABIES[woman]}", "source": "RYV:HV"}
        self.say(woman, "screening.newborn", 221 + self.number / 10, **known, **body)

    @rule()
    def read(self) -> None:
        """Everything that was said is read; it ends, whatever was tied to what."""
        self.place.settle()

    def teardown(self) -> None:
        """When all is read, everything has a file, and each woman has hers."""
        self.place.settle()
        for name, woman in self.said.items():
            assert self.place.files(name) or self.place.refused, f"{name} of {woman} is nowhere"
        for woman in self.merged:
            # By either of her numbers, whatever comes now is heard in all of her files.
            for number in (NUMBERS[woman], SECOND[woman]):
                known = {"reference": f"nhs:{number}", "number": number, "source": "Y00001:GP"}
                self.say(woman, "pregnancy.notified", 30, **known)
            self.place.settle()
            last = [name for name, whose in self.said.items() if whose == woman][-2:]
            assert self.place.files(last[0]) == self.place.files(last[1])
            assert self.place.files(last[0])

    @invariant()
    def nobody_shares_a_file(self) -> None:
        """Whatever was said of their keys, two women never have an episode in common."""
        owner: dict[str, int] = {}
        for given in self.place.inputs:
            heard: Event | None = given.event
            if heard is not None:
                woman = self.said[heard.id]
                assert woman == owner.setdefault(given.episode_id, woman)

    @invariant()
    def no_key_gives_way_to_one_that_leads_back(self) -> None:
        """However far it is to the end, there is one."""
        moved = {
            key.decode(): state.moved.key
            for key, stored in self.place.stored.items()
            if (state := unpack(open_kept(stored).state)).moved is not None
        }
        for start in moved:
            at, hops = start, 0
            while at in moved:
                at, hops = moved[at], hops + 1
                assert hops <= len(moved), "it goes round in a circle"


TestAnyKeys = AnyKeys.TestCase
TestAnyKeys.settings = settings(
    max_examples=cases(60), stateful_step_count=25, derandomize=True, deadline=None, database=None
)
