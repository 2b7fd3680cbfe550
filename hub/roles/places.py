"""Who is served now: the places of each channel, and for whom some of them are kept free.

However many destinations are dead, slow or new, those that answer find a place at once:

* Each channel has places of its own: a mail server that hangs takes none from a webhook.
* Half of them are only for destinations that answered well the last time.  Nobody knows what a new
  one will do, and of the other half some are kept from those that failed or were slow.
* Whoever keeps us waiting counts from then on as slow, and gives back the place of one that
  answers; as many again as a channel has places may be waited for in that way.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.edges.channels.base import Channel
from hub.ops import limits

MOST_DESTINATIONS: Final = limits.DESTINATIONS.value
"""Destinations served at once over a channel that names no number of its own."""

MOST_FAILING: Final = limits.FAILING.value
"""Of these, how many may be ones that failed last time or took long over it."""

NOWHERE: Final = ""
"""The channel of a destination that this hub cannot serve: it fails, and its places are its own."""


@dataclass(slots=True)
class Load:
    """The places of one channel, and who has them."""

    places: int
    sure: int = 0
    """By destinations that answered well the last time."""
    untested: int = 0
    troubled: int = 0
    """By those that failed or were slow, or have kept us waiting for a while."""

    def admits(self, *, sure: bool, troubled: bool) -> bool:
        """Whether one more of its kind may be served."""
        half, doubtful = max(1, self.places // 2), self.untested + self.troubled
        if sure:
            together = self.sure + doubtful
            return self.sure + min(doubtful, half) < self.places and together < 2 * self.places
        if doubtful >= half or self.sure + doubtful >= self.places:
            return False
        most = self.places * MOST_FAILING // MOST_DESTINATIONS
        return not troubled or self.troubled < max(1, most)

    def add(self, *, sure: bool, troubled: bool) -> None:
        """One more is served."""
        if troubled:
            self.troubled += 1
        elif sure:
            self.sure += 1
        else:
            self.untested += 1


@dataclass
class Places:
    """What is known of destinations.  A restart forgets it, which costs each one round."""

    slow_seconds: float
    _channels: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Name and places of the channel of each destination that was served."""
    _sure: set[str] = field(default_factory=set)
    _troubled: set[str] = field(default_factory=set)
    _began: dict[str, float] = field(default_factory=dict)

    def learn(self, destination_id: str, channel: Channel | None) -> None:
        """Which channel serves a destination."""
        known = (NOWHERE, MOST_DESTINATIONS) if channel is None else (channel.name, channel.places)
        self._channels[destination_id] = known

    def unknown(self, due: Iterable[str]) -> list[str]:
        """Of these, those whose channel must be looked up."""
        return [each for each in due if each not in self._channels]

    def begin(self, destination_id: str, at: float) -> None:
        """It is being served from now on."""
        self._began[destination_id] = at

    def end(self, destination_id: str) -> None:
        """It is served no more."""
        del self._began[destination_id]

    def came(self, destination_id: str, *, well: bool, at: float) -> None:
        """What it did last."""
        right, wrong = (self._sure, self._troubled) if well else (self._troubled, self._sure)
        right.add(destination_id)
        wrong.discard(destination_id)
        if destination_id in self._began:
            # It has answered; the next notice has the time of its own.
            self._began[destination_id] = at

    def take(self, due: Sequence[str], at: float) -> list[str]:
        """Those that get a place now, of those that have something due, in their order.

        One whose channel is not known yet waits for the next turn.
        """
        loads: dict[str, Load] = {}
        for each, since in self._began.items():
            held = at - since > self.slow_seconds
            self._load(loads, each).add(
                sure=each in self._sure, troubled=held or each in self._troubled
            )
        chosen: list[str] = []
        for each in due:
            if each in self._began or each not in self._channels:
                continue
            sure, troubled = each in self._sure, each in self._troubled
            load = self._load(loads, each)
            if load.admits(sure=sure, troubled=troubled):
                load.add(sure=sure, troubled=troubled)
                chosen.append(each)
        return chosen

    def _load(self, loads: dict[str, Load], destination_id: str) -> Load:
        name, places = self._channels[destination_id]
        return loads.setdefault(name, Load(places))
