"""Taking a whole original: its events are checked together, and then published one after the other.

The durability is that of `POST /events`: a yes is said after Kafka has confirmed every event, and
what cannot be taken is in quarantine, whole, before the answer says so.  When Kafka goes away in
the middle nothing is promised; the same original sent again finds what was taken of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Event, Numbered
from hub.edges import avro
from hub.edges.intake import check_event
from hub.edges.mapped import IN_WORDS, Mapped, safely
from hub.edges.numbered import feed_named, glimpsed, numbered_by
from hub.edges.publish import Original
from hub.ops import limits
from hub.web import accepted, removals
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
    places: tuple[str, ...] = ()
    """Where in the original each event stands, as far as that is known; in the order of events."""


async def take_body(
    request: Request,
    desk: Desk,
    organisation: str,
    feed: str,
    content_type: str,
    read: Callable[[Original], Mapped],
    *,
    as_kept: Callable[[bytes], bytes] | None = None,
) -> Taken:
    """Take the body of a request, within the bounds of all bodies.  Raises Problem, Unavailable.

    `as_kept` makes an original of a body that is not one without its headers.
    """
    budget = request.app.state.budget
    assert isinstance(budget, Budget), "make_app sets the budget before the first request"
    with budget.share(request.headers.get("content-length"), limits.BODY_BYTES.value):
        body = await body_of(request)
        original = Original(
            body=body if as_kept is None else as_kept(body),
            door="https",
            content_type=content_type,
            received_at=desk.clock.now(),
            source=f"{organisation}:{feed}",
        )
        told = numbered_by(request.headers, body)
        feed = feed_named(request.headers, organisation) or original.source
        try:
            taken = await take_original(desk, original, organisation, lambda: read(original))
        except Problem:
            # What was refused is here all the same, whole, in quarantine.
            await _note(desk, feed, told, original)
            raise
        await _note(desk, feed, told, original)
        return taken


async def _note(desk: Desk, feed: str, told: Numbered | None, original: Original) -> None:
    """The number in the header of a request that was answered is no hole.  Raises Unavailable."""
    if not desk.sandbox:
        await desk.publisher.note_number(feed, told, original.received_at)


async def take_original(
    desk: Desk, original: Original, organisation: str, read: Callable[[], Mapped]
) -> Taken:
    """Read, check and take an original, or keep it.  Raises Problem and Unavailable."""
    try:
        # Reading may take a while for a large document, and must not hold up the event loop.
        mapped = await run_in_threadpool(safely, read)
        removed, at = mapped.removed, original.received_at
        events = mapped.events
        if removed:
            events += await desk.read(removals.retractions, organisation, removed, at)
        await _check(desk, original, organisation, events)
        answers = [(event, await take(desk, event, original.received_at)) for event in events]
    except SenderFault as fault:
        raise await kept(desk, original, fault) from fault
    if not desk.sandbox:
        await _remember(desk, organisation, mapped, at)
    ignored = mapped.ignored
    if ignored is None:
        return Taken(tuple(answers), places=tuple(origin.place for origin in mapped.origins))
    return Taken((), ignored.value, IN_WORDS[ignored])


async def _remember(desk: Desk, organisation: str, mapped: Mapped, at: datetime) -> None:
    """Which events came of which resources, for when these are deleted."""
    if any(origin.resource for origin in mapped.origins):
        events, origins = mapped.events, mapped.origins
        await desk.write(removals.remember, organisation, events, origins)
    if mapped.removed:
        await desk.write(removals.note_removed, organisation, mapped.removed, at)


async def kept(desk: Desk, original: Original, fault: SenderFault) -> Problem:
    """The answer to a fault whose original is in quarantine.  Raises Unavailable."""
    source, told = glimpsed(original.body)
    if told is not None and source.partition(":")[0] == original.source.partition(":")[0]:
        original = replace(original, source=source, numbered=told)
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
