"""A merge that named a wrong record, corrected: in any order as if the right one had been said."""

from itertools import permutations

from msgspec.structs import replace

from hub.core.model import Event
from tests.agents.people_stage import Place, event
from tests.agents.test_merge_graph import NUMBERS, booking, merging, names, taking_back
from tests.agents.test_said_otherwise import corrected

HERS, WRONG, RIGHT = 0, 1, 2


def correcting(merge: Event, woman: int, day: float, other: int = HERS) -> Event:
    """The one record is of another woman than was said."""
    told = corrected(merge, day, **{"from": NUMBERS[woman]})
    who = event("pregnancy.notified", 0, **names(other)).subject
    return replace(told, subject=who)


def together(place: Place) -> list[set[str]]:
    """For each record the files that hear what comes under its number."""
    for woman in range(len(NUMBERS)):
        late = event("pregnancy.notified", 20, name=f"late-{woman}", **names(woman))
        place.hear(late)
    return [place.files(f"late-{woman}") for woman in range(len(NUMBERS))]


def check(place: Place, *pairs: tuple[int, int]) -> None:
    """Exactly these records share what comes."""
    found = together(place)
    for one in range(len(NUMBERS)):
        for other in range(one):
            alike = (other, one) in pairs or (one, other) in pairs
            assert (found[one] == found[other]) is alike, (one, other)
            assert alike or not found[one] & found[other], (one, other)


def test_in_any_order_the_right_record_is_hers_and_the_wrong_one_is_not() -> None:
    """Three bookings, the merge, its correction and a copy of the merge, 720 orders."""
    merge = merging(1, WRONG, HERS)
    story = (
        booking(HERS),
        booking(WRONG),
        booking(RIGHT),
        merge,
        correcting(merge, RIGHT, 6),
        replace(merge, recorded_at=merge.occurred_at),
    )
    for number, order in enumerate(permutations(story)):
        place = Place(number)
        for told in order:
            place.say(told)
            if number % 3 or told is order[-1]:
                place.settle()
        place.hear(booking(3))
        check(place, (HERS, RIGHT))


def test_of_two_corrections_the_later_one_stands() -> None:
    """In whichever order they come, and under whichever of her numbers."""
    merge = merging(1, WRONG, HERS)
    first, second = correcting(merge, RIGHT, 6), correcting(merge, 3, 7)
    for number, order in enumerate(permutations((merge, first, second))):
        place = Place(number)
        for woman in range(len(NUMBERS)):
            place.hear(booking(woman))
        for told in order:
            place.hear(told)
        check(place, (HERS, 3))


def test_a_corrected_merge_may_still_be_taken_back() -> None:
    """Before or after its correction: then nobody is hers."""
    merge = merging(1, WRONG, HERS)
    back = taking_back(merge, HERS, 9)
    for number, order in enumerate(permutations((merge, correcting(merge, RIGHT, 6), back))):
        place = Place(number)
        for woman in range(len(NUMBERS)):
            place.hear(booking(woman))
        for told in order:
            place.hear(told)
        check(place)


def test_a_correction_of_something_else_keeps_the_two_together() -> None:
    """The same two records: nobody forgets anything for it."""
    merge = merging(1, WRONG, HERS)
    place = Place(5)
    for woman in range(len(NUMBERS)):
        place.hear(booking(woman))
    place.hear(merge)
    place.hear(corrected(merge, 6, effective="2026-03-05"))
    assert [] == [given for given in place.inputs if given.kind.value == "parted"]
    check(place, (HERS, WRONG))
