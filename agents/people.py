"""What the identity agent says: inputs of episodes, links for other keys, and what it lets go.

An event whose pregnancy is not known yet is in quarantine, where people see it; a copy waits with
its person, and goes through by itself as soon as the pregnancy, or the mother, is known.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from agents.context import Context
from agents.outputs import Output
from hub.core.faults import FaultReason, SenderFault
from hub.core.ids import derive
from hub.core.linking import as_known_there
from hub.core.model import Event, Holder, Input, InputKind, QuarantineNote
from hub.core.parting import Taken
from hub.core.person import Held, PersonState
from hub.core.ties import Link
from hub.edges.avro import decode_event, encode_input, pass_event_on
from hub.edges.links import link_codec
from hub.ops.topics import INPUTS, PERSONS

type_of_surroundings = tuple[tuple[Holder, ...], str]
"""Who holds which role, and the area whose settings hold."""
HELD_LIMIT = 16
"""Events that wait with one person.  More of them are in quarantine all the same."""
HELD_BYTES = 64_000
"""How large they may be together."""


def as_inputs(
    context: Context,
    event: Event,
    episode_id: str,
    also: Iterable[str],
    around: type_of_surroundings,
) -> list[Output]:
    """An event for the episode that decides it, and for those that only hear it."""
    given = Input(
        input_id=event.id,
        kind=InputKind.EVENT,
        at=context.clock.now(),
        episode_id=episode_id,
        event=event,
        team=around[0],
        area=around[1],
    )
    return [_input(given), *followed_inputs(context, event, also, around)]


def followed_inputs(
    context: Context, event: Event, heard_by: Iterable[str], around: type_of_surroundings
) -> list[Output]:
    """An event for episodes that only hear it."""
    return [
        _input(
            Input(
                input_id=f"{event.id}:followed",
                kind=InputKind.FOLLOWED,
                at=context.clock.now(),
                episode_id=other,
                event=event,
                team=around[0],
                area=around[1],
            )
        )
        for other in heard_by
    ]


def parted_outputs(
    context: Context, taken: Taken, because: str, around: type_of_surroundings
) -> list[Output]:
    """What follows from a link: what other keys are told, who forgets, and who tells anew."""
    # Whoever forgets what was another woman's hears anew what is hers: in this order.
    again = because if taken.parted else ""
    return [
        *link_outputs(context, taken.sends),
        *_parted_inputs(context, taken.parted, because, around),
        *joined_inputs(context, taken.joined, around, again),
    ]


def joined_inputs(
    context: Context,
    joined: Iterable[tuple[str, str]],
    around: type_of_surroundings,
    again: str = "",
) -> list[Output]:
    """Two episodes of one pregnancy: each is asked to tell the other what it remembers."""
    anew = (again,) if again else ()
    return [
        _input(
            Input(
                input_id=derive("i", "joined", one, other, *anew),
                kind=InputKind.JOINED,
                at=context.clock.now(),
                episode_id=one,
                team=around[0],
                area=around[1],
                other=other,
            )
        )
        for pair in joined
        for one, other in (pair, pair[::-1])
    ]


def _parted_inputs(
    context: Context, parted: Iterable[str], because: str, around: type_of_surroundings
) -> list[Output]:
    """Episodes of two women are told that what each heard from the other is not hers."""
    return [
        _input(
            Input(
                input_id=derive("i", "parted", because, one),
                kind=InputKind.PARTED,
                at=context.clock.now(),
                episode_id=one,
                team=around[0],
                area=around[1],
            )
        )
        for one in parted
    ]


def link_outputs(context: Context, sends: Iterable[tuple[str, Link]]) -> list[Output]:
    """What other keys of a person are told."""
    encode = link_codec(context.schemas).encode
    return [Output(PERSONS, key.encode(), encode(link)) for key, link in sends]


def waits_for_its_pregnancy(error: Exception) -> bool:
    """Whether an event that could not be resolved may go through later by itself."""
    return isinstance(error, SenderFault) and error.reason is FaultReason.NO_EPISODE


def hold(
    state: PersonState,
    kept: Output,
    event: Event,
    original: bytes,
    refused_at: datetime,
    family: str | None,
) -> PersonState:
    """Keep a copy of what has just gone into quarantine as `kept`, where there is room for it."""
    size = sum(len(one.original) for one in state.held) + len(original)
    if len(state.held) >= HELD_LIMIT or size > HELD_BYTES:
        return state
    held = Held(
        original=original,
        quarantine_id=kept.key.decode(),
        refused_at=refused_at,
        source=event.source,
        event_type=event.type,
        family=family or "",
    )
    others = [one for one in state.held if one.quarantine_id != held.quarantine_id]
    return replace(state, held=(*others, held))


def released(context: Context, key: str, state: PersonState) -> tuple[PersonState, list[Output]]:
    """Let go of what waited: each goes on, and its gap hears that it came out of quarantine."""
    outputs = []
    for held in state.held:
        event = decode_event(held.original, held.refused_at)
        if state.moved is not None:
            key, event = state.moved.key, as_known_there(state.moved, event)
        outputs.append(Output(PERSONS, key.encode(), pass_event_on(event)))
        outputs.append(_input(_redriven(held, context.clock.now())))
    return replace(state, held=()), outputs


def _redriven(held: Held, now: datetime) -> Input:
    """Tells the core that the gap about a quarantined input may close."""
    return Input(
        input_id=derive("i", "redriven", held.quarantine_id, held.refused_at.isoformat()),
        kind=InputKind.REDRIVEN,
        at=now,
        episode_id=f"q-{held.quarantine_id}",
        quarantine=QuarantineNote(
            quarantine_id=held.quarantine_id,
            reason=FaultReason.NO_EPISODE,
            family=held.family,
            source=held.source,
            event_type=held.event_type,
            refused_at=held.refused_at,
        ),
    )


def _input(given: Input) -> Output:
    return Output(INPUTS, given.episode_id.encode(), encode_input(given))
