"""Posts to those who publish, until their systems have them or they are given up.

Each organisation is served by a task of its own, one post after the other, so that one that cannot
be reached holds up nobody else.  An original whose post was taken is *collected*: the core hears of
it first, and while Kafka is away the post counts as not taken and is sent again.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Engine

from hub.edges.access import access_codec
from hub.edges.channels.base import Delivered, type_of_result
from hub.edges.channels.signed import SignedPosts
from hub.edges.directory import Directory
from hub.edges.publish import Unavailable
from hub.edges.schemas import Schemas
from hub.ops import metrics
from hub.ops.clock import Clock
from hub.ops.logs import log
from hub.ops.settings import Settings
from hub.policy.loader import load_policy
from hub.roles.attempts import FAILED, Means, TellsCore
from hub.roles.coverage_posts import Teller
from hub.store import read_model, returns, sender_posts
from hub.store.engine import reading, writing
from hub.store.quarantine import QuarantineState
from hub.store.read_lines import QuarantineItem
from hub.store.returns import Ended, ReturnLine
from hub.store.sender_posts import Post, PostKind, PostState
from hub.web.quarantine import redriven_input

CHANNEL: Final = "sender"
"""The word for these posts in the metrics."""

LOOK_SECONDS: Final = 1.0
"""How often it is seen whether anything is due."""

NOT_CONFIRMED: Final = "not_confirmed"
"""The sender took it, and Kafka did not confirm that the core heard of it: sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What the posts are sent with."""

    engine: Engine
    directory: Directory
    posts: SignedPosts
    core: TellsCore
    clock: Clock
    """The hub's time."""
    now: Callable[[], datetime]
    """Real time, for retries."""
    teller: Teller | None = None
    """Given where somebody asked to be told of coverage."""
    jitter: Callable[[], float] = random.random


class Senders:
    """Sends what is due, and looks again every second."""

    def __init__(self, means: Sending) -> None:
        self._means = means
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Until cancelled.  A fault of ours is raised and ends the role."""
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    await self._tell_coverage()
                    for organisation in await asyncio.to_thread(self._due):
                        if organisation not in self._busy:
                            task = tasks.create_task(self._serve(organisation))
                            self._busy[organisation] = task
                    await asyncio.sleep(LOOK_SECONDS)
        finally:
            await self._means.posts.stop()

    async def once(self) -> None:
        """One round: what changed, and every post that is due now."""
        await self._tell_coverage()
        for organisation in await asyncio.to_thread(self._due):
            await self._serve(organisation)

    async def _tell_coverage(self) -> None:
        means = self._means
        if means.teller is None:
            return
        while await asyncio.to_thread(means.teller.tell, means.now(), means.clock.now()):
            pass

    def _due(self) -> list[str]:
        with reading(self._means.engine) as conn:
            return sender_posts.due_organisations(conn, self._means.now())

    async def _serve(self, organisation: str) -> None:
        """One organisation, in order, until nothing is due or something fails."""
        try:
            while (post := await asyncio.to_thread(self._next, organisation)) is not None:
                if not await self._send(post):
                    return
        finally:
            self._busy.pop(organisation, None)

    def _next(self, organisation: str) -> Post | None:
        with reading(self._means.engine) as conn:
            return sender_posts.next_post(conn, organisation, self._means.now())

    async def _send(self, post: Post) -> bool:
        """Try one post, and write down what came of it; whether the sender has it."""
        endpoint = self._means.directory.sender(post.organisation).endpoint()
        result = await self._means.posts.post(endpoint, post.post_id, post.body, "application/json")
        if isinstance(result, Delivered):
            metrics.DELIVERY_ATTEMPTS.labels(channel=CHANNEL, result=result.signal.value).inc()
            return await self._delivered(post)
        metrics.DELIVERY_ATTEMPTS.labels(channel=CHANNEL, result=FAILED).inc()
        metrics.DELIVERY_FAILURES.labels(channel=CHANNEL, reason=result.reason.value).inc()
        await asyncio.to_thread(self._failed, post, result)
        return False

    async def _delivered(self, post: Post) -> bool:
        try:
            if post.kind == PostKind.RETURNED:
                await self._collected(post)
        except Unavailable:
            await asyncio.to_thread(self._not_confirmed, post)
            return False
        await asyncio.to_thread(self._note_delivered, post)
        return True

    async def _collected(self, post: Post) -> None:
        """The sender's system has the original's record.  Raises Unavailable."""
        found = await asyncio.to_thread(self._returned, post)
        if found is None:
            return
        line, item = found
        await asyncio.to_thread(self._begin_end, line, Ended.POSTED)
        refusal = replace(item.line, received_at=line.refused_at)
        now = self._means.clock.now()
        told = redriven_input(QuarantineItem(line=refusal, original=b""), now)
        try:
            await self._means.core.publish_input(told)
        except Unavailable:
            await asyncio.to_thread(self._begin_end, line, None)
            raise
        await asyncio.to_thread(self._end, line, post.organisation, now)

    # --- in the database, on a thread --------------------------------------------------------

    def _returned(self, post: Post) -> tuple[ReturnLine, QuarantineItem] | None:
        with reading(self._means.engine) as conn:
            line = returns.return_of(conn, post.subject_id)
            item = read_model.quarantine_item(conn, post.subject_id)
        if line is None or item is None or line.state != QuarantineState.RETURNED:
            return None
        return line, item

    def _begin_end(self, line: ReturnLine, how: Ended | None) -> None:
        with writing(self._means.engine) as conn:
            returns.begin_end(conn, line, how)

    def _end(self, line: ReturnLine, organisation: str, now: datetime) -> None:
        with writing(self._means.engine) as conn:
            returns.end_return(conn, line, Ended.POSTED, organisation, now)

    def _note_delivered(self, post: Post) -> None:
        with writing(self._means.engine) as conn:
            sender_posts.note_delivered(conn, post, self._means.now())

    def _not_confirmed(self, post: Post) -> None:
        now, jitter = self._means.now(), self._means.jitter()
        with writing(self._means.engine) as conn:
            sender_posts.note_failed(conn, post, NOT_CONFIRMED, retry=True, now=now, jitter=jitter)

    def _failed(self, post: Post, result: type_of_result) -> None:
        assert not isinstance(result, Delivered), "only what failed comes here"
        now, jitter, why = self._means.now(), self._means.jitter(), result.reason.value
        with writing(self._means.engine) as conn:
            stands = sender_posts.note_failed(
                conn, post, why, retry=result.retry, now=now, jitter=jitter
            )
        if stands is PostState.EXHAUSTED:
            log().warning("post_given_up", post_id=post.post_id, kind=post.kind, reason=why)


def senders_of(settings: Settings, means: Means) -> Senders | None:
    """The posts of one hub; None where nobody has registered an address for them."""
    directory = means.directory
    if not any(each.webhook for each in directory.senders.values()):
        return None
    teller = None
    if directory.tells_coverage():
        policy = load_policy(settings.policy_dir, [settings.schemas_dir / "events"])
        codec = access_codec(Schemas.load(settings.schemas_dir))
        teller = Teller(engine=means.engine, directory=directory, policy=policy, codec=codec)
    return Senders(
        Sending(
            engine=means.engine,
            directory=directory,
            posts=SignedPosts(allow_loopback=settings.allow_loopback_webhooks),
            core=means.core,
            clock=means.clock,
            now=means.now,
            teller=teller,
        )
    )
