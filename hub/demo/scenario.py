"""A scenario file: what is given at which time, and everything that must follow.

The form is documented in docs/scenarios.md.  Times are local (Europe/London), as people say them.
"""

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from hub.core.deadlines import LOCAL
from hub.core.model import Actor, Event, Person, Purpose, Signal
from hub.edges.directory import Directory, directory_from
from hub.edges.doors import event_to_json


class Given(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that happens: an event, an HL7 message, or what somebody did with a notice."""

    at: str
    event: str | None = None
    door: str = "https"
    id: str | None = None
    source: str | None = None
    subject: str | None = None
    occurred_at: str | None = None
    actor: Actor | None = None
    labels: tuple[str, ...] = ()
    purpose: Purpose = Purpose.DIRECT_CARE
    body: dict[str, Any] = {}
    corrects: str | None = None
    """Id of the event that this one, a whole event of its type, takes the place of."""
    redrive: str | None = None
    """Id of an event in quarantine that an operator sends through again; on the core only."""
    hl7: str | None = None
    receipt: Signal | None = None
    rule: str | None = None
    role: str | None = None
    organisation: str | None = None
    person: str | None = None
    about: str | None = None


class Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One outcome: a notice, a gap, an escalation or an ended duty, at a time."""

    at: str
    notice: str | None = None
    gap: str | None = None
    escalated: str | None = None
    ended: str | None = None
    quarantined: str | None = None
    state: str | None = None
    reason: str | None = None
    role: str | None = None
    organisation: str | None = None
    severity: int | None = None
    subject: str | None = None
    due: str | None = None
    rung: int | None = None
    because: str | None = None
    """Free words for the reader; never compared."""


class Then(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when the story runs, and all that must have followed."""

    until: str
    outcomes: tuple[Row, ...]


class Scenario(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole story."""

    id: str
    title: str
    story: str
    event: str = ""
    """The event type that this scenario is the worked example of, if it is one."""
    finding: tuple[str, ...] = ()
    people: dict[str, Person]
    directory: dict[str, Any]
    given: tuple[Given, ...]
    then: Then

    def who_is_who(self) -> Directory:
        """The directory of the story."""
        return directory_from(self.directory)


def load_scenario(path: Path) -> Scenario:
    """A scenario from a file.  Raises ValueError naming the file and what is wrong with it."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return msgspec.convert(tables, Scenario, strict=False)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"{path}: {error}; see docs/scenarios.md") from None


def instant(local: str) -> datetime:
    """The UTC instant of a local time such as `2026-03-24 17:00` or `...17:00:30`."""
    return datetime.fromisoformat(local).replace(tzinfo=LOCAL).astimezone(UTC)


def local_words(moment: datetime) -> str:
    """An instant as a scenario writes it: local, to the minute."""
    return moment.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M")


def event_of(scenario: Scenario, given: Given, number: int) -> Event:
    """The event of a given row, before any door has seen it; a correction is wrapped as one."""
    stated = _stated(scenario, given, number)
    if given.corrects is None:
        return stated
    original = next((g for g in scenario.given if g.id == given.corrects), None)
    if original is None:
        raise LookupError(
            f"at {given.at} 'corrects' names {given.corrects!r}, which nothing given has"
        )
    target = original.event or ""
    whole = structs.replace(stated, id=f"{stated.id}-whole", type=target)
    return structs.replace(
        stated,
        type="event.corrected",
        body={
            "target_id": given.corrects,
            "target_type": target,
            "reason": "wrong_content",
            "replacement": json.dumps(event_to_json(whole)),
        },
    )


def _stated(scenario: Scenario, given: Given, number: int) -> Event:
    occurred = instant(given.occurred_at or given.at)
    subject = given.subject or next(iter(scenario.people))
    if subject not in scenario.people:
        raise LookupError(f"at {given.at} 'subject' names {subject!r}, who is not among the people")
    return Event(
        id=given.id or f"{scenario.id}-{number}",
        type=given.event or "",
        source=given.source or "",
        occurred_at=occurred,
        recorded_at=occurred,
        received_at=instant(given.at),
        subject=scenario.people[subject],
        actor=given.actor,
        purpose=given.purpose,
        labels=given.labels,
        body=given.body,
    )
