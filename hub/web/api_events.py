"""`POST /events`: the door for publishers that speak JSON over HTTPS.

The order is: who are you, what did you send, is it yours, is it right, did you send it before,
is Kafka sure.  "202" is said only after the last of these.  What cannot be taken is kept whole in
quarantine, and the answer names the field and the remedy.
"""

import asyncio
import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from msgspec import Struct
from pydantic import BaseModel
from starlette.requests import Request

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Event
from hub.edges import avro
from hub.edges.intake import check_event
from hub.edges.numbered import glimpsed
from hub.edges.publish import PREGNANCY_TOPIC, SAME_TOPIC, Original
from hub.ops import limits, metrics
from hub.web import accepted, sandbox
from hub.web.accepted import Accepted
from hub.web.auth import organisation_of_key, roles_of_key
from hub.web.bounds import BODY_SECONDS, Budget
from hub.web.coverage import coverage_address
from hub.web.desk import AtDesk, Desk, desk_of
from hub.web.problem import Problem, problem_from
from hub.web.sandbox import AtDoor, EventForetold, foretold

router = APIRouter(tags=["events"])

LARGEST_EVENT_BYTES = limits.EVENT_BYTES.value
LARGEST_BODY_BYTES = limits.BODY_BYTES.value
"""How much is read at all: an event a little too large is still kept in quarantine."""

JSON_TYPES = ("application/json", "application/cloudevents+json")


class EventAccepted(BaseModel):
    """The hub has it: Kafka has confirmed the write on all its replicas."""

    id: str
    receipt: str
    topic: str
    coverage: str
    """Where to ask who has been told of it, relative to this hub."""


def publisher_of(request: Request) -> str:
    """The ODS code of the organisation whose key came with the request.  Raises Problem 401."""
    desk = desk_of(request)
    found = organisation_of_key(
        desk.directory,
        request.headers.get("authorization", ""),
        demo_logins=desk.settings.demo_logins,
    )
    if found is None:
        raise Problem(
            401,
            "not_authenticated",
            "Who are you?",
            "The request carries no key that the hub knows.",
            field="Authorization",
            remedy="Send 'Authorization: Bearer KEY' with the key agreed at onboarding.",
        )
    return found


Sender = Annotated[str, Depends(publisher_of)]
"""Whose key came with something that is sent in; a sandbox key will do."""


def organisation_of(request: Request) -> str:
    """As `publisher_of`, where there is no sandbox.  Raises Problem 401 and 403."""
    if sandbox.asked_for(request):
        raise Problem(
            403,
            "no_sandbox_here",
            "There is no sandbox at this address",
            "A sandbox is for sending events in; nothing was read or recorded.",
            field=sandbox.HEADER,
            remedy="Use your ordinary key, without the header.",
        )
    return publisher_of(request)


Organisation = Annotated[str, Depends(organisation_of)]


class Reads(Struct, frozen=True):
    """Whose notices the key of a request reads."""

    organisation: str
    roles: tuple[str, ...]

    def covers(self, organisation: str, role: str) -> bool:
        """Whether a notice for a role there is among them.

        A practice's ordinary system must not read what its safeguarding lead alone may know.
        """
        return organisation == self.organisation and (not self.roles or role in self.roles)


def reads_of(request: Request, organisation: Organisation) -> Reads:
    """As `organisation_of`, with the roles that the key is bound to."""
    authorization = request.headers.get("authorization", "")
    return Reads(organisation, roles_of_key(desk_of(request).directory, authorization))


Reader = Annotated[Reads, Depends(reads_of)]


@router.post(
    "/events",
    status_code=202,
    response_model=EventAccepted,
    responses={200: {"model": EventForetold, "description": "Right; nothing was done with it"}},
)
async def post_event(request: Request, desk: AtDoor, organisation: Sender) -> Any:
    """Take one event.  The same id again gives the same receipt; with other content, a conflict."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in JSON_TYPES:
        raise Problem(
            415,
            "unsupported_media_type",
            "The hub takes JSON here",
            "The content type is not one that this address takes.",
            field="Content-Type",
            remedy=f"Send one event as {' or '.join(JSON_TYPES)}.",
        )
    budget = request.app.state.budget
    assert isinstance(budget, Budget), "make_app sets the budget before the first request"
    with budget.share(request.headers.get("content-length"), LARGEST_BODY_BYTES):
        body = await body_of(request)
        return await answer_to(body, content_type, desk, organisation)


async def answer_to(body: bytes, content_type: str, desk: Desk, organisation: str) -> JSONResponse:
    """Take the event of a body, or keep the body in quarantine.  Raises Problem, Unavailable."""
    now = desk.clock.now()
    event: Event | None = None
    try:
        event = read_event(body, now)
        check_sender(event, organisation)
        check_event(event, desk.directory, now)
        answer = await take(desk, event, now)
    except SenderFault as fault:
        named, told = glimpsed(body)
        ours = told is not None and named.partition(":")[0] == organisation
        original = Original(
            body=body,
            door="https",
            content_type=content_type,
            received_at=now,
            source=named if ours else source_of(event, organisation),
            numbered=told if ours else None,
            event_type=event.type if event else glimpse_type(body, desk.schemas.event_types()),
        )
        kept = await desk.publisher.quarantine(fault, original)
        raise problem_from(fault, kept) from fault
    if desk.sandbox:
        would = await foretold(desk, event, answer.topic)
        return JSONResponse(would.model_dump(mode="json"), status_code=200)
    return JSONResponse(told_of(event, answer), status_code=202)


def told_of(event: Event, answer: Accepted) -> dict[str, str]:
    """What a publisher is told of an event that the hub has."""
    where = coverage_address(event.id)
    return {
        "id": event.id,
        "receipt": answer.receipt,
        "topic": answer.topic,
        "coverage": where,
    }


async def body_of(request: Request) -> bytes:
    """The body, up to a bound and within a time.  Raises Problem; nothing is kept then."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read_body(request)
    except TimeoutError:
        raise Problem(
            408,
            "too_slow",
            "The event did not arrive in time",
            f"Its body was not complete after {BODY_SECONDS} seconds; nothing was kept.",
            remedy="Send the same again, with the same id.",
        ) from None


async def _read_body(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY_BYTES:
            raise Problem(
                413,
                FaultReason.OVERSIZE,
                "The event is far too large",
                f"More than {LARGEST_BODY_BYTES} bytes came; nothing was kept.",
                remedy="Send references to documents, not the documents themselves.",
            )
    return bytes(body)


def read_event(body: bytes, now: datetime) -> Event:
    """The event in a body.  Raises SenderFault."""
    if len(body) > LARGEST_EVENT_BYTES:
        raise SenderFault(
            FaultReason.OVERSIZE,
            f"the event has more than {LARGEST_EVENT_BYTES} bytes",
            remedy="send references to documents, not the documents themselves",
        )
    return avro.event_from_json(body, now)


def check_sender(event: Event, organisation: str) -> None:
    """The source must be the organisation of the key.  Raises SenderFault."""
    if event.organisation != organisation:
        raise SenderFault(
            FaultReason.NOT_YOUR_ORGANISATION,
            "the source of the event is not the organisation that the key belongs to",
            field="source",
            remedy="send your own ODS code in 'source', or use that organisation's key",
        )


async def take(desk: AtDesk, event: Event, now: datetime) -> Accepted:
    """Publish an event once, and remember the answer.  Raises SenderFault or Unavailable."""
    digest = accepted.digest_of(event)
    before = await desk.read(accepted.find, event.source, event.id)
    if before is not None:
        if before.digest != digest:
            raise SenderFault(
                FaultReason.DUPLICATE_CONFLICT,
                "an event with this id was taken before and said something else",
                field="id",
                remedy="give every event its own id; to change one that was sent, send "
                "event.corrected or event.retracted",
            )
        if not desk.sandbox:
            await desk.publisher.note_number(event.source, event.numbered, now)
        return before
    topic = await topic_of(desk, event)
    if desk.sandbox:
        avro.encode_event(event)
        return Accepted(digest=digest, receipt="", topic=topic)
    await desk.publisher.publish_event(event, topic=topic)
    metrics.event_in(event.type, "https")
    answer = Accepted(digest=digest, receipt=accepted.receipt_of(event, digest), topic=topic)
    await desk.write(accepted.keep, event, answer, now)
    return answer


async def topic_of(desk: AtDesk, event: Event) -> str:
    """The family's topic.  A correction or retraction follows the event it is about."""
    topic = desk.schemas.topic_of(event.type)
    if topic != SAME_TOPIC:
        return topic
    target = await desk.read(accepted.find, event.source, str(event.body.get("target_id")))
    if target is not None:
        return target.topic
    replacement = str(event.body.get("replacement") or "").encode()
    replaced = glimpse_type(replacement, desk.schemas.event_types())
    found = SAME_TOPIC if replaced is None else desk.schemas.topic_of(replaced)
    return PREGNANCY_TOPIC if found == SAME_TOPIC else found


def source_of(event: Event | None, organisation: str) -> str:
    """Whom quarantine names as the sender: the key's organisation, whatever the message claims."""
    if event is not None and event.organisation == organisation:
        return event.source
    return f"{organisation}:HTTPS"


def glimpse_type(body: bytes, event_types: tuple[str, ...]) -> str | None:
    """The type that a faulty body claims, when it is one that we know; never an unknown text."""
    try:
        claimed = json.loads(body).get("type")
    except (ValueError, AttributeError, RecursionError):
        return None
    return claimed if isinstance(claimed, str) and claimed in event_types else None
