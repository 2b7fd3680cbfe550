"""Every misfortune and every choice of a run, drawn by name and not by turn.

A draw depends on the seed, its kind and its name, and on nothing that was drawn before it.  So a
run in which one event or one fault is left out meets all the others unchanged, and a story can be
made shorter one piece at a time.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from hashlib import blake2b
from math import log
from typing import NamedTuple

RATES: dict[str, float] = {
    # What may happen to an event on its way.
    "sent twice": 0.15,
    "sent late": 0.2,
    "sent garbled": 0.01,
    # What a recipient does with a notice.
    "opens": 0.75,
    "accepts": 0.9,
    "hands back": 0.04,
    "refuses": 0.03,
    "answers for another": 0.05,
    "answers twice": 0.15,
    "answers late": 0.2,
    "answers by Kafka": 0.15,
    # What happens to the machines, at each of their turns.
    "worker killed": 0.03,
    "partition moved": 0.01,
    "delivery killed": 0.03,
    "clock steps": 0.01,
    "everything down": 0.004,
    # What the publishers' brokers leave in the public topics.
    "hole": 0.05,
    # An operator who sends an original on from quarantine.
    "redrives": 0.8,
    # What was readable and not decided, sent on as it is, perhaps to be refused again.
    "redrives unmended": 0.8,
}
"""How likely each is, wherever it may happen; what is not a misfortune is a choice of people."""

CHOICES = frozenset({"opens", "accepts", "answers by Kafka", "redrives", "redrives unmended"})
"""What goes on when the faults have stopped: people at work."""


class Strike(NamedTuple):
    """Something that did happen in a run: its kind, and the name of what it happened to."""

    kind: str
    name: str


@dataclass(slots=True)
class Chance:
    """The dice of one run, from its seed."""

    seed: int
    only: AbstractSet[Strike] | None = None
    """When given, nothing else may happen: the story being tried out while it is made shorter."""
    calm: bool = False
    """From here on, only people's choices."""
    struck: dict[Strike, None] = field(default_factory=dict)
    """What did happen, in order."""

    def strikes(self, kind: str, name: str) -> bool:
        """Whether this happens to this one."""
        if self.calm and kind not in CHOICES:
            return False
        if self.share(kind, name) >= RATES[kind]:
            return False
        strike = Strike(kind, name)
        if self.only is not None and strike not in self.only:
            return False
        self.struck[strike] = None
        return True

    def share(self, *names: str) -> float:
        """A number from 0 to 1 that belongs to these names."""
        drawn = blake2b(f"{self.seed}:{':'.join(names)}".encode(), digest_size=7).digest()
        return int.from_bytes(drawn, "big") / (1 << 56)

    def hours(self, mean: float, *names: str) -> float:
        """A wait of so many hours on average, mostly short and now and then very long."""
        return -mean * log(1.0 - self.share("hours", *names))
