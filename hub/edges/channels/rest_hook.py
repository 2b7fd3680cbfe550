"""FHIR topic-based subscriptions (R5 Backport in R4) over a rest-hook, signed as webhooks are.

Before its first event an address must take a handshake.  Events of a subscription are numbered;
a notice keeps its number on every retry.  A 2xx answer is level 2, *delivered*.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Engine

from hub.edges.channels.base import Delivered, DeliveryReason, Failed, type_of_result
from hub.edges.channels.signed import SignedPosts
from hub.edges.directory import Endpoint
from hub.edges.fhir.subscription import (
    CONTENT_TYPE,
    Event,
    Subscription,
    bundle_of,
    event_body,
    subscription_id,
)
from hub.edges.records import NoticeRecord
from hub.ops import limits
from hub.store import subscriptions
from hub.store.engine import reading, writing
from hub.store.gathered import Gathered
from hub.store.subscriptions import Standing


class RestHookChannel:
    """For recipients that speak FHIR."""

    name = "fhir"
    together = 1
    places = limits.DESTINATIONS.value

    def __init__(
        self, posts: SignedPosts, engine: Engine, base: str, now: Callable[[], datetime]
    ) -> None:
        """`base` is where subscribers find the gateway; `now` is real time."""
        self._posts, self._engine, self._now = posts, engine, now
        self._base = base.rstrip("/")
        self._numbering = Gathered(self._number)
        self._noting = Gathered(self._note)

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Close the client."""
        await self._posts.stop()

    async def send(self, notice: NoticeRecord, endpoint: Endpoint) -> type_of_result:
        """Shake hands if need be, then post the event, within one time limit for both."""
        try:
            async with asyncio.timeout(self._posts.total_seconds):
                given = await self._numbered(notice, endpoint)
                if given is None:
                    result = await self._announce(endpoint, "handshake")
                    if isinstance(result, Failed):
                        return result
                    given = await self._numbered(notice, endpoint, shaken=True)
                assert given is not None, "it has shaken hands"
                event = Event(number=given.number, at=given.at, notice=notice)
                going = self._subscription(endpoint, Standing.ACTIVE, given.newest)
                return await self._post(endpoint, notice.notice_id, event_body(going, event))
        except TimeoutError:
            await self._heard(endpoint, took=False)
            return Failed(DeliveryReason.TIMED_OUT)

    async def shake(self, endpoint: Endpoint) -> type_of_result:
        """Shake hands, and nothing else: no event gets a number."""
        try:
            async with asyncio.timeout(self._posts.total_seconds):
                return await self._announce(endpoint, "handshake")
        except TimeoutError:
            await self._heard(endpoint, took=False)
            return Failed(DeliveryReason.TIMED_OUT)

    async def heartbeat(self, endpoint: Endpoint) -> type_of_result | None:
        """Say that there is nothing to say, when nothing has been said for the agreed time."""
        last = (await asyncio.to_thread(self._going, endpoint)).heard_at
        quiet = timedelta(minutes=endpoint.heartbeat_minutes)
        if last is None or not quiet or self._now() - last < quiet:
            return None
        return await self._announce(endpoint, "heartbeat")

    async def _announce(self, endpoint: Endpoint, kind: str) -> type_of_result:
        at = self._now()
        stands = Standing.REQUESTED if kind == "handshake" else Standing.ACTIVE
        events = (await asyncio.to_thread(self._going, endpoint)).events
        going = self._subscription(endpoint, stands, events)
        body = msgspec.json.encode(bundle_of(going, kind, at))
        return await self._post(endpoint, f"{kind}-{going.own_id}-{int(at.timestamp())}", body)

    async def _post(self, endpoint: Endpoint, post_id: str, body: bytes) -> type_of_result:
        result = await self._posts.post(endpoint, post_id, body, CONTENT_TYPE)
        await self._heard(endpoint, took=isinstance(result, Delivered))
        return result

    def _subscription(self, endpoint: Endpoint, standing: Standing, events: int) -> Subscription:
        """As the notification says it stands: if it arrives at all, it does."""
        return Subscription(endpoint=endpoint, base=self._base, standing=standing, events=events)

    async def _numbered(
        self, notice: NoticeRecord, endpoint: Endpoint, *, shaken: bool = False
    ) -> subscriptions.Given | None:
        """The number of an event; None while the address has not shaken hands."""
        asked = subscriptions.ToNumber(
            subscription_id=subscription_id(endpoint),
            address=endpoint.address,
            notice_id=notice.notice_id,
            at=self._now(),
            shaken=shaken,
        )
        return await self._numbering.ask(asked)

    async def _heard(self, endpoint: Endpoint, *, took: bool) -> None:
        said = subscriptions.Heard(
            subscription_id=subscription_id(endpoint),
            address=endpoint.address,
            at=self._now(),
            took=took,
        )
        await self._noting.ask(said)

    # --- in the database, on a thread --------------------------------------------------------

    def _going(self, endpoint: Endpoint) -> subscriptions.Going:
        with reading(self._engine) as conn:
            return subscriptions.going(conn, subscription_id(endpoint), endpoint.address)

    def _number(self, asked: Sequence[subscriptions.ToNumber]) -> list[subscriptions.Given | None]:
        with writing(self._engine) as conn:
            return subscriptions.number_shaken(conn, asked)

    def _note(self, said: Sequence[subscriptions.Heard]) -> list[None]:
        with writing(self._engine) as conn:
            subscriptions.note(conn, said)
        return [None] * len(said)
