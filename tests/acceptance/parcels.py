"""Every example of docs/publish, and every event type in every form of our own, as parcels.

A parcel is one thing to send, through one door.  Each is about a woman of its own, so that none
disturbs another: the invented woman of the documents is exchanged for her in the bytes.
"""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from hub.core.ids import derive
from hub.core.model import Event
from hub.edges.anything import Reader, read_anything
from hub.edges.doors import event_from_json
from hub.edges.hl7v2_profile import load_profile
from hub.ops.clock import RealClock
from tests.acceptance.upped import nhs_number
from tests.house.tree import ROOT

EXAMPLES = ROOT / "docs" / "publish" / "examples"
EVENTS = ROOT / "docs" / "publish" / "events"

MOTHER, BABY, LOCAL, BABYS_LOCAL = "9990000018", "9990000042", "MAT48213", "B77001"
BOOKED = "rxx-booking-0001"
"""The id of the booking in the documents, which the correction and the retraction name."""
FIRST_NUMBER = 2000
"""Women of the parcels begin here; other tests of this folder take the first few hundred."""

PROFILE = load_profile()

DELETED = {"fhir-flag-deleted.json": "fhir-flag-unborn-plan.json"}
"""A deletion says nothing by itself: only the hub knows what came of the resource it names."""

COUNTY = "E10000090"
"""The area of the hub's own directory, where all of them live."""

FORMS = {"json": ".json", "cloudevent": ".json", "csv": ".csv", "avro": ".avro"}
"""The forms of our own, and how the file of each ends."""


@dataclass(frozen=True)
class Parcel:
    """One thing to send."""

    name: str
    """The file, and the form when it is written in another than its own."""
    suffix: str
    body: bytes
    number: int
    """Which woman it is about."""

    @property
    def file(self) -> str:
        """The file alone."""
        return self.name.partition(" ")[0]

    @cached_property
    def events(self) -> tuple[Event, ...]:
        """The events that must come of it, by the pure mapping of its door."""
        if self.suffix == ".avro":
            return (event_from_json(self.body, RealClock().now()),)
        if (first := DELETED.get(self.file)) is not None:
            body = hers((EXAMPLES / first).read_bytes(), self.number)
            return _deleted(self.body, Parcel(first, ".json", body, self.number).events)
        reader = Reader(received_at=RealClock().now(), profile=PROFILE, sender="RXX")
        return tuple(event for part in read_anything(self.body, reader) for event in part.events)


def _deleted(body: bytes, events: tuple[Event, ...]) -> tuple[Event, ...]:
    """What the deletion of a resource takes back: the events that came of it."""
    (entry,) = json.loads(body)["entry"]
    return tuple(
        msgspec.structs.replace(
            event,
            id=f"fhir:{derive('removed', 'RXX', entry['request']['url'], event.id)}",
            type="event.retracted",
            body={"target_id": event.id, "target_type": event.type, "reason": "entered_in_error"},
        )
        for event in events
    )


def parcels() -> list[Parcel]:
    """All of them: no file of the two folders is left out."""
    found = [(file.name, file.suffix, file.read_bytes()) for file in sorted(EXAMPLES.iterdir())]
    for file in sorted(EVENTS.iterdir()):
        event = json.loads(file.read_bytes())
        for form, suffix in FORMS.items():
            found.append((f"{file.name} {form}", suffix, _written(event, form)))
    return [
        Parcel(name, suffix, hers(body, number), number)
        for number, (name, suffix, body) in enumerate(found, FIRST_NUMBER)
    ]


def booking_of(number: int) -> bytes:
    """Her booking, which is there before the parcel comes."""
    return hers((EXAMPLES / "booking.json").read_bytes(), number)


def hers(body: bytes, number: int) -> bytes:
    """The bytes about another woman, with ids of their own."""
    own, surname = nhs_number(number), _surname(number)
    spaced = f"{MOTHER[:3]} {MOTHER[3:6]} {MOTHER[6:]}"
    changes = {
        MOTHER: own,
        spaced: own,
        BABY: nhs_number(number + 5000),
        "9990000026": nhs_number(number + 10000),
        LOCAL: f"MAT{number}",
        BABYS_LOCAL: f"B{number}",
        "Quillfeather": surname,
        "QUILLFEATHER": surname.upper(),
        BOOKED: f"{BOOKED}-{number}",
        "D-9001": f"D-{number}",
        "5e0d": str(number),
    }
    for old, new in changes.items():
        body = body.replace(old.encode(), new.encode())
    return body


def _surname(number: int) -> str:
    letters = "".join(chr(ord("a") + int(digit)) for digit in str(number))
    return f"Test{letters}"


# --- one event in another form -----------------------------------------------------------------


def _written(event: dict[str, Any], form: str) -> bytes:
    """The event in a form; each form is an event of its own, and of its own feed or team."""
    body = json.dumps(event)
    reference = str(event["subject"].get("reference", ""))
    if "nhs_number" not in event["subject"] and not reference.startswith(("E1", "Y9")):
        body = body.replace(reference, f"{reference}-{form}")
    fresh = json.loads(body)
    fresh["id"] = f"{event['id']}-{form}"
    if form == "cloudevent":
        fresh["type"] = f"perinatal-{event['type'].replace('.', '-')}-1"
    if form == "csv":
        return _row(fresh)
    return json.dumps(fresh).encode()


def _row(event: dict[str, Any]) -> bytes:
    """A header and a row."""
    cells = dict(_cells("", event))
    del cells["specversion"]
    out = io.StringIO()
    sheet = csv.DictWriter(out, list(cells))
    sheet.writeheader()
    sheet.writerow(cells)
    return out.getvalue().encode()


def _cells(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _cells(f"{path}.{name}" if path else name, inner)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for place, inner in enumerate(value, 1):
            yield from _cells(f"{path}.{place}", inner)
    elif isinstance(value, list):
        yield path, "|".join(map(str, value))
    else:
        yield path, str(value)


def stored(parcel: Parcel, folder: Path) -> Path:
    """The parcel as a file, for `hub send`."""
    file = folder / f"{parcel.number}{parcel.suffix}"
    file.write_bytes(parcel.body)
    return file
