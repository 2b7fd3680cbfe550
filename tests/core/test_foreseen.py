"""What a dry run may show: no number that tells of few families, nor one from which it follows."""

import pytest

from hub.core.foreseen import LEAST, Count, shown


def count(families: int, notices: int | None = None, begin: int = 0) -> Count:
    """Notices of so many families."""
    made = Count()
    for n in range(notices if notices is not None else families):
        made.add(f"ep-{begin + n % families}")
    return made


NONE = Count()


def test_large_numbers_are_shown() -> None:
    """By type, together and left, and none is none."""
    seen = shown({"a": count(LEAST), "b": count(20, 25)}, count(30), NONE, NONE)
    assert ({"a": LEAST, "b": 25}, LEAST + 25, 30) == (seen.taken, seen.together, seen.left)
    assert (0, 0) == (seen.unknown_taken, seen.unknown_left)


@pytest.mark.parametrize("few", [1, LEAST - 1])
def test_a_type_of_few_families_hides_the_sum_too(few: int) -> None:
    """Else it would be the sum less the others."""
    seen = shown({"a": count(few, 50), "b": count(20)}, NONE, NONE, NONE)
    assert ({"a": None, "b": 20}, None) == (seen.taken, seen.together)


def test_the_sum_is_shown_where_the_hidden_ones_are_many_together() -> None:
    """Two types, each of few families, and of other ones."""
    types = {"a": count(6), "b": count(6, begin=50), "c": count(20)}
    assert 32 == shown(types, NONE, NONE, NONE).together
    same = {"a": count(6), "b": count(6), "c": count(20, begin=50)}
    assert shown(same, NONE, NONE, NONE).together is None


def test_few_that_are_left_hide_what_is_taken_together() -> None:
    """Without a filter all of them can be asked for."""
    seen = shown({"a": count(20)}, count(3), count(2), count(LEAST))
    assert (None, None, None, LEAST) == (
        seen.together,
        seen.left,
        seen.unknown_taken,
        seen.unknown_left,
    )
