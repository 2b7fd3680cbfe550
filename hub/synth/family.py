"""One family of the synthetic year: what happens to it, what goes wrong, and what that should show.

What happens is kept as plain values under keys that say what they are (`booking`, `contact-28`,
`summary-mother`), so that a mishap can take one away, delay it or spoil it.  The events written
out are the hub's own JSON; nothing here knows any rule of the hub.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from hub.synth.place import Place

TERM = timedelta(days=280)

type_of_body = dict[str, Any]

TROUBLED = frozenset({"mental_health_history", "mental_health_positive", "mental_health_red_flag"})
"""Traits of a mother whom professionals seek out, and do not wait for."""


@dataclass
class Happening:
    """One thing that happens and is reported.  `told_after` is how long the report takes."""

    key: str
    type: str
    at: datetime
    org: str
    role: str
    body: type_of_body
    told_after: timedelta = timedelta(minutes=2)
    labels: tuple[str, ...] = ()
    subject: type_of_body = field(default_factory=dict)
    """What the sender knows of her, where it is less or other than her maternity system does."""
    event_id: str = ""
    corrects: "Happening | None" = None
    """The report that this one puts right; `right` is what it should have said."""
    right: type_of_body = field(default_factory=dict)


@dataclass(frozen=True)
class Wrong:
    """Something that was done wrong, as the truth file keeps it.

    `due` is when it should have been noticed by.  `slack` is how much later noticing still counts,
    for what the domain gives no exact time of; earlier than `since` it cannot have been noticed.
    """

    mishap: str
    code: str
    what: str
    whom: str
    severity: int
    since: datetime
    due: datetime
    slack: timedelta = timedelta(minutes=1)
    mended_at: datetime | None = None
    """When somebody put it right; None when nobody ever did."""
    of_the_area: bool = False
    """Whether it befell a feed, a team or a service and no one family."""


@dataclass(frozen=True)
class Unread:
    """A letter that does not get through: nobody of `role` takes what `about` leads to.

    `about` is the key of a happening, or `*` for everything, or `gap` for telling of a failure.
    `how`: never (stays unread), late (taken at `until`), opened (looked at, taken by nobody),
    bounced, not_ours.
    """

    role: str
    about: str
    how: str
    until: datetime | None = None
    person: bool = True
    organisation: str = ""
    """Only at this organisation; anywhere when empty."""


@dataclass
class Family:
    """A mother, her place, and everything that happens from the first word to the fourth month."""

    number: int
    chance: Random
    place: Place
    mother: type_of_body
    lmp: date
    traits: frozenset[str]
    until: datetime
    happenings: list[Happening] = field(default_factory=list)
    wrongs: list[Wrong] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    allowed: set[str] = field(default_factory=set)
    """Codes that may show besides, because a wrong has them in its train."""
    babies: list[str] = field(default_factory=list)
    registrations: list[type_of_body] = field(default_factory=list)
    born_at: datetime | None = None
    ended_at: datetime | None = None
    midwife: str = ""
    visitor: str = ""
    interpreter: bool = False

    @property
    def edd(self) -> date:
        """The due date by the last period, which a scan may move."""
        return self.lmp + TERM

    def on(self, weeks: int, days: int = 0) -> date:
        """The day of a gestation, by the date the pregnancy really began."""
        return self.lmp + timedelta(days=weeks * 7 + days)

    def gestation(self, moment: date) -> type_of_body:
        """Weeks and days of pregnancy on a day."""
        weeks, days = divmod(max((moment - self.lmp).days, 0), 7)
        return {"weeks": weeks, "days": days, "basis": "LMP"}

    def has(self, trait: str) -> bool:
        """Whether the family was drawn with a trait."""
        return trait in self.traits

    def add(
        self, key: str, event_type: str, at: datetime, org: str, role: str, /, **body: Any
    ) -> Happening:
        """Let something happen.  A loss or the end of the account leaves out what comes after."""
        if body.pop("unless_over", True) and self.ended_at is not None and at > self.ended_at:
            return Happening(key, event_type, at, org, role, body)
        made = Happening(key, event_type, at, org, role, body)
        self.happenings.append(made)
        return made

    def by_midwife(self, key: str, event_type: str, at: datetime, **body: Any) -> Happening:
        """Something that the community midwife reports."""
        return self.add(key, event_type, at, self.place.provider, "COMM_MIDWIFE", **body)

    def by_visitor(self, key: str, event_type: str, at: datetime, **body: Any) -> Happening:
        """Something that the health visitor reports."""
        return self.add(key, event_type, at, self.place.health_visiting, "NAMED_HV", **body)

    def by_practice(self, key: str, event_type: str, at: datetime, **body: Any) -> Happening:
        """Something that the practice reports."""
        return self.add(key, event_type, at, self.place.practice, "GP_PRACTICE", **body)

    def by_social_care(self, key: str, event_type: str, at: datetime, **body: Any) -> Happening:
        """Something that the council reports."""
        return self.add(key, event_type, at, self.place.social_care, "SOCIAL_WORKER", **body)

    def find(self, key: str) -> Happening | None:
        """The happening of a key, if it happens."""
        return next((h for h in self.happenings if h.key == key), None)

    def of(self, event_type: str, **body: Any) -> list[Happening]:
        """The happenings of a type, in order of time, whose body says so."""
        found = [
            h
            for h in self.happenings
            if h.type == event_type and all(h.body.get(k) == v for k, v in body.items())
        ]
        return sorted(found, key=lambda h: h.at)

    def drop(self, *gone: Happening) -> None:
        """Let something not happen after all."""
        self.happenings = [h for h in self.happenings if not any(h is g for g in gone)]

    def wrong(
        self, mishap: str, code: str, what: str, whom: str, severity: int, **rest: Any
    ) -> None:
        """Note what was done wrong."""
        rest.setdefault("since", rest["due"])
        self.wrongs.append(Wrong(mishap, code, what, whom, severity, **rest))

    def reference(self) -> str:
        """The maternity system's own reference of the mother."""
        return str(self.mother["reference"])

    def number_events(self) -> None:
        """Give every happening its id, in order of the report; what is too late is left out."""
        self.happenings = sorted(
            (h for h in self.happenings if h.at + h.told_after <= self.until),
            key=lambda h: (h.at + h.told_after, h.at),
        )
        for number, happening in enumerate(self.happenings):
            happening.event_id = happening.event_id or f"{self.reference()}-{number:03d}"

    def events(self) -> Iterator[type_of_body]:
        """The events as the hub's JSON, in the order in which they are reported."""
        for happening in self.happenings:
            if happening.corrects is not None:
                whole = self._event(happening.corrects)
                whole |= {"id": f"{happening.event_id}-whole"}
                whole["data"] |= plain(happening.right)
                happening.body |= {
                    "target_id": happening.corrects.event_id,
                    "replacement": json.dumps(whole),
                }
            yield self._event(happening)

    def _event(self, happening: Happening) -> type_of_body:
        return {
            "specversion": "1.0",
            "id": happening.event_id,
            "type": happening.type,
            "source": f"{happening.org}:SYNTH",
            "time": iso(happening.at),
            "recordedat": iso(happening.at + happening.told_after),
            "subject": happening.subject or self.mother,
            "actor": {"role": happening.role, "org": happening.org},
            "purpose": "direct_care",
            "labels": list(happening.labels),
            "data": plain(happening.body),
        }


def iso(moment: datetime) -> str:
    """An instant as RFC 3339 writes it."""
    return moment.isoformat().replace("+00:00", "Z")


def plain(value: Any) -> Any:
    """A body with its instants and days as text."""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    return value
