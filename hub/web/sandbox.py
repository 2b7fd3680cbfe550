"""The sandbox: a message is read and checked as ever, and nothing at all comes of it.

Whoever sends with a sandbox key, or with `Hub-Sandbox: true`, is told what is wrong, or who would
be told by when.  The hub forgets her then: nothing is published, kept, counted or remembered.  The
answer takes the woman for unknown and asks no registration, so that nobody can learn from it what
the hub knows of anybody.
"""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final, Literal

from fastapi import Depends
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from hub.core.faults import SenderFault
from hub.core.model import Event, Input, Numbered
from hub.edges.publish import Original
from hub.web.auth import sandbox_key
from hub.web.desk import Desk, desk_of
from hub.web.foretold import Foretold
from hub.web.problem import Problem

HEADER: Final = "Hub-Sandbox"
ON, OFF = "true", "false"


class EventForetold(BaseModel):
    """The event is right; nothing was done with it."""

    sandbox: Literal[True] = True
    id: str
    type: str
    topic: str
    would: Foretold | None


class Pretending:
    """Stands where the publisher would; nothing leaves the sandbox."""

    async def start(self) -> None:
        """Nothing to connect."""

    async def stop(self) -> None:
        """Nothing to close."""

    async def publish_event(self, event: Event, *, topic: str | None = None) -> None:
        """Never asked: `take` says in a sandbox what would be."""
        raise AssertionError(f"a sandbox publishes nothing, and no {type(event)} to {topic!r}")

    async def publish_input(self, given: Input) -> None:
        """Never asked, as above."""
        raise AssertionError(f"a sandbox publishes nothing, and no {type(given)}")

    async def note_number(self, source: str, told: Numbered | None, at: datetime) -> None:
        """Never asked, as above."""
        raise AssertionError(f"a sandbox counts nothing of {source!r}, not {told} at {at}")

    async def quarantine(self, fault: SenderFault, original: Original) -> str:
        """Nothing is kept, so there is no id."""
        del fault, original
        return ""


def asked_for(request: Request) -> bool:
    """Whether a request is for the sandbox, by its key or its header.  Raises Problem 400.

    A header that is neither yes nor no is refused: a slip of the pen must not publish.
    """
    desk = desk_of(request)
    said = request.headers.get(HEADER, OFF).strip().lower()
    if said not in (ON, OFF):
        raise Problem(
            400,
            "unknown_header",
            "Sandbox or not?",
            f"The header {HEADER} is neither {ON} nor {OFF}, and nothing was taken.",
            field=HEADER,
            remedy=f"Send {HEADER}: {ON}, or leave the header out to publish.",
        )
    authorization = request.headers.get("authorization", "")
    by_key = sandbox_key(desk.directory, authorization, demo_logins=desk.settings.demo_logins)
    return said == ON or by_key


def desk_at_door(request: Request) -> Desk:
    """The desk for a door: the real one, or one of which nothing comes.  Raises Problem."""
    desk = desk_of(request)
    return replace(desk, publisher=Pretending(), sandbox=True) if asked_for(request) else desk


AtDoor = Annotated[Desk, Depends(desk_at_door)]


async def foretold(desk: Desk, event: Event, topic: str) -> EventForetold:
    """What would come of an event that was checked."""
    would = None
    if desk.foretell is not None:
        would = await run_in_threadpool(desk.foretell, event, desk.clock.now())
    return EventForetold(id=event.id, type=event.type, topic=topic, would=would)
