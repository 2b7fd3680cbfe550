"""Invented families for the measurements at national size: their inputs, encoded ahead of time.

Every family has the same life up to the measurement, a booking with its duties, so that the cost
of an event depends only on how many such families are open.  An episode's number is in its id, so
that what comes back can be told apart without a table.  Bookings differ in nothing but numbers of
one width, so one encoded booking serves as the stencil of all: 466,000 are made in seconds.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any, NamedTuple

from agents.kept import Kept, close_kept
from agents.step import Place, step
from hub.core.model import Actor, Event, Holder, Input, InputKind, Person, Receipt, Signal
from hub.core.outcomes import NoticeIssued
from hub.core.policy import Policy
from hub.edges.avro import encode_input
from hub.edges.directory import directory_from
from hub.edges.surroundings import team_for

PROVIDER, COUNCIL, PRACTICE, VISITORS = "RXA", "L98", "Y00001", "RYV"
DISCHARGE_WITHIN = timedelta(hours=24)
"""By rule P29.summary; the only deadline of the policy that a measurement can place on any second:
those in working days all fall on the close of office."""

DISCHARGE_GAP = "G12"
MIX = (("receipt", 8), ("concern.raised", 1), ("encounter.updated", 1))
"""What follows a booking, by weight: mostly evidence about notices, as in life."""

WIDTH = 20
"""Digits of an episode's number: as wide as the hash in a real episode's id."""


class Record(NamedTuple):
    """One record for `hub.inputs`: its partition follows from its key."""

    number: int
    key: bytes
    value: bytes


def episode_id(number: int) -> str:
    """An id as long as the hub's own."""
    return f"ep-{number:0{WIDTH}d}"


def number_of(episode: str) -> int:
    """The number in an episode's id."""
    return int(episode.removeprefix("ep-"))


@cache
def _team(at: datetime) -> tuple[Holder, ...]:
    roles = {
        "HV_TEAM": VISITORS,
        "TEAM_LEAD_HV": VISITORS,
        "CHIS": VISITORS,
        "COMM_MIDWIFE": PROVIDER,
        "POSTNATAL_WARD": PROVIDER,
        "SOCIAL_WORKER": COUNCIL,
    }
    kinds = {
        PROVIDER: "maternity",
        COUNCIL: "council",
        VISITORS: "health_visiting",
        PRACTICE: "practice",
    }
    directory = directory_from(
        {
            "organisation": [
                {"ods": ods, "name": ods, "kind": kind, "area": "E1"} for ods, kind in kinds.items()
            ],
            "role": [
                {"role": role, "organisation": ods, "serves": {"area": ["E1"]}}
                for role, ods in roles.items()
            ],
        }
    )
    return team_for(directory, at, practice=PRACTICE, provider=PROVIDER)


def _stencilled(stencil: bytes, numbers: range) -> Iterator[Record]:
    """What was made for number 0, for every number; nothing else in it has as many digits."""
    blank = b"%0*d" % (WIDTH, 0)
    for number in numbers:
        wide = b"%0*d" % (WIDTH, number)
        yield Record(number, b"ep-" + wide, stencil.replace(blank, wide))


class Families:
    """Makes the inputs of families by their numbers.  The same seed and day make the same ones."""

    def __init__(self, policy: Policy, start: datetime, *, seeded: bool, seed: int = 4):
        """Bookings are dated at `start`: every deadline of theirs must lie behind the run's end.

        `seeded` families were not booked through the worker: their states are `states()`.
        """
        self.policy = policy
        self.start = start
        self.seeded = seeded
        self.seed = seed
        self._known: dict[int, tuple[Kept, list[NoticeIssued]]] = {}

    def bookings(self, numbers: range) -> Iterator[Record]:
        """The booking of each number."""
        return _stencilled(encode_input(self._booking(0)), numbers)

    def states(self, numbers: range) -> Iterator[Record]:
        """The booked state of each number, as the worker would have stored it.

        All as that of number 0, with the ids of its notices and duties; whoever speaks of those
        must know (`seeded`).  What was said of the booking is in it, as it stays in every state
        until the next input, at an offset below any that an empty log will have.
        """
        kept, _ = self._booked(0)
        said = tuple((-1, outputs) for _, outputs in kept.said)
        value = close_kept(Kept(kept.state, -1, said, kept.next_wake))
        return _stencilled(value, numbers)

    def event(self, number: int, turn: int) -> Record:
        """What follows the booking of a family in its `turn`-th round, by the mix."""
        random = Random(f"{self.seed}:{number}:{turn}")  # noqa: S311  invented lives, not secrets
        kind = random.choices([name for name, _ in MIX], [weight for _, weight in MIX])[0]
        at = self.start + timedelta(milliseconds=turn)
        if kind == "receipt":
            return self._record(self._receipt(number, turn, at, random))
        if kind == "encounter.updated":
            return self.discharge(number, at + timedelta(days=30), at, name=f"{turn}")
        body: dict[str, Any] = {
            "code": random.choice(["neglect", "DA", "MH"]),
            "severity": "low",
            "about": "household",
            "baby_id": None,
            "basis_text": "invented",
            "action": "discuss",
        }
        return self._record(self._told(number, kind, at, at, body, f"{turn}"))

    def discharge(self, number: int, due: datetime, told: datetime, name: str) -> Record:
        """A discharge, told at `told`, whose summary is missed at `due`: a gap opens then."""
        body: dict[str, Any] = {
            "subject": "mother",
            "baby_id": None,
            "encounter_id": f"e{name}",
            "kind": "discharged",
            "ward": "MAT",
            "destination": "19",
        }
        at = due - DISCHARGE_WITHIN
        return self._record(self._told(number, "encounter.updated", at, told, body, name))

    def stored_bytes(self) -> int:
        """The size of a booked episode in the state store, kept outputs included."""
        return len(close_kept(self._booked(1)[0]))

    def _booked(self, number: int) -> tuple[Kept, list[NoticeIssued]]:
        """The state after a booking, and the notices it led to."""
        if number not in self._known:
            place = Place(episode_id(number).encode(), 0, 0, 0)
            kept, decision = step(self.policy, Kept(), place, self._booking(number))
            issued = [each for each in decision.outcomes if isinstance(each, NoticeIssued)]
            self._known = {number: (kept, issued)}
        return self._known[number]

    def _receipt(self, number: int, turn: int, at: datetime, random: Random) -> Input:
        """A recipient has the notice, or has opened it."""
        notice = random.choice(self._booked(0 if self.seeded else number)[1])
        signal = (Signal.DELIVERED, Signal.OPENED)[turn > 0]
        return Input(
            input_id=f"r{turn}-{notice.notice_id}",
            kind=InputKind.RECEIPT,
            at=at,
            episode_id=episode_id(number),
            receipt=Receipt(
                notice_id=notice.notice_id,
                signal=signal,
                organisation=notice.organisation,
                role=notice.role,
                at=at,
            ),
        )

    def _booking(self, number: int) -> Input:
        edd = (self.start + timedelta(days=180)).date()
        body: dict[str, Any] = {
            "booked_on": self.start.date().isoformat(),
            "edd": edd.isoformat(),
            "edd_basis": "scan",
            "parity": 0,
            "planned_contacts": 10,
            "provider": PROVIDER,
            "named_midwife": {"id": "m1", "name": None, "phone": None},
            "gp_ods": PRACTICE,
            "hv_team_hint": "",
            "language": None,
            "interpreter": None,
            "vulnerabilities": [],
            "late_reason": [],
            "sharing_ref": "",
            "late_reason_revisit_on": None,
        }
        start = self.start
        return self._told(number, "pregnancy.booked", start, start, body, "booked")

    def _told(
        self,
        number: int,
        kind: str,
        at: datetime,
        told: datetime,
        body: dict[str, Any],
        name: str,
    ) -> Input:
        """An event of a family that happened at `at`, and was told to the hub at `told`."""
        wide = f"{number:0{WIDTH}d}"
        event = Event(
            id=f"f{wide}-{name}",
            type=kind,
            source=f"{PROVIDER}:BENCH",
            occurred_at=at,
            received_at=at,
            subject=Person(reference=f"ref-{wide}", postcode="ZZ99 1AA"),
            actor=Actor(role="COMM_MIDWIFE", org=PROVIDER),
            body=body,
        )
        return Input(
            input_id=event.id,
            kind=InputKind.EVENT,
            at=told,
            episode_id=episode_id(number),
            event=event,
            team=_team(self.start),
        )

    @staticmethod
    def _record(given: Input) -> Record:
        return Record(number_of(given.episode_id), given.episode_id.encode(), encode_input(given))
