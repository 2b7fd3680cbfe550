"""Appointment to `contact.scheduled` or `contact.missed`."""

from datetime import datetime
from typing import Any, Final

from hub.edges.fhir.codes import codes_of, has_any, meaning, row_by_words, words_of
from hub.edges.fhir.draft import Draft, type_of_found
from hub.edges.fhir.letter import Letter
from hub.edges.fhir.people import people, people_of
from hub.edges.fhir.times import instant
from hub.edges.fhir.tree import Node, missing, wrong
from hub.edges.hl7v2_people import People
from hub.edges.mapped import Ignored

_PROPOSED: Final = frozenset({"proposed", "pending", "waitlist", ""})
_HELD: Final = frozenset({"fulfilled", "arrived", "checked-in"})
_REASONS: Final = ("cancelationReason", "cancellationReason")
"""R4 spells it with one l, R5 with two."""


def appointment(letter: Letter, resource: Node) -> type_of_found:
    """A contact was arranged, cancelled or missed."""
    state = resource.text("status")
    if state in _PROPOSED:
        return Ignored.NOT_FINAL
    if state in _HELD:
        return Ignored.NOT_COMPLETE_ENOUGH
    whom = _whom(letter, resource)
    if isinstance(whom, Ignored):
        return whom
    if whom.baby_id is None and elsewhere(_words(resource)):
        return Ignored.NO_EVENT_TYPE
    contact_id = resource.text("identifier", "value") or resource.text("id")
    if not contact_id:
        raise missing(resource.place("identifier"), "your number of the appointment")
    kind, owner = kind_and_owner(_words(resource))
    if state == "booked":
        return [_scheduled(letter, resource, whom, contact_id, kind, owner)]
    missed = state == "noshow" or (state == "cancelled" and _stayed_away(resource))
    if missed:
        outcome = "WNB" if whom.baby_id else "DNA"
    elif state in {"cancelled", "entered-in-error"}:
        outcome = who_cancelled(resource)
    else:
        raise wrong(
            resource.place("status"),
            "is no state of an appointment",
            "send booked, cancelled or noshow",
        )
    at = _planned_at(letter, resource) if missed else letter.sent_at
    body = missed_body(contact_id, kind, outcome, whom.baby_id)
    return [Draft("contact.missed", body, whom.subject, at, resource.path)]


def elsewhere(words: str) -> bool:
    """Whether a contact is surely of another speciality, and of none around a birth."""
    if row_by_words(meaning("contact"), words) is not None:
        return False
    return has_any(words, meaning("elsewhere")["words"])


def kind_and_owner(words: str) -> tuple[str, str]:
    """Which contact it is and whose, by the words of its type; any other where none fits."""
    row = row_by_words(meaning("contact"), words)
    return (row["kind"], row["owner"]) if row is not None else ("other", "COMM_MIDWIFE")


def missed_body(contact_id: str, kind: str, outcome: str, baby_id: str | None) -> dict[str, Any]:
    """Body of `contact.missed` from a message that tells of one appointment only.

    It does not say how many were missed before, so it is the first; the hub counts the others.
    """
    return {
        "contact_id": contact_id,
        "kind": kind,
        "outcome": outcome,
        "baby_id": baby_id,
        "series_count": 1,
        "last_seen_on": None,
        "last_seen_by": None,
        "follow_up": "none",
    }


def who_cancelled(resource: Node) -> str:
    """The person or the service.  Nobody guesses it: one starts a search, the other nothing."""
    reasons = [each for name in _REASONS for each in resource.all(name)]
    found = canceller(codes_of(reasons), words_of([*reasons, *resource.all("comment")]))
    if resource.text("status") == "entered-in-error":
        return "cancelled_by_service"
    if found is None:
        raise wrong(
            resource.place(_REASONS[0]),
            "does not say whether the person or the service cancelled",
            "send a code of the appointment cancellation reasons (pat..., prov...), or the words "
            "'by patient' or 'by service'",
        )
    return found


def _stayed_away(resource: Node) -> bool:
    """Whether the reason of a cancellation is that nobody came."""
    reasons = [each for name in _REASONS for each in resource.all(name)]
    return stayed_away(codes_of(reasons), words_of(reasons))


def stayed_away(codes: list[str], words: str) -> bool:
    """Whether what is called a cancellation says that nobody came; then somebody looks for her."""
    listed = meaning("cancelled")
    known = not {code.lower() for code in codes}.isdisjoint(listed["missed_codes"])
    said = words.strip() in listed["missed_codes"]
    return known or said or has_any(words, listed["missed_words"])


def canceller(codes: list[str], words: str) -> str | None:
    """Who cancelled, by codes and else by words; None where neither says it."""
    listed = meaning("cancelled")
    for who in ("person", "service"):
        known = not set(codes).isdisjoint(listed[f"{who}_codes"])
        if known or has_any(words, listed[f"{who}_words"]):
            return f"cancelled_by_{who}"
    return None


def _scheduled(
    letter: Letter, resource: Node, whom: People, contact_id: str, kind: str, owner: str
) -> Draft:
    body = {
        "contact_id": contact_id,
        "kind": kind,
        "contact_at": _planned_at(letter, resource),
        "owner": owner,
        "baby_id": whom.baby_id,
        "replaces": None,
    }
    made = resource.first("created")
    at = instant(made.value, made.path) if made is not None else None
    return Draft("contact.scheduled", body, whom.subject, at or letter.sent_at, resource.path)


def _planned_at(_: Letter, resource: Node) -> datetime:
    start = resource.first("start")
    found = instant(start.value, start.path) if start is not None else None
    if found is None:
        raise missing(resource.place("start"), "when the appointment is to take place")
    return found


def _whom(letter: Letter, resource: Node) -> People | Ignored:
    """The patient among the participants; a baby before its mother, who only comes with it."""
    named: list[People] = []
    reason: Ignored | None = None
    actors = resource.all("participant", "actor")
    for actor in actors:
        found = letter.find(actor)
        is_patient = found.kind == "Patient" if found else "Patient" in _said(actor)
        if not is_patient:
            continue
        whom = people_of(letter, found) if found else people(letter, actor, resource)
        if isinstance(whom, Ignored):
            reason = whom
        else:
            named.append(whom)
    if not named and reason is None:
        raise missing(resource.place("participant"), "the patient as a participant")
    babies = [whom for whom in named if whom.baby_id]
    chosen = (babies or named)[:1]
    return chosen[0] if chosen else (reason or Ignored.NOTHING_TO_ROUTE)


def _said(actor: Node) -> str:
    number = "nhs-number" in actor.text("identifier", "system")
    return "Patient" if number else actor.text("reference") + actor.text("type")


def _words(resource: Node) -> str:
    names = ("serviceType", "appointmentType", "specialty", "reasonCode", "reason", "description")
    return words_of(each for name in names for each in resource.all(name))
