"""The delivery role: takes notices from `hub.decisions` into the outbox, and out to recipients."""

import asyncio
import signal
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from aiokafka import ConsumerRecord
from sqlalchemy import Engine

from hub.core.model import Level
from hub.core.outcomes import LevelReached, NoticeIssued, ObligationEnded
from hub.edges.avro import DecisionRecord, NoticeRecord, decode_decision
from hub.edges.channels.base import DeliveryReason
from hub.edges.channels.rest_hook import RestHookChannel
from hub.edges.directory import Directory, load_directory
from hub.edges.mesh import Mailbox
from hub.edges.publish import Publisher
from hub.ops import metrics
from hub.ops.clock import clock_from
from hub.ops.logs import start_logs
from hub.ops.settings import Settings
from hub.ops.topics import DECISIONS
from hub.policy.rule_events import events_of_rules
from hub.roles.attempts import Means
from hub.roles.channels import CHANNELS, channels_of, mailbox_of, now
from hub.roles.collect import Collector
from hub.roles.delivery import RESULTS, Delivery
from hub.roles.follow import Follower, positions_after
from hub.roles.heartbeat import beat_on
from hub.roles.subscribed import Subscribed
from hub.roles.unreadable import (
    NEWER_RECORD,
    Unreadable,
    WrittenByANewerHub,
    read_batch,
    say_newer,
)
from hub.store.engine import make_engine, migrate, reading, writing
from hub.store.outbox_queue import Queue, readdress
from hub.store.positions import save_positions, saved_positions, type_of_positions

CONSUMER: Final = "deliver"
LAG_SECONDS: Final = 5.0
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def take_in(
    engine: Engine,
    directory: Directory,
    decisions: Sequence[DecisionRecord],
    after: type_of_positions,
) -> int:
    """Put the notices of decisions into the outbox; returns how many were new.

    Rows and positions share a transaction, and a notice is known by its id, so that a decision
    read twice queues nothing twice.
    """
    queue = Queue(now())
    for decision in decisions:
        for outcome in decision.outcomes:
            if isinstance(outcome, NoticeIssued):
                rule = outcome.why.rule
                endpoint = directory.endpoint(outcome.organisation, outcome.role, rule)
                queue.add(notice_of(decision, outcome), endpoint)
            elif isinstance(outcome, ObligationEnded):
                queue.cancel(outcome.obligation_id, outcome.notice_ids)
            elif isinstance(outcome, LevelReached) and _is_accepted(outcome):
                queue.accepted(outcome.notice_id)
    with writing(engine) as conn:
        new = queue.write(conn)
        save_positions(conn, CONSUMER, after)
    return new


def _is_accepted(reached: LevelReached) -> bool:
    return reached.counts and reached.level >= Level.ACCEPTED


def notice_of(decision: DecisionRecord, issued: NoticeIssued) -> NoticeRecord:
    """A notice as it travels, from the decision that issued it.

    What the decision says was withheld stays behind, and so does its number: a recipient who could
    count decisions would see that something happened of which she was not told.
    """
    return NoticeRecord(
        notice_id=issued.notice_id,
        episode_id=decision.episode_id,
        seq=_rising(decision.at),
        obligation_id=issued.obligation_id,
        reason=issued.reason,
        role=issued.role,
        organisation=issued.organisation,
        person=issued.person,
        round=issued.round,
        purpose=issued.purpose,
        title=issued.title,
        level_needed=issued.level_needed,
        due_at=issued.due_at,
        content=issued.content,
        in_reply_to=issued.in_reply_to,
        rule=issued.why.rule,
        policy=issued.why.policy,
        because=issued.why.because,
        authority=issued.why.authority,
        issued_at=decision.at,
    )


def _rising(at: datetime) -> int:
    """Microseconds of the decision's time, which never runs backwards within an episode."""
    return (at - EPOCH) // timedelta(microseconds=1)


def _read(record: ConsumerRecord) -> DecisionRecord:
    """Raises SenderFault."""
    return decode_decision(record.value or b"")


async def _follow(
    engine: Engine, directory: Directory, follower: Follower, delivery: Delivery, core: Publisher
) -> None:
    while True:
        records = await follower.batch()
        if not records:
            continue
        batch = await asyncio.to_thread(read_batch, records, _read)
        for each in batch.read:
            if isinstance(each, Unreadable):
                # Through Kafka, so that the core opens a gap for it and somebody owns it.
                await core.keep(each.kept)
        decisions = [each for each in batch.read if isinstance(each, DecisionRecord)]
        after = positions_after(batch.records)
        new = await asyncio.to_thread(take_in, engine, directory, decisions, after)
        if new:
            delivery.wake()
        if batch.newer is not None:
            raise batch.newer


async def _watch(follower: Follower) -> None:
    while True:
        lag = follower.lag()
        metrics.CONSUMER_LAG_RECORDS.labels(group=CONSUMER).set(lag.records)
        metrics.CONSUMER_LAG_SECONDS.labels(group=CONSUMER).set(lag.seconds)
        await asyncio.sleep(LAG_SECONDS)


def _begin(engine: Engine, directory: Directory) -> type_of_positions:
    """Where we left off; what is still pending gets the addresses of today's directory."""
    with writing(engine) as conn:
        readdress(conn, directory, now())
    with reading(engine) as conn:
        return saved_positions(conn, CONSUMER)


def _work(
    settings: Settings,
    means: Means,
    delivery: Delivery,
    follower: Follower,
    publisher: Publisher,
    mailbox: Mailbox | None,
    subscribed: Subscribed,
) -> list[Coroutine[Any, Any, None]]:
    """All that the role does at once, as far as its settings ask for it."""
    work = [
        _follow(means.engine, means.directory, follower, delivery, publisher),
        delivery.run(),
        subscribed.run(delivery.wake),
        _watch(follower),
    ]
    if mailbox is not None:
        poll = timedelta(seconds=settings.mesh_poll_seconds)
        work.append(Collector(means, mailbox, publisher, delivery.report, poll).run())
    if isinstance(hook := means.channels.get(RestHookChannel.name), RestHookChannel):
        work.append(beat_on(hook, means.directory))
    return work


def _roads(settings: Settings, engine: Engine) -> tuple[Directory, Subscribed]:
    """The directory with the subscriptions in force, and what keeps it so.

    Before anything is given its address anew: what waits for a subscription stays with it.
    """
    directory = load_directory(settings.directory)
    subscribed = Subscribed(engine, directory, events_of_rules(settings.policy_dir), now)
    subscribed.keep()
    return directory, subscribed


async def run(settings: Settings, stopping: asyncio.Event) -> None:
    """Deliver until `stopping` is set.  Whatever goes wrong is raised; a restart continues."""
    engine = make_engine(settings.real_database_url())
    directory, subscribed = _roads(settings, engine)
    login = settings.shown_to_kafka()
    publisher = Publisher(
        settings.kafka, settings.secret(), client_id="hub-deliver-receipts", login=login
    )
    mailbox = mailbox_of(settings)
    channels = channels_of(settings, engine, mailbox)
    follower = Follower(settings.kafka, (DECISIONS,), _begin(engine, directory), login)
    means = Means(
        engine=engine,
        directory=directory,
        channels=channels,
        core=publisher,
        clock=clock_from(settings.clock),
    )
    delivery = Delivery(means)
    try:
        await publisher.start()
        for channel in channels.values():
            await channel.start()
        await follower.start()
        async with asyncio.TaskGroup() as tasks:
            work = _work(settings, means, delivery, follower, publisher, mailbox, subscribed)
            running = [tasks.create_task(each) for each in work]
            await stopping.wait()
            for task in running:
                task.cancel()
    finally:
        await follower.stop()
        for channel in channels.values():
            await channel.stop()
        await publisher.stop()
        engine.dispose()


async def _until_signal(settings: Settings) -> None:
    stopping = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stopping.set)
    await run(settings, stopping)


def main(settings: Settings) -> int:
    """The role `hub deliver`: 0 when it was asked to stop, 5 for a record of a newer hub.

    Any other failure ends the process with its trace.
    """
    start_logs(CONSUMER, settings.log_level, worker_id=settings.worker_id)
    metrics.declare_groups((CONSUMER,))
    words = (*CHANNELS, metrics.UNKNOWN)
    metrics.declare_channels(words, results=RESULTS, reasons=DeliveryReason)
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
