"""The projector: folds `hub.decisions` and `hub.quarantine` into the read model."""

import asyncio
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from aiokafka import ConsumerRecord
from sqlalchemy import Engine

from hub.core.faults import FaultReason
from hub.core.model import Level, NoticeReason
from hub.core.outcomes import GapOpened, LevelReached, NoticeIssued, type_of_outcome
from hub.edges.avro import (
    DecisionRecord,
    QuarantineRecord,
    decode_decision,
    decode_quarantine,
)
from hub.ops import metrics
from hub.ops.clock import Clock, clock_from
from hub.ops.logs import log, start_logs
from hub.ops.settings import Settings
from hub.ops.topics import DECISIONS, QUARANTINE
from hub.roles.follow import Follower, positions_after
from hub.roles.unreadable import (
    NEWER_RECORD,
    Unreadable,
    WrittenByANewerHub,
    read_batch,
    say_newer,
)
from hub.store.engine import make_engine, migrate, reading, writing
from hub.store.positions import save_positions, saved_positions
from hub.store.projector import Applied, apply_decisions
from hub.store.quarantine import apply_quarantine, note_redriven
from hub.store.read_model import gauges

CONSUMER: Final = "project"
GAUGES_SECONDS: Final = 5.0
"""How often the figures about the whole read model are taken: they cost a scan each."""


@dataclass(slots=True)
class Folded:
    """What a batch came to; counted only after its transaction has been committed."""

    new: list[DecisionRecord] = field(default_factory=list)
    duplicates: int = 0
    conflicts: list[tuple[str, int]] = field(default_factory=list)
    quarantined: int = 0
    newer: WrittenByANewerHub | None = None
    """What ends the role, now that everything before it is folded."""


def fold_batch(engine: Engine, records: Sequence[ConsumerRecord]) -> Folded:
    """Fold records and save their positions in one transaction.

    A record that cannot be read is set aside.  Raises whatever the database raises: then nothing of
    the batch is kept, and the role ends, to start again from the saved positions.
    """
    batch = read_batch(records, _read)
    folded = Folded(newer=batch.newer)
    decisions = [read for read in batch.read if isinstance(read, DecisionRecord)]
    with writing(engine) as conn:
        for read in batch.read:
            match read:
                case Unreadable(kept=record) | (QuarantineRecord() as record):
                    folded.quarantined += apply_quarantine(conn, record)
                case DecisionRecord():
                    pass
        if decisions:
            _note(folded, decisions, apply_decisions(conn, decisions))
            note_redriven(conn, decisions)
        save_positions(conn, CONSUMER, positions_after(batch.records))
    return folded


def _note(folded: Folded, decisions: Sequence[DecisionRecord], applied: Sequence[Applied]) -> None:
    for decision, what in zip(decisions, applied, strict=True):
        match what:
            case Applied.NEW:
                folded.new.append(decision)
            case Applied.DUPLICATE:
                folded.duplicates += 1
            case Applied.CONFLICT:
                folded.conflicts.append((decision.episode_id, decision.seq))


def _read(record: ConsumerRecord) -> DecisionRecord | QuarantineRecord:
    """Raises SenderFault."""
    value = record.value or b""
    return decode_quarantine(value) if record.topic == QUARANTINE else decode_decision(value)


def count(folded: Folded) -> None:
    """Add a committed batch to the metrics."""
    metrics.DUPLICATES_DROPPED.inc(folded.duplicates)
    metrics.CONFLICTS.inc(len(folded.conflicts))
    for episode_id, seq in folded.conflicts:
        log().error("decision_conflict", episode_id=episode_id, seq=seq)
    kinds: Counter[str] = Counter()
    for decision in folded.new:
        for outcome in decision.outcomes:
            kinds[str(outcome.__struct_config__.tag)] += 1
            _count_outcome(decision, outcome)
    for kind, many in kinds.items():
        metrics.DECISIONS.labels(kind=kind).inc(many)


def _count_outcome(decision: DecisionRecord, outcome: type_of_outcome) -> None:
    if isinstance(outcome, NoticeIssued):
        metrics.notice_issued(outcome.role, NoticeReason(outcome.reason))
    elif isinstance(outcome, LevelReached) and outcome.counts:
        metrics.level_reached(Level(outcome.level))
    elif isinstance(outcome, GapOpened) and not outcome.late_informed:
        # Measured to the decision, so that folding an old log again does not look like lateness.
        late = (decision.at - outcome.due_at).total_seconds()
        metrics.DEADLINE_TO_GAP.observe(max(late, 0.0))


def show_gauges(engine: Engine, clock: Clock, shown: set[tuple[str, str]]) -> None:
    """Set the figures about the whole read model; a gap code that has gone goes back to 0."""
    with reading(engine) as conn:
        found = gauges(conn, now=clock.now())
    now_open = {(code, level.name.lower()): n for (code, level), n in found.gaps_open.items()}
    for code, severity in shown - now_open.keys():
        metrics.GAPS_OPEN.labels(code=code, severity=severity).set(0)
    for (code, severity), many in now_open.items():
        metrics.GAPS_OPEN.labels(code=code, severity=severity).set(many)
    shown |= now_open.keys()
    metrics.OLDEST_UNACCEPTED.set(found.oldest_unaccepted_seconds)
    for reason in FaultReason:
        metrics.QUARANTINE_DEPTH.labels(reason=reason.value).set(
            found.quarantine_depth.get(reason, 0)
        )


async def _watch(engine: Engine, clock: Clock, follower: Follower) -> None:
    shown: set[tuple[str, str]] = set()
    while True:
        await asyncio.to_thread(show_gauges, engine, clock, shown)
        lag = follower.lag()
        metrics.CONSUMER_LAG_RECORDS.labels(group=CONSUMER).set(lag.records)
        metrics.CONSUMER_LAG_SECONDS.labels(group=CONSUMER).set(lag.seconds)
        await asyncio.sleep(GAUGES_SECONDS)


async def _follow(engine: Engine, follower: Follower, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        records = await follower.batch()
        if records:
            folded = await asyncio.to_thread(fold_batch, engine, records)
            count(folded)
            if folded.newer is not None:
                raise folded.newer


async def run(settings: Settings, stopping: asyncio.Event) -> None:
    """Fold until `stopping` is set.  Whatever goes wrong is raised; a restart continues exactly."""
    engine = make_engine(settings.real_database_url())
    with reading(engine) as conn:
        saved = saved_positions(conn, CONSUMER)
    follower = Follower(settings.kafka, (DECISIONS, QUARANTINE), saved, settings.shown_to_kafka())
    try:
        await follower.start()
        async with asyncio.TaskGroup() as tasks:
            watch = tasks.create_task(_watch(engine, clock_from(settings.clock), follower))
            await _follow(engine, follower, stopping)
            watch.cancel()
    finally:
        await follower.stop()
        engine.dispose()


async def _until_signal(settings: Settings) -> None:
    stopping = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stopping.set)
    await run(settings, stopping)


def main(settings: Settings) -> int:
    """The role `hub project`: 0 when it was asked to stop, 5 for a record of a newer hub.

    Any other failure ends the process with its trace.
    """
    start_logs(CONSUMER, settings.log_level, worker_id=settings.worker_id)
    metrics.declare_groups((CONSUMER,))
    exporter = metrics.start_metrics(settings.metrics_host, settings.metrics_port)
    try:
        migrate(settings.real_database_url())
        asyncio.run(_until_signal(settings))
    except (WrittenByANewerHub, BaseExceptionGroup) as met:
        if not say_newer(met):
            raise
        return NEWER_RECORD
    finally:
        if exporter is not None:
            exporter.stop()
    return 0
