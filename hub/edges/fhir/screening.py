"""Results of a newborn's tests to `screening.newborn`."""

from hub.edges.fhir.codes import has_any, meaning, words_of
from hub.edges.fhir.draft import Draft, type_of_found
from hub.edges.fhir.letter import Letter
from hub.edges.fhir.tree import Node, wrong
from hub.edges.hl7v2_people import People
from hub.edges.mapped import Ignored


def screened(letter: Letter, test: str, patient: Node, whom: People | Ignored) -> type_of_found:
    """A test of a newborn baby; of several results the gravest is its outcome."""
    if isinstance(whom, Ignored):
        return whom
    if not whom.baby_id:
        return Ignored.OLDER_CHILD
    results = letter.of_kind("Procedure", "Observation")
    outcomes = [found for one in results if (found := _outcome(one)) is not None]
    if not outcomes:
        return Ignored.NOTHING_TO_ROUTE
    gravest = next(each for each in meaning("screening")["gravest_first"] if each in outcomes)
    body = {"baby_id": whom.baby_id, "test": test, "outcome": gravest}
    return [Draft("screening.newborn", body, whom.subject, letter.sent_at, patient.path)]


def _outcome(result: Node) -> str | None:
    """What one result says; None for what is none.  Raises SenderFault for unknown words."""
    concepts = [*result.all("outcome"), *result.all("valueCodeableConcept")]
    if not concepts:
        return None
    words, listed = words_of(concepts), meaning("screening")
    if has_any(words, listed["left_out"]):
        return None
    for row in listed["outcome"]:
        if has_any(words, row["words"]) and not has_any(words, row.get("unless", ())):
            return str(row["outcome"])
    raise wrong(
        result.place("outcome"),
        "is an outcome that the hub does not know",
        "send the code with its display, or screening.newborn",
    )
