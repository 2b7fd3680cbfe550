"""CloudEvents as the national service (MNS) publishes and signals them, and ours in that form.

    pds-change-of-gp-2, pds-death-notification-2, ...   see `hub.edges.signals`
    perinatal-<family>-<what>-1                         the event type <family>.<what>, in `data`

Any attribute beyond those of the specification is let pass: what can be read is read.
"""

import re
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Event, Person
from hub.edges.doors import event_from_json
from hub.edges.fhir.as_json import json_value
from hub.edges.fhir.source import STAND_IN, national_source
from hub.edges.fhir.times import instant
from hub.edges.formats import Format, format_of_json
from hub.edges.mapped import Ignored, Mapped
from hub.edges.numbered import taken_out
from hub.edges.schemas import default_schemas
from hub.edges.signals import bare, kind_of, numbered

REQUIRED: Final = ("id", "source", "type", "time")
_OURS: Final = re.compile(r"perinatal-([a-z0-9-]+)-\d{1,3}")
_SAFE_ID: Final = re.compile(r"[A-Za-z0-9.:_\-]{1,100}", re.ASCII)
_SOURCE: Final = re.compile(r"[A-Z0-9]{3,12}:[A-Za-z0-9_.\-]{1,100}", re.ASCII)


def read_all(
    body: bytes, received_at: datetime, sender: str = "", *, one_only: bool = False
) -> Mapped:
    """The events of a body with one CloudEvent or a list of them.  Raises SenderFault.

    A body that calls itself one event (`one_only`) may not be a list.

    An event in the form of `POST /events` is a CloudEvent too, and is read as one.
    """
    value = json_value(body)
    if one_only and isinstance(value, list):
        raise SenderFault(
            FaultReason.UNPARSEABLE,
            "this is a list, and its content type says one event",
            remedy="send a list as application/cloudevents-batch+json",
        )
    events: list[Event] = []
    reasons: list[Ignored] = []
    for each in value if isinstance(value, list) else [value]:
        _require_json(each)
        if format_of_json(each) is Format.HUB_JSON:
            events.append(event_from_json(each, received_at))
            continue
        numbered = taken_out(each) if isinstance(each, dict) else None
        mapped = events_from(each, received_at, sender)
        events += [replace(event, numbered=numbered) for event in mapped.events]
        reasons += [mapped.ignored] if mapped.ignored is not None else []
    if events:
        return Mapped(tuple(events))
    return Mapped((), reasons[0] if reasons else Ignored.NOTHING_TO_ROUTE)


def _require_json(value: Any) -> None:
    """Refuse an event whose data came as bytes: nothing of ours is anything but JSON."""
    if isinstance(value, dict) and "data_base64" in value:
        raise SenderFault(
            FaultReason.UNPARSEABLE,
            "the data of this event is not JSON text in UTF-8",
            field="data",
            remedy="send the data as JSON",
        )


def events_from(value: Any, received_at: datetime, sender: str = "") -> Mapped:
    """The event of one CloudEvent, as its JSON says it.  Raises SenderFault."""
    _require_json(value)
    if not isinstance(value, dict):
        raise SenderFault(
            FaultReason.UNPARSEABLE, "this is not one CloudEvent", remedy="send one JSON object"
        )
    for name in REQUIRED:
        if not value.get(name):
            raise _missing(name)
    event_type = str(value["type"])
    ours = _OURS.fullmatch(event_type)
    if ours is not None:
        return Mapped((_our_event(value, ours[1], received_at, sender),))
    kind = kind_of(event_type, "type")
    if kind in {"nothing", "test"}:
        return Mapped((), Ignored.TEST_MESSAGE if kind == "test" else Ignored.NO_EVENT_TYPE)
    return Mapped((_signal(value, kind, received_at, sender),))


def _signal(value: dict[str, Any], kind: str, received_at: datetime, sender: str) -> Event:
    subject = value.get("subject")
    written = subject.get("nhsNumber") if isinstance(subject, dict) else subject
    number = numbered(str(written or ""), "subject")
    at = instant(str(value["time"]), "time")
    assert at is not None, "an empty time was refused before"
    event_id = str(value["id"])
    if not _SAFE_ID.fullmatch(event_id):
        raise _wrong("id", "use up to 100 letters, digits and . : _ -")
    said: dict[str, Any] = {}
    for name in ("filtering", "data"):
        found = value.get(name)
        said |= found if isinstance(found, dict) else {}
    return Event(
        id=f"mns:{event_id}",
        type="demographics.changed",
        source=f"{national_source(sender)}:MNS",
        occurred_at=at,
        received_at=received_at,
        subject=Person(reference=f"nhs:{number}", nhs_number=number),
        body=bare(kind, at, said, "type"),
    )


def _our_event(value: dict[str, Any], what: str, received_at: datetime, sender: str) -> Event:
    """An event of ours whose type is written as the national service writes types."""
    known = {one.replace(".", "-"): one for one in default_schemas().event_types()}
    if what not in known:
        raise SenderFault(
            FaultReason.UNKNOWN_EVENT_TYPE,
            "this event type is not one of the hub's",
            field="type",
            remedy="write the hub's event type with hyphens: perinatal-pregnancy-booked-1",
        )
    source = str(value["source"])
    subject = value.get("subject")
    if not isinstance(subject, dict):
        number = numbered(str(subject or ""), "subject")
        subject = {"reference": f"nhs:{number}", "nhs_number": number}
    ours = {
        "specversion": "1.0",
        "id": value["id"],
        "type": known[what],
        "source": source if _SOURCE.fullmatch(source) else f"{sender or STAND_IN}:CLOUDEVENTS",
        "time": value["time"],
        "subject": subject,
        "data": value.get("data"),
    }
    return event_from_json(msgspec.json.encode(ours), received_at)


def _missing(name: str) -> SenderFault:
    return SenderFault(
        FaultReason.SCHEMA_VIOLATION,
        f"{name} is empty",
        field=name,
        remedy=f"a CloudEvent has {', '.join(('specversion', *REQUIRED))}",
    )


def _wrong(name: str, remedy: str) -> SenderFault:
    return SenderFault(
        FaultReason.SCHEMA_VIOLATION, f"{name} cannot be used", field=name, remedy=remedy
    )
