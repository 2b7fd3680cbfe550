"""Webhooks: the notice as JSON, in a signed POST.

`webhook-id` is the notice's id and stays the same on every retry, so that a recipient who got it
twice can tell.  A 2xx answer is level 2, *delivered*: the recipient's system has it.
"""

import ssl

import msgspec

from hub.edges.channels.base import type_of_result
from hub.edges.channels.signed import TOTAL_SECONDS, SignedPosts
from hub.edges.directory import Endpoint
from hub.edges.records import NoticeRecord
from hub.ops import limits


class WebhookChannel:
    """For recipients whose system takes HTTPS."""

    name = "webhook"
    together = 1
    places = limits.DESTINATIONS.value

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        total_seconds: float = TOTAL_SECONDS,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """`trust` says whose certificates are believed; those of the public authorities if None."""
        self._posts = SignedPosts(
            allow_loopback=allow_loopback, total_seconds=total_seconds, trust=trust
        )

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Close the client."""
        await self._posts.stop()

    async def send(self, notice: NoticeRecord, endpoint: Endpoint) -> type_of_result:
        """POST the notice, signed, within ten seconds."""
        body = body_of(notice)
        return await self._posts.post(endpoint, notice.notice_id, body, "application/json")


def body_of(notice: NoticeRecord) -> bytes:
    """The JSON that is signed and sent: type, timestamp and data, as Standard Webhooks says."""
    whole = {"type": "notice.issued", "timestamp": notice.issued_at, "data": notice}
    return msgspec.json.encode(whole)
