"""The feeds agent of a played scenario: what came of each feed, and what never did."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from hub.core.feeds import Arrivals, Feed, heard, looked_at, next_look
from hub.core.matters import Counted
from hub.core.model import Event, Numbered
from hub.core.policy import Policy
from hub.edges.numbered import numbered

HEARTBEAT = "feed.heartbeat"


class Feeds:
    """Every feed that was heard of."""

    def __init__(self, policy: Policy) -> None:
        """Nothing has come yet."""
        self._policy = policy
        self._feeds: dict[str, Feed] = {}

    def hear(self, event: Event, sequence: int | None, at: datetime, area: str) -> list[Counted]:
        """An event has come, in a message with this number."""
        told: Numbered | None = numbered(sequence, event.id)
        nothing: tuple[tuple[int, int], ...] = ()
        first = event.body.get("nothing_from")
        if first is not None:
            nothing = ((first, event.body.get("nothing_to") or first),)
        given = Arrivals(
            event.source,
            events=int(event.type != HEARTBEAT),
            numbers=((told.number, told.sent_as),) if told else (),
            nothing=nothing,
        )
        before = replace(self._feeds.get(event.source, Feed()), area=area)
        settings = self._policy.settings.at(area)
        after, said = heard(before, given, at, settings, self._policy.calendar)
        self._feeds[event.source] = after
        return said

    def next_look(self) -> datetime | None:
        """When the first of them wants to be looked at."""
        looks = (next_look(feed, self._settings(feed)) for feed in self._feeds.values())
        return min((look for look in looks if look is not None), default=None)

    def look(self, at: datetime) -> list[Counted]:
        """Look at whoever wants it by now."""
        found: list[Counted] = []
        for source, feed in self._feeds.items():
            wanted = next_look(feed, self._settings(feed))
            if wanted is not None and wanted <= at:
                self._feeds[source], said = looked_at(
                    feed, at, self._settings(feed), self._policy.calendar
                )
                found += said
        return found

    def _settings(self, feed: Feed) -> Mapping[str, Any]:
        return self._policy.settings.at(feed.area)
