"""MDM: documents that are discharge summaries, and the cancelling of one.

    T02                 discharge.summary, under the number of the document
    T04 T06 T08 T10     discharge.summary again: whoever was told is told the newer one
    T11                 event.retracted for the summary of that document
    T01 T03 T05 T07 T09 a notice without the document: nothing to pass on

A T02 that comes twice with one document number is one event; a changed document is a T08 or T10.
"""

from typing import Any, Final

from hub.edges.fhir.codes import has_any, meaning
from hub.edges.fhir.narrative import Line
from hub.edges.fhir.sections import Found, told_by
from hub.edges.hl7v2_draft import Draft
from hub.edges.hl7v2_message import FieldMissing, Message, Segment, instant
from hub.edges.hl7v2_reading import Reading
from hub.edges.mapped import Ignored

_TEXTS: Final = frozenset({"TX", "FT", "ST", "CE", "CWE", ""})
_NOT_FINAL: Final = frozenset({"DI", "IP", "IN", "PA"})
"""TXA-17: dictated, in progress, incomplete, not yet authenticated."""
_WITHDRAWN: Final = frozenset({"CA", "OB"})
"""TXA-19: cancelled, obsolete."""


def document(reading: Reading) -> list[Draft] | Ignored:
    """A document with its content.  Raises SenderFault naming the field."""
    header = reading.message.need("TXA")
    if not is_summary(reading, header):
        return Ignored.NO_EVENT_TYPE
    if header.value(17) in _NOT_FINAL:
        return Ignored.NOT_FINAL
    visit = reading.message.first("PV1")
    left = instant(visit.value(45), "PV1-45") if visit is not None else None
    times = (instant(header.value(field), f"TXA-{field}") for field in (7, 6, 4))
    issued_at = next((time for time in times if time is not None), reading.occurred_at)
    body: dict[str, Any] = {
        "subject": "baby" if reading.people.baby_id else "mother",
        "baby_id": reading.people.baby_id,
        "discharged_at": left or issued_at,
        "issued_at": issued_at,
        "sections": told_by(_sections(reading.message), header.value(9, 2) or None),
        "copied_to": [],
        "cpp": None,
    }
    first = reading.message.header.value(9, 2) == "T02"
    own = _document_id(reading, header)
    event_id = own if first else f"{own}:{reading.control_id}"
    return [Draft("discharge.summary", body, issued_at, event_id[:200])]


def cancelled(reading: Reading) -> list[Draft] | Ignored:
    """A document is taken back: so is the event that its T02 became."""
    header = reading.message.need("TXA")
    if not is_summary(reading, header):
        return Ignored.NO_EVENT_TYPE
    body = {
        "target_id": _document_id(reading, header),
        "target_type": "discharge.summary",
        "reason": "entered_in_error",
    }
    return [Draft("event.retracted", body)]


def changed(reading: Reading) -> list[Draft] | Ignored:
    """A document with a new state (T04): one that is now withdrawn is cancelled."""
    header = reading.message.need("TXA")
    return cancelled(reading) if header.value(19) in _WITHDRAWN else document(reading)


def without_content(_: Reading) -> Ignored:
    """A notice that a document exists; the document itself comes with T02."""
    return Ignored.NOTHING_TO_ROUTE


def is_summary(reading: Reading, header: Segment) -> bool:
    """Whether a document is a discharge summary: by its type, else by the words of its type."""
    code, words = header.value(2), f"{header.value(2, 2)} {header.value(16)}".lower()
    known = (*reading.profile.summaries, *meaning("summary")["types"])
    return code in known or has_any(words, meaning("summary")["words"])


def _document_id(reading: Reading, header: Segment) -> str:
    number = header.value(12) or header.value(12, 3)
    if not number:
        raise FieldMissing("TXA-12")
    return f"hl7:{reading.facility}:doc:{number[:100]}"


def _sections(message: Message) -> dict[str, Found | None]:
    """The texts of OBX, each in the section that OBX-3 names; what names none is the summary."""
    gathered: dict[str, list[str]] = {}
    codes: list[str] = []
    for result in message.all("OBX"):
        name = _section_of(result)
        if name is None or result.value(2) not in _TEXTS:
            continue
        written = [result.component(each, 1) for each in result.repetitions(5)]
        lines = [line for text in written for line in text.split("\n") if line.strip()]
        gathered.setdefault(name, []).extend(lines)
        if result.value(2) in {"CE", "CWE"}:
            codes += [result.value(5)]
            gathered[name] += [result.value(5, 2)] if result.value(5, 2) else []
    return {
        name: Found(
            "\n".join(gathered[name]), tuple(map(Line, gathered[name])), tuple(codes), looked=False
        )
        if name in gathered
        else None
        for name in meaning("section")
    }


def _section_of(result: Segment) -> str | None:
    code, title = result.value(3), result.value(3, 2).lower()
    for name, listed in meaning("section").items():
        if code in listed["codes"] or title in listed["titles"]:
            return str(name)
    return "clinical"
