"""Part e: how long from "Kafka has it" to a notice that the read model shows, and where it goes.

The real roles run: worker, projector and gateway, each a process.  Bookings come at an even 100 a
second, first through Kafka (acks of all), then through the gateway's HTTP door on the loopback
(what terminates HTTPS stands before it and is not ours).  The clock starts when the publisher is
told that its event is confirmed.  It stops when another connection to the database, asking every
5 ms, sees the decision with its notices, which become visible in one transaction.

The records on the way carry the time at which they were put into their batch, by the same
machine's clock, which divides each way, from the sending on, into its hops.
"""

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaProducer

from bench.plan import Plan
from bench.published import bookings, write_directory
from bench.rig import Broker, HostFailedError, fresh, say
from bench.worker import settings_for, topic_of
from hub.core.model import Event
from hub.demo.stage import demo_key
from hub.edges.avro import decode_decision, decode_event, encode_event
from hub.edges.doors import event_to_json
from hub.edges.links import link_codec
from hub.edges.publish import Publisher
from hub.edges.schemas import default_schemas
from hub.ops.settings import Settings
from hub.ops.steps import Steps
from hub.ops.topics import DECISIONS, INPUTS, PERSONS
from hub.up import running_hub

RATE = 100
SECONDS, QUICK_SECONDS = 60, 3
WARM_UP = 500
POLL_SECONDS = 0.005
PATIENCE_SECONDS = 180
TRIES = 20
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOPS = ("published and taken in", "person found", "decided", "visible")

NEW_ROWS = """
SELECT rowid, input_id FROM decisions WHERE rowid > ? AND EXISTS
(SELECT 1 FROM notices n WHERE n.episode_id = decisions.episode_id AND n.seq = decisions.seq)
"""

type_of_times = dict[str, tuple[float, float]]
"""When each event was sent, and when its publisher was told that it is confirmed."""

Send = Callable[[Event], Awaitable[None]]


@dataclass
class Sight:
    """When each decision's input was first seen in the read model, by the wall clock."""

    database: Path
    seen: dict[str, float] = field(default_factory=dict)
    done: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Ask every few milliseconds for rows that are new; only rows with notices count."""
        reader = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, isolation_level=None)
        last = 0
        while not self.done.is_set():
            rows = reader.execute(NEW_ROWS, (last,)).fetchall()
            now = time.time()
            for rowid, input_id in rows:
                last = max(last, rowid)
                self.seen.setdefault(input_id, now)
            time.sleep(POLL_SECONDS)
        reader.close()


def latency(plan: Plan) -> dict[str, Any]:
    """Both doors, one after the other, on one hub."""
    seconds = QUICK_SECONDS if plan.quick else SECONDS
    folder = plan.folder(fresh("latency"))
    settings = settings_for(folder, "")
    directory = write_directory(settings.directory)
    count = WARM_UP + RATE * seconds
    events = bookings(2 * count, directory)
    found: dict[str, Any] = {"events_per_second": RATE, "seconds": seconds}
    roles = ("worker", "project", "gateway")
    with running_hub(settings, Steps(quiet=True), roles=roles, subscribers=()) as hub:
        sight = Sight(folder / "data" / "hub.db")
        watcher = threading.Thread(target=sight.watch, name="sight", daemon=True)
        watcher.start()
        try:
            for door, send, part in (
                ("kafka", through_kafka, events[:count]),
                ("gateway", through_gateway, events[count:]),
            ):
                # The first few tell that every role has found its way and is warm.
                for some in (part[:WARM_UP], part[WARM_UP:]):
                    times = asyncio.run(send(hub.settings, hub.page(), some))
                    _await(sight, some)
                figures = _figures(Broker(hub.settings.kafka), hub.settings, times, sight)
                found[door] = figures
                say(f"  {door}: p50 {figures['p50_ms']} ms, p99 {figures['p99_ms']} ms")
        finally:
            sight.done.set()
            watcher.join()
    return found


async def through_kafka(settings: Settings, _: str, events: Sequence[Event]) -> type_of_times:
    """Publish as an ordinary client; answers when each event was confirmed."""
    keys = Publisher(settings.kafka, settings.secret())
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka, acks="all", enable_idempotence=True
    )
    await producer.start()

    async def send(event: Event) -> None:
        await producer.send_and_wait(topic_of(event), encode_event(event), keys.event_key(event))

    try:
        return await evenly(events, send)
    finally:
        await producer.stop()


async def through_gateway(_: Settings, page: str, events: Sequence[Event]) -> type_of_times:
    """Post to the door for publishers; a 202 says that Kafka has confirmed."""
    async with httpx.AsyncClient(base_url=page, timeout=15) as door:

        async def send(event: Event) -> None:
            headers = {
                "authorization": f"Bearer {demo_key(event.organisation)}",
                "content-type": "application/json",
            }
            body = json.dumps(event_to_json(event))
            for _ in range(TRIES):
                answer = await door.post("/events", content=body, headers=headers)
                if answer.status_code == httpx.codes.ACCEPTED:
                    return
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    break
                again.append(event.id)
                await asyncio.sleep(1)
            raise HostFailedError(f"the gateway answered {answer.status_code}: {answer.text}")

        again: list[str] = []
        times = await evenly(events, send)
        if again:
            say(f"  the gateway answered 503 {len(again)} times; each was sent again")
        return times


async def evenly(events: Sequence[Event], send: Send) -> type_of_times:
    """Send each event at its moment, however long the ones before it take."""
    times: type_of_times = {}

    async def one(event: Event) -> None:
        sent = time.time()
        await send(event)
        times[event.id] = (sent, time.time())

    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number, event in enumerate(events):
            await asyncio.sleep(max(0.0, began + number / RATE - time.monotonic()))
            tasks.create_task(one(event))
    return times


def _await(sight: Sight, events: Sequence[Event]) -> None:
    """Until every event's notices are visible.  Raises HostFailedError after a while."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while missing := sum(event.id not in sight.seen for event in events):
        if time.monotonic() > deadline:
            raise HostFailedError(f"{missing} of {len(events)} events never showed a notice")
        time.sleep(0.1)


def _figures(
    broker: Broker, settings: Settings, times: type_of_times, sight: Sight
) -> dict[str, Any]:
    """Percentiles of the whole way, and the median and share of each hop."""
    stamps = _stamps(broker, settings.partitions)
    whole = sorted((sight.seen[each] - told) * 1000 for each, (_, told) in times.items())
    answers = sorted((told - sent) * 1000 for sent, told in times.values())
    ways = [[sent, *stamps[each], sight.seen[each]] for each, (sent, _) in times.items()]
    hops = {hop: sorted((way[n + 1] - way[n]) * 1000 for way in ways) for n, hop in enumerate(HOPS)}
    means = {hop: sum(each) / len(each) for hop, each in hops.items()}
    total = sum(means.values())
    return {
        "events": len(whole),
        "confirmed_after_p50_ms": _percentile(answers, 50),
        "confirmed_after_p99_ms": _percentile(answers, 99),
        "p50_ms": _percentile(whole, 50),
        "p99_ms": _percentile(whole, 99),
        "max_ms": round(whole[-1], 1),
        "hops": {
            hop: {
                "p50_ms": _percentile(each, 50),
                "p99_ms": _percentile(each, 99),
                "share_of_mean": round(means[hop] / total, 3),
            }
            for hop, each in hops.items()
        },
    }


def _stamps(broker: Broker, partitions: int) -> dict[str, list[float]]:
    """When each event was written to the persons, the inputs and the decisions, in seconds."""
    found: dict[str, list[float]] = {}
    offsets: dict[tuple[int, int], float] = {}
    for record in broker.records(INPUTS, partitions):
        offsets[record.partition() or 0, record.offset() or 0] = record.timestamp()[1] / 1000
    links = link_codec(default_schemas())
    taken = {
        decode_event(value, _EPOCH).id: stamp / 1000
        for _, value, stamp in broker.read(PERSONS, partitions)
        # What one key of a person is told of another travels there too.
        if not links.is_link(value)
    }
    for _, value, stamp in broker.read(DECISIONS, partitions):
        decision = decode_decision(value)
        if decision.input_id in taken:
            given = offsets[decision.input_partition, decision.input_offset]
            found[decision.input_id] = [taken[decision.input_id], given, stamp / 1000]
    return found


def _percentile(ordered: Sequence[float], share: int) -> float:
    return round(ordered[min(len(ordered) - 1, len(ordered) * share // 100)], 1)
