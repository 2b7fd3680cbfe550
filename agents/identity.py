"""The identity agent: one person's events in order, each sent on to its episode.

Gather (what is known of the person), decide (`hub.core.identity`, `hub.core.linking`), apply (one
input for the episode, with the team as the directory knows it at this moment, and what other keys
of the same person are to be told).
"""

import faust
import msgspec
from aiokafka import ConsumerRecord

from agents.context import Context
from agents.fitting import check_all_fit, closed_to_fit
from agents.guard import family_of, key_of, quarantined
from agents.intake import arrived_at
from agents.kept import Kept, close_kept, open_kept
from agents.outputs import Output, Sender
from agents.people import (
    as_inputs,
    followed_inputs,
    hold,
    joined_inputs,
    link_outputs,
    parted_outputs,
    released,
    waits_for_its_pregnancy,
)
from agents.replacing import named_as_its_target, of_the_baby_meant, whose_it_is
from agents.transport import PartitionStore, confirmed_offset, slices
from hub.core.corrections import RETRACTED
from hub.core.faults import FaultReason, HubFault
from hub.core.identity import identify, identify_named
from hub.core.linking import as_known_there, join_alike, take_link, two_candidates
from hub.core.model import Event, Holder
from hub.core.named import is_about_matter
from hub.core.parting import Taken, part, part_as_corrected
from hub.core.person import PersonState, files_of
from hub.core.ties import claims, says_the_same, with_names_settled
from hub.edges.avro import decode_event, pass_event_on
from hub.edges.links import link_codec
from hub.edges.surroundings import surroundings_of
from hub.ops.topics import PERSONS

TABLE = "persons"

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(PersonState).decode


def add_identity(app: faust.App, context: Context) -> None:
    """Add the identity agent."""
    people = PartitionStore(app, app.Table(TABLE))

    @app.agent(app.topic(PERSONS), name="identity")
    async def identity(stream: "faust.StreamT[bytes]") -> None:
        async for piece in slices(stream):
            sender = Sender(app)
            changes = people.changelog(piece.partition)
            confirmed = confirmed_offset(app, piece.topic, piece.partition)
            for record in piece.records:
                key = key_of(record)
                kept = open_kept(people.get(piece, key))
                outputs = kept.again(record.offset)
                if outputs is None:
                    fresh = resolve(context, record, kept, confirmed)
                    stored, outputs = await closed_to_fit(TABLE, key, fresh, close_kept, sender)
                    await people.put(piece, key, stored, changes)
                await sender.append(outputs)
            await sender.send()
            await changes.send()


def resolve(context: Context, record: ConsumerRecord, kept: Kept, confirmed: int) -> Kept:
    """Find the episode of one event, or take a link in; what cannot be resolved is kept back."""
    key = key_of(record)
    state = _unpack(kept.state) if kept.state else PersonState()
    event: Event | None = None
    value = record.value or b""
    try:
        links = link_codec(context.schemas)
        if links.is_link(value):
            after, outputs = _linked(context, key.decode(), state, value)
        else:
            event = decode_event(value, arrived_at(record))
            event = with_names_settled(event)
            after, outputs = _heard(context, key.decode(), state, event)
        fresh = kept.after(record.offset, _pack(after), outputs, confirmed=confirmed)
        check_all_fit(TABLE, key, fresh)
    except Exception as error:  # noqa: BLE001  the guard: nothing escapes, everything is kept
        family = family_of(context.schemas, event)
        output = quarantined(
            error,
            agent="identity",
            original=record.value,
            received_at=arrived_at(record),
            source=event.source if event else "unknown",
            event_type=event.type if event else None,
            family=family,
        )
        outputs = (output,)
        if event is not None and waits_for_its_pregnancy(error):
            # What it ties is known all the same.
            sends, state = claims(state, event, key.decode(), context.secret)
            outputs = (output, *link_outputs(context, sends))
            state = hold(state, output, event, value, arrived_at(record), family)
        return kept.after(record.offset, _pack(state), outputs, confirmed=confirmed)
    return fresh


def _linked(
    context: Context, key: str, state: PersonState, value: bytes
) -> tuple[PersonState, tuple[Output, ...]]:
    """Take in what another key tells.  Raises SenderFault."""
    link = link_codec(context.schemas).decode(value)
    taken = take_link(state, key, link)
    because = f"{link.merge}:{link.key}"
    outputs = parted_outputs(context, taken, because, _around(context, taken.state))
    after = taken.state
    if after.moved is not None or len(after.episodes) > len(state.episodes):
        after, let_go = released(context, key, after)
        outputs += let_go
    return after, tuple(outputs)


def _heard(
    context: Context, key: str, state: PersonState, event: Event
) -> tuple[PersonState, tuple[Output, ...]]:
    """The inputs of an event for its episode, and for others of the same pregnancy.

    Raises SenderFault, HubFault.
    """
    if state.contested:
        raise two_candidates()
    if state.moved is not None:
        sends, after = claims(state, event, key, context.secret)
        there = pass_event_on(as_known_there(state.moved, event))
        onward = Output(PERSONS, state.moved.key.encode(), there)
        return after, (onward, *link_outputs(context, sends))
    if is_about_matter(context.policy, event):
        return _named(context, key, state, event)
    event, right, outputs = whose_it_is(context, event)
    episode_id, after = _identified(context, key, state, event, right)
    event = of_the_baby_meant(after, episode_id, event, right)
    alike = join_alike(after, episode_id) if right is not None else Taken(state=after)
    after = alike.state
    others = [one for one in _files(after, episode_id) if one != episode_id]
    around = _around(context, after)
    outputs = [*as_inputs(context, event, episode_id, others, around), *outputs]
    outputs += joined_inputs(context, alike.joined, around)
    after, tied = _tied(context, key, after, event, right)
    outputs += tied
    if after.held and len(after.episodes) > len(state.episodes):
        after, let_go = released(context, key, after)
        outputs += let_go
    return after, tuple(outputs)


def _named(
    context: Context, key: str, state: PersonState, event: Event
) -> tuple[PersonState, tuple[Output, ...]]:
    """An event about a matter that names this family: its episodes hear it, where there is one."""
    episode_id, after = identify_named(state, event, key=key, secret=context.secret)
    if episode_id is None:
        return after, ()
    files, around = _files(after, episode_id), _around(context, after)
    return after, tuple(followed_inputs(context, event, files, around))


def _files(state: PersonState, episode_id: str) -> tuple[str, ...]:
    """All episodes of the pregnancy that one of them is about."""
    every = (f for e in state.episodes if episode_id in (f := files_of(e)))
    return tuple(next(every, (episode_id,)))


def _tied(
    context: Context, key: str, state: PersonState, event: Event, right: Event | None
) -> tuple[PersonState, list[Output]]:
    """What an event ties, and what is no longer tied because it takes back or corrects a merge."""
    if right is None:
        sends, after = claims(state, event, key, context.secret)
        outputs = link_outputs(context, sends)
        if event.type != RETRACTED:
            return after, outputs
        return _parted(context, part(after, key, event), event, outputs)
    said = named_as_its_target(event, right)
    target = str(event.body.get("target_id"))
    if says_the_same(state, said, target, context.secret):
        # The same two records: nobody is parted from anybody, not even for a moment.
        sends, after = claims(state, said, key, context.secret)
        return after, link_outputs(context, sends)
    after, outputs = _parted(context, part_as_corrected(state, key, event), event, [])
    sends, after = claims(after, said, key, context.secret)
    return after, [*outputs, *link_outputs(context, sends)]


def _parted(
    context: Context, parting: Taken, event: Event, outputs: list[Output]
) -> tuple[PersonState, list[Output]]:
    """What follows where a merge that was taken back or corrected parts this key from others."""
    around = _around(context, parting.state)
    return parting.state, [*outputs, *parted_outputs(context, parting, event.id, around)]


def _identified(
    context: Context, key: str, state: PersonState, event: Event, right: Event | None
) -> tuple[str, PersonState]:
    """The episode of an event by its policy.  Raises SenderFault, HubFault."""
    rule = context.policy.events.get(event.type)
    if rule is None:
        raise HubFault(FaultReason.POLICY_ERROR, f"no policy file for {event.type}")
    return identify(
        state,
        event,
        key=key,
        secret=context.secret,
        opens_episode=rule.opens_episode,
        replacement=right,
    )


def _around(context: Context, state: PersonState) -> tuple[tuple[Holder, ...], str]:
    """Who holds which role around a person at this moment, and the area whose settings hold."""
    return surroundings_of(context.directory, state, context.clock.now())
