"""Merges and merges taken back: files share exactly while standing ties connect them."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.core.model import Event, InputKind
from tests.agents.people_stage import Place, event
from tests.agents.test_said_otherwise import known

NUMBERS = ("9990000018", "9990000026", "9990000034", "9990000042")
WHO = st.integers(0, len(NUMBERS) - 1)
MERGE = st.tuples(st.just("merge"), WHO, WHO, st.booleans())
TAKE_BACK = st.tuples(st.just("back"), st.integers(0, 9), st.booleans(), st.booleans())
READ = st.tuples(st.just("read"), st.just(0), st.just(0), st.just(False))
STEPS = st.lists(st.one_of(MERGE, MERGE, TAKE_BACK, READ, READ), max_size=14)


def names(woman: int) -> dict[str, str]:
    """How a woman is called."""
    return {"number": NUMBERS[woman], "reference": f"MAT-{woman}"}


def booking(woman: int) -> Event:
    """Each has a file of her own, of what could be one pregnancy."""
    return event("pregnancy.booked", woman / 10, name=f"booked-{woman}", **names(woman))


def merging(number: int, one: int, other: int) -> Event:
    """Somebody says that two records are one woman's."""
    told = {"from": NUMBERS[one], "to": NUMBERS[other]}
    day = 1 + number / 10
    return event("demographics.changed", day, name=f"m{number}", **names(other), **told)


def taking_back(merge: Event, woman: int, number: int) -> Event:
    """It was a mistake."""
    told = {"target_id": merge.id, "target_type": merge.type, "reason": "wrong_person"}
    name = f"back-{merge.id}-{number}"
    return event("event.retracted", 5 + number / 10, name=name, **names(woman), **told)


def connected(ties: list[tuple[int, int]]) -> list[set[int]]:
    """For each woman those who are one with her."""
    together = [{n} for n in range(len(NUMBERS))]
    for one, other in ties:
        both = together[one] | together[other]
        for each in both:
            together[each] = both
    return together


class Records:
    """Four records, and which merges of them stand."""

    def __init__(self, seed: int) -> None:
        """Each record has a booking."""
        self.place = Place(seed)
        for woman in range(len(NUMBERS)):
            self.place.hear(booking(woman))
        self.own = [next(iter(self.place.files(f"booked-{n}"))) for n in range(len(NUMBERS))]
        self.merges: list[tuple[Event, int, int]] = []
        self.gone: set[str] = set()
        self.number = 0

    def merge(self, one: int, other: int) -> Event:
        """Two records are one's; nothing that follows has been read yet."""
        self.number += 1
        told = merging(self.number, one, other)
        self.merges.append((told, one, other))
        self.place.say(told)
        return told

    def take_back(self, which: int, *, by_other: bool) -> None:
        """One of the merges was a mistake."""
        self.number += 1
        told, one, other = self.merges[which % len(self.merges)]
        self.gone.add(told.id)
        self.place.say(taking_back(told, other if by_other else one, self.number))

    def check(self) -> None:
        """Whatever comes under one number is heard by all files that standing ties connect."""
        self.place.settle()
        stands = [(one, other) for told, one, other in self.merges if told.id not in self.gone]
        together = connected(stands)
        for woman in range(len(NUMBERS)):
            late = event("pregnancy.notified", 20, name=f"late-{woman}", **names(woman))
            self.place.hear(late)
        for woman, hers in enumerate(together):
            assert {self.own[n] for n in hers} == self.place.files(f"late-{woman}")
            for one, other in product(hers, hers):
                assert one == other or self.knows(self.own[one], self.own[other])
        assert not self.place.refused

    def knows(self, one: str, other: str) -> bool:
        """Whether a file was told what another remembers, since it last forgot what it heard."""
        parted, told = -1, -1
        for n, heard in enumerate(self.place.inputs):
            if heard.kind is InputKind.PARTED and heard.episode_id == other:
                parted = n
            if heard.kind is InputKind.JOINED and (heard.episode_id, heard.other) == (one, other):
                told = n
        return told > parted


def test_of_three_merged_files_two_stay_joined_when_one_is_parted() -> None:
    """Whichever of the two merges was the mistake, and whatever the order of their numbers."""
    for first, second in product(((0, 1), (1, 2), (0, 2)), repeat=2):
        for which in (0, 1):
            if first == second:
                continue
            records = Records(seed=1)
            records.merge(*first)
            records.place.settle()
            records.merge(*second)
            records.place.settle()
            records.take_back(which, by_other=True)
            records.check()


def test_a_merge_that_was_said_twice_stands_while_one_of_the_two_does() -> None:
    """Two hospitals say it; one of them takes it back."""
    records = Records(seed=1)
    records.merge(0, 1)
    records.place.settle()
    records.merge(1, 0)
    records.place.settle()
    records.take_back(0, by_other=False)
    records.check()


def test_a_key_that_came_by_a_reference_goes_with_its_number() -> None:
    """Her file was opened under a reference; when the merge is taken back she has it again."""
    for hers, another in ((0, 1), (1, 0)):
        place = Place()
        place.hear(event("pregnancy.booked", 0, reference=f"MAT-{hers}", name="hers"))
        place.hear(event("pregnancy.notified", 1, name="the number", **names(hers)))
        place.hear(event("pregnancy.booked", 0, name="another's", **names(another)))
        merge = merging(1, hers, another)
        place.hear(merge)
        place.hear(taking_back(merge, hers, 2))
        place.hear(event("pregnancy.notified", 20, reference=f"MAT-{hers}", name="late"))
        place.hear(event("pregnancy.notified", 20, name="other", **names(another)))
        assert place.files("hers") <= place.files("late")
        assert place.files("another's") == place.files("other")
        assert not place.files("late") & place.files("other")


@pytest.mark.parametrize(("hers", "another"), [(0, 1), (1, 0)])
def test_what_was_said_of_another_s_care_goes_when_the_merge_is_taken_back(
    hers: int, another: int
) -> None:
    """Her hospital is not the one to which another woman moved."""
    place = Place()
    place.hear(booking(hers))
    place.hear(booking(another))
    moved = {"effective_on": "2026-04-01", "reason": "moved", "records_sent": "y"}
    told = {"from_org": "RXA", "to_org": "RXC", **moved}
    place.hear(event("pregnancy.transferred", 30, name="move", **names(another), **told))
    merge = merging(1, hers, another)
    place.hear(merge)
    place.hear(taking_back(merge, hers, 2))
    assert "RXA" == known(place, NUMBERS[hers]).provider
    assert "RXC" == known(place, NUMBERS[another]).provider


@given(steps=STEPS, seed=st.integers(0, 999))
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_files_share_exactly_while_standing_ties_connect_them(
    steps: list[tuple[str, int, int, bool]], seed: int
) -> None:
    """Four records, any merges, any of them taken back, read in any order."""
    records = Records(seed)
    for what, one, other, flag in steps:
        if what == "merge" and one != other:
            records.merge(one, other)
        elif what == "back" and records.merges:
            # Said when the merge itself has been read: nobody retracts what was never accepted.
            records.place.settle()
            records.take_back(one, by_other=flag)
        elif what == "read":
            records.place.settle()
    records.check()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sender", [0, 1])
def test_a_copy_after_the_parting_goes_where_the_first_one_went(seed: int, sender: int) -> None:
    """The file went with the other woman; the copy opens no second one, and is told in no other."""
    place = Place(seed)
    place.hear(booking(0))
    merge = merging(0, 0, 1)
    place.hear(merge)
    between = event("assignment.changed", 2, name="between", **names(sender))
    place.hear(between)
    place.hear(taking_back(merge, 1, 1))
    place.hear(booking(1))
    here = place.files("between")
    for copy in (merge, between):
        place.hear(copy)
    assert 1 == len(here)
    assert here == place.files("between") == place.files(merge.id)
