"""`POST /cda`: discharge summaries as HL7 CDA, the transfer of care that ITK2 knew.

The answer is that of the other doors: 202 after Kafka has confirmed, else a problem document whose
`field` is the place in the document.
"""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from starlette.requests import Request

from hub.edges.cda.document import fhir_from_cda
from hub.edges.fhir.reader import events_from
from hub.edges.formats import Format
from hub.edges.mapped import Mapped
from hub.edges.publish import Original
from hub.web.api_cloudevents import EventsForetold, EventsTaken, answer_of
from hub.web.api_events import Sender
from hub.web.problem import Problem
from hub.web.sandbox import AtDoor
from hub.web.taking import take_body

router = APIRouter(tags=["cda"])

TYPES: Final = ("application/hl7-cda+xml", "application/xml", "text/xml")


@router.post(
    "/cda",
    status_code=202,
    response_model=EventsTaken,
    responses={200: {"model": EventsForetold, "description": "Right; nothing was done with it"}},
)
async def post_cda(request: Request, desk: AtDoor, organisation: Sender) -> JSONResponse:
    """Take one CDA document."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in TYPES:
        raise Problem(
            415,
            "unsupported_media_type",
            "The hub takes CDA documents here",
            "The content type is not one that this address takes.",
            field="Content-Type",
            remedy="Send the document as application/xml.",
        )

    def read(original: Original) -> Mapped:
        root = fhir_from_cda(original.body)
        return events_from(root, Format.CDA, original.received_at, organisation)

    return await answer_of(
        desk, await take_body(request, desk, organisation, "CDA", content_type, read)
    )
