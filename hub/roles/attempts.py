"""Attempts to carry notices: over their channel, and into the log before the next one starts.

A notice is tried alone where its recipient answers for it, and together with others where only a
carrier does (`Channel.together`).
"""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple, Protocol

from sqlalchemy import Engine

from hub.core.model import Input
from hub.edges.avro import decode_notice
from hub.edges.channels.base import Channel, Delivered, DeliveryReason, Failed, type_of_result
from hub.edges.choosing import traits_beside
from hub.edges.directory import Directory, Endpoint
from hub.edges.lessening import lessened
from hub.ops import limits_carriers, metrics
from hub.ops.clock import Clock
from hub.ops.logs import log
from hub.store import outbox, outbox_attempts
from hub.store.engine import writing
from hub.store.gathered import Gathered

FAILED: Final = "failed"


class TellsCore(Protocol):
    """The way of receipts back to the core: `hub.edges.publish.Publisher`."""

    async def publish_input(self, given: Input) -> None:
        """Return when the input is confirmed; raise Unavailable when it may not be."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the delivery loop works with."""

    engine: Engine
    directory: Directory
    channels: Mapping[str, Channel]
    core: TellsCore
    clock: Clock
    """The hub's time, for receipts."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    """Real time, for retries."""
    jitter: Callable[[], float] = random.random


SLOW_SECONDS: Final = limits_carriers.SLOW_ANSWER.value
"""An answer that took longer kept a place from everybody else for that long."""


class Came(NamedTuple):
    """What became of notices that were tried together."""

    through: bool
    """Whether every one got through."""
    slow: bool
    """Whether the recipient took its time over any of them."""
    goes_on: bool
    """Whether the notice that is next was still pending when these were written down."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A notice, and what an attempt at it came to."""

    due: outbox.Due
    channel: Channel | None
    result: type_of_result
    latency_ms: int


class _Kept(NamedTuple):
    """What is to be written down for one destination, and what is to be looked at then."""

    rows: Sequence[tuple[outbox.Attempt, float]]
    then: outbox.Due | None


class _Stands(NamedTuple):
    states: Sequence[outbox.OutboxState]
    goes_on: bool


class Attempts:
    """Tries notices and writes down what came of it.

    What many destinations have to say at one moment is written down in one transaction.
    """

    def __init__(self, means: Means) -> None:
        self._means = means
        self._keeping = Gathered(self._keep)

    def together(self, waiting: Sequence[outbox.Due]) -> int:
        """How many of these may be under way at once: as many as the strictest channel allows."""
        channels = [self.channel_of(due) for due in waiting]
        return min((1 if each is None else each.together for each in channels), default=1)

    async def all(self, waiting: Sequence[outbox.Due], then: outbox.Due | None = None) -> Came:
        """Try notices at once, and log all in one transaction.

        They are handed over in their order; a carrier that takes all keeps it.  Whether the one
        that comes `then`, which was read a while ago, is still pending is looked up on the way.
        """
        if len(waiting) == 1:
            tried = [await self._send(waiting[0])]
        else:
            tried = await asyncio.gather(*map(self._send, waiting))
        rows = [(self._row(each), self._means.jitter()) for each in tried]
        kept = await self._keeping.ask(_Kept(rows, then))
        for each, (row, _), state in zip(tried, rows, kept.states, strict=True):
            _count(each.channel, each.result)
            _say_given_up(row, state)
        return Came(
            through=not any(isinstance(each.result, Failed) for each in tried),
            slow=any(each.latency_ms > SLOW_SECONDS * 1000 for each in tried),
            goes_on=kept.goes_on,
        )

    def _keep(self, kept: Sequence[_Kept]) -> list[_Stands]:
        with writing(self._means.engine) as conn:
            stands = outbox_attempts.record_many(conn, [each.rows for each in kept])
            pending = outbox.still_pending(conn, [each.then for each in kept if each.then])
        return [
            _Stands(states, each.then is not None and _key(each.then) in pending)
            for each, states in zip(kept, stands, strict=True)
        ]

    def per_minute(self, due: outbox.Due) -> int:
        """How many notices a minute may go where this one goes; 0 means no limit."""
        endpoint = self._endpoint_of(due)
        return 0 if endpoint is None else endpoint.per_minute

    def channel_of(self, due: outbox.Due) -> Channel | None:
        """The channel that carries a notice; None when this hub does not have it."""
        return self._channel_at(self._endpoint_of(due))

    def _channel_at(self, endpoint: Endpoint | None) -> Channel | None:
        return None if endpoint is None else self._means.channels.get(endpoint.channel)

    def _endpoint_of(self, due: outbox.Due) -> Endpoint | None:
        """Where a notice goes by today's directory, which may have fewer channels than it had."""
        endpoints = self._means.directory.endpoints_of(due.organisation, due.role)
        if self._means.directory.asks_traits(due.organisation, due.role):
            traits = traits_beside(due.payload, due.traits)
            endpoints = self._means.directory.endpoints_of(due.organisation, due.role, traits)
        return endpoints[due.place] if due.place < len(endpoints) else None

    async def _send(self, due: outbox.Due) -> Tried:
        endpoint = self._endpoint_of(due)
        channel = self._channel_at(endpoint)
        began = time.monotonic()
        result: type_of_result
        if endpoint is None or channel is None:
            # A word that is wrong may be mended; a channel that was taken away stays away.
            result = Failed(DeliveryReason.NO_CHANNEL, retry=endpoint is not None)
        else:
            notice = lessened(decode_notice(due.payload), endpoint.level)
            result = await channel.send(notice, endpoint)
        return Tried(due, channel, result, int((time.monotonic() - began) * 1000))

    def _row(self, tried: Tried) -> outbox.Attempt:
        result = tried.result
        failed = result if isinstance(result, Failed) else None
        return outbox.Attempt(
            due=tried.due,
            at=self._means.now(),
            clock_at=self._means.clock.now(),
            latency_ms=tried.latency_ms,
            signal=result.signal if isinstance(result, Delivered) else None,
            reason=failed.reason.value if failed else None,
            retry=failed.retry if failed else True,
            wait=failed.wait if failed else None,
            http_status=result.http_status,
        )


def _key(due: outbox.Due) -> tuple[str, int]:
    return due.notice_id, due.place


def _say_given_up(row: outbox.Attempt, state: outbox.OutboxState) -> None:
    if state is outbox.OutboxState.EXHAUSTED:
        log().warning(
            "delivery_given_up",
            notice_id=row.due.notice_id,
            destination_id=row.due.destination_id,
            reason=row.reason,
        )


def _count(channel: Channel | None, result: type_of_result) -> None:
    name = metrics.UNKNOWN if channel is None else channel.name
    if isinstance(result, Failed):
        metrics.DELIVERY_ATTEMPTS.labels(channel=name, result=FAILED).inc()
        metrics.DELIVERY_FAILURES.labels(channel=name, reason=result.reason.value).inc()
    else:
        metrics.DELIVERY_ATTEMPTS.labels(channel=name, result=result.signal.value).inc()
