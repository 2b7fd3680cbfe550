"""ORU^R01: a baby's weight, and a due date; other results are for others."""

from hub.core.faults import FaultReason, SenderFault
from hub.edges.fhir.codes import meaning
from hub.edges.hl7v2_booking import redated
from hub.edges.hl7v2_draft import Draft
from hub.edges.hl7v2_message import Segment, instant
from hub.edges.hl7v2_reading import Reading
from hub.edges.mapped import Ignored

_VOID = frozenset({"D", "W", "X", "I", "P", "R"})
"""OBX-11: deleted, wrong, not obtained, pending, preliminary, not verified."""

LARGEST_GRAMS = 30_000


def results(reading: Reading) -> list[Draft] | Ignored:
    """What a result report says that the hub passes on.  Raises SenderFault naming the field."""
    drafts = [
        _weighed(reading, result)
        for result in reading.message.all("OBX")
        if _is_weight(result) and reading.people.baby_id and result.value(11) not in _VOID
    ]
    if not reading.people.baby_id and reading.profile.value(reading.message, "edd")[0]:
        drafts.append(Draft("pregnancy.dated", redated(reading.message, reading.profile)))
    return drafts or Ignored.NO_EVENT_TYPE


def _is_weight(result: Segment) -> bool:
    codes = {result.value(3), result.value(3, 4)}
    return not codes.isdisjoint(meaning("observation")["weight"])


def _weighed(reading: Reading, result: Segment) -> Draft:
    body = {
        "baby_id": reading.people.baby_id,
        "grams": _grams(result),
        "clothing": "unknown",
        "measured_by": "professional",
        "plotted": "n",
        "centile": None,
        "spaces_from_birth": None,
        "loss_percent": None,
        "feeding": None,
    }
    order = reading.message.first("OBR")
    at = instant(result.value(14), "OBX-14")
    if at is None and order is not None:
        at = instant(order.value(7), "OBR-7")
    return Draft("measurement.infant", body, at)


def _grams(result: Segment) -> int:
    units: dict[str, int] = meaning("observation")["grams"]
    factor = units.get(result.value(6).lower())
    if factor is None:
        raise _wrong("OBX-6", "is no unit that the hub reads", "send g or kg")
    try:
        grams = round(float(result.value(5)) * factor)
    except (ValueError, OverflowError):
        grams = 0
    if not 0 < grams < LARGEST_GRAMS:
        raise _wrong("OBX-5", "is no weight of a baby", "send the number alone")
    return grams


def _wrong(place: str, problem: str, remedy: str) -> SenderFault:
    return SenderFault(
        FaultReason.SCHEMA_VIOLATION, f"{place} {problem}", field=place, remedy=remedy
    )
