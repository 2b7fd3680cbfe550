"""What a mishap is, and the list of all of them.

A mishap is something that people do wrong or leave undone to one family.  It names the finding or
standard that says what should have been done, and notes what should be noticed, by when.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hub.synth.family import Family


@dataclass(frozen=True)
class Mishap:
    """One way in which things go wrong."""

    name: str
    happens: Callable[[Family], None]
    needs: frozenset[str] = frozenset()
    """Traits without which it cannot happen; `not:` before one that must be absent."""


MISHAPS: list[Mishap] = []


def mishap(*needs: str) -> Callable[[Callable[[Family], None]], Callable[[Family], None]]:
    """Put a function on the list of mishaps, under its own name."""

    def put(happens: Callable[[Family], None]) -> Callable[[Family], None]:
        name = happens.__name__.replace("_", "-")
        MISHAPS.append(Mishap(name=name, happens=happens, needs=frozenset(needs)))
        return happens

    return put
