"""Flag, and the plan that a CarePlan or a CareTeam names (CP-IS), to `status.changed`."""

from typing import Final

from hub.edges.fhir.codes import codes_of, meaning
from hub.edges.fhir.draft import Draft, type_of_found
from hub.edges.fhir.letter import Letter
from hub.edges.fhir.people import people
from hub.edges.fhir.times import instant
from hub.edges.fhir.tree import Node, wrong
from hub.edges.mapped import Ignored

_ENDED: Final = frozenset({"inactive", "completed", "finished", "revoked"})
_VOID: Final = frozenset({"entered-in-error", "proposed", "suspended", "draft", "on-hold"})
_OVER: Final = frozenset({"inactive", "resolved", "remission"})


def formal_status(letter: Letter, resource: Node) -> type_of_found:
    """A protection plan, for a child or an unborn one, or being looked after."""
    kinds = meaning("status")
    concepts = [*resource.all("code"), *resource.all("category")]
    kind = next((kinds[code] for code in codes_of(concepts) if code in kinds), None)
    if kind is None:
        return _unsaid(letter, resource, codes_of(concepts))
    if resource.text("status") in _VOID or resource.text("intent") == "proposal":
        return Ignored.NOT_FINAL
    reference = resource.first("subject") or resource.first("patient")
    whom = people(letter, reference, resource)
    if isinstance(whom, Ignored):
        return whom
    ended = resource.text("status") in _ENDED
    body = {
        "kind": "ended" if ended else kind,
        "baby_id": whom.baby_id,
        "from": kind if ended else "none",
        "to": "none" if ended else kind,
        "order_ref": None,
    }
    edge = resource.first("period", "end" if ended else "start")
    at = instant(edge.value, edge.path) if edge is not None else None
    return [Draft("status.changed", body, whom.subject, at or letter.sent_at, resource.path)]


def problem(letter: Letter, resource: Node) -> type_of_found:
    """A plan as a problem of a record, as practices keep it; others' problems are for others.

    A summary tells of its plans itself, and its problems may be those of years ago.
    """
    kinds = meaning("status")
    if letter.of_kind("Composition") or set(codes_of(resource.all("code"))).isdisjoint(kinds):
        return Ignored.NO_EVENT_TYPE
    doubted = {*codes_of(resource.all("verificationStatus")), resource.text("verificationStatus")}
    if doubted & {"entered-in-error", "refuted", "provisional", "differential"}:
        return Ignored.NOT_FINAL
    states = {*codes_of(resource.all("clinicalStatus")), resource.text("clinicalStatus")}
    read = Node(resource.name, resource.around, resource.number, kind=resource.kind)
    read.inside = dict(resource.inside)
    read.inside["status"] = [Node("status", value="inactive" if states & _OVER else "active")]
    times = {
        "start": ("onsetDateTime", "recordedDate", "assertedDate"),
        "end": ("abatementDateTime",),
    }
    period = Node("period", resource)
    for edge, names in times.items():
        period.inside[edge] = [each for name in names for each in resource.all(name)][:1]
    read.inside["period"] = [period]
    return formal_status(letter, read)


def _unsaid(letter: Letter, resource: Node, codes: list[str]) -> Ignored:
    """A flag that there is a plan, which the plan beside it tells.  Raises SenderFault alone."""
    if set(codes).isdisjoint(meaning("flag")["unsaid"]):
        return Ignored.NO_EVENT_TYPE
    kinds = meaning("status")
    beside = [one for one in letter.of_kind("CarePlan", "CareTeam") if one is not resource]
    if any(code in kinds for one in beside for code in codes_of(one.all("category"))):
        return Ignored.NO_EVENT_TYPE
    raise wrong(
        resource.place("code"),
        "says that there is a protection plan, and not which",
        "send the CarePlan that it points to in the same bundle, its kind as category",
    )
