"""What a run is made of: its seed, its families, and what has been left out of it."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Literal

from hub.core.model import Event
from hub.edges.avro import encode_event
from tests.simulation.chance import Chance, Strike
from tests.simulation.families import Family
from tests.simulation.outside import Arrival, topic_of

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAYS = 260
FAMILIES = 25
SPREAD_DAYS = 30
RETRACTED = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A run, and the part of it that is kept while it is made shorter; None keeps everything."""

    seed: int
    families: int = FAMILIES
    days: int = DAYS
    """How long there are faults."""
    kept: AbstractSet[str] | None = None
    """Ids of the events that are sent."""
    only: AbstractSet[Strike] | None = None
    """The misfortunes and choices that happen."""
    told: Literal["nothing", "causes", "all"] = "nothing"
    """What is written down: what was done to the hub, or also what it said."""

    def events(self) -> Iterator[Event]:
        """Everything that publishers will send, family by family."""
        for number in range(self.families):
            random = Random(self.seed * 1_000 + number)  # noqa: S311  an invented life, no secret
            start = START + timedelta(days=random.uniform(0, SPREAD_DAYS))
            life = sorted(Family(number, start, random).life(), key=lambda event: event.occurred_at)
            if life and random.random() < RETRACTED:
                life.append(Family(number, start, random).retraction(random.choice(life)))
            yield from (event for event in life if self.kept is None or event.id in self.kept)


def arrivals(event: Event, chance: Chance, mended: dict[bytes, Arrival]) -> Iterator[Arrival]:
    """An event on its way to Kafka: perhaps late, perhaps twice, perhaps garbled."""
    name = event.id
    delay = timedelta(minutes=chance.share("delay", name) * 30)
    if chance.strikes("sent late", name):
        delay = timedelta(hours=1 + chance.share("lateness", name) * 200)
    value = encode_event(event)
    label = f"{event.organisation} publishes {event.type} ({event.id})"
    # As a publisher keys it: what one source says of one person stays in order.
    key = f"{event.source}:{event.subject.reference}".encode()
    sent = Arrival(event.occurred_at + delay, label, topic_of(event), key, value, event.id)
    if chance.strikes("sent garbled", name):
        garbled = value[: len(value) // 2]
        mended[garbled] = sent
        yield sent._replace(value=garbled, label=f"{label}, garbled", event_id="")
        return
    yield sent
    if chance.strikes("sent twice", name):
        again = sent.at + timedelta(hours=chance.share("again", name) * 50)
        yield sent._replace(at=again, label=f"{label} again")
