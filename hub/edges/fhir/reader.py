"""FHIR R4 and STU3 to events: any bundle, any single resource, of any profile.

A profile that is not known is no reason to refuse: what can be read is read, and a resource that
no event type of ours fits is passed over.  When nothing is left the document is *ignored* with the
reason that says most.  A fault in one resource keeps the whole document in quarantine.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from hub.core.faults import SenderFault
from hub.core.model import Actor, Event
from hub.edges.doors import checked, envelope_of, event_of
from hub.edges.fhir import mns
from hub.edges.fhir.appointments import appointment
from hub.edges.fhir.as_json import node_from_json
from hub.edges.fhir.as_xml import node_from_xml
from hub.edges.fhir.codes import meaning
from hub.edges.fhir.draft import Draft, type_of_found
from hub.edges.fhir.letter import Letter, digest, format_of, open_letter
from hub.edges.fhir.measurements import observation
from hub.edges.fhir.national import national, restated
from hub.edges.fhir.pregnancies import said_pregnant
from hub.edges.fhir.removals import is_removal, own_name, removed_resources
from hub.edges.fhir.source import national_source, source_of
from hub.edges.fhir.statuses import formal_status, problem
from hub.edges.fhir.stays import encounter
from hub.edges.fhir.summaries import composition, document_reference
from hub.edges.fhir.teams import care_team, episode_of_care
from hub.edges.fhir.tree import Node
from hub.edges.formats import Format
from hub.edges.mapped import Ignored, Mapped, Origin
from hub.edges.schemas import default_schemas


def open_fhir(body: bytes, plain: Format) -> tuple[Format, Node]:
    """The dialect of a FHIR document, and its tree.  `plain` says whether it is JSON or XML.

    Raises SenderFault; its `field` is a FHIRPath, never a value.
    """
    root = node_from_xml(body) if plain is Format.FHIR_XML else node_from_json(body)
    return format_of(root, plain), root


def events_from(root: Node, form: Format, received_at: datetime, sender: str = "") -> Mapped:
    """The events of a document; `sender` is the ODS code of whoever brings it, where known.

    Raises SenderFault as `open_fhir`.
    """
    removed = removed_resources(root)
    if removed and all(is_removal(entry) for entry in root.all("entry")):
        return Mapped((), removed=removed)
    if root.text("type") == "searchset" and not root.all("entry"):
        return Mapped((), Ignored.NOTHING_TO_ROUTE)
    letter = open_letter(root, received_at, sender)
    found = mns.signal(letter) if form is Format.MNS_SIGNAL else _found(letter)
    if isinstance(found, Ignored):
        return Mapped((), None if removed else found, removed=removed)
    system = {Format.NEMS: "NEMS", Format.MNS_SIGNAL: "MNS", Format.CDA: "CDA"}.get(form, "FHIR")
    events = (_event(letter, draft, number, system) for number, draft in enumerate(found, 1))
    origins = tuple(Origin(draft.resource, draft.path) for draft in found)
    return Mapped(tuple(events), origins=origins, removed=removed)


def _found(letter: Letter) -> type_of_found:
    """The drafts of a document, or the reason that says most why there are none."""
    told = national(letter)
    if told is not None:
        return told
    drafts: list[Draft] = []
    reasons: list[Ignored] = []
    for resource in letter.resources:
        reader = _READERS.get(resource.kind)
        if reader is None or _belongs_to_summary(letter, resource):
            continue
        found = reader(letter, resource)
        if isinstance(found, Ignored):
            reasons.append(found)
        else:
            drafts += [
                replace(draft, resource=own_name(resource))
                for draft in found
                if not _said_before(draft, drafts)
            ]
    if drafts:
        return drafts
    patients = letter.of_kind("Patient")
    if not reasons and len(patients) == 1 and _is_demographic(letter):
        return restated(letter, patients[0])
    return max(reasons, key=_telling, default=Ignored.NO_EVENT_TYPE)


def _said_before(draft: Draft, drafts: list[Draft]) -> bool:
    """A plan that a flag, a care plan and a care team of one document tell of is one plan."""
    return draft.type == "status.changed" and any(
        (draft.body, draft.subject) == (each.body, each.subject) for each in drafts
    )


def _is_demographic(letter: Letter) -> bool:
    """Whether nothing but a person and whoever is around is in it.

    A request or a result carries a copy of the person, which may be years old.
    """
    beside = meaning("demographics")["beside"]
    return all(one.kind == "Patient" or one.kind in beside for one in letter.resources)


def _telling(reason: Ignored) -> int:
    """How much a reason says: that there is no event type for something says least."""
    return 0 if reason in {Ignored.NO_EVENT_TYPE, Ignored.NOTHING_TO_ROUTE} else 1


def _belongs_to_summary(letter: Letter, resource: Node) -> bool:
    """A stay that a summary is about is told by the summary."""
    if resource.kind != "Encounter":
        return False
    summaries = letter.of_kind("Composition")
    return any(letter.find(one.first("encounter")) is resource for one in summaries)


def _event(letter: Letter, draft: Draft, number: int, system: str) -> Event:
    """A draft in its envelope, every field present, held against its schema.

    Raises SenderFault with the place of the resource when it does not fit.
    """
    organisation = letter.organisation
    built = Event(
        id=_id(letter, draft, number, "cda" if system == "CDA" else "fhir"),
        type=draft.type,
        source=f"{_source(letter, system)}:{system}",
        occurred_at=draft.occurred_at,
        received_at=letter.received_at,
        recorded_at=letter.said_at,
        subject=draft.subject,
        actor=Actor(org=organisation or None),
        body=draft.body,
    )
    try:
        whole = checked({**envelope_of(built), "data": built.body}, default_schemas())
    except SenderFault as fault:
        place = f"{draft.path} gives {fault.message}"
        raise SenderFault(fault.reason, place, field=draft.path, remedy=fault.remedy) from None
    return event_of(whole, whole["data"], letter.received_at)


def _source(letter: Letter, system: str) -> str:
    if system == "MNS":
        return national_source(letter.sender)
    return source_of(letter.organisation, letter.sender)


def _id(letter: Letter, draft: Draft, number: int, form: str) -> str:
    """The same for the same document sent again.

    A message has an id of its own; of anything else the content is the id, with when it happened.
    """
    given = letter.message_id
    if given:
        return f"{form}:{given}" if number == 1 else f"{form}:{given}:{number}"
    who = draft.subject.reference or draft.subject.nhs_number or ""
    body = repr(sorted(draft.body.items()))
    return f"{form}:{digest(draft.type, who, draft.occurred_at.isoformat(), body)}"


def _team_or_plan(letter: Letter, resource: Node) -> type_of_found:
    """A care team whose category is a protection plan (CP-IS) tells of the plan."""
    plan = formal_status(letter, resource)
    return plan if isinstance(plan, list) else care_team(letter, resource)


def _seen(letter: Letter, resource: Node) -> type_of_found:
    """An observation may be that she is pregnant, and measure nothing."""
    pregnant = said_pregnant(letter, resource)
    return observation(letter, resource) if pregnant is None else pregnant


type_of_resource_reader = Callable[[Letter, Node], type_of_found]

_READERS: Final[Mapping[str, type_of_resource_reader]] = {
    "Encounter": encounter,
    "EpisodeOfCare": episode_of_care,
    "CareTeam": _team_or_plan,
    "CarePlan": formal_status,
    "Condition": problem,
    "Composition": composition,
    "DocumentReference": document_reference,
    "Appointment": appointment,
    "Observation": _seen,
    "Flag": formal_status,
}
