"""Invented families: what their publishers would send, in a random but possible order of life."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from hub.core.model import Actor, Event, Person
from hub.edges.directory import Directory, directory_from
from tests.simulation.other_keys import first_word, merged, nhs_number, numbered

PROVIDER, COUNCIL, AREA = "RXA", "L98", "E1"
PRACTICES = ("Y00001", "Y00002")


def directory() -> Directory:
    """Two practices, one of everything else; nobody holds child health, so that G60 has work."""
    everywhere = {"area": [AREA]}
    roles = {
        "HV_TEAM": "RYV",
        "TEAM_LEAD_HV": "RYV",
        "COMM_MIDWIFE": PROVIDER,
        "POSTNATAL_WARD": PROVIDER,
        "BEREAVEMENT_MW": PROVIDER,
        "CP_CHAIR": COUNCIL,
        "SOCIAL_WORKER": COUNCIL,
    }
    kinds = {PROVIDER: "maternity", COUNCIL: "council", "RYV": "health_visiting"}
    kinds |= dict.fromkeys(PRACTICES, "practice")
    return directory_from(
        {
            "organisation": [
                {"ods": ods, "name": ods, "kind": kind, "area": AREA} for ods, kind in kinds.items()
            ],
            "role": [
                {"role": role, "organisation": ods, "serves": everywhere}
                for role, ods in roles.items()
            ],
        }
    )


@dataclass
class Family:
    """One pregnancy as its publishers see it."""

    number: int
    start: datetime
    random: Random

    def event(
        self, kind: str, day: float, source: str, body: dict[str, Any], name: str = ""
    ) -> Event:
        """An event so many days after the start."""
        at = self.start + timedelta(days=day)
        return Event(
            id=f"f{self.number}-{name or kind}-{day:.3f}",
            type=kind,
            source=f"{source}:SIM",
            occurred_at=at,
            received_at=at,
            subject=Person(
                reference=f"ref-{self.number}",
                nhs_number=nhs_number(self.number),
                postcode="ZZ99 1AA",
            ),
            actor=Actor(role="COMM_MIDWIFE" if source == PROVIDER else "SOCIAL_WORKER", org=source),
            body=body,
        )

    def life(self) -> Iterator[Event]:
        """Everything that will be sent about this family."""
        r = self.random
        edd = (self.start + timedelta(days=r.randint(150, 220))).date()
        practice = r.choice(PRACTICES)
        gestation = {"weeks": 8 + r.randint(0, 14), "days": r.randint(0, 6), "basis": "LMP"}
        if r.random() < 0.5:
            body = first_word(self.start, r.choice(["not_booked", "unknown", "booked"]))
            yield self.event("pregnancy.notified", 0, practice, body)
        if r.random() < 0.8:
            yield self.event(
                "pregnancy.booked",
                r.uniform(1, 20),
                PROVIDER,
                {
                    "booked_on": self.start.date().isoformat(),
                    "edd": edd.isoformat(),
                    "edd_basis": "scan",
                    "parity": 0,
                    "planned_contacts": 10,
                    "provider": PROVIDER,
                    "named_midwife": {"id": "m", "name": None, "phone": None},
                    "gp_ods": practice,
                    "hv_team_hint": "",
                    "language": None,
                    "interpreter": None,
                    "vulnerabilities": [],
                    "late_reason": [],
                    "sharing_ref": "",
                },
            )
        if r.random() < 0.3:
            yield self.moved(practice)
        if r.random() < 0.15:
            yield from merged(self, practice, PROVIDER)
        if r.random() < 0.3:
            yield from self.safeguarded()
        if r.random() < 0.15:
            yield self.lost(gestation)
        elif r.random() < 0.7:
            yield from self.born(gestation)

    def moved(self, practice: str) -> Event:
        """A change of practice."""
        new = PRACTICES[1 - PRACTICES.index(practice)]
        body = {
            "kind": "gp",
            "baby_id": None,
            "from": practice,
            "to": new,
            "effective": self.start.date().isoformat(),
        }
        return self.event("demographics.changed", self.random.uniform(20, 90), PROVIDER, body)

    def safeguarded(self) -> Iterator[Event]:
        """A concern, a plan, sometimes a conference with somebody absent."""
        day = self.random.uniform(20, 80)
        yield self.event(
            "concern.raised",
            day,
            PROVIDER,
            {
                "code": self.random.choice(["neglect", "DA", "MH"]),
                "severity": self.random.choice(["low", "medium"]),
                "about": "household",
                "baby_id": None,
                "basis_text": "invented",
                "action": "discuss",
            },
        )
        yield self.event(
            "strategy.discussion",
            day + 1,
            COUNCIL,
            {
                "requested_by": "SOCIAL_WORKER",
                "held": "y",
                "outcome": "s47",
                "participants": [],
                "health_present": "y",
            },
        )
        if self.random.random() < 0.6:
            yield self.event(
                "conference.attendance",
                day + self.random.uniform(5, 40),
                COUNCIL,
                {
                    "conference_id": f"c{self.number}",
                    "attendance": [
                        {
                            "role": "GP_PRACTICE",
                            "org": PRACTICES[0],
                            "person": None,
                            "state": self.random.choice(["absent_none", "present_remote"]),
                            "knows_case": None,
                        }
                    ],
                    "quorate": "y",
                    "presented_by": [],
                },
            )
        yield self.event(
            "status.changed",
            day + 30,
            COUNCIL,
            {"kind": "CPP_unborn", "baby_id": None, "from": "", "to": "", "order_ref": None},
        )

    def lost(self, gestation: dict[str, Any]) -> Event:
        """The pregnancy ends."""
        body = {
            "baby_id": None,
            "ended_on": self.start.date().isoformat(),
            "outcome": "miscarriage",
            "gestation": gestation,
            "contact_wishes": "contact",
            "memory_words": None,
            "partner_involved": "u",
        }
        return self.event("pregnancy.ended", self.random.uniform(10, 100), PROVIDER, body)

    def born(self, gestation: dict[str, Any]) -> Iterator[Event]:
        """A birth, a discharge, and sometimes its summary."""
        day = self.random.uniform(120, 160)
        born_at = self.start + timedelta(days=day)
        baby = f"b{self.number}"
        if self.random.random() < 0.5:
            yield from numbered(self, baby, day, PROVIDER)
        yield self.event(
            "birth.recorded",
            day,
            PROVIDER,
            {
                "baby_id": baby,
                "born_at": born_at,
                "place": "hospital",
                "gestation": gestation,
                "weight_grams": 3200,
                "sex": "female",
                "plurality": {"n": 1, "order": 1},
                "alive": "y",
                "feeding": None,
                "neonatal_unit": None,
                "mode": None,
                "trauma": None,
            },
        )
        stay = {
            "subject": "mother",
            "baby_id": None,
            "encounter_id": f"e{self.number}",
            "kind": "discharged",
            "ward": "MAT",
            "destination": "19",
        }
        yield self.event("encounter.updated", day + 1.5, PROVIDER, stay)
        if self.random.random() < 0.3:
            cancelled = {**stay, "kind": "discharge_cancelled"}
            yield self.event("encounter.updated", day + 1.6, PROVIDER, cancelled, "cancel")
        if self.random.random() < 0.7:
            yield self.summary(day + self.random.uniform(1.6, 5), born_at + timedelta(days=1.5))

    def summary(self, day: float, discharged_at: datetime) -> Event:
        """The mother's discharge summary, complete or not."""
        section = {"state": "not_completed", "checked_by": None, "text": None}
        if self.random.random() < 0.5:
            section = {"state": "none_checked", "checked_by": "m", "text": None}
        body: dict[str, Any] = {
            "subject": "mother",
            "baby_id": None,
            "discharged_at": discharged_at,
            "issued_at": discharged_at + timedelta(hours=20),
            "sections": {
                "clinical": "invented",
                "medication": None,
                "feeding": None,
                "follow_up": None,
                "safeguarding_concerns": section,
                "social_circumstances": section,
                "mental_health_info_given": "y",
                "mental_health_history": None,
                "discharge_address": None,
                "household_at_address": None,
                "safe_contact": None,
            },
            "copied_to": [],
            "cpp": None,
        }
        return self.event("discharge.summary", day, PROVIDER, body)

    def retraction(self, event: Event) -> Event:
        """The publisher takes an event back a day later."""
        body = {"target_id": event.id, "target_type": event.type, "reason": "duplicate"}
        day = (event.occurred_at - self.start) / timedelta(days=1) + 1
        return self.event("event.retracted", day, event.organisation, body, f"retract-{event.id}")
