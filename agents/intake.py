"""The intake agent: from the public family topics to one person's queue.

Publishers key by their own references, so events about one woman arrive on many partitions; here
each is decoded, checked as at every other door, and re-keyed by person.  Receipts that come over
Kafka join the inputs of their episode directly: the outside world has one door.
"""

from datetime import UTC, datetime

import faust
from aiokafka import ConsumerRecord

from agents.context import Context
from agents.guard import quarantine
from agents.quarantined import note_of
from agents.receipts import input_of
from agents.transport import Outbound, Slice, slices
from hub.core.faults import SenderFault
from hub.core.identity import person_key
from hub.core.model import Event
from hub.edges.avro import decode_event, encode_event, encode_input
from hub.edges.intake import check_event
from hub.ops import metrics
from hub.ops.topics import FAMILIES, INPUTS, PERSONS, QUARANTINE, RECEIPTS, family_topic


def arrived_at(record: ConsumerRecord) -> datetime:
    """When a record reached Kafka."""
    return datetime.fromtimestamp(record.timestamp / 1000, UTC)


def add_intake(app: faust.App, context: Context) -> None:
    """Add the agents that read the public topics, the receipts and the quarantine."""
    families = [family_topic(family) for family in FAMILIES]

    @app.agent(app.topic(*families), name="intake")
    async def intake(stream: "faust.StreamT[bytes]") -> None:
        async for piece in slices(stream):
            people, kept = Outbound(app, PERSONS), Outbound(app, QUARANTINE)
            for record in piece.records:
                await _take_in(context, piece, record, people, kept)
            await people.send()
            await kept.send()

    @app.agent(app.topic(RECEIPTS), name="receipts")
    async def receipts(stream: "faust.StreamT[bytes]") -> None:
        async for piece in slices(stream):
            inputs, kept = Outbound(app, INPUTS), Outbound(app, QUARANTINE)
            for record in piece.records:
                await _take_receipt(context, record, inputs, kept)
            await inputs.send()
            await kept.send()

    @app.agent(app.topic(QUARANTINE), name="quarantine")
    async def quarantined(stream: "faust.StreamT[bytes]") -> None:
        async for piece in slices(stream):
            inputs = Outbound(app, INPUTS)
            for record in piece.records:
                given = note_of(record.value)
                await inputs.append(given.episode_id.encode(), encode_input(given))
            await inputs.send()


async def _take_in(
    context: Context, piece: Slice, record: ConsumerRecord, people: Outbound, kept: Outbound
) -> None:
    """Decode, check and re-key one public record."""
    arrived = arrived_at(record)
    event: Event | None = None
    try:
        event = decode_event(record.value or b"", arrived)
        if event.received_at is arrived:
            # Only the hub's own doors stamp an arrival: this one came straight over Kafka.
            metrics.event_in(event.type, "kafka")
        check_event(event, context.directory, max(context.clock.now(), event.received_at))
        await people.append(
            person_key(event, context.secret).encode(), encode_event(event)
        )
    except SenderFault as fault:
        await quarantine(
            kept,
            fault,
            agent="intake",
            original=record.value or b"",
            received_at=arrived,
            source=event.source if event else "unknown",
            event_type=event.type if event else None,
            family=piece.topic.removeprefix("perinatal."),
        )


async def _take_receipt(
    context: Context, record: ConsumerRecord, inputs: Outbound, kept: Outbound
) -> None:
    """Pass a receipt on to the inputs of its episode; the subscriber names both."""
    arrived = arrived_at(record)
    event: Event | None = None
    try:
        event = decode_event(record.value or b"", arrived)
        if event.received_at is arrived:
            metrics.event_in(event.type, "kafka")
        now = context.clock.now()
        check_event(event, context.directory, max(now, event.received_at))
        given = input_of(event, now)
        await inputs.append(given.episode_id.encode(), encode_input(given))
    except SenderFault as fault:
        await quarantine(
            kept,
            fault,
            agent="receipts",
            original=record.value or b"",
            received_at=arrived,
            source=event.source if event else "unknown",
            event_type=event.type if event else None,
        )
