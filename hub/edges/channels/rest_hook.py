"""FHIR topic-based subscriptions (R5 Backport in R4) over a rest-hook, signed as webhooks are.

Before its first event an address must take a handshake.  Events of a subscription are numbered;
a notice keeps its number on every retry.  A 2xx answer is level 2, *delivered*.
"""

import asyncio
from collections.abc import Callable
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
from hub.store import subscriptions
from hub.store.engine import reading, writing
from hub.store.subscriptions import Standing


class RestHookChannel:
    """For recipients that speak FHIR."""

    name = "fhir"
    together = 1

    def __init__(
        self, posts: SignedPosts, engine: Engine, base: str, now: Callable[[], datetime]
    ) -> None:
        """`base` is where subscribers find the gateway; `now` is real time."""
        self._posts, self._engine, self._now = posts, engine, now
        self._base = base.rstrip("/")

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Close the client."""
        await self._posts.stop()

    async def send(self, notice: NoticeRecord, endpoint: Endpoint) -> type_of_result:
        """Shake hands if need be, then post the event, within one time limit for both."""
        try:
            async with asyncio.timeout(self._posts.total_seconds):
                if (refused := await self._shaken(endpoint)) is not None:
                    return refused
                event = await asyncio.to_thread(self._numbered, notice, endpoint)
                going = await asyncio.to_thread(self._subscription, endpoint, Standing.ACTIVE)
                return await self._post(endpoint, notice.notice_id, event_body(going, event))
        except TimeoutError:
            await asyncio.to_thread(self._note, endpoint, heard=False)
            return Failed(DeliveryReason.TIMED_OUT)

    async def heartbeat(self, endpoint: Endpoint) -> type_of_result | None:
        """Say that there is nothing to say, when nothing has been said for the agreed time."""
        last = (await asyncio.to_thread(self._going, endpoint)).heard_at
        quiet = timedelta(minutes=endpoint.heartbeat_minutes)
        if last is None or not quiet or self._now() - last < quiet:
            return None
        return await self._announce(endpoint, "heartbeat")

    async def _shaken(self, endpoint: Endpoint) -> Failed | None:
        going = await asyncio.to_thread(self._going, endpoint)
        if going.has_shaken_hands:
            return None
        result = await self._announce(endpoint, "handshake")
        return result if isinstance(result, Failed) else None

    async def _announce(self, endpoint: Endpoint, kind: str) -> type_of_result:
        at = self._now()
        stands = Standing.REQUESTED if kind == "handshake" else Standing.ACTIVE
        going = await asyncio.to_thread(self._subscription, endpoint, stands)
        body = msgspec.json.encode(bundle_of(going, kind, at))
        return await self._post(endpoint, f"{kind}-{going.own_id}-{int(at.timestamp())}", body)

    async def _post(self, endpoint: Endpoint, post_id: str, body: bytes) -> type_of_result:
        result = await self._posts.post(endpoint, post_id, body, CONTENT_TYPE)
        await asyncio.to_thread(self._note, endpoint, heard=isinstance(result, Delivered))
        return result

    # --- in the database, on a thread --------------------------------------------------------

    def _going(self, endpoint: Endpoint) -> subscriptions.Going:
        with reading(self._engine) as conn:
            return subscriptions.going(conn, subscription_id(endpoint), endpoint.address)

    def _subscription(self, endpoint: Endpoint, standing: Standing) -> Subscription:
        """As the notification says it stands: if it arrives at all, it does."""
        events = self._going(endpoint).events
        return Subscription(endpoint=endpoint, base=self._base, standing=standing, events=events)

    def _numbered(self, notice: NoticeRecord, endpoint: Endpoint) -> Event:
        own, address = subscription_id(endpoint), endpoint.address
        with writing(self._engine) as conn:
            number, at = subscriptions.number_of(conn, own, address, notice.notice_id, self._now())
        return Event(number=number, at=at, notice=notice)

    def _note(self, endpoint: Endpoint, *, heard: bool) -> None:
        own, address = subscription_id(endpoint), endpoint.address
        with writing(self._engine) as conn:
            if heard:
                subscriptions.heard(conn, own, address, self._now())
            else:
                subscriptions.failed(conn, own, address)
