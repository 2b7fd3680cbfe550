"""The next channel of a recipient: looked at when its time has come, or when the last one is down.

`hub.edges.channels.failover` decides; what is decided here is only what it is told.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from hub.core.model import Level
from hub.edges.avro import decode_notice
from hub.edges.channels.failover import (
    ENDS,
    GOES_ON,
    Latest,
    Next,
    Standing,
    next_step,
    time_is_up_at,
)
from hub.edges.choosing import traits_beside
from hub.edges.directory import Endpoint
from hub.edges.records import NoticeRecord
from hub.edges.roads import AT_ONCE as ALL_AT_ONCE
from hub.ops.logs import log
from hub.ops.metrics_channels import went_on
from hub.roles.attempts import Means
from hub.store.engine import reading, writing
from hub.store.outbox import OutboxState
from hub.store.outbox_copies import Waiting, any_wait, begin, look_no_further, waiting

LOOK_SECONDS: Final = 1.0
"""Deadlines are hours and days away."""

AT_ONCE: Final = 200
"""Notices in one transaction; the others follow a second later."""


class FailOver:
    """Puts copies on their way over the next channel."""

    def __init__(self, means: Means, begun: Callable[[], None]) -> None:
        """`begun` is called when there is something new in the outbox."""
        self._means, self._begun = means, begun

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            if await asyncio.to_thread(self.look):
                self._begun()
            await asyncio.sleep(LOOK_SECONDS)

    def look(self) -> int:
        """Returns how many copies were put on their way."""
        with reading(self._means.engine) as conn:
            if not any_wait(conn):
                return 0
            clock_at = self._means.clock.now()
            found = waiting(conn, clock_at, AT_ONCE)
        if not found:
            return 0
        with writing(self._means.engine) as conn:
            return sum(self._decide(conn, each, clock_at) for each in found)

    def _decide(self, conn: Connection, one: Waiting, clock_at: datetime) -> bool:
        notice = decode_notice(one.payload)
        directory = self._means.directory
        traits = traits_beside(one.payload, one.traits)
        endpoints = directory.endpoints_of(one.organisation, one.role, traits)
        step = next_step(standing_of(one, notice, endpoints), clock_at)
        if step in ENDS:
            look_no_further(conn, one.notice_id, clock_at)
        if step not in GOES_ON:
            return False
        place = one.place + 1
        is_last = place + 1 >= len(endpoints)
        share = endpoints[0].next_after
        next_at = None if is_last else time_is_up_at(clock_at, notice.due_at, share)
        begun = begin(conn, one, endpoints[place], self._means.now(), next_at)
        if begun:
            _say(one, endpoints[one.place], endpoints[place], step, share)
        return begun


def standing_of(one: Waiting, notice: NoticeRecord, endpoints: tuple[Endpoint, ...]) -> Standing:
    """What the decision needs to know of a notice."""
    return Standing(
        left=max(0, len(endpoints) - 1 - one.place),
        takes_back=one.takes_back,
        level=Level(one.level),
        needed=notice.level_needed,
        latest=_latest(one),
        next_at=one.next_channel_at,
    )


def _latest(one: Waiting) -> Latest:
    if one.state == OutboxState.PENDING:
        return Latest.DOWN if one.down else Latest.TRIED
    return Latest.CAME_BACK if one.state == OutboxState.EXHAUSTED else Latest.THROUGH


def _say(one: Waiting, before: Endpoint, endpoint: Endpoint, step: Next, share: float) -> None:
    # What goes at once over several roads has not been failed by the one before.
    if step is not Next.TAKES_BACK and share > ALL_AT_ONCE:
        went_on(before.channel, endpoint.channel)
    log().info(
        "next_channel",
        notice_id=one.notice_id,
        channel=endpoint.channel,
        destination_id=endpoint.destination_id,
        reason=step.value,
    )
