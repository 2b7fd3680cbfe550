"""Taking a whole original: its events are checked together, and then published one after the other.

The durability is that of `POST /events`: a yes is said after Kafka has confirmed every event, and
what cannot be taken is in quarantine, whole, before the answer says so.  When Kafka goes away in
the middle nothing is promised; the same original sent again finds what was taken of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Event
from hub.edges import avro
from hub.edges.intake import check_event
from hub.edges.mapped import IN_WORDS, Mapped, safely
from hub.edges.publish import Original
from hub.ops import limits
from hub.web import accepted
from hub.web.accepted import Accepted
from hub.web.api_events import body_of, check_sender, take
from hub.web.bounds import Budget
from hub.web.desk import Desk
from hub.web.problem import Problem, problem_from


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken of an original; or why there was nothing in it to take."""

    answers: tuple[tuple[Event, Accepted], ...]
    ignored: str = ""
    explanation: str = ""


async def take_body(
    request: Request,
    desk: Desk,
    organisation: str,
    feed: str,
    content_type: str,
    read: Callable[[Original], Mapped],
) -> Taken:
    """Take the body of a request, within the bounds of all bodies.  Raises Problem, Unavailable."""
    budget = request.app.state.budget
    assert isinstance(budget, Budget), "make_app sets the budget before the first request"
    with budget.share(request.headers.get("content-length"), limits.BODY_BYTES.value):
        original = Original(
            body=await body_of(request),
            door="https",
            content_type=content_type,
            received_at=desk.clock.now(),
            source=f"{organisation}:{feed}",
        )
        return await take_original(desk, original, organisation, lambda: read(original))


async def take_original(
    desk: Desk, original: Original, organisation: str, read: Callable[[], Mapped]
) -> Taken:
    """Read, check and take an original, or keep it.  Raises Problem and Unavailable."""
    events: tuple[Event, ...] = ()
    try:
        # Reading may take a while for a large document, and must not hold up the event loop.
        mapped = await run_in_threadpool(safely, read)
        events = mapped.events
        await _check(desk, original, organisation, events)
        answers = [(event, await take(desk, event, original.received_at)) for event in events]
    except SenderFault as fault:
        raise await kept(desk, original, fault) from fault
    ignored = mapped.ignored
    if ignored is None:
        return Taken(tuple(answers))
    return Taken((), ignored.value, IN_WORDS[ignored])


async def kept(desk: Desk, original: Original, fault: SenderFault) -> Problem:
    """The answer to a fault whose original is in quarantine.  Raises Unavailable."""
    return problem_from(fault, await desk.publisher.quarantine(fault, original))


async def _check(
    desk: Desk, original: Original, organisation: str, events: tuple[Event, ...]
) -> None:
    """Refuse the whole original for a fault in any of its events.  Raises SenderFault."""
    most = limits.BATCH_EVENTS.value
    if len(events) > most:
        raise SenderFault(
            FaultReason.OVERSIZE,
            f"the original holds {len(events)} events, and {most} are taken at once",
            remedy="send them in several",
        )
    for event in events:
        check_sender(event, organisation)
        check_event(event, desk.directory, original.received_at)
        avro.encode_event(event)
        before = await desk.read(accepted.find, event.source, event.id)
        if before is not None and before.digest != accepted.digest_of(event):
            raise SenderFault(
                FaultReason.DUPLICATE_CONFLICT,
                "a message with this id was taken before and said something else",
                field="id",
                remedy="give every message its own id; to change what was sent, send "
                "event.corrected or event.retracted",
            )
