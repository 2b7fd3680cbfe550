"""Numbers of a feed's messages: only what never came is missing, whatever the order and copies."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from hub.core.numbering import MOST_HOLES, Numbers, carried_nothing, holes_of, number_heard

AT = datetime(2026, 3, 2, 11, tzinfo=UTC)


def told(*numbers: int, run: str = "a", before: Numbers | None = None) -> Numbers:
    """Numbers heard in this order, a second apart; each is of its own message."""
    known = before or Numbers()
    for place, number in enumerate(numbers):
        known = number_heard(known, number, f"{run}{number}", AT + timedelta(seconds=place))
    return known


def missing(numbers: Numbers) -> list[int]:
    """Every number that is missing."""
    return sorted(n for hole in holes_of(numbers) for n in range(hole.first, hole.last + 1))


@pytest.mark.parametrize(
    ("heard", "expected"),
    [
        ((), []),
        ((7, 8, 9), []),
        ((1, 2, 5), [3, 4]),
        ((1, 5, 3), [2, 4]),
        ((1, 5, 3, 4, 2), []),
        ((1, 2, 2, 1, 3), []),
        ((0, 1, 2, 4), [3]),
        ((2, 1, 3, 5), [4]),
    ],
)
def test_one_count(heard: tuple[int, ...], expected: list[int]) -> None:
    """A hole opens with a later number and is filled by what comes late."""
    assert expected == missing(told(*heard))


def test_a_hole_is_as_old_as_what_came_after_it() -> None:
    """The time of grace runs from when a later number was heard."""
    assert [AT + timedelta(seconds=1)] == [h.since for h in holes_of(told(1, 9, 4))][:1]


@pytest.mark.parametrize("before", [3, 12, 40, 1000])
@pytest.mark.parametrize("begin", [(1, 2, 3, 4), (3, 1, 2, 4), (0, 1, 2, 3, 4), (2, 4, 1, 3)])
def test_a_new_count_misses_nothing(before: int, begin: tuple[int, ...]) -> None:
    """A restart at one, or at nought, in any order of its first numbers."""
    first = told(*range(1, before + 1))
    again = told(*begin, *range(5, 60), run="b", before=first)
    assert [] == missing(again)


def test_a_new_count_has_holes_of_its_own() -> None:
    """What is lost after a restart is missing, although the count before had those numbers."""
    first = told(*range(1, 400))
    assert [3, 4] == missing(told(1, 2, 5, 6, run="b", before=first))


def test_what_was_on_its_way_at_a_restart_fills_the_old_count() -> None:
    """A late message of the count before is no hole of the new one, nor the other way round."""
    first = told(*(n for n in range(1, 500) if n != 470))
    mixed = told(1, 2, run="b", before=first)
    late = told(470, 500, before=mixed)
    assert [] == missing(told(*range(3, 90), run="b", before=late))


def test_a_loss_before_a_restart_stays_missing() -> None:
    """The old count ends with its hole."""
    first = told(*(n for n in range(1, 500) if n != 470))
    assert [470] == missing(told(*range(1, 90), run="b", before=first))


def test_old_copies_change_nothing() -> None:
    """Messages of long ago sent once more: the first looks like a beginning, and is none."""
    known = told(*range(1, 1000))
    copies = told(1, 7, 3, 500, 501, 502, 503, 504, 505, 506, before=known)
    assert [] == missing(told(*range(1000, 1100), before=copies))


def test_two_counts_under_one_name_are_told_apart() -> None:
    """Two connections that count for themselves: what one of them loses does not hide."""
    known = Numbers()
    for number in range(1, 60):
        known = number_heard(known, number, f"a{number}", AT)
        if number != 30:
            known = number_heard(known, number, f"b{number}", AT)
    assert [30] == missing(known)


def test_the_owner_says_that_numbers_carried_nothing() -> None:
    """Only those; the rest stays missing."""
    assert [2, 5] == missing(carried_nothing(told(1, 6), 3, 4))


def test_what_is_kept_is_bounded() -> None:
    """A sender that loses every other message for ever keeps its state small, and nothing hides."""
    known = told(*range(1, 3000, 2))
    assert MOST_HOLES == len(holes_of(known))
    assert set(range(2, 2999, 2)) <= set(missing(known))


@pytest.mark.parametrize("seed", range(120))
def test_any_order_with_copies_and_restarts(seed: int) -> None:
    """Lost is what never came, of each count up to its highest number."""
    chance = Random(seed)  # noqa: S311  a story, no secret
    known = Numbers()
    lost: list[int] = []
    at = AT
    for run in range(chance.randint(1, 4)):
        length = chance.choice([20, 60, 300, 800])
        gone = {chance.randint(2, length - 1) for _ in range(chance.choice([0, 0, 1, 4]))}
        # The end and the beginning of a count come in order: what lies there is ambiguous.
        gone -= set(range(1, 18)) | {length}
        row = [(n + chance.random() * chance.choice([0, 3, 12]), n) for n in range(18, length)]
        order = [*range(1, 18), *(n for _, n in sorted(row) if n not in gone), length]
        for place, number in enumerate(order):
            at += timedelta(seconds=1)
            known = number_heard(known, number, f"{run}:{number}", at)
            if chance.random() < 0.1:
                copy = order[max(0, place - chance.randint(0, 30))]
                known = number_heard(known, copy, f"{run}:{copy}", at)
        lost += gone
    assert sorted(lost) == missing(known)
