"""The intake agent: from the public family topics to one person's queue.

Publishers key by their own references, so events about one woman arrive on many partitions; here
each is decoded, checked as at every other door, and re-keyed by person.  Receipts that come over
Kafka join the inputs of their episode directly: the outside world has one door.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import faust
from aiokafka import ConsumerRecord

from agents.context import Context
from agents.feeds import arrivals_output
from agents.guard import quarantined
from agents.outputs import Output, Sender
from agents.quarantined import note_of
from agents.receipts import input_of
from agents.transport import Slice, slices
from hub.core.corrections import CORRECTED
from hub.core.faults import SenderFault
from hub.core.feeds import Arrivals, told_together
from hub.core.matters import matter_of
from hub.core.model import Event
from hub.core.person import person_key
from hub.edges.avro import decode_event, encode_input, event_from_json, pass_event_on
from hub.edges.intake import check_event
from hub.edges.matters import input_of_event
from hub.edges.numbered import of_record
from hub.edges.publish import UNKNOWN_SOURCE
from hub.ops import metrics
from hub.ops.topics import (
    FAMILIES,
    INPUTS,
    MATTERS,
    PERSONS,
    QUARANTINE,
    RECEIPTS,
    family_topic,
    inputs_topic,
)

HEARTBEAT = "feed.heartbeat"


class Taken(NamedTuple):
    """What a record leads to, and what has come with it from its feed."""

    output: Output
    arrivals: Arrivals | None = None


def arrived_at(record: ConsumerRecord) -> datetime:
    """When a record reached Kafka."""
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)


def add_intake(app: faust.App, context: Context) -> None:
    """Add the agents that read the public topics, the receipts and the quarantine."""
    families = [family_topic(family) for family in FAMILIES]

    def together(arrived: list[Arrivals]) -> list[Output]:
        return of_feeds(context, arrived)

    _add(app, "intake", families, lambda piece, each: took(context, piece.topic, each), together)
    _add(app, "receipts", [RECEIPTS], lambda _, each: Taken(take_receipt(context, each)))
    _add(app, "quarantine", [QUARANTINE], lambda _, each: noted(each), together)


def _add(
    app: faust.App,
    name: str,
    topics: list[str],
    take: Callable[[Slice, ConsumerRecord], Taken],
    together: Callable[[list[Arrivals]], list[Output]] = lambda _: [],
) -> None:
    """An agent without state: each record leads to one other.

    What has come of each feed is told once for a slice: one record, however many there were.
    """

    @app.agent(app.topic(*topics), name=name)
    async def agent(stream: "faust.StreamT[bytes]") -> None:
        async for piece in slices(stream):
            sender = Sender(app)
            arrived: list[Arrivals] = []
            for record in piece.records:
                output, arrivals = take(piece, record)
                arrived += [arrivals] if arrivals is not None else []
                await sender.append([output])
            await sender.append(together(arrived))
            await sender.send()


def _event_of(context: Context, record: ConsumerRecord) -> Event:
    """The event of a public record, checked as at every other door.  Raises SenderFault."""
    arrived = arrived_at(record)
    event = decode_event(record.value or b"", arrived)
    if event.received_at is arrived:
        # Only the hub's own doors stamp an arrival: this one came straight over Kafka.
        metrics.event_in(event.type, "kafka")
    check_event(event, context.directory, context.clock.now())
    return event


def replacement_of(event: Event, at: datetime) -> Event | None:
    """The event inside a correction.  Raises SenderFault when it cannot be read."""
    if event.type != CORRECTED:
        return None
    return event_from_json(str(event.body["replacement"]).encode(), at)


def took(context: Context, topic: str, record: ConsumerRecord) -> Taken:
    """Decode, check and re-key one public record; what fails is kept back.

    What is about a matter goes to it at once; the rest is about a person.
    """
    event: Event | None = None
    try:
        event = _event_of(context, record)
        output = _passed_on(context, event)
    except Exception as error:  # noqa: BLE001  the guard: nothing escapes, everything is kept
        return _kept_back(context, error, "intake", record, topic.removeprefix("perinatal."))
    return Taken(output, arrivals_of(event, record, counts=True))


def _passed_on(context: Context, event: Event) -> Output:
    """An event for its matter or its person.  Raises SenderFault."""
    now = context.clock.now()
    matter = matter_of(context.policy, event, replacement_of(event, now))
    if matter[0]:
        given = input_of_event(context.directory, event, matter, now, context.secret)
        return Output(MATTERS, given.episode_id.encode(), encode_input(given))
    return Output(PERSONS, person_key(event, context.secret).encode(), pass_event_on(event))


def arrivals_of(event: Event, record: ConsumerRecord, *, counts: bool) -> Arrivals:
    """What has come with a public record: an event that counts, a number, a word about numbers."""
    told = of_record(record.headers or (), event)
    nothing: tuple[tuple[int, int], ...] = ()
    beats = event.type == HEARTBEAT
    if beats and counts and event.body.get("nothing_from") is not None:
        first = int(event.body["nothing_from"])
        last = event.body.get("nothing_to")
        nothing = ((first, first if last is None else int(last)),)
    return Arrivals(
        source=event.source,
        # A feed that only says that it is alive brings nothing.
        events=int(counts and not beats),
        numbers=((told.number, told.sent_as),) if told is not None else (),
        nothing=nothing,
    )


def of_feeds(context: Context, arrived: Iterable[Arrivals]) -> list[Output]:
    """What the feeds agent hears of a slice: each feed once."""
    now = context.clock.now()
    return [arrivals_output(context, one, now) for one in told_together(arrived)]


def take_receipt(context: Context, record: ConsumerRecord) -> Output:
    """Pass a receipt on to the inputs of its episode; the subscriber names both."""
    try:
        given = input_of(_event_of(context, record), context.clock.now())
        topic = inputs_topic(given.episode_id)
        return Output(topic, given.episode_id.encode(), encode_input(given))
    except Exception as error:  # noqa: BLE001  the guard: nothing escapes, everything is kept
        return _kept_back(context, error, "receipts", record, None).output


def noted(record: ConsumerRecord) -> Taken:
    """Tell the core of a quarantined original, so that somebody owns it.

    Only the hub writes this topic.  A record of it that cannot be read is kept back like any other:
    in quarantine there is a readable one then, which tells of it.
    """
    try:
        given = note_of(record.value or b"")
        output = Output(INPUTS, given.episode_id.encode(), encode_input(given))
    except Exception as error:  # noqa: BLE001  the guard: nothing escapes, everything is kept
        return _kept_back(None, error, "quarantine", record, None)
    told = of_record(record.headers or (), None)
    source = given.quarantine.source if given.quarantine is not None else UNKNOWN_SOURCE
    if told is None or source == UNKNOWN_SOURCE:
        return Taken(output)
    # It was refused, but it is here: its number is no hole.
    return Taken(output, Arrivals(source, numbers=((told.number, told.sent_as),)))


def _kept_back(
    context: Context | None,
    error: Exception,
    agent: str,
    record: ConsumerRecord,
    family: str | None,
) -> Taken:
    """The quarantine record of a public record, with what can still be read of its envelope."""
    try:
        event: Event | None = decode_event(record.value or b"", arrived_at(record))
    except SenderFault:
        event = None
    output = quarantined(
        error,
        agent=agent,
        original=record.value or b"",
        received_at=arrived_at(record),
        source=event.source if event else UNKNOWN_SOURCE,
        event_type=event.type if event else None,
        family=family,
    )
    if event is None or context is None or not context.directory.knows(event.organisation):
        return Taken(output)
    return Taken(output, arrivals_of(event, record, counts=False))
