"""The episode agent: one input, one decision, one record.

Gather (the episode as it stands), decide (`hub.core.decide`), apply (the decision, and the new
state with everything a crash could still lose).
"""

import faust
import msgspec
from aiokafka import ConsumerRecord
from msgspec.structs import replace

from agents.agenda import Agenda
from agents.context import Context
from agents.guard import quarantine
from agents.intake import arrived_at
from agents.kept import Kept, close_kept, open_kept
from agents.transport import Outbound, PartitionStore, RecordBatch, committed_offset, slices
from hub.core.decide import CORRECTED, decide
from hub.core.model import Decision, Episode, GapOpened, Input
from hub.edges.avro import DecisionRecord, decode_input, encode_decision, event_from_json
from hub.ops import metrics
from hub.ops.topics import DECISIONS, INPUTS, QUARANTINE

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Episode).decode


def add_episodes(app: faust.App, context: Context, agenda: Agenda) -> PartitionStore:
    """Add the episode agent; returns its store, from which the agenda is rebuilt."""
    episodes = PartitionStore(app, app.Table("episodes"))

    @app.agent(app.topic(INPUTS), name="episodes")
    async def episodes_agent(stream: "faust.StreamT[bytes]") -> None:
        async for piece in slices(stream):
            decisions = RecordBatch(app, DECISIONS, piece.partition)
            kept_back = Outbound(app, QUARANTINE)
            changes = episodes.changelog(piece.partition)
            committed = committed_offset(app, piece.topic, piece.partition)
            for record in piece.records:
                kept = open_kept(episodes.get(piece, record.key))
                outputs = kept.again(record.offset)
                if outputs is None:
                    fresh = await _absorb(context, record, kept, committed, kept_back)
                    outputs = fresh.again(record.offset) or ()
                    await episodes.put(piece, record.key, close_kept(fresh), changes)
                    agenda.note(piece.partition, record.key, fresh.next_wake)
                for key, value in outputs:
                    await decisions.append(key, value)
            await decisions.send()
            await kept_back.send()
            await changes.send()

    return episodes


async def _absorb(
    context: Context, record: ConsumerRecord, kept: Kept, committed: int, kept_back: Outbound
) -> Kept:
    """Decide one input.  What cannot be decided is kept back, and its decision says nothing."""
    episode_id = record.key.decode()
    episode = _unpack(kept.state) if kept.state else Episode(episode_id=episode_id)
    given: Input | None = None
    try:
        given = _gather(context, record)
        decision = decide(episode, given, context.policy)
        _observe(context, decision)
    except Exception as error:  # noqa: BLE001  the guard: nothing escapes, everything is kept
        await quarantine(
            kept_back,
            error,
            agent="episodes",
            original=record.value,
            received_at=arrived_at(record),
            source=given.event.source if given and given.event else "unknown",
            event_type=given.event.type if given and given.event else None,
            episode_id=episode_id,
        )
        decision = _undecided(episode, record, context)
    value = encode_decision(
        DecisionRecord(
            episode_id=episode_id,
            seq=decision.seq,
            input_id=decision.input_id,
            input_partition=record.partition,
            input_offset=record.offset,
            at=decision.at,
            policy_version=decision.policy_version,
            outcomes=decision.outcomes,
        )
    )
    return kept.after(
        record.offset,
        _pack(decision.episode),
        ((record.key, value),),
        committed=committed,
        next_wake=decision.episode.next_wake,
    )


def _gather(context: Context, record: ConsumerRecord) -> Input:
    """An input from its record; the event inside a correction is unpacked here.

    A held clock may stand before the broker's own; the input's time is the hub's.
    """
    given = decode_input(record.value)
    if given.event is not None and given.event.type == CORRECTED:
        whole = event_from_json(str(given.event.body["replacement"]).encode(), given.at)
        return replace(given, replacement=whole)
    return given


def _undecided(episode: Episode, record: ConsumerRecord, context: Context) -> Decision:
    """One step on, nothing said: every input has its decision, even this one."""
    at = episode.at or context.clock.now()
    return Decision(
        episode=replace(episode, seq=episode.seq + 1, at=at),
        outcomes=(),
        input_id=f"undecided:{record.partition}:{record.offset}",
        at=at,
        policy_version=context.policy.version,
    )


def _observe(context: Context, decision: Decision) -> None:
    """How long after its deadline each gap was opened."""
    for outcome in decision.outcomes:
        if isinstance(outcome, GapOpened) and not outcome.late_informed:
            lag = (context.clock.now() - outcome.opened_at).total_seconds()
            metrics.DEADLINE_TO_GAP.observe(max(0.0, lag))
