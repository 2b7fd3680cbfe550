"""The episode agent: one input, one decision, one record.

Gather (the episode as it stands), decide (`hub.core.decide`), apply (the decision, and the new
state with everything a crash could still lose).
"""

from functools import partial

import faust
from aiokafka import ConsumerRecord
from msgspec.structs import replace

from agents.agenda import Agenda
from agents.context import Context
from agents.fitting import check_all_fit, closed_to_fit
from agents.guard import family_of, key_of, quarantined
from agents.intake import arrived_at
from agents.kept import Kept, RecentlyKept
from agents.matters import counted_output, named_output
from agents.outputs import Sender
from agents.step import Place, open_episode, step, step_undecided
from agents.transport import PartitionStore, confirmed_offset, on_partitions_revoked, slices
from hub.core.corrections import CORRECTED
from hub.core.model import Input
from hub.core.outcomes import Decision, GapOpened
from hub.edges.avro import decode_input, event_from_json
from hub.ops import metrics
from hub.ops.topics import INPUTS

TABLE = "episodes"

EPISODES_OPEN = 1000
"""Decoded episodes kept at hand, some 40 KB each.  Receipts follow their notices within moments,
and a decision takes a third less where its episode need not be decoded."""


def add_episodes(
    app: faust.App, context: Context, agenda: Agenda, *, table: str = TABLE, topic: str = INPUTS
) -> PartitionStore:
    """Add the agent that decides the inputs of a topic; returns its store, for the agenda.

    The episodes have one and the matters another: two kinds of subject, one way to decide.
    """
    episodes = PartitionStore(app, app.Table(table))
    recent = RecentlyKept(open_episode, EPISODES_OPEN)
    on_partitions_revoked(app, lambda _: recent.clear())

    @app.agent(app.topic(topic), name=table)
    async def episodes_agent(stream: "faust.StreamT[bytes]") -> None:
        async for piece in slices(stream):
            sender = Sender(app)
            confirmed = confirmed_offset(app, piece.topic, piece.partition)
            for record in piece.records:
                key = key_of(record)
                kept = recent.open(piece.partition, key, episodes.get(piece, key))
                outputs = kept.again(record.offset)
                if outputs is None:
                    fresh = absorb(context, record, kept, confirmed)
                    close = partial(recent.close, piece.partition, key)
                    stored, outputs = await closed_to_fit(table, key, fresh, close, sender)
                    await episodes.hold(piece, key, stored)
                    agenda.note(piece.partition, key, fresh.next_wake)
                await sender.append(outputs)
            await sender.send()

    return episodes


def absorb(context: Context, record: ConsumerRecord, kept: Kept, confirmed: int) -> Kept:
    """Decide one input.  What cannot be decided is kept back, and its decision says nothing."""
    key = key_of(record)
    place = Place(key, record.partition, record.offset, confirmed)
    given: Input | None = None
    try:
        given = _gather(record)
        told = partial(counted_output, context), partial(named_output, context)
        fresh, decision = step(context.policy, kept, place, given, *told)
        check_all_fit(TABLE, key, fresh)
    except Exception as error:  # noqa: BLE001  the guard: nothing escapes, everything is kept
        beside = quarantined(
            error,
            agent="episodes",
            original=record.value,
            identity=f"{key.decode()}:{given.input_id}" if given else None,
            received_at=arrived_at(record),
            source=given.event.source if given and given.event else "unknown",
            event_type=given.event.type if given and given.event else None,
            family=family_of(context.schemas, given.event if given else None),
            episode_id=key.decode(),
        )
        return step_undecided(context.policy, kept, place, arrived_at(record), beside)
    _observe(context, decision)
    return fresh


def _gather(record: ConsumerRecord) -> Input:
    """An input from its record; the event inside a correction is unpacked here."""
    given = decode_input(record.value or b"")
    if given.event is not None and given.event.type == CORRECTED:
        whole = event_from_json(str(given.event.body["replacement"]).encode(), given.at)
        return replace(given, replacement=whole)
    return given


def _observe(context: Context, decision: Decision) -> None:
    """How long after its deadline each gap was opened."""
    for outcome in decision.outcomes:
        if isinstance(outcome, GapOpened) and not outcome.late_informed:
            lag = (context.clock.now() - outcome.opened_at).total_seconds()
            metrics.DEADLINE_TO_GAP.observe(max(0.0, lag))
