"""The NHS number's check digit."""

import pytest

from hub.edges import nhs_number


@pytest.mark.parametrize(
    "number", ["9990000018", "9990000026", "9990000034", "9990548609", "9434765919"]
)
def test_a_number_whose_check_digit_holds_is_valid(number: str) -> None:
    """The vectors of the domain specification, section 1.5."""
    assert nhs_number.is_valid(number)


@pytest.mark.parametrize(
    ("number", "why"),
    [
        ("9990000019", "the check digit is one too high"),
        ("999000001", "nine digits"),
        ("99900000181", "eleven digits"),
        ("9990000000", "its check would be ten, which is never issued"),
        ("NHS1234567", "letters"),
        ("٩٩٩٠٠٠٠٠١٨", "digits of another script"),
        ("", "nothing"),
    ],
)
def test_anything_else_is_invalid(number: str, why: str) -> None:
    """Each row says what is wrong with it."""
    assert not nhs_number.is_valid(number), why


def test_a_number_written_in_groups_is_read_without_them() -> None:
    """People write 3-3-4, with spaces or hyphens."""
    assert nhs_number.compact("999 000 0018") == "9990000018"
    assert nhs_number.compact("999-000-0018") == "9990000018"


def test_exactly_one_check_digit_fits_any_nine_digits_or_none() -> None:
    """So a slip in the last digit is always caught."""
    for nine in range(999_000_000, 999_000_500):
        fitting = [last for last in range(10) if nhs_number.is_valid(f"{nine}{last}")]
        assert len(fitting) <= 1
