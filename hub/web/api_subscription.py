"""FHIR subscriptions as their subscribers ask about them: the resource, `$status`, `$events`.

And the notices themselves, as the Communications that a notification refers to.  Whoever asks has
the key of the organisation the subscription belongs to, for its role; another's is as unknown as
one that is not there.  Reading a notice here is written down as any look at a notice.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from hub.edges.avro import decode_notice
from hub.edges.fhir.notice import communication_of, instant, resource_id
from hub.edges.fhir.subscription import (
    Event,
    Subscription,
    bundle_of,
    resource_of,
    status_of,
    subscription_id,
)
from hub.ops import limits_carriers as limits
from hub.store import read_model, subscriptions
from hub.web.api import own_notice
from hub.web.api_events import Reader, Reads
from hub.web.audit import record_system_access, shown_notice
from hub.web.desk import AtDesk, Desk
from hub.web.fhir_answers import fhir_response
from hub.web.problem import Problem
from hub.web.roads import roads_of

router = APIRouter(tags=["fhir subscriptions"])

MOST_EVENTS: Final = limits.EVENTS_AGAIN.value
"""Events in one answer; a subscriber asks on from the number after the last."""


@router.get("/fhir/Subscription/{own_id}")
async def get_subscription(own_id: str, request: Request, desk: AtDesk, reader: Reader) -> Response:
    """The subscription, without its secret."""
    found = await _subscription(desk, reader, own_id)
    return fhir_response(request, resource_of(found), 200)


@router.get("/fhir/Subscription/{own_id}/$status")
async def get_status(own_id: str, request: Request, desk: AtDesk, reader: Reader) -> Response:
    """Where the subscription stands, and the number of its newest event."""
    found = await _subscription(desk, reader, own_id)
    status = status_of(found, "query-status")
    bundle = {
        "resourceType": "Bundle",
        "id": resource_id(status["id"], "Bundle"),
        "type": "searchset",
        "timestamp": instant(desk.clock.now()),
        "entry": [
            {
                "fullUrl": f"urn:uuid:{status['id']}",
                "resource": status,
                "search": {"mode": "match"},
            }
        ],
    }
    return fhir_response(request, bundle, 200)


@router.get("/fhir/Subscription/{own_id}/$events")
async def get_events(
    own_id: str,
    request: Request,
    desk: AtDesk,
    reader: Reader,
    since: Annotated[int, Query(alias="eventsSinceNumber", ge=1, le=2**53)] = 1,
    until: Annotated[int | None, Query(alias="eventsUntilNumber", ge=1, le=2**53)] = None,
    content: Annotated[str, Query(pattern="^(empty|id-only|full-resource)$")] = "id-only",
) -> Response:
    """Events again, from one number to another, both included: for whoever has missed some.

    An event whose notice was taken back before it went out keeps its number and says nothing.
    """
    found = await _subscription(desk, reader, own_id)
    rows = await desk.read(subscriptions.events, own_id, since, until, MOST_EVENTS)
    events = []
    for row in rows:
        notice = decode_notice(row.payload) if row.payload and content != "empty" else None
        # One that the read model does not have yet is referred to, and read a moment later.
        whole = content == "full-resource" and notice is not None
        whole = whole and await _write_down(desk, reader, row.notice_id)
        events.append(Event(number=row.number, at=row.at, notice=notice, whole=whole))
    at = desk.clock.now()
    return fhir_response(request, bundle_of(found, "query-event", at, events, content=content), 200)


@router.get("/fhir/Communication/{notice_id}")
async def get_communication(
    notice_id: str, request: Request, desk: AtDesk, reader: Reader
) -> Response:
    """The notice that a notification refers to, as it was redacted for its recipient."""
    await own_notice(desk, notice_id, reader)
    payload = await desk.read(subscriptions.payload_of, notice_id)
    if payload is None:
        raise Problem(
            410,
            "taken_back",
            "The notice was taken back",
            "The notice was taken back before it went out.",
            remedy="Read the notices that came after it.",
        )
    await _write_down(desk, reader, notice_id)
    return fhir_response(request, communication_of(decode_notice(payload), notice_id), 200)


async def _subscription(desk: Desk, reader: Reads, own_id: str) -> Subscription:
    for endpoint in (await roads_of(desk)).subscriptions():
        ours = reader.covers(endpoint.organisation, endpoint.role)
        if ours and subscription_id(endpoint) == own_id:
            going = await desk.read(subscriptions.going, own_id, endpoint.address)
            return Subscription(
                endpoint=endpoint,
                base=desk.settings.public_url.rstrip("/"),
                standing=going.standing,
                events=going.events,
            )
    raise Problem(
        404,
        "unknown_subscription",
        "The subscription is not known",
        "Your organisation has no subscription of this id.",
        remedy="Use the id in the reference of a notification.",
    )


async def _write_down(desk: Desk, reader: Reads, notice_id: str) -> bool:
    """Whether the look is written down; what cannot be may not be shown."""
    view = await desk.read(read_model.notice, notice_id)
    if view is None or not reader.covers(view.organisation, view.role):
        return False
    await record_system_access(desk, reader.organisation, shown_notice(view))
    return True
