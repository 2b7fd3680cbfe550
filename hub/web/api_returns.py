"""What became of something that was sent in: taken, in quarantine, or on its way back.

A sender asks with its key, about its own events only.  Reading the record of a return is the proof
that the sender has it: the original is *collected* then, and no longer owned here.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from hub.ops import limits_documents as limits
from hub.store import read_model, returns
from hub.store.quarantine import QuarantineState
from hub.store.read_lines import QuarantineLine
from hub.store.returns import Ended, ReturnLine
from hub.web import accepted
from hub.web.api_events import Organisation
from hub.web.coverage import coverage_address
from hub.web.desk import AtDesk
from hub.web.problem import Problem
from hub.web.returning import end, record_of

router = APIRouter(tags=["events"])

MOST_RETURNS = limits.RETURNS_LISTED.value


class ReturnedItem(BaseModel):
    """An original that went back to its sender, and why."""

    quarantine_id: str
    event_id: str | None = Field(description="the id that the original gave itself, if readable")
    event_type: str | None
    source: str
    door: str
    state: str = Field(description="returned, collected, closed or redriven")
    reason: str
    explanation: str
    field: str
    remedy: str
    sentence: str = Field(description="what the person who gave it back added")
    way: str = Field(description="webhook, record, contact or nobody: how it was offered")
    received_at: datetime
    returned_at: datetime
    ended_at: datetime | None
    ended_how: str | None


class ReturnedItems(BaseModel):
    """What went back, the oldest first; reading the list collects nothing."""

    returned: list[ReturnedItem]
    more: bool


class EventState(BaseModel):
    """What became of one event or original."""

    id: str
    state: Literal["taken", "in_quarantine", "returned", "collected", "closed"]
    receipt: str | None = None
    topic: str | None = None
    coverage: str | None = None
    reason: str | None = None
    returned: ReturnedItem | None = None


@router.get("/returns")
async def get_returns(
    desk: AtDesk,
    organisation: Organisation,
    state: Annotated[Literal["returned", "collected", "closed", "redriven"], Query()] = "returned",
) -> ReturnedItems:
    """What went back to the organisation of the key."""
    most = MOST_RETURNS + 1
    lines = await desk.read(returns.returns_to, organisation, state=state, limit=most)
    shown = [await _item(desk, line) for line in lines[:MOST_RETURNS]]
    return ReturnedItems(returned=shown, more=len(lines) > MOST_RETURNS)


@router.get("/events/{event_id:path}")
async def get_event(event_id: str, desk: AtDesk, organisation: Organisation) -> EventState:
    """What became of an event, by its own id or by its quarantine id; a return is collected."""
    line = await desk.read(returns.return_named, organisation, event_id)
    taken = await desk.read(accepted.find_of, organisation, event_id)
    if line is not None and (taken is None or line.returned_at > taken[1]):
        ended = await end(desk, line, Ended.FETCHED, organisation)
        item = await _item(desk, ended)
        # What went through here after its return needs nothing of its sender any more.
        state = "taken" if ended.state == QuarantineState.REDRIVEN else ended.state
        return EventState.model_validate({"id": event_id, "state": state, "returned": item})
    if taken is not None:
        return EventState(
            id=event_id,
            state="taken",
            receipt=taken[0].receipt,
            topic=taken[0].topic,
            coverage=coverage_address(event_id),
        )
    waiting = await desk.read(_kept, organisation, event_id)
    if waiting is None:
        raise Problem(
            404,
            "unknown_event",
            "The event is not known",
            "Nothing of this id came from your organisation.",
            field="id",
            remedy="Use the id of the event, or the quarantine_id of the answer that you got.",
        )
    if waiting.state == QuarantineState.REDRIVEN:
        return EventState(id=event_id, state="taken")
    return EventState(id=event_id, state="in_quarantine", reason=waiting.reason)


async def _item(desk: AtDesk, line: ReturnLine) -> ReturnedItem:
    item = await desk.read(read_model.quarantine_item, line.quarantine_id)
    assert item is not None, "a return is of an original, and originals stay"
    plain: dict[str, Any] = msgspec.structs.asdict(record_of(item.line, line))
    return ReturnedItem.model_validate(plain)


def _kept(conn: Connection, organisation: str, quarantine_id: str) -> QuarantineLine | None:
    """An original that was kept, when it is the organisation's own."""
    item = read_model.quarantine_item(conn, quarantine_id)
    if item is None or item.line.source.partition(":")[0] != organisation:
        return None
    return item.line
