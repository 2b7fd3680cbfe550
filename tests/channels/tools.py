"""What the tests of channels share: a secret, an endpoint, and sending through a real channel."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator

from hub.edges.channels.base import Channel, type_of_result
from hub.edges.directory import Endpoint
from hub.edges.records import NoticeRecord
from tests.store.records import GP

SECRET = "whsec_" + base64.b64encode(b"made up for the tests").decode()
ENDPOINT = Endpoint(organisation=GP, channel="webhook", secret=SECRET)


@contextlib.asynccontextmanager
async def opened(channel: Channel) -> AsyncIterator[Channel]:
    """A channel between its start and its stop."""
    await channel.start()
    try:
        yield channel
    finally:
        await channel.stop()


def send(channel: Channel, endpoint: Endpoint, *notices: NoticeRecord) -> list[type_of_result]:
    """Send notices one after the other."""

    async def go() -> list[type_of_result]:
        async with opened(channel) as ready:
            return [await ready.send(notice, endpoint) for notice in notices]

    return asyncio.run(go())
