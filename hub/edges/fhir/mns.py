"""Signals of MNS as FHIR (a history bundle), with or without the record they are about."""

from hub.core.model import Person
from hub.edges.fhir.codes import meaning
from hub.edges.fhir.draft import Draft, type_of_found
from hub.edges.fhir.letter import Letter
from hub.edges.fhir.national import by_kind
from hub.edges.fhir.times import instant
from hub.edges.fhir.tree import Node, missing
from hub.edges.mapped import Ignored
from hub.edges.signals import bare, kind_of, numbered


def signal(letter: Letter) -> type_of_found:
    """What a signal says: from the Patient beside it, else from the signal alone."""
    parameters = next(iter(letter.of_kind("Parameters")), letter.root)
    named = {one.text("name"): one for one in parameters.all("parameter")}
    state = named.get("type")
    if state is not None and state.text("valueCode") not in {"event-notification", ""}:
        return Ignored.TEST_MESSAGE
    context = {
        part.text("name"): part for part in parameters.all("parameter", "part") if part.inside
    }
    kind = kind_of(_value(context.get("event-type")), parameters.path)
    if kind in {"nothing", "test"}:
        return Ignored.TEST_MESSAGE if kind == "test" else Ignored.NO_EVENT_TYPE
    if letter.of_kind("Patient") and kind in meaning("mns").values() and kind != "number":
        return by_kind(letter, kind)
    return _bare(letter, parameters, context, kind)


def _bare(letter: Letter, parameters: Node, context: dict[str, Node], kind: str) -> type_of_found:
    subject = context.get("subject")
    if subject is None:
        raise missing(f"{parameters.path}.parameter", "the subject among the additional context")
    place = subject.place("valueReference", "identifier", "value")
    number = numbered(subject.text("valueReference", "identifier", "value"), place)
    when = context.get("timestamp")
    found = when.first("valueInstant") or when.first("valueDateTime") if when is not None else None
    at = instant(found.value, found.path) if found is not None else None
    happened = at or letter.sent_at
    body = bare(kind, happened, None, parameters.path)
    who = Person(reference=f"nhs:{number}", nhs_number=number)
    return [Draft("demographics.changed", body, who, happened, parameters.path)]


def _value(part: Node | None) -> str:
    return next((part.text(n) for n in ("valueString", "valueCode") if part and part.text(n)), "")
