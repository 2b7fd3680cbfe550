"""What a bound of the hub is, and how the documents show it.  The bounds are in `limits.py`."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One bound."""

    name: str
    """In words, as operations know it."""
    value: int
    unit: str
    where: str
    """`module:CONSTANT` that holds the value in force."""
    because: str
    beyond: str
    """What happens to whatever would pass it."""


def as_table(limits: Iterable[Limit]) -> str:
    """The table of docs/operate.md, section Limits."""
    head = "| what | most | why | beyond it |\n|---|---|---|---|\n"
    return head + "".join(
        f"| {each.name} | {each.value:,} {each.unit} | {each.because} | {each.beyond} |\n"
        for each in limits
    )
