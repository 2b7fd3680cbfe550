"""The identity agent without Kafka: events, and links told from key to key in any order."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from agents.context import Context
from agents.identity import resolve
from agents.kept import Kept, close_kept, open_kept
from agents.outputs import Output
from hub.core.faults import FaultReason
from hub.core.model import Event, Input, InputKind, Person
from hub.core.person import person_key
from hub.edges.avro import decode_input, decode_quarantine, pass_event_on
from hub.edges.schemas import default_schemas
from hub.ops.topics import INPUTS, PERSONS, QUARANTINE
from tests.core.stage import policy
from tests.simulation.broker import Record
from tests.simulation.families import directory
from tests.simulation.worker import SteppedClock

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOP_LIMIT = 400
"""Records one event may lead to.  More than that goes round in a circle."""
SECRET = b"a secret of the hub's"


@dataclass
class Place:
    """Every person's key with what is kept of it, and what was said on other topics."""

    seed: int = 1
    stored: dict[bytes, bytes] = field(default_factory=dict)
    waiting: list[Output] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)
    refused: list[FaultReason] = field(default_factory=list)
    offset: int = 0

    def __post_init__(self) -> None:
        """A clock, the packaged policy and a small directory."""
        self.random = Random(self.seed)  # noqa: S311  an order that can be had again, no secret
        self.clock = SteppedClock(START)
        self.context = Context(
            policy=policy(),
            directory=directory(),
            clock=self.clock,
            secret=SECRET,
            schemas=default_schemas(),
            partitions=1,
        )

    def say(self, event: Event) -> None:
        """A publisher's event reaches its person's key; nothing that follows has been read yet."""
        key = person_key(event, SECRET).encode()
        self.waiting.append(Output(PERSONS, key, pass_event_on(event)))

    def settle(self) -> None:
        """Read everything, in an order in which partitions might."""
        for _ in range(HOP_LIMIT):
            if not self.waiting:
                return
            # The order of one key is kept, as a partition keeps it.
            key = self.random.choice(sorted({output.key for output in self.waiting}))
            self._take(next(output for output in self.waiting if output.key == key))
        raise AssertionError("it goes round in a circle")

    def hear(self, event: Event) -> list[Input]:
        """Say an event, settle, and return the inputs that came of it."""
        before = len(self.inputs)
        self.say(event)
        self.settle()
        return self.inputs[before:]

    def _take(self, output: Output) -> None:
        self.waiting.remove(output)
        self.offset += 1
        at = round(self.clock.now().timestamp() * 1000)
        record = Record(PERSONS, 0, self.offset, output.key, output.value, at)
        fresh: Kept = resolve(self.context, record, open_kept(self.stored.get(output.key)), 0)
        self.stored[output.key] = close_kept(fresh)
        for said in fresh.again(self.offset) or ():
            if said.topic == PERSONS:
                self.waiting.append(said)
            elif said.topic == INPUTS:
                self.inputs.append(decode_input(said.value))
            elif said.topic == QUARANTINE:
                self.refused.append(decode_quarantine(said.value).reason)

    def files(self, event_id: str) -> set[str]:
        """The episodes that have heard an event."""
        return {i.episode_id for i in self.inputs if i.event is not None and i.event.id == event_id}

    def joined(self) -> list[tuple[str, str]]:
        """Pairs of episodes asked to tell each other what they remember."""
        found = [i for i in self.inputs if i.kind is InputKind.JOINED]
        return [(i.episode_id, i.other) for i in found]


def event(
    kind_of_event: str,
    day: float,
    /,
    *,
    reference: str = "MAT-1",
    number: str | None = None,
    source: str = "RXA:PAS",
    born: str | None = None,
    name: str = "",
    **body: Any,
) -> Event:
    """An event so many days after the start, with a body that its schema takes."""
    at = START + timedelta(days=day)
    whole: dict[str, Any] = {**BODIES.get(kind_of_event, {}), **body}
    return Event(
        id=name or f"{kind_of_event}-{day}",
        type=kind_of_event,
        source=source,
        occurred_at=at,
        received_at=at,
        subject=Person(reference=reference, nhs_number=number, birth_date=born),
        body=whole,
    )


BODIES: dict[str, dict[str, Any]] = {
    "pregnancy.notified": {
        "learnt_on": "2026-03-02",
        "how_known": "test",
        "gestation": None,
        "booked_status": "unknown",
        "entry_route": None,
        "first_baby": None,
        "age_at_lmp": None,
    },
    "pregnancy.booked": {
        "booked_on": "2026-03-02",
        "edd": "2026-10-06",
        "edd_basis": "scan",
        "parity": 0,
        "planned_contacts": 10,
        "provider": "RXA",
        "named_midwife": {"id": "m", "name": None, "phone": None},
        "gp_ods": "Y00001",
        "hv_team_hint": "",
        "language": None,
        "interpreter": None,
        "vulnerabilities": [],
        "late_reason": [],
        "sharing_ref": "",
    },
    "birth.recorded": {
        "baby_id": "B-1",
        "born_at": START + timedelta(days=218),
        "place": "hospital",
        "gestation": {"weeks": 40, "days": 0, "basis": "scan"},
        "weight_grams": 3200,
        "sex": "female",
        "plurality": {"n": 1, "order": 1},
        "alive": "y",
        "feeding": None,
        "neonatal_unit": None,
        "mode": None,
        "trauma": None,
    },
    "birth.notified": {
        "baby_id": "B-1",
        "baby_nhs": "9990000042",
        "mother_nhs": None,
        "notified_at": START + timedelta(days=219),
        "child_health_org": "RXA",
    },
    "screening.newborn": {"baby_id": "nhs:9990000042", "test": "NIPE", "outcome": "done"},
    "assignment.changed": {
        "role": "NAMED_HV",
        "organisation": "RYV",
        "practitioner": "hv-1",
        "from": START + timedelta(days=222),
        "to": None,
        "handover_from": None,
        "accepted": "y",
    },
    "demographics.changed": {
        "kind": "nhs_merge",
        "baby_id": None,
        "from": None,
        "to": None,
        "effective": "2026-10-10",
    },
}
