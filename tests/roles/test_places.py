"""Who gets a place: whatever many others do, who answers finds one."""

from dataclasses import dataclass

import pytest

from hub.edges.channels.worklist import WorklistChannel
from hub.roles.places import MOST_DESTINATIONS, MOST_FAILING, Places

SLOW = 2.0


@dataclass
class _Small(WorklistChannel):
    """A channel with a few places."""

    name: str = "small"
    places: int = 8


def places_of(*destinations: str, channel: WorklistChannel | None = None) -> Places:
    """Places that know which channel serves each."""
    made = Places(SLOW)
    for each in destinations:
        made.learn(each, channel or _Small())
    return made


def begun(made: Places, due: list[str], at: float) -> list[str]:
    """Who gets a place, and has it from now on."""
    chosen = made.take(due, at)
    for each in chosen:
        made.begin(each, at)
    return chosen


@pytest.mark.parametrize("known_as_bad", [True, False])
def test_many_in_trouble_leave_half_to_those_that_answer(known_as_bad: bool) -> None:
    """Bad ones that are known for it, and new ones of which nobody knows."""
    bad, good = [f"bad{n}" for n in range(50)], [f"good{n}" for n in range(4)]
    made = places_of(*bad, *good)
    for each in good:
        made.came(each, well=True, at=0)
    if known_as_bad:
        for each in bad:
            made.came(each, well=False, at=0)
    assert len(begun(made, bad, 1)) == (3 if known_as_bad else 4)
    assert good == begun(made, [*bad, *good], 1)


def test_a_new_one_finds_a_place_beside_those_that_failed() -> None:
    """However many failed: a place is kept that none of them may take."""
    bad = [f"bad{n}" for n in range(50)]
    made = places_of(*bad, "new")
    for each in bad:
        made.came(each, well=False, at=0)
    assert "new" in begun(made, [*bad, "new"], 1)


def test_who_keeps_us_waiting_gives_the_place_back() -> None:
    """All answered well once, and all fall silent at once: others go on after two seconds."""
    silent, good = [f"silent{n}" for n in range(30)], [f"good{n}" for n in range(30)]
    made = places_of(*silent, *good)
    for each in (*silent, *good):
        made.came(each, well=True, at=0)
    assert silent[:8] == begun(made, silent, 1)
    assert [] == begun(made, good, 2)
    assert good[:4] == begun(made, good, 1 + SLOW + 0.1)


def test_no_more_are_waited_for_than_twice_the_places() -> None:
    """A whole network falls silent: there is an end to connections that are held."""
    silent = [f"silent{n}" for n in range(90)]
    made = places_of(*silent)
    for each in silent:
        made.came(each, well=True, at=0)
    turns = [begun(made, silent, 1 + turn * (SLOW + 0.1)) for turn in range(10)]
    assert 16 == sum(map(len, turns))


def test_one_channel_takes_no_place_of_another() -> None:
    """Each has its own."""
    made = places_of(*(f"bad{n}" for n in range(50)))
    made.learn("list", WorklistChannel())
    begun(made, [f"bad{n}" for n in range(50)], 1)
    assert ["list"] == begun(made, ["list"], 1)


def test_who_answers_again_is_one_of_those_that_answer() -> None:
    """And who is served, or whose channel nobody has looked up, gets no second place."""
    made = places_of("one")
    made.came("one", well=False, at=0)
    made.came("one", well=True, at=1)
    assert ["one"] == begun(made, ["one", "stranger"], 2)
    assert [] == begun(made, ["one"], 2)
    made.end("one")
    assert ["one"] == begun(made, ["one"], 3)
    assert ["stranger"] == made.unknown(["one", "stranger"])


def test_the_share_of_those_that_failed_is_less_than_half() -> None:
    """Else nothing would be left to new ones."""
    assert 0 < MOST_FAILING < MOST_DESTINATIONS // 2
