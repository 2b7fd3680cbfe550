"""EpisodeOfCare and CareTeam to `assignment.changed`: who is responsible for whom."""

from datetime import datetime
from typing import Any, Final

from hub.edges.fhir.codes import codes_of, meaning, row_by_words, words_of
from hub.edges.fhir.draft import Draft, type_of_found
from hub.edges.fhir.letter import Letter
from hub.edges.fhir.people import people
from hub.edges.fhir.times import instant
from hub.edges.fhir.tree import Node, missing
from hub.edges.mapped import Ignored

_ENDED: Final = frozenset({"finished", "cancelled", "inactive", "entered-in-error"})
_PLANNED: Final = frozenset({"planned", "waitlist", "proposed"})


def episode_of_care(letter: Letter, resource: Node) -> type_of_found:
    """A service has taken somebody on, or has let somebody go."""
    row = _row(resource.all("type"))
    if row is None:
        return Ignored.NO_EVENT_TYPE
    person = _practitioner(letter, resource)
    return _assigned(letter, resource, row, person, resource.first("managingOrganization"))


def care_team(letter: Letter, resource: Node) -> type_of_found:
    """The members of a team whose role around a family the hub knows.

    A team that an EpisodeOfCare of the same document names is told there.
    """
    for episode in letter.of_kind("EpisodeOfCare"):
        if any(letter.find(team) is resource for team in episode.all("team")):
            return Ignored.NOTHING_TO_ROUTE
    drafts: list[Draft] = []
    reason = Ignored.NO_EVENT_TYPE
    organisation = resource.first("managingOrganization")
    for participant in resource.all("participant"):
        row = _row([*participant.all("role"), *resource.all("category"), *resource.all("name")])
        if row is None:
            continue
        member = letter.find(participant.first("member"))
        person = member.text("identifier", "value") if member is not None else ""
        found = _assigned(letter, resource, row, person, organisation)
        if isinstance(found, Ignored):
            reason = found
        else:
            drafts += found
    return drafts or reason


def _row(concepts: list[Node]) -> Any:
    return row_by_words(meaning("team"), words_of(concepts), codes_of(concepts))


def _assigned(
    letter: Letter, resource: Node, row: Any, person: str, organisation: Node | None
) -> type_of_found:
    reference = resource.first("patient") or resource.first("subject")
    whom = people(letter, reference, resource)
    if isinstance(whom, Ignored):
        return whom
    code = letter.ods(organisation)
    if not code:
        raise missing(resource.place("managingOrganization"), "the organisation with its ODS code")
    start = _edge(resource, "start") or letter.sent_at
    # A contact that is deleted is none any more, whatever its own words still say.
    ended = resource.text("status") in _ENDED or letter.change == "delete"
    body = {
        "role": row["named"] if person else row["role"],
        "organisation": code,
        "practitioner": person or None,
        "from": start,
        "to": _edge(resource, "end") or (letter.sent_at if ended else None),
        "handover_from": None,
        "accepted": "n" if resource.text("status") in _PLANNED else "y",
    }
    return [Draft("assignment.changed", body, whom.subject, letter.sent_at, resource.path)]


def _edge(resource: Node, name: str) -> datetime | None:
    found = resource.first("period", name)
    return instant(found.value, found.path) if found is not None else None


def _practitioner(letter: Letter, resource: Node) -> str:
    """The one practitioner who is named, by her number; none where there are several."""
    named = [letter.find(each) for each in resource.all("careManager")]
    for team in resource.all("team"):
        found = letter.find(team)
        if found is not None:
            named += [letter.find(member) for member in found.all("participant", "member")]
    people_found = [one for one in named if one is not None and one.kind.startswith("Practitioner")]
    numbers = {one.text("identifier", "value") for one in people_found} - {""}
    return numbers.pop() if len(numbers) == 1 else ""
