"""A listener on a subscriber's own topic.  It commits what it has said, and nothing else."""

import asyncio
from typing import Final

from aiokafka import AIOKafkaConsumer

from hub.core.faults import SenderFault
from hub.edges.avro import decode_notice
from hub.listen.manners import Line, Listener
from hub.ops.kafka_login import OPEN, KafkaLogin
from hub.ops.topics import notices_topic

POLL_MILLISECONDS: Final = 200


async def follow(
    listener: Listener, bootstrap: str, organisation: str, group: str, login: KafkaLogin = OPEN
) -> None:
    """Read until the listener ends."""
    consumer = AIOKafkaConsumer(
        notices_topic(organisation),
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        **login.options(),
    )
    await consumer.start()
    try:
        while not listener.stopped.is_set():
            fetched = await consumer.getmany(timeout_ms=POLL_MILLISECONDS)
            for part in fetched.values():
                for row in part:
                    await asyncio.to_thread(_take, listener, row.value or b"")
            if fetched and not (listener.manners.silent or listener.manners.refuse):
                await consumer.commit()
    finally:
        await consumer.stop()


def _take(listener: Listener, value: bytes) -> None:
    manners = listener.manners
    listener.stopped.wait(manners.slow_seconds)
    try:
        notice = decode_notice(value)
    except SenderFault as fault:
        listener.say(Line(what="unreadable", reason=fault.reason.value))
        return
    line = Line(
        what="notice",
        notice_id=notice.notice_id,
        reason=notice.reason.value,
        role=notice.role,
        answered="not committed" if manners.silent or manners.refuse else "committed",
    )
    if listener.note(line) and line.answered == "committed":
        listener.receipt(line, "kafka")
    listener.finish()
