"""One input's step, without Faust: from a stored episode to the next, and what is said of it.

The agent gathers and applies; what lies between is here, so that the simulation runs the very same
step without a broker.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import msgspec
from msgspec.structs import replace

from agents.kept import Kept, opener
from agents.outputs import Output
from hub.core.decide import decide
from hub.core.episode import Episode
from hub.core.matters import Counted
from hub.core.model import Event, Input, InputKind
from hub.core.outcomes import Decision, Reopened
from hub.core.policy import Policy
from hub.edges.avro import DecisionRecord, encode_decision, encode_input
from hub.edges.matters import input_of_reopened
from hub.ops.topics import DECISIONS, INPUTS

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Episode).decode
open_episode = opener(Episode)
"""A stored value with its episode decoded."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an input stands in the log, and below which offset the broker has every output."""

    key: bytes
    partition: int
    offset: int
    confirmed: int


def episode_of(kept: Kept, key: bytes) -> Episode:
    """The episode in a stored value; a fresh one for a key that nothing is known of."""
    if kept.value is not None:
        return cast("Episode", kept.value)
    return _unpack(kept.state) if kept.state else Episode(episode_id=key.decode())


def step(
    policy: Policy,
    kept: Kept,
    place: Place,
    given: Input,
    counted: Callable[[Counted, datetime], Output] | None = None,
    named: Callable[[Event], Output] | None = None,
) -> tuple[Kept, Decision]:
    """Decide one input.  Raises SenderFault, HubFault, and whatever a defect raises.

    `counted` makes the record by which a matter hears of what it counts, `named` that by which a
    family hears of a matter's event.
    """
    decision = decide(episode_of(kept, place.key), given, policy)
    beside = [counted(one, decision.at) for one in decision.counted] if counted else []
    beside += [named(one) for one in decision.named] if named else []
    beside += [_reopened(decision, one) for one in decision.reopened]
    beside += [_shared(decision, event, given) for event in decision.shared]
    return _after(kept, place, decision, *beside), decision


def _reopened(decision: Decision, reopened: Reopened) -> Output:
    """What a family hears of acceptances that were none."""
    told = input_of_reopened(reopened, decision.at)
    return Output(INPUTS, told.episode_id.encode(), encode_input(told))


def _shared(decision: Decision, event: Event, given: Input) -> Output:
    """What another episode of the same pregnancy hears of an event that is remembered here."""
    told = Input(
        input_id=f"{event.id}:followed",
        kind=InputKind.FOLLOWED,
        at=decision.at,
        episode_id=decision.shared_with,
        event=event,
        team=given.team,
        area=given.area,
    )
    return Output(INPUTS, told.episode_id.encode(), encode_input(told))


def step_undecided(policy: Policy, kept: Kept, place: Place, at: datetime, *beside: Output) -> Kept:
    """One step on, nothing said: every input has its decision, even one that could not be made.

    `at` is when the input reached the log, so that a repeated attempt gives the same bytes;
    `beside` is what else must be said of it, its quarantine record.
    """
    episode = episode_of(kept, place.key)
    moment = episode.at or at
    decision = Decision(
        episode=replace(episode, seq=episode.seq + 1, at=moment),
        outcomes=(),
        input_id=f"undecided:{place.partition}:{place.offset}",
        at=moment,
        policy_version=policy.version,
    )
    return _after(kept, place, decision, *beside)


def _after(kept: Kept, place: Place, decision: Decision, *beside: Output) -> Kept:
    value = encode_decision(
        DecisionRecord(
            episode_id=place.key.decode(),
            seq=decision.seq,
            input_id=decision.input_id,
            input_partition=place.partition,
            input_offset=place.offset,
            at=decision.at,
            policy_version=decision.policy_version,
            outcomes=decision.outcomes,
        )
    )
    return kept.after(
        place.offset,
        _pack(decision.episode),
        (Output(DECISIONS, place.key, value), *beside),
        confirmed=place.confirmed,
        next_wake=decision.episode.next_wake,
        value=decision.episode,
    )
