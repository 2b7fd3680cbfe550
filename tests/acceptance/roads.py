"""Recipients on every road there is, each of whom answers only what has really arrived.

A road's end is `hub listen` (webhook, FHIR, Kafka), a mailbox of the MESH sandbox whose owner
collects it, or the inbox of a mail server.  On every wire between the hub and them there is an
ear, so that what was sent can be read byte by byte.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from hub.listen.manners import Line, Listener, Manners
from hub.listen.posts import listening
from hub.listen.topic import follow
from hub.ops.topics import notices_topic
from tests.acceptance.letters import Letter, in_mail, in_message, in_posts, in_record
from tests.channels.tools import SECRET
from tests.servers.mail import MailServer, receiving_mail
from tests.servers.mesh import Mesh, running_mesh
from tests.servers.tap import Tap, tapped

ARRIVAL_SECONDS: Final = 20.0
COLLECT_SECONDS: Final = 0.05
POLL_MS: Final = 100
WORKFLOW: Final = "TEST_WORKFLOW"
WIRED: Final = ("webhook", "fhir")


@dataclass
class Post:
    """The way to one role of one organisation, or to all of its roles."""

    organisation: str
    road: str
    role: str = "*"
    mailbox: str = ""
    """Its mailbox at MESH."""
    tap: Tap | None = None
    """The ear on its own wire, where it has one of its own."""

    @property
    def address(self) -> str:
        """As the directory has it."""
        if self.road == "mesh":
            return f"mesh://{self.mailbox}?workflow_id={WORKFLOW}"
        if self.road == "email":
            return f"{self.organisation.lower()}@team.example"
        return f"http://127.0.0.1:{self.tap.port}/{self.organisation}" if self.tap else ""

    def row(self) -> dict[str, Any]:
        """Its row of the directory."""
        row = {"organisation": self.organisation, "role": self.role, "channel": self.road}
        return row | {"address": self.address, "secret": SECRET}


@dataclass
class Roads:
    """All the posts, and all that came over them."""

    posts: list[Post]
    mesh: Mesh
    mesh_tap: Tap
    mail: MailServer
    mail_tap: Tap
    listeners: dict[str, Listener]
    """Of `hub listen`, by kind; on a topic by organisation."""
    said: list[Line]
    collected: dict[str, list[bytes]] = field(default_factory=dict)
    """What mailboxes have collected, in order."""
    records: dict[str, list[tuple[bytes, bytes]]] = field(default_factory=dict)
    """Keys and values of each organisation's topic."""
    _ended: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def post_of(self, organisation: str, role: str) -> Post | None:
        """The post of a role; None where its notices stand on the worklist only."""
        found = [p for p in self.posts if p.organisation == organisation and p.role in (role, "*")]
        return max(found, key=lambda post: post.role == role, default=None)

    # --- what has come ------------------------------------------------------------------------

    def letters(self, post: Post) -> list[Letter]:
        """All letters that came over a post, in order, repeats included."""
        if post.road in WIRED:
            assert post.tap is not None, "each of these has a wire of its own"
            return in_posts(post.tap.heard)
        if post.road == "kafka":
            return [in_record(value) for _, value in self.records.get(post.organisation, ())]
        if post.road == "email":
            to = post.address.encode()
            return [in_mail(raw) for raw in self.mail.taken if raw.partition(b"\n")[0] == to]
        mine = f'"{post.organisation}"'.encode()
        bodies = self.collected.get(post.mailbox, [])
        return [each for body in bodies if mine in body for each in in_message(body)]

    def raw(self, post: Post) -> bytes:
        """Every byte that came over a post."""
        if post.tap is not None:
            return post.tap.everything()
        if post.road == "kafka":
            return b"\n".join(key + b" " + v for key, v in self.records.get(post.organisation, ()))
        if post.road == "email":
            to = post.address.encode()
            return b"\n".join(m for m in self.mail.taken if m.partition(b"\n")[0] == to)
        mine = f'"{post.organisation}"'.encode()
        return b"\n".join(x for x in self.collected.get(post.mailbox, []) if mine in x)

    def await_arrival(self, organisation: str, notice_id: str) -> Post | None:
        """The post over which a notice has come, as soon as it has.

        None where the organisation has no post.  Raises AssertionError when it does not come:
        nobody answers what she has not got.
        """
        mine = [post for post in self.posts if post.organisation == organisation]
        deadline = time.monotonic() + ARRIVAL_SECONDS
        while mine and time.monotonic() < deadline:
            for post in mine:
                if self._has_come(post, notice_id):
                    return post
            time.sleep(0.02)
        assert not mine, f"{notice_id} has not come to {organisation}"
        return None

    def _has_come(self, post: Post, notice_id: str) -> bool:
        listens = {"kafka": post.organisation, "webhook": "webhook", "fhir": "fhir"}.get(post.road)
        if listens is not None and notice_id not in self.listeners[listens].known:
            return False
        return notice_id in {letter.notice_id for letter in self.letters(post)}

    # --- recipients who work by themselves ---------------------------------------------------

    def begin(self, bootstrap: str, partitions: int) -> None:
        """Let the listeners on topics listen, and the owners of mailboxes collect."""
        self._run(self._read, bootstrap, partitions)
        for post in self.posts:
            if post.road == "kafka":
                listener = self.listeners[post.organisation]
                self._run(self._follow, listener, bootstrap, post.organisation)
        for mailbox in {post.mailbox for post in self.posts if post.mailbox}:
            self._run(self._collect, mailbox)

    def end(self) -> None:
        """Let everybody stop."""
        self._ended.set()
        for listener in self.listeners.values():
            listener.stopped.set()
        for thread in self._threads:
            thread.join()

    def _run(self, work: Any, *given: Any) -> None:
        thread = threading.Thread(target=work, args=given)
        self._threads.append(thread)
        thread.start()

    def _follow(self, listener: Listener, bootstrap: str, organisation: str) -> None:
        asyncio.run(follow(listener, bootstrap, organisation, f"listen-{organisation}"))

    def _collect(self, mailbox: str) -> None:
        """Read, keep, and only then take out, as a recipient's system does."""
        kept = self.collected.setdefault(mailbox, [])
        while not self._ended.wait(COLLECT_SECONDS):
            with self.mesh.client(mailbox) as client:
                for message_id in client.list_messages():
                    one = client.retrieve_message(message_id)
                    kept.append(one.read())
                    client.acknowledge_message(message_id)

    def _read(self, bootstrap: str, partitions: int) -> None:
        """Keep every record of every subscriber's topic, as it was written."""
        mine = [post.organisation for post in self.posts if post.road == "kafka"]
        topics = {notices_topic(organisation): organisation for organisation in mine}
        parts = [TopicPartition(topic, n) for topic in topics for n in range(partitions)]

        async def go() -> None:
            consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
            await consumer.start()
            consumer.assign(parts)
            try:
                while not self._ended.is_set():
                    for part, records in (await consumer.getmany(timeout_ms=POLL_MS)).items():
                        kept = self.records.setdefault(topics[part.topic], [])
                        kept += [(each.key or b"", each.value or b"") for each in records]
            finally:
                await consumer.stop()

        asyncio.run(go())


@contextlib.contextmanager
def running_roads(posts: list[Post], folder: Path) -> Iterator[Roads]:
    """Everybody at the end of the roads, until the end of the block."""
    said: list[Line] = []
    kinds = [*WIRED, *(post.organisation for post in posts if post.road == "kafka")]
    listeners = {kind: Listener(Manners(), said.append) for kind in kinds}
    with contextlib.ExitStack() as stack:
        mesh = stack.enter_context(running_mesh(folder))
        mail = stack.enter_context(receiving_mail())
        mesh_tap = stack.enter_context(tapped(_port(mesh.url)))
        mail_tap = stack.enter_context(tapped(mail.port))
        for kind in WIRED:
            heard_by = listening(listeners[kind], [SECRET], channel=kind)
            port = _port(stack.enter_context(heard_by).rpartition("/")[0])
            for post in posts:
                if post.road == kind:
                    post.tap = stack.enter_context(tapped(port))
        roads = Roads(posts, mesh, mesh_tap, mail, mail_tap, listeners, said)
        stack.callback(roads.end)
        yield roads


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])
