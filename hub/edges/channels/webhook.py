"""Webhooks: a signed POST to an address that the recipient has registered.

The form is Standard Webhooks 1.0.0.  `webhook-id` is the notice's id and stays the same on every
retry, so that a recipient who got it twice can tell.  A 2xx answer is level 2, *delivered*: the
recipient's system has it.  Nothing of the answer but its status is kept.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
import msgspec
from standardwebhooks import Webhook

from hub.core.model import Signal
from hub.edges.channels.addresses import AddressRefused, AddressUnknown, Target, target_of
from hub.edges.channels.base import Delivered, DeliveryReason, Failed, type_of_result
from hub.edges.directory import Endpoint
from hub.edges.records import NoticeRecord
from hub.ops import limits

TOTAL_SECONDS: Final = float(limits.ATTEMPT_SECONDS.value)
"""For name, connection, TLS, request and answer together."""

ANSWER_BYTES: Final = limits.ANSWER_BYTES.value
"""How much of an answer is read, so that the other side may finish it; the rest is left unread."""

LONGEST_WAIT: Final = timedelta(hours=1)
"""The most that a `Retry-After` is heeded."""

OK, REDIRECTS, CLIENT_ERRORS, SERVER_ERRORS = 200, 300, 400, 500
GONE, TOO_MANY = 410, 429

_REASONS: Final[dict[type[Exception], DeliveryReason]] = {
    AddressRefused: DeliveryReason.ADDRESS_REFUSED,
    AddressUnknown: DeliveryReason.UNREACHABLE,
    TimeoutError: DeliveryReason.TIMED_OUT,
    httpx.TimeoutException: DeliveryReason.TIMED_OUT,
    httpx.InvalidURL: DeliveryReason.BAD_ADDRESS,
    httpx.TransportError: DeliveryReason.UNREACHABLE,
}
"""All that a destination can do to us, narrower kinds first; anything else is a fault of ours."""


class WebhookChannel:
    """For recipients whose system takes HTTPS."""

    name = "webhook"
    together = 1

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        total_seconds: float = TOTAL_SECONDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`now` is the real time: a recipient refuses signatures that are minutes old."""
        self._allow_loopback = allow_loopback
        self._total_seconds = total_seconds
        self._now = now
        # No connection is kept open: connections go to checked addresses, and two names that
        # share an address must not share a TLS session.
        self._client = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            timeout=total_seconds,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Close the client."""
        await self._client.aclose()

    async def send(self, notice: NoticeRecord, endpoint: Endpoint) -> type_of_result:
        """POST the notice, signed, within ten seconds."""
        if not endpoint.secret:
            return Failed(DeliveryReason.NO_SECRET)
        try:
            async with asyncio.timeout(self._total_seconds):
                target = await target_of(endpoint.address, allow_loopback=self._allow_loopback)
                return await self._post(notice, target, secrets_of(endpoint))
        except tuple(_REASONS) as problem:
            return Failed(_reason(problem))

    async def _post(
        self, notice: NoticeRecord, target: Target, secrets: list[str]
    ) -> type_of_result:
        body = body_of(notice)
        sent_at = self._now()
        try:
            signed = [
                Webhook(one).sign(notice.notice_id, sent_at, body.decode()) for one in secrets
            ]
        except (ValueError, RuntimeError):
            return Failed(DeliveryReason.NO_SECRET)
        headers = {
            "host": target.host_header,
            "content-type": "application/json",
            "user-agent": "perinatal-hub",
            "webhook-id": notice.notice_id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": " ".join(signed),
        }
        request = self._client.build_request(
            "POST",
            target.url,
            content=body,
            headers=headers,
            extensions={"sni_hostname": target.host},
        )
        answer = await self._client.send(request, stream=True)
        try:
            await _read_some(answer)
            return result_of(answer.status_code, answer.headers.get("retry-after"))
        finally:
            await answer.aclose()


def secrets_of(endpoint: Endpoint) -> list[str]:
    """The secrets that sign: during a change both, so that the recipient may change at any time."""
    return [one for one in (endpoint.secret, endpoint.secret_before) if one]


def body_of(notice: NoticeRecord) -> bytes:
    """The JSON that is signed and sent: type, timestamp and data, as Standard Webhooks says."""
    whole = {"type": "notice.issued", "timestamp": notice.issued_at, "data": notice}
    return msgspec.json.encode(whole)


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


async def _read_some(answer: httpx.Response) -> None:
    read = 0
    async for chunk in answer.aiter_raw():
        read += len(chunk)
        if read >= ANSWER_BYTES:
            return
