"""Observation to `measurement.infant` (a weight) or `pregnancy.dated` (a due date)."""

from datetime import datetime
from typing import Final

from hub.edges.fhir.codes import codes_of, meaning
from hub.edges.fhir.draft import Draft, type_of_found
from hub.edges.fhir.letter import Letter
from hub.edges.fhir.people import people
from hub.edges.fhir.times import day, instant
from hub.edges.fhir.tree import Node, missing, wrong
from hub.edges.mapped import Ignored

NOT_FINAL: Final = frozenset({"entered-in-error", "cancelled", "registered", "preliminary"})
_WHEN: Final = (
    ("effectiveDateTime",),
    ("effectiveInstant",),
    ("effectivePeriod", "start"),
    ("issued",),
)


def observation(letter: Letter, resource: Node) -> type_of_found:
    """A baby's weight or a due date; any other observation is for others."""
    listed = meaning("observation")
    codes = codes_of(resource.all("code"))
    weight = not set(codes).isdisjoint(listed["weight"])
    due = [code for code in codes if code in listed["due_date"]]
    if not weight and not due:
        return Ignored.NO_EVENT_TYPE
    if resource.text("status") in NOT_FINAL:
        return Ignored.NOT_FINAL
    whom = people(letter, resource.first("subject"), resource)
    if isinstance(whom, Ignored):
        return whom
    if weight and not whom.baby_id:
        return Ignored.NO_EVENT_TYPE
    at = observed_at(resource)
    if weight:
        body = {
            "baby_id": whom.baby_id,
            "grams": _grams(resource),
            "clothing": "unknown",
            "measured_by": _measured_by(letter, resource),
            "plotted": "n",
        }
        kind = "measurement.infant"
    else:
        edd = _due_date(resource)
        basis = listed["basis"].get(due[0], "unknown")
        body = {"edd": edd, "basis": basis, "previous_edd": edd, "reason": None}
        kind = "pregnancy.dated"
    return [Draft(kind, body, whom.subject, at or letter.sent_at, resource.path)]


def observed_at(resource: Node) -> datetime | None:
    """When it was seen, where the resource says so."""
    told = (resource.first(*names) for names in _WHEN)
    when = next((each for each in told if each is not None and each.value), None)
    return instant(when.value, when.path) if when is not None else None


def _grams(resource: Node) -> int:
    """The weight in grams.  Raises SenderFault for another unit and for what is no number."""
    quantity = resource.first("valueQuantity")
    if quantity is None or not quantity.text("value"):
        raise missing(resource.place("valueQuantity", "value"), "the weight")
    units: dict[str, int] = meaning("observation")["grams"]
    unit = quantity.text("code") or quantity.text("unit")
    factor = units.get(unit.lower()) or units.get(quantity.text("unit").lower())
    if factor is None:
        raise wrong(quantity.place("code"), "is no unit that the hub reads", "send g or kg")
    try:
        grams = round(float(quantity.text("value")) * factor)
    except (ValueError, OverflowError):
        grams = 0
    if not 0 < grams < 30_000:
        raise wrong(quantity.place("value"), "is no weight of a baby", "send grams or kilograms")
    return grams


def _measured_by(letter: Letter, resource: Node) -> str:
    performers = [letter.find(each) for each in resource.all("performer")]
    kinds = {found.kind for found in performers if found is not None}
    return "parent" if kinds & {"RelatedPerson", "Patient"} else "professional"


def _due_date(resource: Node) -> str:
    for name in ("valueDateTime", "valueDate", "valueString"):
        value = resource.first(name)
        found = day(value.value, value.path) if value is not None else None
        if found is not None:
            return found
    raise missing(resource.place("valueDateTime"), "the due date")
