"""What this worker owns, whether it is ready, and how far its outputs are confirmed."""

from collections.abc import Awaitable, Callable

import faust
from faust.types.tuples import TP

from agents.transport.app import HubApp, PartitionsCallback
from agents.transport.consumer import consumer_of


def confirmed_offset(app: faust.App, topic: str, partition: int) -> int:
    """The broker has every output of the inputs below it, committed or not.

    A kept decision for an offset below it may be forgotten: should the input be delivered again,
    there is nothing left to be said of it.  0 while the partition is not owned.
    """
    run = consumer_of(app).runs.get(TP(topic, partition))
    return 0 if run is None else run.confirmed


def owned_partitions(app: faust.App, topic: str) -> set[int]:
    """Partitions of an input topic that this worker processes now; empty during a rebalance."""
    return {tp.partition for tp in consumer_of(app).runs if tp.topic == topic}


def ready(app: faust.App) -> bool:
    """Whether the worker owns partitions and is neither rebalancing nor recovering."""
    return bool(consumer_of(app).runs) and not app.rebalancing and not app.in_recovery


def on_partitions_ready(app: faust.App, callback: PartitionsCallback) -> None:
    """Call back after each assignment, once state is recovered; with all owned partitions.

    The callback may be a coroutine function; when it raises, the process ends.
    """
    assert isinstance(app, HubApp)
    app.when_ready.append(callback)


def on_partitions_revoked(app: faust.App, callback: PartitionsCallback) -> None:
    """Call back when partitions are taken away, after the last commit; with those it had.

    Every rebalance takes all away first.  The same rules as for `on_partitions_ready`.
    """
    assert isinstance(app, HubApp)
    app.when_revoked.append(callback)


def before_commit(app: faust.App, callback: Callable[[], Awaitable[None]]) -> None:
    """Call back before each commit, which then waits for what the callback wrote.

    When it raises, nothing is committed.
    """
    assert isinstance(app, HubApp)
    app.before_commit.append(callback)
