"""The delivery role: takes notices from `hub.decisions` into the outbox, and out to recipients."""

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import uvloop
from aiokafka import ConsumerRecord
from sqlalchemy import Engine

from hub.cli_words import COULD_NOT_START
from hub.edges.avro import DecisionRecord, decode_decision
from hub.edges.channels.base import DeliveryReason
from hub.edges.channels.kafka_place import Places
from hub.edges.channels.made import channels_of, mailbox_of
from hub.edges.channels.rest_hook import RestHookChannel
from hub.edges.directory import Directory, load_directory
from hub.edges.mesh import Mailbox
from hub.edges.publish import Publisher
from hub.ops import limits_carriers, metrics
from hub.ops.clock import clock_from
from hub.ops.logs import start_logs
from hub.ops.metrics_channels import declare_next_channels
from hub.ops.open_files import allow_connections
from hub.ops.settings import Settings
from hub.ops.topics import DECISIONS
from hub.policy.rule_events import events_of_rules
from hub.roles.attempts import Means
from hub.roles.channels import CHANNELS, now
from hub.roles.collect import Collector
from hub.roles.delivery import RESULTS, Delivery
from hub.roles.failover import FailOver
from hub.roles.follow import Follower, positions_after
from hub.roles.heartbeat import beat_on
from hub.roles.queueing import CONSUMER, Times, take_in
from hub.roles.sender_mails import CHANNEL as SENDER_MAIL
from hub.roles.sender_mails import sender_mails_of
from hub.roles.senders import CHANNEL as SENDER
from hub.roles.senders import senders_of
from hub.roles.subscribed import Subscribed, keep_places, seal_at_start
from hub.roles.unreadable import (
    NEWER_RECORD,
    Unreadable,
    WrittenByANewerHub,
    read_batch,
    say_newer,
)
from hub.store.engine import make_engine, migrate, reading, writing
from hub.store.positions import saved_positions, type_of_positions
from hub.store.readdressing import readdress
from hub.store.sealing import SealedOtherwiseError, Vault

MOST_CONNECTIONS: Final = limits_carriers.DELIVERY_CONNECTIONS.value

LAG_SECONDS: Final = 5.0


def _read(record: ConsumerRecord) -> DecisionRecord:
    """Raises SenderFault."""
    return decode_decision(record.value or b"")


async def _follow(means: Means, follower: Follower, delivery: Delivery, core: Publisher) -> None:
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
        times = _times(means)
        new = await asyncio.to_thread(
            take_in, means.engine, means.directory, decisions, after, times
        )
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


def _times(means: Means) -> Times:
    """The hub's clock is asked only where somebody has a further channel: it may be unset."""
    at = means.now()
    return Times(at, means.clock.now() if means.directory.has_further_channels() else at)


def _begin(means: Means) -> type_of_positions:
    """Where we left off; what is still pending gets the addresses of today's directory."""
    with writing(means.engine) as conn:
        times = _times(means)
        readdress(conn, means.directory, times.now, times.clock_at)
    with reading(means.engine) as conn:
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
        _follow(means, follower, delivery, publisher),
        delivery.run(),
        FailOver(means, delivery.wake).run(),
        subscribed.run(delivery.wake),
        keep_places(Places(means.engine, settings, means.directory, means.now)),
        _watch(follower),
    ]
    if mailbox is not None:
        poll = timedelta(seconds=settings.mesh_poll_seconds)
        work.append(Collector(means, mailbox, publisher, delivery.report, poll).run())
    if (senders := senders_of(settings, means)) is not None:
        work.append(senders.run())
    if (mails := sender_mails_of(settings, means)) is not None:
        work.append(mails.run())
    if isinstance(hook := means.channels.get(RestHookChannel.name), RestHookChannel):
        work.append(beat_on(hook, means.directory))
    return work


def _roads(
    settings: Settings, engine: Engine, real: Callable[[], datetime]
) -> tuple[Directory, Subscribed]:
    """The directory with the subscriptions in force, and what keeps it so.

    Before anything is given its address anew: what waits for a subscription stays with it.
    """
    directory = load_directory(settings.directory)
    vault = Vault(*settings.sealing())
    subscribed = Subscribed(engine, directory, events_of_rules(settings.policy_dir), real, vault)
    subscribed.keep()
    return directory, subscribed


async def run(
    settings: Settings,
    stopping: asyncio.Event,
    real: Callable[[], datetime] = now,
) -> None:
    """Deliver until `stopping` is set.  Whatever goes wrong is raised; a restart continues.

    `real` is the time by which attempts are made and given up.
    """
    engine = make_engine(settings.real_database_url())
    directory, subscribed = _roads(settings, engine, real)
    login = settings.shown_to_kafka()
    publisher = Publisher(
        settings.kafka, settings.secret(), client_id="hub-deliver-receipts", login=login
    )
    mailbox = mailbox_of(settings)
    channels = channels_of(settings, engine, mailbox, now)
    means = Means(
        engine=engine,
        directory=directory,
        channels=channels,
        core=publisher,
        clock=clock_from(settings.clock),
        now=real,
    )
    follower = Follower(settings.kafka, (DECISIONS,), _begin(means), login)
    delivery = Delivery(means)
    try:
        await publisher.start()
        for channel in channels.values():
            await channel.start()
        await follower.start()
        work = _work(settings, means, delivery, follower, publisher, mailbox, subscribed)
        await _until(stopping, work)
    finally:
        await follower.stop()
        for channel in channels.values():
            await channel.stop()
        await publisher.stop()
        engine.dispose()


async def _until(stopping: asyncio.Event, work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Do all of it until `stopping` is set; what one of them raises ends the others."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(each) for each in work]
        await stopping.wait()
        for task in running:
            task.cancel()


async def _until_signal(settings: Settings) -> None:
    stopping = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stopping.set)
    await run(settings, stopping)


def main(settings: Settings) -> int:
    """The role `hub deliver`: 0 when it was asked to stop, 5 for a record of a newer hub.

    3 when a subscription's secret does not open with the secret of this hub.

    Any other failure ends the process with its trace.
    """
    start_logs(CONSUMER, settings.log_level, worker_id=settings.worker_id)
    metrics.declare_groups((CONSUMER,))
    words = (*CHANNELS, SENDER, SENDER_MAIL, metrics.UNKNOWN)
    metrics.declare_channels(words, results=RESULTS, reasons=DeliveryReason)
    declare_next_channels(CHANNELS)
    allow_connections(MOST_CONNECTIONS)
    exporter = metrics.start_metrics(settings.metrics_host, settings.metrics_port)
    try:
        migrate(settings.real_database_url())
        seal_at_start(settings)
        # Every post is a dozen turns of the loop, and uvloop turns faster.
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_until_signal(settings))
    except SealedOtherwiseError as sealed:
        sys.stderr.write(f"Delivery does not start: {sealed}.\n")
        return COULD_NOT_START
    except (WrittenByANewerHub, BaseExceptionGroup) as met:
        if not say_newer(met):
            raise
        return NEWER_RECORD
    finally:
        if exporter is not None:
            exporter.stop()
    return 0
