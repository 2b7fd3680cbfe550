"""The load: invented families in seeded variety, encoded before the run begins.

Everything here happened in the two days before the hub's clock starts, so that no event is ever
from the future, some deadlines have passed when their event arrives, and the others fall due while
faults strike.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import Any

from hub.core.model import Actor, Event, Person
from hub.edges.avro import encode_event, event_to_json
from hub.edges.schemas import default_schemas
from tests.chaos.place import COUNCIL, PRACTICES, PROVIDER

TOGETHER = 60
"""Families whose lives are told side by side: neighbours in the log, so that every slice and every
crash meets several events of one family."""

LONG_AGO, LATELY = (26.0, 47.0), (8.0, 14.0)
"""Hours before the hub's clock starts at which a quarter and three quarters of the lives begin: the
deadlines of the first have passed when they arrive, those of the others fall due during the run."""

STEP = timedelta(minutes=15)
MOVES = (6, 12)
"""Moves between wards in one life: most of what hospitals send asks nothing of anybody."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record for a public topic."""

    topic: str
    key: bytes
    value: bytes
    event_id: str
    """Empty for a poison record."""
    kind: str
    """The event type, `duplicate` or `poison`."""


def nhs_numbers() -> Iterator[str]:
    """Valid numbers of the test range, each once."""
    for middle in range(1_000_000):
        nine = f"999{middle:06d}"
        check = 11 - sum(int(d) * w for d, w in zip(nine, range(10, 1, -1), strict=True)) % 11
        if check != 10:
            yield f"{nine}{check % 11}"


@dataclass
class Family:
    """One pregnancy as its publishers tell it."""

    number: int
    nhs_number: str
    begins: datetime
    random: Random
    step: int = 0

    def event(self, kind: str, source: str, body: dict[str, Any]) -> Event:
        """The next event of this life, a little after the one before."""
        self.step += 1
        at = self.now()
        return Event(
            id=f"e{self.number}-{self.step}",
            type=kind,
            source=f"{source}:SIM",
            occurred_at=at,
            received_at=at,
            subject=Person(reference=f"r{self.number}", nhs_number=self.nhs_number),
            actor=Actor(role="COMM_MIDWIFE" if source == PROVIDER else "SOCIAL_WORKER", org=source),
            body=body,
        )

    def now(self) -> datetime:
        """When the event told last happened."""
        return self.begins + STEP * self.step

    def life(self) -> Iterator[Event]:
        """Everything that is told of this family, in order: what matters, and moves between."""
        moves = self.random.randint(*MOVES)
        for event in self.told():
            yield event
            for _ in range(min(moves, self.random.randint(1, 4))):
                moves -= 1
                yield self.moved()
        for _ in range(moves):
            yield self.moved()

    def moved(self) -> Event:
        """She is moved to another ward."""
        ward = self.random.choice(["MAT", "LAB", "ANC", "TRI"])
        stay = {"subject": "mother", "encounter_id": f"n{self.number}", "kind": "transferred"}
        return self.event("encounter.updated", PROVIDER, stay | {"ward": ward})

    def told(self) -> Iterator[Event]:
        """What matters in this life."""
        practice = self.random.choice(PRACTICES)
        kind = self.random.random()
        if kind < 0.5:
            yield from self.expecting(practice)
        elif kind < 0.8:
            yield from self.born(practice)
        else:
            yield from self.conferred(practice)

    def booked(self, practice: str, days: int) -> Event:
        """A booking, due so many days from now."""
        day = self.begins.date()
        body = {
            "booked_on": day.isoformat(),
            "edd": (day + timedelta(days=days)).isoformat(),
            "edd_basis": "scan",
            "parity": 0,
            "planned_contacts": 10,
            "provider": PROVIDER,
            "named_midwife": {"id": "mw-1", "name": None, "phone": None},
            "gp_ods": practice,
            "hv_team_hint": "",
            "vulnerabilities": [],
            "late_reason": [],
            "sharing_ref": "",
        }
        return self.event("pregnancy.booked", PROVIDER, body)

    def expecting(self, practice: str) -> Iterator[Event]:
        """Booked; often re-dated; sometimes corrected, taken back, or moved to another practice."""
        days = self.random.randint(150, 220)
        booking = self.booked(practice, days)
        yield booking
        if self.random.random() < 0.7:
            edd = (self.begins.date() + timedelta(days=days - 4)).isoformat()
            dated = {"edd": edd, "basis": "scan", "previous_edd": booking.body["edd"]}
            redated = self.event("pregnancy.dated", PROVIDER, dated)
            yield redated
            if self.random.random() < 0.2:
                yield self.retraction(redated)
        if self.random.random() < 0.2:
            yield self.correction(booking, {**booking.body, "parity": 1})
        if self.random.random() < 0.2:
            other = PRACTICES[PRACTICES.index(practice) - 1]
            change = {"kind": "gp", "from": practice, "to": other}
            effective = {"effective": self.begins.date().isoformat()}
            yield self.event("demographics.changed", PROVIDER, change | effective)

    def born(self, practice: str) -> Iterator[Event]:
        """Booked, born, gone home; the summary with its safeguarding part or without."""
        yield self.booked(practice, 5)
        birth = {
            "baby_id": f"b{self.number}",
            "born_at": self.now(),
            "place": "hospital",
            "gestation": {"weeks": 39, "days": 2, "basis": "scan"},
            "weight_grams": 3200,
            "sex": "female",
            "plurality": {"n": 1, "order": 1},
            "alive": "y",
        }
        yield self.event("birth.recorded", PROVIDER, birth)
        stay = {"subject": "mother", "encounter_id": f"n{self.number}", "kind": "discharged"}
        stay |= {"ward": "MAT", "destination": "19"}
        yield self.event("encounter.updated", PROVIDER, stay)
        summary = self.summary(complete=self.random.random() < 0.5)
        yield summary
        if self.random.random() < 0.2:
            whole = self.summary(complete=True)
            yield self.correction(summary, whole.body)

    def summary(self, *, complete: bool) -> Event:
        """The mother's discharge summary."""
        section = {"state": "none_checked" if complete else "not_completed"}
        section |= {"checked_by": "mw-1"} if complete else {}
        body = {
            "subject": "mother",
            "discharged_at": self.now(),
            "issued_at": self.now(),
            "sections": {
                "clinical": "invented",
                "safeguarding_concerns": section,
                "social_circumstances": section,
                "mental_health_info_given": "y",
            },
            "copied_to": [],
        }
        return self.event("discharge.summary", PROVIDER, body)

    def conferred(self, practice: str) -> Iterator[Event]:
        """Booked, a concern, and a conference from which the practice or nobody was absent."""
        yield self.booked(practice, self.random.randint(60, 150))
        concern = {"code": "neglect", "severity": "medium", "about": "household"}
        yield self.event(
            "concern.raised", PROVIDER, concern | {"basis_text": "invented", "action": "discuss"}
        )
        state = self.random.choice(["absent_none", "present_remote"])
        attended = {"role": "GP_PRACTICE", "org": practice, "state": state}
        body = {"conference_id": f"c{self.number}", "attendance": [attended], "quorate": "y"}
        yield self.event("conference.attendance", COUNCIL, body | {"presented_by": []})

    def retraction(self, event: Event) -> Event:
        """The publisher takes an event back."""
        body = {"target_id": event.id, "target_type": event.type, "reason": "duplicate"}
        return self.event("event.retracted", event.organisation, body)

    def correction(self, event: Event, body: dict[str, Any]) -> Event:
        """The publisher puts another body in the place of the first."""
        whole = Event(
            id=f"{event.id}-right",
            type=event.type,
            source=event.source,
            occurred_at=event.occurred_at,
            received_at=event.received_at,
            subject=event.subject,
            actor=event.actor,
            body=body,
        )
        told = {"target_id": event.id, "target_type": event.type, "reason": "wrong_content"}
        return self.event(
            "event.corrected", event.organisation, told | {"replacement": _json(whole)}
        )


def _json(event: Event) -> str:
    """The event as it is sent over HTTPS."""
    return json.dumps(event_to_json(event))


def records(seed: int, count: int, hub_start: datetime) -> list[Record]:
    """`count` records: one in fifty is sent twice, one in four hundred is garbage."""
    random = Random(seed)  # noqa: S311  invented lives, not secrets
    found: list[Record] = []
    for record in _told(random, hub_start):
        found.append(record)
        if random.random() < 0.02:
            again = Record(record.topic, record.key, record.value, record.event_id, "duplicate")
            found.append(again)
        if random.random() < 0.0025:
            found.append(_poison(random, len(found), record.topic))
        if len(found) >= count:
            break
    return found[:count]


def _told(random: Random, hub_start: datetime) -> Iterator[Record]:
    """The lives of family after family, `TOGETHER` of them side by side."""
    numbers = nhs_numbers()
    number = 0
    while True:
        lives: list[Iterator[Event]] = []
        for _ in range(TOGETHER):
            number += 1
            ago = random.uniform(*(LONG_AGO if random.random() < 0.25 else LATELY))
            begins = hub_start - timedelta(hours=ago)
            lives.append(Family(number, next(numbers), begins, random).life())
        while lives:
            for life in list(lives):
                event = next(life, None)
                if event is None:
                    lives.remove(life)
                else:
                    yield _record(event)


def _record(event: Event) -> Record:
    """An event as its publisher writes it; a correction follows what it is about."""
    schemas = default_schemas()
    topic = schemas.topic_of(event.type)
    if topic == "same":
        topic = schemas.topic_of(str(event.body["target_type"]))
    key = blake2b(f"{event.source}:{event.subject.reference}".encode(), digest_size=16)
    return Record(topic, key.hexdigest().encode(), encode_event(event), event.id, event.type)


def _poison(random: Random, number: int, topic: str) -> Record:
    """Bytes that nobody can read: garbage, an unknown schema, or an event cut short."""
    rest = random.randbytes(random.randint(0, 60)) + b"#%d" % number
    head = random.choice([b"", b"\0", b"\0\0\x01\x86\xa0", b"\0\0\0\x03\xeb"])
    return Record(topic, b"poison", head + rest, "", "poison")
