"""Everything that can go wrong, by where it goes wrong."""

from hub.synth.mishaps.kinds import MISHAPS, Mishap

__all__ = ["MISHAPS", "Mishap"]
