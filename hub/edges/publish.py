"""The way from every door into Kafka: check, publish, and keep what cannot be published.

The rules:

* A door may say "taken" only after `publish_event` or `accept` has returned, which is after the
  broker has confirmed the write with acks=all.
* While Kafka is away, every call raises `Unavailable` within `CONFIRM_SECONDS`, and at once while
  earlier writes are still unconfirmed; the door answers "try again later" (503, or AE with 207).
* A write that was not confirmed in time may still arrive when Kafka returns.  That is why event
  ids come from the sender or are derived from the message: the second copy is dropped later.  A
  duplicate is better than a silence.
* No key carries an identity: keys are hashed with the hub's secret.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Final

from hub.core.faults import FaultReason, SenderFault
from hub.core.feeds import Arrivals
from hub.core.model import Event, Input, Numbered
from hub.edges import avro
from hub.edges.confirmed import CONFIRM_SECONDS, ConfirmedWrites, Unavailable
from hub.edges.intake import KnowsOrganisations, check_event
from hub.edges.matters import input_of_arrivals, secret_of_keys
from hub.edges.numbered import headers_of
from hub.edges.schemas import Schemas, default_schemas
from hub.ops import limits
from hub.ops.kafka_login import OPEN, KafkaLogin
from hub.ops.topics import FEEDS, QUARANTINE, family_topic, inputs_topic

__all__ = ["KeptFault", "Original", "Publisher", "Unavailable"]

ORIGINAL_KEPT_BYTES: Final = avro.LARGEST_INNER_BYTES - 16 * 1024
"""How much of a faulty original is kept; 16 KiB is room for the other fields of its record.
Anything longer is cut, and its explanation says so."""

MOST_EVENTS: Final = limits.BATCH_EVENTS.value

PREGNANCY_TOPIC: Final = family_topic("pregnancy")
"""Where a correction goes when the door does not know the type of the event it corrects."""

SAME_TOPIC: Final = "same"
"""What the schema of a correction or retraction says instead of a topic."""

OWNER: Final = "HUB_OPERATOR"
UNKNOWN_SOURCE: Final = "unknown"


class KeptFault(SenderFault):
    """A sender's fault whose original is confirmed in quarantine under `quarantine_id`.

    Operator action: none at once; the original can be redriven after a fix.
    """

    def __init__(self, fault: SenderFault, quarantine_id: str) -> None:
        super().__init__(fault.reason, fault.message, field=fault.field, remedy=fault.remedy)
        self.quarantine_id = quarantine_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """What came in, byte for byte, and what the door knows of it before it understands it."""

    body: bytes
    door: str
    """mllp, https, kafka or worker."""
    content_type: str
    received_at: datetime
    source: str = UNKNOWN_SOURCE
    """`ODS:SYSTEM`, or `unknown`."""
    event_type: str | None = None
    numbered: Numbered | None = None
    """The number that its sender gave it, in a field of the message or in a header."""


class Publisher:
    """One idempotent producer, shared by everything in a process that writes at the edge.

    `start` returns at once and the connection is made in the background, so that a door opens (and
    answers "try again later") even while Kafka is away.
    """

    def __init__(
        self,
        bootstrap: str,
        secret: bytes,
        *,
        client_id: str = "hub-edge",
        confirm_seconds: float = CONFIRM_SECONDS,
        schemas: Schemas | None = None,
        login: KafkaLogin = OPEN,
    ) -> None:
        self._writes = ConfirmedWrites(bootstrap, client_id, confirm_seconds, login=login)
        self._schemas = schemas or default_schemas()
        # blake2b takes a key of up to 64 bytes; a secret of any length becomes one of 32.
        self._key_secret = secret_of_keys(secret)
        self._key = blake2b(secret, digest_size=32, person=b"hub-edge-key").digest()

    async def start(self) -> None:
        """Begin to connect.  Never waits for Kafka."""
        await self._writes.start()

    async def stop(self) -> None:
        """Close the connection; writes still on their way get a few seconds."""
        await self._writes.stop()

    async def accept(
        self,
        events: Event | Sequence[Event],
        original: Original,
        directory: KnowsOrganisations,
        *,
        topic: str | None = None,
    ) -> None:
        """Check every event of one original, then publish them all, in order.

        Nothing is published when one of them fails its check.  Raises KeptFault (the original is
        in quarantine, confirmed) or Unavailable (nothing is promised).
        """
        batch = (events,) if isinstance(events, Event) else tuple(events)
        try:
            _require_few(batch)
            for event in batch:
                check_event(event, directory, original.received_at)
            encoded = [(event, avro.encode_event(event)) for event in batch]
        except SenderFault as fault:
            raise KeptFault(fault, await self.quarantine(fault, original)) from fault
        for event, value in encoded:
            headers = headers_of(event.numbered or original.numbered)
            where = self._topic_of(event, topic)
            await self._writes.write(where, self.event_key(event), value, headers)

    async def publish_event(self, event: Event, *, topic: str | None = None) -> None:
        """Write a checked event to its family's topic; returns when the broker has confirmed.

        `topic` is for corrections and retractions, which follow the event they are about.
        Raises SenderFault when the event does not fit its schema, Unavailable when Kafka is away.
        """
        await self._writes.write(
            self._topic_of(event, topic),
            self.event_key(event),
            avro.encode_event(event),
            headers_of(event.numbered),
        )

    async def note_number(self, source: str, told: Numbered | None, at: datetime) -> None:
        """A numbered message is here of which nothing is published: its number is no hole.

        It told the hub nothing, or it was taken before.  Raises Unavailable.
        """
        if told is None or source == UNKNOWN_SOURCE:
            return
        arrivals = Arrivals(source, numbers=((told.number, told.sent_as),))
        given = input_of_arrivals(arrivals, at, self._key_secret)
        await self._writes.write(FEEDS, given.episode_id.encode(), avro.encode_input(given))

    async def publish_input(self, given: Input) -> None:
        """Write an input (a receipt, a delivery report) to the inputs of its episode, confirmed."""
        topic = inputs_topic(given.episode_id)
        await self._writes.write(topic, given.episode_id.encode(), avro.encode_input(given))

    async def keep(self, record: avro.QuarantineRecord, numbered: Numbered | None = None) -> None:
        """Put a record into quarantine as it is, confirmed.  Raises Unavailable."""
        value = avro.encode_quarantine(record)
        key = record.quarantine_id.encode()
        await self._writes.write(QUARANTINE, key, value, headers_of(numbered))

    async def quarantine(self, fault: SenderFault, original: Original) -> str:
        """Keep a faulty original and return its quarantine id, when the broker has confirmed.

        The id is derived, so that a sender who repeats the same fault on the same day fills one
        row and not a hundred.  Raises Unavailable when Kafka is away.
        """
        quarantine_id = self.quarantine_id(fault.reason, original)
        await self.keep(self._record(quarantine_id, fault, original), original.numbered)
        return quarantine_id

    def event_key(self, event: Event) -> bytes:
        """The Kafka key: the same for all that one source says of one person, and not reversible.

        Without a reference the NHS number takes its place; the hash is keyed, so neither shows.
        """
        who = event.subject.reference or event.subject.nhs_number or ""
        return self._hash(event.source.encode(), who.encode()).encode()

    def quarantine_id(self, reason: FaultReason, original: Original) -> str:
        """The id under which a fault in this original is kept, if it came on this day."""
        day = original.received_at.date().isoformat()
        return "q-" + self._hash(
            original.door.encode(), reason.encode(), day.encode(), original.body
        )

    def _hash(self, *parts: bytes) -> str:
        digest = blake2b(key=self._key, digest_size=16)
        for part in parts:
            # Lengths keep ("a", "bc") and ("ab", "c") apart.
            digest.update(len(part).to_bytes(8, "big") + part)
        return digest.hexdigest()

    def _topic_of(self, event: Event, given: str | None) -> str:
        if given is not None:
            return given
        topic = self._schemas.topic_of(event.type)
        meant = event.body.get("target_type")
        if topic == SAME_TOPIC and meant in self._schemas.event_types():
            topic = self._schemas.topic_of(str(meant))
        return PREGNANCY_TOPIC if topic == SAME_TOPIC else topic

    def _record(
        self, quarantine_id: str, fault: SenderFault, original: Original
    ) -> avro.QuarantineRecord:
        kept = original.body[:ORIGINAL_KEPT_BYTES]
        explanation = fault.message
        if len(kept) < len(original.body):
            explanation += f" (kept: the first {len(kept)} of {len(original.body)} bytes)"
        return avro.QuarantineRecord(
            quarantine_id=quarantine_id,
            reason=fault.reason,
            explanation=explanation,
            field=fault.field,
            remedy=fault.remedy,
            door=original.door,
            source=original.source,
            event_type=original.event_type,
            family=family_of_type(self._schemas, original.event_type),
            content_type=original.content_type,
            original=kept,
            received_at=original.received_at,
            owner=OWNER,
            episode_id=None,
        )


def _require_few(batch: tuple[Event, ...]) -> None:
    if len(batch) > MOST_EVENTS:
        raise SenderFault(
            FaultReason.OVERSIZE,
            f"the original holds {len(batch)} events, and {MOST_EVENTS} are taken at once",
            remedy="send them in several",
        )


def family_of_type(schemas: Schemas, event_type: str | None) -> str | None:
    """The family of a known event type (`discharge`), from its topic; else None."""
    if event_type is None or event_type not in schemas.event_types():
        return None
    topic = schemas.topic_of(event_type)
    return None if topic == SAME_TOPIC else topic.removeprefix(family_topic(""))
