"""Encounter to `encounter.updated`, or to `pregnancy.notified` for an emergency in pregnancy."""

from datetime import datetime
from typing import Final

from hub.edges.fhir.codes import codes_of, has_any, meaning, words_of
from hub.edges.fhir.draft import Draft, type_of_found
from hub.edges.fhir.letter import Letter
from hub.edges.fhir.people import people
from hub.edges.fhir.pregnancies import notified_body
from hub.edges.fhir.times import instant
from hub.edges.fhir.tree import Node, missing
from hub.edges.hl7v2_people import People
from hub.edges.mapped import Ignored

_PRESENT: Final = frozenset({"arrived", "triaged", "in-progress", "onleave", "unknown"})
_PLANNED: Final = frozenset({"planned", ""})
_OVER: Final = frozenset({"finished", "completed", "discharged"})


def encounter(letter: Letter, resource: Node) -> type_of_found:
    """A stay has begun, moved or ended, or one of these was cancelled."""
    listed = meaning("encounter_class")
    classes = set(codes_of(resource.all("class"))) | {resource.text("class")}
    if not classes.isdisjoint(listed["outpatient"]):
        return Ignored.OUTPATIENT
    kind = kind_of(letter, resource)
    if isinstance(kind, Ignored):
        return kind
    reference = resource.first("subject") or resource.first("patient")
    whom = people(letter, reference, resource)
    if isinstance(whom, Ignored):
        return whom
    if not classes.isdisjoint(listed["emergency"]):
        return _emergency(letter, resource, whom)
    return [_stay(letter, resource, kind, whom)]


def kind_of(letter: Letter, resource: Node) -> str | Ignored:
    """Which change it tells of: by the header's trigger, else by its own state."""
    told = meaning("trigger").get(letter.trigger)
    if told is not None:
        return str(told)
    state = resource.text("status")
    if state in {"cancelled", "entered-in-error"}:
        return "admission_cancelled"
    if state in _PLANNED:
        return Ignored.NOT_FINAL
    if state in _OVER:
        return "discharged"
    moved = len(resource.all("location")) > 1 and any(
        place.text("status") == "completed" or place.text("period", "end")
        for place in resource.all("location")
    )
    return "transferred" if moved and state in _PRESENT else "admitted"


def _stay(letter: Letter, resource: Node, kind: str, whom: People) -> Draft:
    encounter_id = resource.text("identifier", "value") or resource.text("id")
    if not encounter_id:
        raise missing(resource.place("identifier"), "your number of the stay")
    body = {
        "subject": "baby" if whom.baby_id else "mother",
        "baby_id": whom.baby_id,
        "encounter_id": encounter_id,
        "kind": kind,
        "ward": _ward(letter, resource),
        "destination": _destination(resource) if kind == "discharged" else None,
    }
    at = _happened_at(letter, resource, kind)
    return Draft("encounter.updated", body, whom.subject, at, resource.path)


def _happened_at(letter: Letter, resource: Node, kind: str) -> datetime:
    """The time of the change itself where the resource has it; else when it was sent."""
    around = "actualPeriod" if resource.first("actualPeriod") else "period"
    names = {"admitted": (around, "start"), "discharged": (around, "end")}.get(kind)
    if kind == "transferred":
        latest = resource.all("location", "period", "start")[-1:]
        return next((_time(each) for each in latest if each.value), letter.sent_at)
    found = resource.first(*names) if names else None
    if found is not None and found.value:
        return _time(found)
    if names and letter.said_at is None:
        # The time at which it happened to come here is no time of hers.
        raise missing(resource.place(*names), "when the stay began or ended")
    return letter.sent_at


def _time(node: Node) -> datetime:
    found = instant(node.value, node.path)
    assert found is not None, "an empty value is not asked for"
    return found


def _ward(letter: Letter, resource: Node) -> str:
    """The name of the present place, or its code; empty where none is said."""
    places = resource.all("location")
    present = [place for place in places if place.text("status") == "active"] or places[-1:]
    for place in present:
        where = place.first("location")
        found = letter.find(where)
        if found is not None:
            return found.text("name") or found.text("identifier", "value")
        return where.text("display") if where is not None else ""
    return ""


def _destination(resource: Node) -> str | None:
    """A code of the NHS data dictionary, as it is sent or as the list translates it."""
    for parent in ("hospitalization", "admission"):
        for code in codes_of(resource.all(parent, "dischargeDisposition")):
            return str(meaning("destination").get(code, code))
    return None


def _emergency(letter: Letter, resource: Node, whom: People) -> type_of_found:
    """An attendance: it tells of a pregnancy when it says so, and of nothing otherwise."""
    reasons = [*resource.all("reasonCode"), *resource.all("reason"), *resource.all("type")]
    listed = meaning("pregnant")
    known = not set(codes_of(reasons)).isdisjoint(listed["codes"])
    if whom.baby_id or not (known or has_any(words_of(reasons), listed["words"])):
        return Ignored.NO_PREGNANCY
    at = _happened_at(letter, resource, "admitted")
    body = notified_body(at, resource.path, "unscheduled")
    return [Draft("pregnancy.notified", body, whom.subject, at, resource.path)]
