"""The roads of notices: which channel serves a role at an organisation, and for which notices.

What the directory's file says is the ground.  Subscriptions lie over it, the newest on top: a
notice takes the first that picks it, and what none picks takes the row beneath, or the worklist.
So a filter chooses a road and never a silence.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta, Struct

from hub.core.filter_terms import Traits
from hub.core.filter_text import kept_filter
from hub.core.filters import PICKS, verdict
from hub.core.holding import TEAM_OF

AT_ONCE: Final = 1e-9
"""The share of the time left after which the next channel is tried at once."""

WORKLIST: Final = "worklist"
"""The channel that every recipient has."""

ANY_ROLE: Final = "*"
"""In the place of a role: every one there that nothing of its own serves."""


class Address(Struct, frozen=True, kw_only=True):
    """One channel of a recipient, and where it leads."""

    channel: str = WORKLIST
    address: str = ""
    secret: str | None = None
    secret_before: str | None = None
    """The secret that `secret` replaces: both sign until this row is taken away."""
    payload: Literal["id-only", "full-resource", "mns"] = "full-resource"
    """What a FHIR subscription carries: a reference, the notice, or a signal in the form of MNS."""
    heartbeat_minutes: int = 0
    """How long a FHIR subscription may be silent; 0 means that silence says nothing."""
    destination_id: str = ""
    level: Literal["signal", "summary", "full"] = "full"
    """How much of a notice travels: that there is one, its title, or all of it."""
    per_minute: Annotated[int, Meta(ge=0)] = 0
    """How many notices a minute may go there; 0 means as many as there are."""
    only_rules: tuple[str, ...] = ()
    """The rules whose notices go there; those of all others take the road beneath.  Empty: all."""


class Endpoint(Address, frozen=True, kw_only=True):
    """Where notices for a role at an organisation go."""

    organisation: str
    role: str = "*"
    filter: str = ""
    """Which notices go there (docs/subscribe.md); all others take the road beneath.  Empty: all."""
    then: tuple[Address, ...] = ()
    """Further channels, tried in this order when a notice has not got through over those before."""
    next_after: Annotated[float, Meta(gt=0, le=1)] = 0.5
    """The share of the time left to a notice's deadline that each channel has before the next."""

    def __post_init__(self) -> None:
        """A filter that cannot be read is refused where it is written down."""
        if self.filter:
            kept_filter(self.filter)

    @property
    def takes_all(self) -> bool:
        """Whether every notice of its place goes there."""
        return not self.only_rules and not self.filter

    def takes(self, traits: Traits | None) -> bool:
        """Whether a notice goes there; one of which nothing is asked does."""
        if traits is None:
            return True
        if traits.rule and self.only_rules and traits.rule not in self.only_rules:
            return False
        return not self.filter or verdict(kept_filter(self.filter), traits) in PICKS


class Beside(Endpoint, frozen=True, kw_only=True):
    """A subscription that takes no road away, because this version cannot read its filter.

    What it would pick is not known.  So the road beneath has everything, and this one has a copy of
    everything too, at once and no more of it than that there is a notice (docs/decisions.md).
    """

    unread: str
    """Why its filter cannot be read; nothing of what stands in it."""

    @property
    def takes_all(self) -> bool:
        """What lies beneath is asked all the same."""
        return False

    def hears(self, traits: Traits | None) -> bool:
        """Whether a copy goes there: what was agreed on besides the filter still narrows it."""
        return Endpoint.takes(self, traits)

    def takes(self, traits: Traits | None) -> bool:
        """Never alone."""
        del traits
        return False


class Roads:
    """Every road there is, by organisation and role."""

    def __init__(self, endpoints: Mapping[tuple[str, str], Endpoint]) -> None:
        """Take the rows of the file; nothing lies over them yet."""
        self.endpoints = dict(endpoints)
        self.subscribed: dict[tuple[str, str], tuple[Endpoint, ...]] = {}
        """Subscriptions over the rows, in the order in which they are asked."""

    def placed(self, traits: Traits) -> Traits:
        """Traits with what is known here of the places in them."""
        return traits

    def _rows(self, organisation: str, role: str) -> Iterator[Endpoint]:
        """What may serve a role there, what is asked first before the others.

        Whoever is named of a team and has no road of her own is reached by that of her team.
        """
        roles = dict.fromkeys((role, TEAM_OF.get(role, role), ANY_ROLE))
        for place in ((organisation, each) for each in roles):
            yield from self.subscribed.get(place, ())
            if place in self.endpoints:
                yield self.endpoints[place]

    def endpoint(self, organisation: str, role: str, traits: Traits | None = None) -> Endpoint:
        """Where to send for a role there; the hub's own worklist when nothing else takes it.

        `traits` are those of the notice, where it is known.
        """
        traits = None if traits is None else self.placed(traits)
        rows = list(self._rows(organisation, role))
        taking = (row for row in rows if row.takes(traits))
        found = next(taking, None) or Endpoint(organisation=organisation, role=role)
        if not found.destination_id:
            found = msgspec.structs.replace(found, destination_id=f"{found.channel}:{organisation}")
        hearing = [row for row in rows if isinstance(row, Beside) and row.hears(traits)]
        return _heard_beside(found, hearing) if hearing else found

    def asks_traits(self, organisation: str, role: str) -> bool:
        """Whether the road of a role there depends on the notice."""
        return not all(row.takes_all for row in self._rows(organisation, role))

    def endpoints_of(
        self, organisation: str, role: str, traits: Traits | None = None
    ) -> tuple[Endpoint, ...]:
        """Every channel of a role there, in the order in which they are tried.

        A worklist behind another channel is left out: every notice stands there in any case.
        """
        return _channels(self.endpoint(organisation, role, traits))

    def every_endpoint(self) -> tuple[Endpoint, ...]:
        """Every channel of every recipient over which a notice may go."""
        return tuple(
            each
            for place in {**self.endpoints, **self.subscribed}
            for row in self._used(place)
            for each in _channels(row)
        )

    def _used(self, place: tuple[str, str]) -> Iterator[Endpoint]:
        """The roads of one place, down to the first that takes everything."""
        ground = [self.endpoints[place]] if place in self.endpoints else []
        for row in (*self.subscribed.get(place, ()), *ground):
            own_id = row.destination_id or f"{row.channel}:{row.organisation}"
            yield msgspec.structs.replace(row, destination_id=own_id)
            if row.takes_all:
                return

    def has_further_channels(self) -> bool:
        """Whether any recipient has more than one channel."""
        over = [row for rows in self.subscribed.values() for row in rows]
        beside = any(isinstance(row, Beside) for row in over)
        return beside or any(row.then for row in (*self.endpoints.values(), *over))

    def subscriptions(self) -> tuple[Endpoint, ...]:
        """The endpoints that are FHIR subscriptions."""
        return tuple(each for each in self.every_endpoint() if each.channel == "fhir")

    def kafka_subscribers(self) -> tuple[str, ...]:
        """The organisations that read notices from a Kafka topic of their own."""
        reading = {each.organisation for each in self.every_endpoint() if each.channel == "kafka"}
        return tuple(sorted(reading))


def _heard_beside(found: Endpoint, hearing: list[Beside]) -> Endpoint:
    """A road with copies for those whose filter nobody can read, at once.

    The worklist gives way to the first of them: every notice stands there in any case.
    """
    beside = [_address(each) for each in hearing]
    if found.channel == WORKLIST and not found.then:
        return msgspec.structs.replace(hearing[0], then=tuple(beside[1:]), next_after=AT_ONCE)
    return msgspec.structs.replace(found, then=(*beside, *found.then), next_after=AT_ONCE)


def _address(endpoint: Endpoint) -> Address:
    """A road as a further channel of another."""
    return Address(**{name: getattr(endpoint, name) for name in Address.__struct_fields__})


def _channels(first: Endpoint) -> tuple[Endpoint, ...]:
    """A row and its further channels."""
    found = [first]
    for each in first.then:
        if each.channel == WORKLIST:
            continue
        own_id = each.destination_id or f"{each.channel}:{first.organisation}"
        if not each.destination_id and any(own_id == one.destination_id for one in found):
            own_id = f"{own_id}/{len(found)}"
        more = msgspec.structs.asdict(each) | {"destination_id": own_id}
        found.append(Endpoint(organisation=first.organisation, role=first.role, **more))
    return tuple(found)
