"""The identity agent: one person's events in order, each sent on to its episode.

Gather (what is known of the person), decide (`hub.core.identity`), apply (one input for the
episode, with the team as the directory knows it at this moment).
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
from agents.transport import PartitionStore, confirmed_offset, slices
from hub.core.faults import FaultReason, HubFault
from hub.core.identity import PersonState, identify
from hub.core.model import Event, Input, InputKind
from hub.edges.avro import decode_event, encode_input
from hub.edges.directory import surroundings_of
from hub.ops.topics import INPUTS, PERSONS

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
    """Find the episode of one event; what cannot be resolved is kept back."""
    key = key_of(record)
    state = _unpack(kept.state) if kept.state else PersonState()
    event: Event | None = None
    try:
        event = decode_event(record.value or b"", arrived_at(record))
        given, after = input_for(context, key.decode(), state, event)
        output = Output(INPUTS, given.episode_id.encode(), encode_input(given))
        fresh = kept.after(record.offset, _pack(after), (output,), confirmed=confirmed)
        check_all_fit(TABLE, key, fresh)
    except Exception as error:  # noqa: BLE001  the guard: nothing escapes, everything is kept
        output = quarantined(
            error,
            agent="identity",
            original=record.value,
            received_at=arrived_at(record),
            source=event.source if event else "unknown",
            event_type=event.type if event else None,
            family=family_of(context.schemas, event),
        )
        return kept.after(record.offset, _pack(state), (output,), confirmed=confirmed)
    return fresh


def input_for(
    context: Context, key: str, state: PersonState, event: Event
) -> tuple[Input, PersonState]:
    """The input of an event for its episode.  Raises SenderFault, HubFault."""
    rule = context.policy.events.get(event.type)
    if rule is None:
        raise HubFault(FaultReason.POLICY_ERROR, f"no policy file for {event.type}")
    episode_id, after = identify(
        state, event, key=key, secret=context.secret, opens_episode=rule.opens_episode
    )
    now = context.clock.now()
    team, area = surroundings_of(context.directory, after, now)
    given = Input(
        input_id=event.id,
        kind=InputKind.EVENT,
        at=now,
        episode_id=episode_id,
        event=event,
        team=team,
        area=area,
    )
    return given, after
