"""Invented people.  Every NHS number is from the 999 range, which is never given to anybody."""

from functools import cache
from itertools import count
from random import Random
from typing import Any

from hub.edges.nhs_number import is_valid

FAMILY_NAMES = (
    "Ashby", "Barlow", "Cray", "Dunmore", "Eastlake", "Fenwick", "Garside", "Hollis", "Ilford",
    "Jessop", "Kemble", "Loxley", "Marden", "Norcott", "Okehurst", "Penrose", "Quarles", "Ripley",
    "Selwyn", "Tarrant", "Upwood", "Varley", "Wickham", "Yardley",
)  # fmt: skip
GIVEN_NAMES = (
    "Ada", "Beth", "Cara", "Dina", "Esme", "Freya", "Gwen", "Hana", "Iris", "Jaya", "Kit", "Leah",
    "Maya", "Nell", "Olga", "Pia", "Rhea", "Sana", "Tess", "Una", "Vera", "Wren", "Yara", "Zoe",
)  # fmt: skip
PER_FAMILY = 3
"""A mother and up to two babies."""


def nhs_number(number: int) -> str:
    """The `number`-th valid NHS number of the 999 range, counted from 0."""
    blocks, offset = divmod(number, 100)
    return _block(blocks)[offset]


@cache
def _block(blocks: int) -> tuple[str, ...]:
    """A hundred valid numbers: one in eleven nine-digit stems has none, so stems are skipped."""
    found: list[str] = []
    for stem in count(999_000_000 + blocks * 120):
        whole = next((f"{stem}{d}" for d in range(10) if is_valid(f"{stem}{d}")), None)
        if whole is not None:
            found.append(whole)
        if len(found) == 100:
            return tuple(found)
    raise AssertionError("the 999 range has room for every family")


def mother(number: int, chance: Random, *, age: int, born_before_year: int) -> dict[str, Any]:
    """A mother as her maternity system knows her."""
    year = born_before_year - age
    return {
        "reference": f"MAT-{number}",
        "nhs_number": nhs_number(number * PER_FAMILY),
        "family_name": chance.choice(FAMILY_NAMES),
        "given_name": chance.choice(GIVEN_NAMES),
        "birth_date": f"{year}-{chance.randint(1, 12):02d}-{chance.randint(1, 28):02d}",
        "postcode": f"ZZ{chance.randint(1, 9)} {chance.randint(1, 9)}ZZ",
    }


def baby_number(number: int, order: int) -> str:
    """The NHS number of a family's first or second baby."""
    return nhs_number(number * PER_FAMILY + order)
