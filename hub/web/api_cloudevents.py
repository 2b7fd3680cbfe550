"""`POST /cloudevents`: CloudEvents as the national service sends them, and ours in that form.

One event, or a list of them (`application/cloudevents-batch+json`), or one event in binary mode
(`ce-` headers, and what is told in the body).  The answer is that of `POST /events`: 202 after
Kafka has confirmed, else a problem document.
"""

from typing import Final, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.requests import Request

from hub.edges.cloudevents import read_all
from hub.edges.cloudevents_binary import check_headers, is_binary, whole_event
from hub.edges.mapped import Mapped
from hub.edges.publish import Original
from hub.web.api_events import JSON_TYPES, EventAccepted, Sender, told_of
from hub.web.desk import Desk
from hub.web.problem import Problem
from hub.web.sandbox import AtDoor, EventForetold, foretold
from hub.web.taking import Taken, take_body

router = APIRouter(tags=["cloudevents"])

CLOUDEVENT: Final = "application/cloudevents+json"
TYPES: Final = (*JSON_TYPES, "application/cloudevents-batch+json")


class EventTaken(EventAccepted):
    """One event of those that came."""

    type: str


class EventsTaken(BaseModel):
    """What came of the body: its events; or why there was nothing in it to pass on."""

    events: list[EventTaken]
    ignored: str | None
    because: str


class EventsForetold(BaseModel):
    """What would come of the body; nothing was done with it."""

    sandbox: Literal[True] = True
    events: list[EventForetold]
    ignored: str | None
    because: str


@router.post(
    "/cloudevents",
    status_code=202,
    response_model=EventsTaken,
    responses={200: {"model": EventsForetold, "description": "Right; nothing was done with it"}},
)
async def post_cloudevents(request: Request, desk: AtDoor, organisation: Sender) -> JSONResponse:
    """Take one CloudEvent or a list of them, all or none."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    binary = is_binary(request.headers)
    if not (_of_json(content_type) if binary else content_type in TYPES):
        raise Problem(
            415,
            "unsupported_media_type",
            "The hub takes CloudEvents in JSON here",
            "The content type is not one that this address takes.",
            field="Content-Type",
            remedy="Send the whole event as application/cloudevents+json; or its attributes in "
            "ce- headers, and its data as application/json.",
        )
    headers = request.headers.items()

    def read(original: Original) -> Mapped:
        if binary:
            check_headers(headers)
        one_only = binary or content_type == CLOUDEVENT
        return read_all(original.body, original.received_at, organisation, one_only=one_only)

    taken = await take_body(
        request,
        desk,
        organisation,
        "CLOUDEVENTS",
        CLOUDEVENT if binary else content_type,
        read,
        as_kept=(lambda body: whole_event(headers, content_type, body)) if binary else None,
    )
    return await answer_of(desk, taken)


async def answer_of(desk: Desk, taken: Taken) -> JSONResponse:
    """What a publisher is told of a body that was taken, or would have been."""
    if desk.sandbox:
        would = EventsForetold(
            events=[await foretold(desk, event, said.topic) for event, said in taken.answers],
            ignored=taken.ignored or None,
            because=taken.explanation,
        )
        return JSONResponse(would.model_dump(mode="json"), status_code=200)
    events = [{"type": event.type, **told_of(event, answer)} for event, answer in taken.answers]
    said = {"events": events, "ignored": taken.ignored or None, "because": taken.explanation}
    return JSONResponse(said, status_code=202)


def _of_json(content_type: str) -> bool:
    """Whether data in binary mode is JSON; a body without a content type is taken for it."""
    return content_type in {"", "application/json"} or content_type.endswith("+json")
