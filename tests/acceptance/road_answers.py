"""How recipients answer: over their own road, and only what has really come to them."""

import asyncio
import hashlib
import time
from typing import Any, Final

import httpx
import sqlalchemy as sa

from hub.core.model import Event, Person
from hub.demo.doors import Doors
from hub.edges.avro import encode_event
from hub.ops.clock import HeldClock
from hub.store import tables as t
from hub.store.engine import reading
from tests.acceptance.road_played import Played
from tests.acceptance.roads import Post
from tests.acceptance.upped import token_in
from tests.mesh.stage import acknowledgement

HEARD_SECONDS: Final = 20.0
OF_ITK3: Final = {"accepted": "41001", "not_ours": "41002"}


class RoadDoors(Doors):
    """The doors, with receipts from whoever has really got the notice, over her own road."""

    def __init__(self, played: Played, clock: HeldClock, answers_over_mesh: frozenset[str]):
        settings = played.running.settings
        mllp = (settings.mllp_host, settings.mllp_port)
        super().__init__(played.running.page(), mllp, settings.kafka)
        self._played, self._clock, self._over_mesh = played, clock, answers_over_mesh
        self.ways: dict[str, int] = {}
        """How many answers went over which road."""

    async def post(self, path: str, organisation: str, body: Any) -> None:
        """A receipt is given by the recipient; all else is posted as it is."""
        if path != "/receipts":
            await super().post(path, organisation, body)
            return
        roads = self._played.roads
        post = await asyncio.to_thread(roads.await_arrival, organisation, body["notice_id"])
        way = self._way(post, organisation, body)
        self.ways[way] = self.ways.get(way, 0) + 1
        if way == "kafka" and post is not None:
            await self._over_kafka(post, body)
        elif way == "mesh" and post is not None:
            await asyncio.to_thread(self._over_mesh_box, post, body)
        elif way == "email":
            await asyncio.to_thread(self._on_the_page, organisation, body)
        else:
            await super().post(path, organisation, body)

    def _way(self, post: Post | None, organisation: str, body: Any) -> str:
        if post is None:
            return "https"
        if post.road == "mesh":
            said = organisation in self._over_mesh and body["signal"] in OF_ITK3
            return "mesh" if said else "https"
        return post.road if post.road in ("kafka", "email") else "https"

    async def _over_kafka(self, post: Post, body: Any) -> None:
        """Onto `hub.receipts`, by what the record said: the family is known by nothing else."""
        before = await asyncio.to_thread(self._levels, body["notice_id"])
        letters = self._played.roads.letters(post)
        got = next(each for each in letters if each.notice_id == body["notice_id"])
        now = self._clock.now()
        told = {"channel": "kafka", "detail": None, "person": None, "role": got.role} | body
        event = Event(
            id="r-" + hashlib.sha256(f"{sorted(body.items())}{now}".encode()).hexdigest()[:20],
            type="notice.receipt",
            source=f"{post.organisation}:OWN",
            occurred_at=now,
            recorded_at=now,
            received_at=now,
            subject=Person(reference=got.episode_id),
            actor=None,
            body=told | {"organisation": post.organisation},
        )
        await self._kafka.send_and_wait("hub.receipts", encode_event(event))
        await asyncio.to_thread(self._await_level, body["notice_id"], before)

    def _over_mesh_box(self, post: Post, body: Any) -> None:
        """An ITK3 acknowledgement from the mailbox that has the message."""
        before = self._levels(body["notice_id"])
        letters = self._played.roads.letters(post)
        got = next(each for each in letters if each.notice_id == body["notice_id"])
        said = {"identifier": got.header_id, "code": "ok", "details": {"reference": "urn:uuid:oo"}}
        answer = acknowledgement(OF_ITK3[body["signal"]], got.notice_id, response=said)
        self._played.roads.mesh.answer(answer, mailbox=post.mailbox)
        self._await_level(body["notice_id"], before)

    def _on_the_page(self, organisation: str, body: Any) -> None:
        """The link of the mail, behind a login; what is to be accepted is not opened first.

        On a clock that stands still it would be accepted in the second in which it was opened.
        """
        login = f"{organisation}-{body['role']}".lower().replace("_", "-")
        path = f"/n/{body['notice_id']}"
        with self._played.browser(login) as browser:
            if body["signal"] == "opened":
                assert httpx.codes.OK == browser.get(path).status_code
                return
            fields = {"csrf": token_in(browser.get("/")), "outcome": "will_act"}
            answer = browser.post(f"{path}/accept", data=fields)
            assert answer.headers["location"].endswith("done=accepted"), answer.text

    def _levels(self, notice_id: str) -> int:
        asked = sa.select(sa.func.count()).where(t.levels.c.notice_id == notice_id)
        with reading(self._played.engine) as conn:
            return conn.scalar(asked) or 0

    def _await_level(self, notice_id: str, before: int) -> None:
        deadline = time.monotonic() + HEARD_SECONDS
        while self._levels(notice_id) == before:
            assert time.monotonic() < deadline, f"the answer to {notice_id} was not heard"
            time.sleep(0.02)
