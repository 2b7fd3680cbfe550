"""The world around the hub: recipients who answer or do not, and an operator at the quarantine."""

from datetime import datetime, timedelta
from typing import NamedTuple

from agents.receipts import RECEIPT
from hub.core.faults import SenderFault
from hub.core.ids import derive
from hub.core.model import Event, Input, InputKind, Person, QuarantineNote, Receipt, Signal
from hub.core.outcomes import NoticeIssued
from hub.edges.avro import (
    QuarantineRecord,
    decode_event,
    decode_quarantine,
    encode_event,
    encode_input,
)
from hub.edges.publish import PREGNANCY_TOPIC
from hub.edges.schemas import default_schemas
from hub.ops.topics import INPUTS, RECEIPTS, inputs_topic
from tests.simulation.chance import Chance

OTHER_ORGANISATION = "Y99999"

FOLLOWS = ("event.corrected", "event.retracted")

OPEN_HOURS, ACCEPT_HOURS, LATE_HOURS, REDRIVE_HOURS = 12.0, 10.0, 60.0, 40.0
"""How long people take on average; now and then they take five times as long."""


class Arrival(NamedTuple):
    """A record that somebody outside will write: when, where, and what it is in a story."""

    at: datetime
    label: str
    """Also what breaks a tie, so that no order depends on what else there is."""
    topic: str
    key: bytes
    value: bytes
    event_id: str = ""


class Recipients:
    """Everybody who may be told something, by what the dice say of each notice."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.told: set[str] = set()

    def tell(self, episode_id: str, notice: NoticeIssued, now: datetime) -> list[Arrival]:
        """A notice has reached its recipient; what he will write of it, and when.

        A notice that comes twice is known by its id.
        """
        name = notice.notice_id
        if name in self.told:
            return []
        self.told.add(name)
        if not self.chance.strikes("opens", name):
            return []
        first = now + timedelta(hours=self.chance.hours(OPEN_HOURS, "open", name))
        if self.chance.strikes("hands back", name):
            return self._answers(episode_id, notice, Signal.NOT_OURS, first)
        if self.chance.strikes("refuses", name):
            return self._answers(episode_id, notice, Signal.REFUSED, first)
        answers = self._answers(episode_id, notice, Signal.OPENED, first)
        if self.chance.strikes("accepts", name):
            then = first + timedelta(hours=self.chance.hours(ACCEPT_HOURS, "accept", name))
            answers += self._answers(episode_id, notice, Signal.ACCEPTED, then)
        return answers

    def _answers(
        self, episode_id: str, notice: NoticeIssued, signal: Signal, at: datetime
    ) -> list[Arrival]:
        """One receipt on its way: perhaps late, perhaps twice, perhaps from a stranger."""
        name = f"{notice.notice_id}:{signal}"
        stranger = self.chance.strikes("answers for another", name)
        organisation = OTHER_ORGANISATION if stranger else notice.organisation
        receipt = Receipt(
            notice_id=notice.notice_id,
            signal=signal,
            organisation=organisation,
            role=notice.role,
            person="somebody",
            at=at,
        )
        label = f"{organisation} says {signal} of {notice.notice_id}"
        by_kafka = not stranger and self.chance.strikes("answers by Kafka", name)
        arrives = at
        if self.chance.strikes("answers late", name):
            arrives += timedelta(hours=self.chance.hours(LATE_HOURS, "late", name))
        times = [arrives]
        if self.chance.strikes("answers twice", name):
            times.append(arrives + timedelta(hours=self.chance.hours(20, "twice", name)))
        return [
            _by_kafka(episode_id, receipt, label, when)
            if by_kafka
            else _by_https(episode_id, receipt, label, when)
            for when in times
        ]


def _by_https(episode_id: str, receipt: Receipt, label: str, at: datetime) -> Arrival:
    """A receipt as the gateway publishes it."""
    given = Input(
        input_id=derive("i", "sim", receipt.notice_id, receipt.signal, receipt.organisation),
        kind=InputKind.RECEIPT,
        at=at,
        episode_id=episode_id,
        receipt=receipt,
    )
    return Arrival(at, label, inputs_topic(episode_id), episode_id.encode(), encode_input(given))


def _by_kafka(episode_id: str, receipt: Receipt, label: str, at: datetime) -> Arrival:
    """A receipt as a subscriber writes it to the topic of receipts."""
    event = Event(
        id=f"{receipt.notice_id}:{receipt.signal}",
        type=RECEIPT,
        source=f"{receipt.organisation}:SIM",
        occurred_at=receipt.at,
        received_at=at,
        subject=Person(reference=episode_id),
        body={
            "notice_id": receipt.notice_id,
            "signal": receipt.signal.value,
            "organisation": receipt.organisation,
            "role": receipt.role,
            "person": receipt.person,
            "channel": "kafka",
            "detail": None,
        },
    )
    return Arrival(at, f"{label} (by Kafka)", RECEIPTS, episode_id.encode(), encode_event(event))


class Operator:
    """Reads the quarantine, and sends originals on once whoever sent them has mended them."""

    def __init__(self, chance: Chance, mended: dict[bytes, Arrival]) -> None:
        self.chance = chance
        self.mended = mended
        """What a garbled original should have been."""
        self.seen: set[tuple[str, datetime]] = set()

    def look_at(self, value: bytes, now: datetime) -> list[Arrival]:
        """A record of the quarantine: perhaps it is redriven, as the page of the hub does it."""
        record = decode_quarantine(value)
        refusal = (record.quarantine_id, record.received_at)
        if refusal in self.seen:
            return []
        self.seen.add(refusal)
        mended = self.mended.get(record.original)
        kind = "redrives" if mended else "redrives unmended"
        mended = mended or _as_it_is(record)
        name = f"{record.quarantine_id} of {record.received_at.isoformat()}"
        if mended is None or not self.chance.strikes(kind, name):
            return []
        at = now + timedelta(hours=self.chance.hours(REDRIVE_HOURS, "redrive", name))
        given = Input(
            input_id=derive("i", "redriven", record.quarantine_id, record.received_at.isoformat()),
            kind=InputKind.REDRIVEN,
            at=at,
            episode_id=f"q-{record.quarantine_id}",
            quarantine=QuarantineNote(
                quarantine_id=record.quarantine_id,
                reason=record.reason.value,
                family=record.family or "",
                source=record.source,
                event_type=record.event_type,
                refused_at=record.received_at,
            ),
        )
        closing = Arrival(
            at,
            f"the operator closes {record.quarantine_id}",
            INPUTS,
            given.episode_id.encode(),
            encode_input(given),
        )
        again = mended._replace(at=at, label=f"{mended.label} (from quarantine)")
        return [again, closing]


def _as_it_is(record: QuarantineRecord) -> Arrival | None:
    """An event that was readable and not decided: it is sent on unchanged, perhaps in vain again.

    What is not an event (a receipt, an input of the core) has no way back but its sender.
    """
    try:
        event = decode_event(record.original, record.received_at)
    except SenderFault:
        return None
    if event.type == RECEIPT:
        return None
    label = f"{event.organisation} publishes {event.type} ({event.id})"
    key = f"{event.source}:{event.subject.reference}".encode()
    value = record.original
    return Arrival(record.received_at, label, topic_of(event), key, value, event.id)


def topic_of(event: Event) -> str:
    """The public topic of an event; a correction or retraction follows what it is about."""
    about = event.body.get("target_type") if event.type in FOLLOWS else event.type
    topic = default_schemas().topic_of(about or event.type)
    return PREGNANCY_TOPIC if topic == "same" else topic
