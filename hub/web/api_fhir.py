"""The FHIR door: `POST /fhir`, `POST /fhir/$process-message`, and what it can do.

Both take any bundle or any single resource, R4 or STU3, in JSON or XML; a single resource may also
be posted to the address of its type.  Every answer is an OperationOutcome whose `expression` is the
place in what was sent.
"""

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.edges.fhir.reader import events_from, open_fhir
from hub.edges.fhir.removals import is_removal
from hub.edges.fhir.tree import Node
from hub.edges.formats import Format
from hub.edges.mapped import Mapped
from hub.edges.publish import Original
from hub.web.api_events import Sender
from hub.web.coverage import coverage_address
from hub.web.fhir_answers import fhir_response, issue, outcome
from hub.web.fhir_capability import CAPABILITY
from hub.web.problem import Problem
from hub.web.sandbox import AtDoor, EventForetold, foretold
from hub.web.taking import Taken, take_body

router = APIRouter(tags=["fhir"])

FORMATS: Final = {
    "application/fhir+json": Format.FHIR_JSON,
    "application/json+fhir": Format.FHIR_JSON,
    "application/json": Format.FHIR_JSON,
    "text/json": Format.FHIR_JSON,
    "application/fhir+xml": Format.FHIR_XML,
    "application/xml+fhir": Format.FHIR_XML,
    "application/xml": Format.FHIR_XML,
    "text/xml": Format.FHIR_XML,
}
"""The names of FHIR's two forms; the second of each is that of older versions."""

PASSED_OVER: Final = "Taken, and nothing to pass on: the hub has no event type for what it says."


@router.get("/fhir/metadata")
async def metadata(request: Request) -> Response:
    """The CapabilityStatement; nobody needs a key to learn what the door takes."""
    return fhir_response(request, CAPABILITY, 200)


@router.post("/fhir", status_code=202)
@router.post("/fhir/$process-message", status_code=202)
@router.post("/fhir/{kind}", status_code=202)
async def post_fhir(request: Request, desk: AtDoor, organisation: Sender) -> Response:
    """Take a bundle or a resource; 202 means that Kafka has confirmed all that came of it."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    plain = FORMATS.get(content_type)
    if plain is None:
        raise Problem(
            415,
            "unsupported_media_type",
            "The hub takes FHIR here",
            "The content type is not one that this address takes.",
            field="Content-Type",
            remedy="Send application/fhir+json or application/fhir+xml.",
        )

    asked: list[Node] = []

    def read(original: Original) -> Mapped:
        form, root = open_fhir(original.body, plain)
        asked.append(root)
        return events_from(root, form, original.received_at, organisation)

    taken = await take_body(request, desk, organisation, "FHIR", content_type, read)
    if desk.sandbox and not taken.ignored:
        issues = [would_be(await foretold(desk, e, said.topic)) for e, said in taken.answers]
        return fhir_response(request, outcome(issues), 200)
    code = 200 if desk.sandbox else 202
    answered = _answered_as(asked[0])
    if answered and not desk.sandbox:
        return fhir_response(request, response_bundle(asked[0], answered, taken), code)
    return fhir_response(request, outcome(issues_of(taken)), code)


def _answered_as(root: Node) -> str:
    """The type of the bundle that answers this one; nothing else is answered with a bundle."""
    kinds = {"transaction": "transaction-response", "batch": "batch-response"}
    return kinds.get(root.text("type"), "") if root.kind == "Bundle" else ""


def response_bundle(root: Node, kind: str, taken: Taken) -> dict[str, Any]:
    """An entry for each entry that was sent, in order, as FHIR has it of a transaction.

    Each says 202: nothing is stored that could be read back, and the events are on their way.
    """
    issues = issues_of(taken)
    passed_over = [issue("information", "informational", "nothing_to_route", PASSED_OVER)]
    entries = []
    for entry in root.all("entry"):
        own = [
            said
            for said, place in zip(issues, taken.places, strict=False)
            if place.startswith(f"{entry.path}.")
        ]
        if is_removal(entry):
            own = issues[len(taken.places) :]
        said = issues if taken.ignored else own or passed_over
        response = {"status": "202 Accepted", "outcome": outcome(said)}
        entries.append({"response": response})
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def would_be(said: EventForetold) -> dict[str, Any]:
    """What would come of one event, as an issue."""
    told = said.would.told if said.would else []
    who = "; ".join(
        f"{each.role} {each.organisation} {owed.level} by {owed.by.isoformat()}".replace("  ", " ")
        for each in told
        for owed in each.owed
    )
    return issue(
        "information",
        "informational",
        "sandbox",
        f"Nothing was done. Event {said.id} ({said.type}) would go to {said.topic}. "
        f"Would be told: {who or 'nobody'}.",
    )


def issues_of(taken: Taken) -> list[dict[str, Any]]:
    """One issue for each event that was taken; or one that says why there was none."""
    if taken.ignored:
        said = f"Taken, and nothing to pass on: {taken.explanation}."
        return [issue("information", "informational", taken.ignored, said)]
    return [
        issue(
            "information",
            "informational",
            "taken",
            f"Event {event.id} ({event.type}) is on {answer.topic}; receipt {answer.receipt}; "
            f"who has been told: {coverage_address(event.id)}.",
        )
        for event, answer in taken.answers
    ]
