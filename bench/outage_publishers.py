"""Two publishers as they are in life: a queue of their own, some connections, and patience."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from hub.core.model import Event
from hub.edges.avro import encode_event, event_from_json
from hub.edges.schemas import default_schemas
from hub.ops.clock import HeldClock

KEY = {"authorization": "Bearer demo-RXX"}
ANSWER_SECONDS = 30.0
NO_ANSWER_SECONDS = 1.0
"""How long a publisher waits after a connection that gave no answer at all."""

DIRECT_AT_ONCE = 500
"""Records on their way to Kafka together."""


def _json(body: dict[str, Any]) -> bytes:
    return httpx.Request("POST", "http://x", json=body).content


class Families:
    """Invented families and what happens to them; every event has an id of its own."""

    def __init__(self, many: int, armed: int, clock: HeldClock, name: str = "outage") -> None:
        self.name = name
        self.many, self.armed = many, armed
        self._clock = clock
        self._numbers = count()

    def openings(self) -> Iterator[dict[str, Any]]:
        """A booking for each family; the armed ones, the last of them, are discharged."""
        for n in range(self.many + self.armed):
            yield self._event(n, "pregnancy.booked", f"booked-{n}", self._booking())
        for n in range(self.many, self.many + self.armed):
            yield self._event(n, "encounter.updated", f"armed-{n}", self._stay("discharged"))

    def another(self) -> dict[str, Any]:
        """One more ordinary event: an admission, which raises no duty."""
        number = next(self._numbers)
        stay = self._stay("admitted")
        return self._event(number % self.many, "encounter.updated", f"stay-{number}", stay)

    def _event(self, n: int, kind: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": f"{self.name}-{name}",
            "type": kind,
            "source": "RXX:MATERNITY",
            "time": self._clock.now().isoformat(),
            "subject": {"reference": f"{self.name}-{n}", "postcode": "ZZ99 3CZ"},
            "data": body,
        }

    def _stay(self, kind: str) -> dict[str, Any]:
        return {"subject": "mother", "encounter_id": "V-1", "kind": kind, "ward": "MATWARD"} | (
            {"destination": "19"} if kind == "discharged" else {}
        )

    def _booking(self) -> dict[str, Any]:
        today = self._clock.now().date()
        return {
            "booked_on": today.isoformat(),
            "edd": (today + timedelta(days=200)).isoformat(),
            "edd_basis": "scan",
            "parity": 0,
            "planned_contacts": 10,
            "provider": "RXX",
            "named_midwife": {"id": "mw-17"},
            "gp_ods": "Y99001",
            "hv_team_hint": "RYX",
            "sharing_ref": "",
        }


class _Paced:
    """A publisher's own queue, which grows at a steady rate whatever becomes of it."""

    def __init__(self, families: Families, rate: float) -> None:
        self.families = families
        self.rate = rate
        self.accepted: set[str] = set()
        self.ending = asyncio.Event()
        self._queue: deque[dict[str, Any]] = deque()
        self._sending = 0

    def waiting(self) -> int:
        """Events that nobody has taken yet."""
        return len(self._queue) + self._sending

    async def _make(self) -> None:
        began, made = time.monotonic(), 0
        while not self.ending.is_set():
            owed = int((time.monotonic() - began) * self.rate) - made
            self._queue.extend(self.families.another() for _ in range(owed))
            made += owed
            await asyncio.sleep(0.05)

    async def _next(self) -> dict[str, Any] | None:
        """The next event; None when there will be none."""
        while not self._queue:
            if self.ending.is_set():
                return None
            await asyncio.sleep(0.02)
        return self._queue.popleft()


class OverHttp(_Paced):
    """Posts each event until it is taken, and waits as long as it is told to."""

    def __init__(self, page: str, families: Families, rate: float, senders: int) -> None:
        super().__init__(families, rate)
        self._page = page
        self._senders = senders
        self.refused = 0
        self.without_retry_after = 0
        self.other_answers = 0
        self.no_answer = 0

    async def publish(self) -> None:
        """Until `ending` is set and everything has been taken."""
        async with (
            httpx.AsyncClient(base_url=self._page, headers=KEY, timeout=ANSWER_SECONDS) as client,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self._make())
            for _ in range(self._senders):
                tasks.create_task(self._send(client))

    async def _send(self, client: httpx.AsyncClient) -> None:
        while (event := await self._next()) is not None:
            self._sending += 1
            while not await self._is_taken(client, event):
                pass
            self._sending -= 1

    async def _is_taken(self, client: httpx.AsyncClient, event: dict[str, Any]) -> bool:
        """One attempt.  An answer that is neither yes nor 'later' is counted, and is the end."""
        try:
            answer = await client.post("/events", json=event)
        except httpx.TransportError:
            self.no_answer += 1
            await asyncio.sleep(NO_ANSWER_SECONDS)
            return False
        if answer.status_code == 202:
            self.accepted.add(event["id"])
            return True
        if answer.status_code != 503:
            self.other_answers += 1
            return True
        self.refused += 1
        later = answer.headers.get("retry-after", "")
        self.without_retry_after += not later.isdecimal()
        await asyncio.sleep(float(later) if later.isdecimal() else NO_ANSWER_SECONDS)
        return False


class Direct(_Paced):
    """Writes Avro to the public topics with an idempotent producer, and repeats what failed."""

    def __init__(self, bootstrap: str, families: Families, rate: float) -> None:
        super().__init__(families, rate)
        self._bootstrap = bootstrap
        self._producer: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect."""
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap, acks="all", enable_idempotence=True
        )
        await self._producer.start()

    async def stop(self) -> None:
        """Disconnect."""
        if self._producer is not None:
            await self._producer.stop()
            self._producer = None

    async def send_all(self, events: Iterable[dict[str, Any]]) -> set[str]:
        """Write events, each confirmed; their ids."""
        ids: set[str] = set()
        chunk: list[Event] = []
        for event in events:
            chunk.append(_as_event(event))
            ids.add(event["id"])
            if len(chunk) == DIRECT_AT_ONCE:
                await self._write(chunk)
                chunk = []
        await self._write(chunk)
        return ids

    async def publish(self) -> None:
        """Until `ending` is set and everything has been confirmed."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._make())
            tasks.create_task(self._drain())

    async def _drain(self) -> None:
        while (first := await self._next()) is not None:
            batch = [first]
            while self._queue and len(batch) < DIRECT_AT_ONCE:
                batch.append(self._queue.popleft())
            self._sending = len(batch)
            await self._write([_as_event(each) for each in batch])
            self.accepted |= {each["id"] for each in batch}
            self._sending = 0

    async def _write(self, events: list[Event]) -> None:
        """Confirmed, or again with a new producer: the hub drops what it then has twice."""
        while True:
            try:
                if self._producer is None:
                    await self.start()
                assert self._producer is not None, "just started"
                sent = [
                    await self._producer.send(
                        default_schemas().topic_of(each.type),
                        encode_event(each),
                        key=each.subject.reference.encode(),
                    )
                    for each in events
                ]
                await asyncio.gather(*sent)
            except KafkaError:
                await self._begin_again()
            else:
                return

    async def _begin_again(self) -> None:
        spent, self._producer = self._producer, None
        if spent is not None:
            closing = asyncio.ensure_future(spent.stop())
            _, late = await asyncio.wait({closing}, timeout=3.0)
            for each in late:
                each.cancel()
        await asyncio.sleep(NO_ANSWER_SECONDS)


def _as_event(event: dict[str, Any]) -> Event:
    at = datetime.fromisoformat(event["time"])
    return event_from_json(_json(event), at)
