"""Composition and DocumentReference to `discharge.summary` (ITK3 transfer of care, and R4).

A summary that leaves safeguarding out, one that says "none" and one that says something are three
different things, and the difference is the point: see `hub.edges.fhir.sections`.
"""

from datetime import datetime
from typing import Any, Final

from hub.core.model import type_of_body
from hub.edges.fhir.codes import codes_of, has_any, meaning, words_of
from hub.edges.fhir.draft import Draft, type_of_found
from hub.edges.fhir.letter import Letter
from hub.edges.fhir.people import people
from hub.edges.fhir.sections import sections_of
from hub.edges.fhir.times import instant
from hub.edges.fhir.tree import Node, missing, wrong
from hub.edges.hl7v2_people import People
from hub.edges.mapped import Ignored

_FINAL: Final = frozenset({"final", "amended", "corrected", "appended", ""})


def composition(letter: Letter, resource: Node) -> type_of_found:
    """A discharge summary in sections; any other document is for others."""
    if not is_summary(resource):
        return Ignored.NO_EVENT_TYPE
    if resource.text("status") not in _FINAL:
        return _not_final(resource)
    whom = people(letter, resource.first("subject"), resource)
    if isinstance(whom, Ignored):
        return whom
    issued_at = _issued_at(letter, resource, "date")
    body = _body(whom, _discharged_at(letter, resource) or issued_at, issued_at)
    body["sections"] = sections_of(letter, resource)
    if _on_plan(letter):
        body["cpp"] = "y"
    return [Draft("discharge.summary", body, whom.subject, issued_at, resource.path)]


def document_reference(letter: Letter, resource: Node) -> type_of_found:
    """A discharge summary that is a document: what it says cannot be seen from outside.

    So its safeguarding sections are "not completed", which is what the next team can rely on.
    """
    if not is_summary(resource):
        return Ignored.NO_EVENT_TYPE
    if resource.text("status") in {"superseded", "entered-in-error"}:
        return _not_final(resource)
    if resource.text("docStatus") not in _FINAL:
        return Ignored.NOT_FINAL
    whom = people(letter, resource.first("subject"), resource)
    if isinstance(whom, Ignored):
        return whom
    name = next((n for n in ("date", "indexed", "created") if resource.text(n)), "date")
    issued_at = _issued_at(letter, resource, name)
    left = resource.first("context", "period", "end")
    discharged_at = instant(left.value, left.path) if left is not None else None
    body = _body(whom, discharged_at or issued_at, issued_at)
    body["sections"] = {"clinical": resource.text("description") or None}
    return [Draft("discharge.summary", body, whom.subject, issued_at, resource.path)]


def is_summary(resource: Node) -> bool:
    """Whether a document is a discharge summary: by its type or category, else by their words."""
    kinds, listed = [*resource.all("type"), *resource.all("category")], meaning("summary")
    codes = codes_of(kinds)
    known = not set(codes).isdisjoint(listed["types"])
    return known or has_any(words_of([*kinds, *resource.all("title")]), listed["words"])


def _not_final(resource: Node) -> type_of_found:
    """A draft is waited for; one that is taken back must be taken back by its id."""
    if resource.text("status") in {"entered-in-error", "superseded"}:
        raise wrong(
            resource.place("status"),
            "takes back an earlier document, and does not say which event that was",
            "send event.retracted or event.corrected with the id that the first answer gave",
        )
    return Ignored.NOT_FINAL


def _issued_at(letter: Letter, resource: Node, name: str) -> datetime:
    found = resource.first(name)
    said = instant(found.value, found.path) if found is not None else None
    if said is None and letter.header is None:
        raise missing(resource.place(name), "the time at which the summary was issued")
    return said or letter.sent_at


def _discharged_at(letter: Letter, resource: Node) -> datetime | None:
    """The end of the stay that it is about; None where nobody says it."""
    stay = letter.find(resource.first("encounter"))
    ends = [*(stay.all("period", "end") if stay is not None else ())]
    ends += resource.all("event", "period", "end")
    return next((instant(end.value, end.path) for end in ends if end.value), None)


def _body(whom: People, discharged_at: datetime, issued_at: datetime) -> type_of_body:
    body: dict[str, Any] = {
        "subject": "baby" if whom.baby_id else "mother",
        "baby_id": whom.baby_id,
        "discharged_at": discharged_at,
        "issued_at": issued_at,
        "copied_to": [],
        "cpp": None,
    }
    return body


def _on_plan(letter: Letter) -> bool:
    """Whether a flag or a coded entry of the document says that there is a protection plan."""
    plans = {code for code, kind in meaning("status").items() if kind.startswith("CPP")}
    for resource in letter.of_kind("Flag", "Observation", "Condition"):
        running = resource.text("status") not in {"inactive", "entered-in-error", "cancelled"}
        if running and not plans.isdisjoint(codes_of(resource.all("code"))):
            return True
    return False
