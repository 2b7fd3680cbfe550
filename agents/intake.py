"""The intake agent: from the public family topics to one person's queue.

Publishers key by their own references, so events about one woman arrive on many partitions; here
each is decoded, checked as at every other door, and re-keyed by person.  Receipts that come over
Kafka join the inputs of their episode directly: the outside world has one door.
"""

from collections.abc import Callable
from datetime import UTC, datetime

import faust
from aiokafka import ConsumerRecord

from agents.context import Context
from agents.guard import quarantined
from agents.outputs import Output, Sender
from agents.quarantined import note_of
from agents.receipts import input_of
from agents.transport import Slice, slices
from hub.core.corrections import CORRECTED
from hub.core.faults import SenderFault
from hub.core.matters import matter_of
from hub.core.model import Event
from hub.core.person import person_key
from hub.edges.avro import decode_event, encode_input, event_from_json, pass_event_on
from hub.edges.intake import check_event
from hub.edges.matters import input_of_event
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


def arrived_at(record: ConsumerRecord) -> datetime:
    """When a record reached Kafka."""
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)


def add_intake(app: faust.App, context: Context) -> None:
    """Add the agents that read the public topics, the receipts and the quarantine."""
    families = [family_topic(family) for family in FAMILIES]
    _add(app, "intake", families, lambda piece, record: take_in(context, piece.topic, record))
    _add(app, "receipts", [RECEIPTS], lambda _, record: take_receipt(context, record))
    _add(app, "quarantine", [QUARANTINE], lambda _, record: take_note(record))


def _add(
    app: faust.App, name: str, topics: list[str], take: Callable[[Slice, ConsumerRecord], Output]
) -> None:
    """An agent without state: each record leads to one other."""

    @app.agent(app.topic(*topics), name=name)
    async def agent(stream: "faust.StreamT[bytes]") -> None:
        async for piece in slices(stream):
            sender = Sender(app)
            for record in piece.records:
                await sender.append([take(piece, record)])
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


def take_in(context: Context, topic: str, record: ConsumerRecord) -> Output:
    """Decode, check and re-key one public record; what fails is kept back.

    What is about a matter goes to it at once; the rest is about a person.
    """
    try:
        event = _event_of(context, record)
        matter = matter_of(context.policy, event, replacement_of(event, context.clock.now()))
        if matter[0]:
            now = context.clock.now()
            given = input_of_event(context.directory, event, matter, now, context.secret)
            return Output(MATTERS, given.episode_id.encode(), encode_input(given))
        return Output(PERSONS, person_key(event, context.secret).encode(), pass_event_on(event))
    except Exception as error:  # noqa: BLE001  the guard: nothing escapes, everything is kept
        return _kept_back(error, "intake", record, family=topic.removeprefix("perinatal."))


def take_receipt(context: Context, record: ConsumerRecord) -> Output:
    """Pass a receipt on to the inputs of its episode; the subscriber names both."""
    try:
        given = input_of(_event_of(context, record), context.clock.now())
        topic = inputs_topic(given.episode_id)
        return Output(topic, given.episode_id.encode(), encode_input(given))
    except Exception as error:  # noqa: BLE001  the guard: nothing escapes, everything is kept
        return _kept_back(error, "receipts", record, family=None)


def take_note(record: ConsumerRecord) -> Output:
    """Tell the core of a quarantined original, so that somebody owns it.

    Only the hub writes this topic.  A record of it that cannot be read is kept back like any other:
    in quarantine there is a readable one then, which tells of it.
    """
    try:
        given = note_of(record.value or b"")
        return Output(INPUTS, given.episode_id.encode(), encode_input(given))
    except Exception as error:  # noqa: BLE001  the guard: nothing escapes, everything is kept
        return _kept_back(error, "quarantine", record, family=None)


def _kept_back(error: Exception, agent: str, record: ConsumerRecord, family: str | None) -> Output:
    """The quarantine record of a public record, with what can still be read of its envelope."""
    try:
        event: Event | None = decode_event(record.value or b"", arrived_at(record))
    except SenderFault:
        event = None
    return quarantined(
        error,
        agent=agent,
        original=record.value or b"",
        received_at=arrived_at(record),
        source=event.source if event else "unknown",
        event_type=event.type if event else None,
        family=family,
    )
