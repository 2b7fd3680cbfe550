"""A signed POST to an address that a recipient has registered (Standard Webhooks 1.0.0).

`webhook-id` stays the same on every retry.  Nothing of the answer but its status is kept.
"""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import aiohttp
import httpx
from standardwebhooks import Webhook
from yarl import URL

from hub.core.model import Signal
from hub.edges.channels.addresses import AddressRefused, AddressUnknown, Target, target_of
from hub.edges.channels.base import Delivered, DeliveryReason, Failed, type_of_result
from hub.edges.directory import Endpoint
from hub.ops import limits

TOTAL_SECONDS: Final = float(limits.ATTEMPT_SECONDS.value)
"""For name, connection, TLS, request and answer together."""

ANSWER_BYTES: Final = limits.ANSWER_BYTES.value
"""How much of an answer is read, so that the other side may finish it; the rest is left unread."""

HEADER_BYTES: Final = limits.ANSWER_BYTES.value
"""How long one header of an answer may be."""

LONGEST_WAIT: Final = timedelta(hours=1)
"""The most that a `Retry-After` is heeded."""

OK, REDIRECTS, CLIENT_ERRORS, SERVER_ERRORS = 200, 300, 400, 500
GONE, TOO_MANY = 410, 429

_REASONS: Final[dict[type[Exception], DeliveryReason]] = {
    AddressRefused: DeliveryReason.ADDRESS_REFUSED,
    AddressUnknown: DeliveryReason.UNREACHABLE,
    TimeoutError: DeliveryReason.TIMED_OUT,
    httpx.InvalidURL: DeliveryReason.BAD_ADDRESS,
    aiohttp.InvalidURL: DeliveryReason.BAD_ADDRESS,
    aiohttp.ClientConnectorError: DeliveryReason.UNREACHABLE,
    aiohttp.ClientError: DeliveryReason.BROKEN_OFF,
}
"""All that a destination can do to us, narrower kinds first; anything else is a fault of ours."""


class SignedPosts:
    """Posts for the channels that go over HTTPS."""

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        total_seconds: float = TOTAL_SECONDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """`now` is the real time: a recipient refuses signatures that are minutes old.

        `trust` says whose certificates are believed; those of the public authorities if None.
        """
        self._allow_loopback = allow_loopback
        self.total_seconds = total_seconds
        self._now = now
        self._trust = httpx.create_ssl_context(trust_env=False) if trust is None else trust
        self._made: aiohttp.ClientSession | None = None

    async def stop(self) -> None:
        """Close the client."""
        if self._made is not None:
            await self._made.close()
            self._made = None

    def _client(self) -> aiohttp.ClientSession:
        """Made with the first post: it belongs to the loop that is running then."""
        if self._made is None:
            # No connection is kept open: connections go to checked addresses, and two names that
            # share an address must not share a TLS session.  How many there are is for callers.
            self._made = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True, limit=0, ssl=self._trust),
                timeout=aiohttp.ClientTimeout(total=None),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                max_line_size=HEADER_BYTES,
                max_field_size=HEADER_BYTES,
            )
        return self._made

    async def post(
        self, endpoint: Endpoint, post_id: str, body: bytes, content_type: str
    ) -> type_of_result:
        """POST a body, signed, within the time limit."""
        if not endpoint.secret:
            return Failed(DeliveryReason.NO_SECRET)
        headers = self._signed(endpoint, post_id, body)
        if headers is None:
            return Failed(DeliveryReason.NO_SECRET)
        try:
            async with asyncio.timeout(self.total_seconds):
                target = await target_of(endpoint.address, allow_loopback=self._allow_loopback)
                return await self._post(target, body, headers | {"content-type": content_type})
        except tuple(_REASONS) as problem:
            return Failed(_reason(problem))

    def _signed(self, endpoint: Endpoint, post_id: str, body: bytes) -> dict[str, str] | None:
        """The headers that prove who sends; None when a secret is none."""
        sent_at, text = self._now(), body.decode()
        secrets = secrets_of(endpoint)
        try:
            signed = [Webhook(one).sign(post_id, sent_at, text) for one in secrets]
        except (ValueError, RuntimeError):
            return None
        return {
            "user-agent": "perinatal-hub",
            "webhook-id": post_id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": " ".join(signed),
        }

    async def _post(self, target: Target, body: bytes, headers: dict[str, str]) -> type_of_result:
        # The address is written as httpx writes it, and sent as it is: an address that carries a
        # key of its own must come out as it was registered.
        answer = await self._client().post(
            URL(str(httpx.URL(target.url)), encoded=True),
            data=body,
            headers=headers | {"host": target.host_header},
            server_hostname=target.host,
            allow_redirects=False,
        )
        try:
            await _read_some(answer)
            return result_of(answer.status, answer.headers.get("retry-after"))
        finally:
            answer.close()


def secrets_of(endpoint: Endpoint) -> list[str]:
    """The secrets that sign: during a change both, so that the recipient may change at any time."""
    return [one for one in (endpoint.secret, endpoint.secret_before) if one]


def result_of(status: int, retry_after: str | None = None) -> type_of_result:
    """What an HTTP status means for a notice."""
    if OK <= status < REDIRECTS:
        return Delivered(Signal.DELIVERED, status)
    if status == GONE:
        return Failed(DeliveryReason.GONE, retry=False, http_status=status)
    if status == TOO_MANY:
        wait = seconds_of(retry_after)
        return Failed(DeliveryReason.TOO_MANY, http_status=status, wait=wait)
    if status >= SERVER_ERRORS:
        return Failed(DeliveryReason.THEIR_ERROR, http_status=status, wait=seconds_of(retry_after))
    if status >= CLIENT_ERRORS:
        # Retried all the same: most are a wrong setting on the other side, mended within days.
        return Failed(DeliveryReason.REJECTED, http_status=status)
    return Failed(DeliveryReason.REDIRECTED, http_status=status)


def _reason(problem: Exception) -> DeliveryReason:
    return next(reason for kind, reason in _REASONS.items() if isinstance(problem, kind))


def seconds_of(retry_after: str | None) -> timedelta | None:
    """A `Retry-After` in seconds; its date form is rare, and our own backoff serves as well."""
    if retry_after is None or not (retry_after.isascii() and retry_after.isdigit()):
        return None
    if len(retry_after) > len("86400"):
        return LONGEST_WAIT
    return min(timedelta(seconds=int(retry_after)), LONGEST_WAIT)


async def _read_some(answer: aiohttp.ClientResponse) -> None:
    read = 0
    async for chunk in answer.content.iter_any():
        read += len(chunk)
        if read >= ANSWER_BYTES:
            return
