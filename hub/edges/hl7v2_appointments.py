"""SIU: appointments made, moved, cancelled and missed."""

from datetime import datetime
from typing import Final

from hub.core.faults import FaultReason, SenderFault
from hub.edges.fhir.appointments import (
    canceller,
    elsewhere,
    kind_and_owner,
    missed_body,
    stayed_away,
)
from hub.edges.hl7v2_draft import Draft
from hub.edges.hl7v2_message import FieldMissing, Segment, instant
from hub.edges.hl7v2_reading import Reading
from hub.edges.mapped import Ignored

_HELD: Final = ("complete", "arrived", "started", "fulfilled")


def scheduled(reading: Reading) -> list[Draft] | Ignored:
    """S12, S13, S14: it is to take place at this time."""
    schedule = reading.message.need("SCH")
    if schedule.value(25).lower() in _HELD:
        return Ignored.NOT_COMPLETE_ENOUGH
    words = _words(reading, schedule)
    if _elsewhere(reading, words):
        return Ignored.NO_EVENT_TYPE
    kind, owner = kind_and_owner(words)
    body = {
        "contact_id": _contact_id(schedule),
        "kind": kind,
        "contact_at": _start(reading, schedule),
        "owner": owner,
        "baby_id": reading.people.baby_id,
        "replaces": None,
    }
    return [Draft("contact.scheduled", body)]


def cancelled(reading: Reading) -> list[Draft] | Ignored:
    """S15, S17: who cancelled is said by SCH-6, or that nobody came; nobody guesses it."""
    schedule = reading.message.need("SCH")
    if _elsewhere(reading, _words(reading, schedule)):
        return Ignored.NO_EVENT_TYPE
    reasons = [schedule.value(6), schedule.value(6, 4)]
    words = f"{schedule.value(6, 2)} {schedule.value(6, 5)} {schedule.value(6)}".lower()
    if stayed_away([*reasons, schedule.value(25)], _texts(schedule)):
        return [_not_attended(reading, schedule)]
    outcome = canceller([each.lower() for each in reasons if each], words)
    if outcome is None:
        raise SenderFault(
            FaultReason.SCHEMA_VIOLATION,
            "SCH-6 does not say whether the person or the service cancelled",
            field="SCH-6",
            remedy="send pat or prov, or words such as 'by patient' or 'by service'",
        )
    return [_missed(reading, schedule, outcome)]


def not_attended(reading: Reading) -> list[Draft] | Ignored:
    """S26: nobody came."""
    schedule = reading.message.need("SCH")
    if _elsewhere(reading, _words(reading, schedule)):
        return Ignored.NO_EVENT_TYPE
    _start(reading, schedule)
    return [_not_attended(reading, schedule)]


def _not_attended(reading: Reading, schedule: Segment) -> Draft:
    """Missed at the time of the appointment, where the message has it."""
    outcome = "WNB" if reading.people.baby_id else "DNA"
    return _missed(reading, schedule, outcome, _start_if_said(reading, schedule))


def _texts(schedule: Segment) -> str:
    """Why it was cancelled, in words."""
    return f"{schedule.value(6, 2)} {schedule.value(6, 5)}".lower()


def _elsewhere(reading: Reading, words: str) -> bool:
    """Her appointment of another speciality; who did not bring a baby to one is told of."""
    return reading.people.baby_id is None and elsewhere(words)


def of_others(_: Reading) -> Ignored:
    """Changes of resources and of other things that no event type of ours is about."""
    return Ignored.NO_EVENT_TYPE


def _missed(reading: Reading, schedule: Segment, outcome: str, at: datetime | None = None) -> Draft:
    kind, _ = kind_and_owner(_words(reading, schedule))
    body = missed_body(_contact_id(schedule), kind, outcome, reading.people.baby_id)
    return Draft("contact.missed", body, at)


def _contact_id(schedule: Segment) -> str:
    found = schedule.value(2) or schedule.value(1)
    if not found:
        raise FieldMissing("SCH-2")
    return found


def _start(reading: Reading, schedule: Segment) -> datetime:
    """When it takes place.  Raises FieldMissing where nothing says it."""
    found = _start_if_said(reading, schedule)
    if found is None:
        raise FieldMissing("SCH-11")
    return found


def _start_if_said(reading: Reading, schedule: Segment) -> datetime | None:
    """SCH-11.4, else TQ1-7, else AIS-4."""
    places = [("SCH-11", schedule.value(11, 4))]
    for name, field in (("TQ1", 7), ("AIS", 4), ("AIG", 8), ("AIP", 6)):
        segment = reading.message.first(name)
        if segment is not None:
            places.append((f"{name}-{field}", segment.value(field)))
    for place, written in places:
        found = instant(written, place)
        if found is not None:
            return found
    return None


def _words(reading: Reading, schedule: Segment) -> str:
    """What the appointment is for, in words."""
    fields = [schedule.value(n, part) for n in (7, 8) for part in (1, 2)]
    for resource in reading.message.all("AIS"):
        fields += [resource.value(3), resource.value(3, 2)]
    # Where many clinics share one type of visit, only the place says which it is.
    for name in ("AIL", "PV1"):
        for place in reading.message.all(name):
            fields += [place.value(3), place.value(3, 2), place.value(3, 9)]
    return " | ".join(fields).lower()
