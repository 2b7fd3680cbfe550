"""The NHS number: ten digits, the last one a check digit (NHS Data Dictionary, modulus 11)."""

from typing import Final

LENGTH: Final = 10
_WEIGHTS: Final = range(LENGTH, 1, -1)
_ASCII_DIGITS: Final = frozenset("0123456789")


def compact(written: str) -> str:
    """The number without the spaces and hyphens that people group it with (`999 000 0018`)."""
    return written.replace(" ", "").replace("-", "")


def is_valid(number: str) -> bool:
    """True for ten ASCII digits whose check digit holds.

    The nine leading digits are weighted 10 down to 2; the check digit is 11 minus the sum modulo
    11, where 11 is written 0 and 10 means that the number was never issued.
    """
    if len(number) != LENGTH or not _ASCII_DIGITS.issuperset(number):
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False))
    return (11 - total % 11) % 11 == int(number[-1])
