"""The limit of each channel: a plain loop with the client of its carrier, that keeps nothing.

The same bodies to the same recipients that answer, with as many on their way together as the role
has, but no outbox, no delivery log, no order and no report to the core.
"""

import asyncio
import smtplib
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Final

from aiokafka import AIOKafkaProducer
from mesh_client import MeshClient

from bench.channels_hub import SECRET, Site, decision_for
from bench.channels_roads import Roads
from hub.core.outcomes import NoticeIssued
from hub.edges.avro import encode_notice
from hub.edges.channels.mail import MOST_MAILS
from hub.edges.channels.signed import SignedPosts
from hub.edges.channels.webhook import body_of
from hub.edges.directory import Endpoint
from hub.edges.fhir.notice import message_of
from hub.edges.fhir.subscription import Event, Subscription, event_body
from hub.edges.mesh import ADDRESS, MOST_REQUESTS
from hub.edges.records import NoticeRecord
from hub.ops.topics import notices_topic
from hub.roles.places import MOST_DESTINATIONS
from hub.roles.queueing import notice_of
from hub.store.subscriptions import Standing
from tests.servers.mesh import KEY, OURS, PASSWORD

Send = Callable[[str, NoticeRecord], Awaitable[object]]
BASE: Final = "https://hub.example"


def plain_loop(made: Site, roads: Roads, names: Sequence[str]) -> tuple[float, float]:
    """Notices a second, and processor time of one in ms."""
    loops = {"webhook": _webhook, "fhir": _fhir, "kafka": _kafka, "email": _email, "mesh": _mesh}
    spent = time.process_time()
    rate = asyncio.run(loops[roads.channel](made, roads.good, names))
    return rate, (time.process_time() - spent) / len(names) * 1000


async def _timed(send: Send, names: Sequence[str], together: int) -> float:
    """All of them, so many at once; returns how many a second."""
    queue = [(name, _notice(name)) for name in names]
    began = time.monotonic()

    async def one() -> None:
        while queue:
            await send(*queue.pop())

    await asyncio.gather(*(one() for _ in range(together)))
    return len(names) / (time.monotonic() - began)


def _notice(name: str) -> NoticeRecord:
    record = decision_for(name)
    (issued,) = record.outcomes
    assert isinstance(issued, NoticeIssued)
    return notice_of(record, issued)


def _at(name: str, address: str) -> Endpoint:
    return Endpoint(organisation=name, channel="webhook", address=address, secret=SECRET)


async def _webhook(_made: Site, good: dict[str, str], names: Sequence[str]) -> float:
    posts = SignedPosts(allow_loopback=True)

    async def send(name: str, notice: NoticeRecord) -> object:
        body = body_of(notice)
        return await posts.post(_at(name, good[name]), notice.notice_id, body, "application/json")

    try:
        return await _timed(send, names, MOST_DESTINATIONS)
    finally:
        await posts.stop()


async def _fhir(_made: Site, good: dict[str, str], names: Sequence[str]) -> float:
    posts = SignedPosts(allow_loopback=True)

    async def send(name: str, notice: NoticeRecord) -> object:
        at = _at(name, good[name])
        event = Event(number=1, at=datetime.now(UTC), notice=notice)
        going = Subscription(endpoint=at, base=BASE, standing=Standing.ACTIVE, events=1)
        body = event_body(going, event)
        return await posts.post(at, notice.notice_id, body, "application/fhir+json")

    try:
        return await _timed(send, names, MOST_DESTINATIONS)
    finally:
        await posts.stop()


async def _kafka(made: Site, _good: dict[str, str], names: Sequence[str]) -> float:
    producer = AIOKafkaProducer(
        bootstrap_servers=made.broker.address, acks="all", enable_idempotence=True
    )
    await producer.start()

    async def send(name: str, notice: NoticeRecord) -> object:
        value, key = encode_notice(notice), notice.episode_id.encode()
        return await producer.send_and_wait(notices_topic(name), value, key=key)

    try:
        # Where the topics are is known before the time runs, as after the role's first notices.
        await asyncio.gather(*(producer.partitions_for(notices_topic(n)) for n in set(names)))
        return await _timed(send, names, MOST_DESTINATIONS)
    finally:
        await producer.stop()


async def _email(made: Site, good: dict[str, str], names: Sequence[str]) -> float:
    def hand_over(name: str, notice: NoticeRecord) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"] = "hub@hub.example", good[name]
        mail["Subject"], mail["Message-ID"] = "You have a notice", f"<{notice.notice_id}@x>"
        mail.set_content(f"Sign in to read it:\n\n{BASE}/n/{notice.notice_id}\n")
        with smtplib.SMTP("127.0.0.1", made.smtp_port, "hub.example") as server:
            server.send_message(mail)

    return await _on_threads(hand_over, names, MOST_MAILS // 2)


async def _mesh(made: Site, good: dict[str, str], names: Sequence[str]) -> float:
    clients: list[MeshClient] = [
        MeshClient(made.mesh.url, OURS, PASSWORD, shared_key=KEY.encode(), max_retries=0)
        for _ in range(MOST_REQUESTS)
    ]

    def hand_over(name: str, notice: NoticeRecord) -> None:
        found = ADDRESS.fullmatch(good[name])
        assert found is not None
        recipient, client = found["mailbox"], clients.pop()
        body = message_of(notice, OURS, recipient)
        try:
            client.send_message(
                recipient, body, workflow_id=found["workflow"], local_id=notice.notice_id
            )
        finally:
            clients.append(client)

    try:
        return await _on_threads(hand_over, names, MOST_REQUESTS)
    finally:
        for each in clients:
            each.close()  # type: ignore[no-untyped-call]  # it has no types


async def _on_threads(
    hand_over: Callable[[str, NoticeRecord], None], names: Sequence[str], together: int
) -> float:
    """For clients that wait on a thread."""
    with ThreadPoolExecutor(together) as threads:
        loop = asyncio.get_running_loop()

        async def send(name: str, notice: NoticeRecord) -> object:
            return await loop.run_in_executor(threads, hand_over, name, notice)

        return await _timed(send, names, together)
