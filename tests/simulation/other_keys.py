"""What is said of an invented family by those who know it by another name, or only its baby."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol

from msgspec.structs import replace

from hub.core.model import Event, Person


class Sends(Protocol):
    """The part of a family that is needed here."""

    number: int
    start: datetime
    random: Random

    def event(
        self, kind: str, day: float, source: str, body: dict[str, Any], name: str = ""
    ) -> Event:
        """An event so many days after the start."""
        ...

    def retraction(self, event: Event) -> Event:
        """The publisher takes an event back a day later."""
        ...


def first_word(start: datetime, booked_status: str) -> dict[str, Any]:
    """Somebody has learnt that she is pregnant."""
    return {
        "learnt_on": start.date().isoformat(),
        "how_known": "test",
        "gestation": None,
        "booked_status": booked_status,
        "entry_route": "GP",
        "first_baby": None,
        "age_at_lmp": None,
    }


def nhs_number(number: int) -> str:
    """A valid number of the range that is given to nobody; those without a check digit go on."""
    nine = 999_000_000 + number * 7
    while True:
        weighted = sum(w * int(d) for w, d in zip(range(10, 1, -1), str(nine), strict=True))
        check = (11 - weighted % 11) % 11
        if check < 10:
            return f"{nine}{check}"
        nine += 1


def numbered(family: Sends, baby: str, day: float, provider: str) -> Iterator[Event]:
    """The baby's number, and somebody who knows nothing else, before or after it is told."""
    number = nhs_number(50_000 + family.number)
    known = {
        "baby_id": baby,
        "baby_nhs": number,
        "mother_nhs": None,
        "notified_at": family.start + timedelta(days=day + 1),
        "child_health_org": provider,
    }
    yield family.event("birth.notified", day + family.random.uniform(0.5, 4), provider, known)
    born = (family.start + timedelta(days=day)).date().isoformat()
    subject = Person(reference=f"nhs:{number}", nhs_number=number, birth_date=born)
    for n, test in enumerate(("NIPE", "hearing")):
        seen = {"baby_id": subject.reference, "test": test, "outcome": "done"}
        at = day + family.random.uniform(1, 3 + n)
        yield replace(
            family.event("screening.newborn", at, "RYV", seen, f"{test}-{n}"), subject=subject
        )


def merged(family: Sends, practice: str, provider: str) -> Iterator[Event]:
    """A practice knew her by another number, until somebody saw that she is one person."""
    number, other = nhs_number(family.number), nhs_number(80_000 + family.number)
    subject = Person(reference=f"nhs:{other}", nhs_number=other)
    body = first_word(family.start, "unknown")
    first = family.event("pregnancy.notified", family.random.uniform(0, 9), practice, body, "o")
    yield replace(first, subject=subject)
    names = (number, other) if family.random.random() < 0.5 else (other, number)
    merge = {
        "kind": "nhs_merge",
        "baby_id": None,
        "from": names[0],
        "to": names[1],
        "effective": family.start.date().isoformat(),
    }
    told = family.event("demographics.changed", family.random.uniform(5, 60), provider, merge, "m")
    told = replace(told, subject=Person(reference=f"nhs:{names[1]}", nhs_number=names[1]))
    yield told
    if family.random.random() < 0.3:
        # It was a mistake after all.
        yield replace(family.retraction(told), subject=told.subject)
