"""What is inside a correction: whose the right event is, and which baby it is about."""

import json

from msgspec.structs import replace

from agents.context import Context
from agents.intake import replacement_of
from agents.outputs import Output
from hub.core.babies import baby_meant, baby_named
from hub.core.corrections import RETRACTED
from hub.core.model import Event
from hub.core.person import BY_A_LINK, PersonState, person_key
from hub.core.ties import is_merge, with_names_settled
from hub.core.tying import as_corrected
from hub.edges.avro import pass_event_on
from hub.edges.doors import event_to_json
from hub.ops.topics import PERSONS

WRONG_PERSON = "wrong_person"


def whose_it_is(context: Context, event: Event) -> tuple[Event, Event | None, list[Output]]:
    """What an event means for the person it comes to: it, the right event that it holds, and what
    goes to somebody else.  Raises SenderFault.

    A correction that names another person is as if that had been said at first: what was said is
    taken back here, and told there.
    """
    right = replacement_of(event, context.clock.now())
    if right is None or not _is_of_another(event, right):
        return event, right, []
    return _taken_back_here(event), None, [_told_there(context, event, right)]


def _is_of_another(event: Event, right: Event) -> bool:
    """Whether the right event names another person than the one of whom the wrong one was said."""
    if event.subject.reference.startswith(BY_A_LINK):
        return False
    told, meant = event.subject.nhs_number, right.subject.nhs_number
    return bool(told and meant) and told != meant


def _taken_back_here(event: Event) -> Event:
    """What a correction that names another person means for the one it comes to."""
    body = {name: event.body.get(name) for name in ("target_id", "target_type")}
    return replace(event, type=RETRACTED, body={**body, "reason": WRONG_PERSON})


def _told_there(context: Context, event: Event, right: Event) -> Output:
    """The right event, on its way to the person whom it names, under the id that it always had."""
    there = named_as_its_target(event, right)
    return Output(PERSONS, person_key(there, context.secret).encode(), pass_event_on(there))


def named_as_its_target(event: Event, right: Event) -> Event:
    """The right event as if it had been sent at first, by whoever corrects it now.

    A merge has a name of its own then: the wrong one may still be on its way between keys.
    """
    target = str(event.body.get("target_id"))
    told = replace(right, id=target, source=event.source, received_at=event.received_at)
    if not is_merge(right):
        return told
    by_a_link = event.subject.reference.startswith(BY_A_LINK)
    subject = event.subject if by_a_link else told.subject
    settled = with_names_settled(told)
    return replace(settled, id=as_corrected(target, event.id), subject=subject)


def of_the_baby_meant(
    state: PersonState, episode_id: str, event: Event, right: Event | None
) -> Event:
    """An event, or the right one that it holds, with the id by which the episode knows its baby."""
    told = right or event
    baby = baby_meant(state, episode_id, told)
    if baby == baby_named(told):
        return event
    told = replace(told, body={**told.body, "baby_id": baby})
    if right is None:
        return told
    return replace(event, body={**event.body, "replacement": json.dumps(event_to_json(told))})
