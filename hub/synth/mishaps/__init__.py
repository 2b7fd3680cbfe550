"""Everything that can go wrong, by where it goes wrong."""

from hub.synth.mishaps import (
    care,
    conferences,
    feeds,
    letters,
    losses,
    reports,
    silences,
    unseen,
)
from hub.synth.mishaps.kinds import MISHAPS, Mishap

__all__ = [
    "MISHAPS",
    "Mishap",
    "care",
    "conferences",
    "feeds",
    "letters",
    "losses",
    "reports",
    "silences",
    "unseen",
]
