"""Chooses what goes wrong for a family, and makes it so.

What a mishap is stands in `mishaps`; each speaks of what people do or leave undone, and of what
the domain expects of them, never of the hub's rules.
"""

from random import Random

from hub.synth.draw import draw_family
from hub.synth.family import Family
from hub.synth.mishaps import MISHAPS, Mishap

SHARE = 0.5
"""The share of families to whom something is done wrong: enough that every mishap occurs by the
dozen in a year, and half of the year stays as it should be, for the false alarms."""


def with_a_mishap(seed: int, number: int) -> Family:
    """The family of a number, to whom something may be done wrong."""
    chance = Random(f"{seed}:{number}:mishap")  # noqa: S311  a year that can be made again, no secret
    if chance.random() >= SHARE:
        return draw_family(seed, number)
    return with_the_mishap(seed, number, chance.choice(MISHAPS))


def with_the_mishap(seed: int, number: int, mishap: Mishap) -> Family:
    """A family to whom one mishap happens; unharmed where the mishap finds nothing to befall."""
    family = draw_family(seed, number, mishap.needs)
    mishap.happens(family)
    return family
