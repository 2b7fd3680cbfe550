"""Heartbeats of FHIR subscriptions, so that a subscriber can tell silence from a fault."""

import asyncio
from typing import Final

from hub.edges.channels.base import Failed
from hub.edges.channels.rest_hook import RestHookChannel
from hub.edges.directory import Directory
from hub.edges.fhir.subscription import subscription_id
from hub.ops.logs import log

LOOK_SECONDS: Final = 15.0
"""How often it is seen who has been left in silence; the shortest heartbeat is a minute."""


async def beat(channel: RestHookChannel, directory: Directory) -> None:
    """Send what is due, each on its own: one that hangs delays no other."""
    endpoints = directory.subscriptions()
    results = await asyncio.gather(*map(channel.heartbeat, endpoints))
    for endpoint, result in zip(endpoints, results, strict=True):
        if isinstance(result, Failed):
            which = subscription_id(endpoint)
            log().warning("heartbeat_failed", subscription_id=which, reason=result.reason.value)


async def beat_on(channel: RestHookChannel, directory: Directory) -> None:
    """Until cancelled."""
    while True:
        await beat(channel, directory)
        await asyncio.sleep(LOOK_SECONDS)
