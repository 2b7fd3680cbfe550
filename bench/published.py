"""What publishers would have sent to a hub that runs on the real clock: a day of events, bookings.

The families are those of the simulation.  Their events are moved into the last day, in their own
order, because a door refuses the future and nine months cannot be waited for.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

import tomli_w
from msgspec.structs import replace

from hub.core.faults import SenderFault
from hub.core.model import Event
from hub.edges.avro import encode_event
from hub.edges.directory import Directory, load_directory
from hub.edges.intake import check_event
from tests.simulation.families import AREA, COUNCIL, PRACTICES, PROVIDER, Family

SEED = 4
START_DAYS_AGO = 21
"""A booking tells of a due date 150 to 220 days ahead of the family's start."""

ROLES = {
    "HV_TEAM": "RYV",
    "TEAM_LEAD_HV": "RYV",
    "COMM_MIDWIFE": PROVIDER,
    "POSTNATAL_WARD": PROVIDER,
    "BEREAVEMENT_MW": PROVIDER,
    "CP_CHAIR": COUNCIL,
    "SOCIAL_WORKER": COUNCIL,
}
KINDS = {
    PROVIDER: "maternity",
    COUNCIL: "council",
    "RYV": "health_visiting",
    **dict.fromkeys(PRACTICES, "practice"),
}


def write_directory(path: Path) -> Directory:
    """The organisations of the families as a directory file."""
    everywhere = {"area": [AREA]}
    rows = {
        "organisation": [
            {"ods": ods, "name": ods, "kind": kind, "area": AREA} for ods, kind in KINDS.items()
        ],
        "role": [
            {"role": role, "organisation": ods, "serves": everywhere} for role, ods in ROLES.items()
        ],
    }
    path.write_text(tomli_w.dumps(rows), encoding="utf-8")
    return load_directory(path)


def lives(now: datetime) -> Iterator[list[Event]]:
    """One family after another, each with all its events, moved into the day before `now`."""
    random = Random(SEED)  # noqa: S311  a reproducible life, not a secret
    for number in count():
        family = Family(number, now - timedelta(days=START_DAYS_AGO), random)
        events = sorted(family.life(), key=lambda event: event.occurred_at)
        yield [
            replace(event, occurred_at=at, received_at=at)
            for n, event in enumerate(events)
            for at in [now - timedelta(hours=24 * (len(events) - n) / (len(events) + 1))]
        ]


def day_of_events(wanted: int, directory: Directory, now: datetime) -> list[Event]:
    """So many events that every door would take, of all types, in the order of their time."""
    taken: list[Event] = []
    for events in lives(now):
        if len(taken) >= wanted:
            break
        taken += [event for event in events if acceptable(event, directory, now)]
    return sorted(taken, key=lambda event: event.occurred_at)[:wanted]


def bookings(wanted: int, directory: Directory) -> list[Event]:
    """One booking each of so many women; every one of them makes notices."""
    now = datetime.now(UTC)
    taken: list[Event] = []
    for events in lives(now):
        taken += [
            replace(event, occurred_at=now - timedelta(minutes=1), received_at=now)
            for event in events
            if event.type == "pregnancy.booked" and acceptable(event, directory, now)
        ]
        if len(taken) >= wanted:
            return taken[:wanted]
    raise AssertionError("families never end")


def acceptable(event: Event, directory: Directory, now: datetime) -> bool:
    """Whether a door would take it."""
    try:
        check_event(event, directory, now)
        encode_event(event)
    except SenderFault:
        return False
    return True
