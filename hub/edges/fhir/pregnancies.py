"""What says that a woman is pregnant: `pregnancy.notified`, which may be the first word of it.

A record of an earlier pregnancy travels with her for life, so only what was seen within the length
of a pregnancy counts; and that she was asked, without an answer, is no pregnancy.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from hub.edges.fhir.codes import codes_of, has_any, meaning, words_of
from hub.edges.fhir.draft import Draft, type_of_found
from hub.edges.fhir.letter import Letter
from hub.edges.fhir.measurements import NOT_FINAL, observed_at
from hub.edges.fhir.people import people
from hub.edges.fhir.times import day
from hub.edges.fhir.tree import Node
from hub.edges.mapped import Ignored

LONGEST: Final = timedelta(weeks=42)


def said_pregnant(letter: Letter, resource: Node) -> type_of_found | None:
    """What an observation says of being pregnant; None for one about anything else."""
    listed = meaning("pregnant")
    codes = set(codes_of(resource.all("code")))
    finding = not codes.isdisjoint(listed["codes"])
    if not finding and codes.isdisjoint(listed["asked"]):
        return None
    if resource.text("status") in NOT_FINAL:
        return Ignored.NOT_FINAL
    if not _is_so(resource, finding=finding):
        return Ignored.NO_PREGNANCY
    whom = people(letter, resource.first("subject"), resource)
    if isinstance(whom, Ignored):
        return whom
    at = observed_at(resource) or letter.sent_at
    if whom.baby_id or at + LONGEST < letter.received_at:
        return Ignored.NO_PREGNANCY
    body = notified_body(at, resource.path, None)
    return [Draft("pregnancy.notified", body, whom.subject, at, resource.path)]


def _is_so(resource: Node, *, finding: bool) -> bool:
    """Whether it says yes.  A finding says so by itself, unless its value denies it."""
    listed = meaning("pregnant")
    kinds = ("valueCodeableConcept", "valueString")
    values = [each for kind in kinds for each in resource.all(kind)]
    codes, words = set(codes_of(values)), words_of(values)
    said = [*words.split(" | "), resource.text("valueBoolean")]
    if (
        resource.first("dataAbsentReason") is not None
        or not codes.isdisjoint(listed["denied_codes"])
        or has_any(words, listed["denied_words"])
        or any(each in listed["denied"] for each in said)
    ):
        return False
    if finding or not codes.isdisjoint([*listed["codes"], *listed["yes_codes"]]):
        return True
    return any(each.startswith(tuple(listed["yes_words"])) for each in said)


def notified_body(at: datetime, path: str, entry_route: str | None) -> dict[str, Any]:
    """Body of `pregnancy.notified` from a message that says no more than that she is pregnant."""
    return {
        "learnt_on": day(at.isoformat(), path),
        "how_known": "clinician",
        "gestation": None,
        "booked_status": "unknown",
        "entry_route": entry_route,
        "first_baby": None,
        "age_at_lmp": None,
    }
