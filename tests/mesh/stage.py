"""A delivery loop with the round of MESH, and the answers of a recipient's system."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import Engine

from hub.core.faults import SenderFault
from hub.core.model import Signal
from hub.edges.channels.mesh import MeshChannel
from hub.edges.directory import directory_from
from hub.edges.fhir.notice import resource_id
from hub.edges.mesh import Mailbox
from hub.edges.publish import Original
from hub.ops.clock import HeldClock
from hub.roles.attempts import Means
from hub.roles.collect import Collector
from hub.roles.delivery import Delivery
from hub.store import outbox
from hub.store import tables as t
from hub.store.engine import reading, writing
from tests.servers.mesh import PRACTICE, Mesh
from tests.store.records import GP, notice_record
from tests.store.test_delivery import Kafka


def now() -> datetime:
    """Real time."""
    return datetime.now(UTC)


@dataclass
class Quarantine:
    """Where what cannot be understood goes."""

    kept: list[tuple[str, bytes]] = field(default_factory=list)

    async def quarantine(self, fault: SenderFault, original: Original) -> str:
        """Keep it."""
        self.kept.append((fault.reason.value, original.body))
        return "q-1"


@dataclass
class Stage:
    """An outbox, the sandbox, and a core that hears what it is told."""

    mesh: Mesh
    engine: Engine
    clock: HeldClock
    kafka: Kafka = field(default_factory=Kafka)
    quarantine: Quarantine = field(default_factory=Quarantine)

    def means(self, kind: type[Mailbox] = Mailbox) -> Means:
        """What the loop works with: the practice is reached over MESH."""
        address = f"mesh://{PRACTICE}?workflow_id=TEST_WORKFLOW"
        row = {"organisation": GP, "channel": "mesh", "address": address}
        return Means(
            engine=self.engine,
            directory=directory_from({"endpoint": [row]}),
            channels={"mesh": MeshChannel(kind(self.mesh.account()), self.engine, now)},
            core=self.kafka,
            clock=self.clock,
            jitter=lambda: 0.0,
        )

    def send(self, notice_id: str) -> None:
        """Put a notice into the outbox, and let it go out."""
        means, record = self.means(), notice_record(notice_id)
        endpoint = means.directory.endpoint(GP, record.role)
        with writing(self.engine) as conn:
            outbox.queue_notice(conn, record, endpoint, means.now())
        self.deliver()

    def deliver(self) -> None:
        """Run the loop until nothing is due and the core has heard all there is."""

        async def go() -> None:
            means = self.means()
            loop = asyncio.create_task(Delivery(means).run())
            # What is waited for happens in the database, which has no events.
            while not self._settled():  # noqa: ASYNC110  as said
                await asyncio.sleep(0.02)
            loop.cancel()
            await asyncio.gather(loop, return_exceptions=True)
            await means.channels["mesh"].stop()

        asyncio.run(go())

    def _settled(self) -> bool:
        x = t.outbox.c
        due = sa.and_(x.state == outbox.OutboxState.PENDING, x.next_try_at <= self.means().now())
        untold = sa.and_(sa.not_(x.reported), x.signal_at.is_not(None))
        with reading(self.engine) as conn:
            return not conn.scalar(sa.select(sa.exists().where(sa.or_(due, untold))))

    def round(self, kind: type[Mailbox] = Mailbox) -> None:
        """One round of MESH, and what comes of it told to the core."""

        async def go() -> None:
            mailbox = kind(self.mesh.account())
            poll = timedelta(microseconds=1)
            told = asyncio.Event()
            collector = Collector(self.means(), mailbox, self.quarantine, told.set, poll)
            await collector.round()
            mailbox.stop()

        asyncio.run(go())
        self.deliver()

    def signals(self) -> list[tuple[str, Signal, str | None]]:
        """What the core has been told, with its coded detail."""
        receipts = [given.receipt for given in self.kafka.told if given.receipt is not None]
        return [(each.notice_id, each.signal, each.detail) for each in receipts]


def acknowledgement(code: str, notice_id: str, **header: Any) -> bytes:
    """What a recipient's system answers: an ITK3 response, as FHIR."""
    outcome = {
        "resourceType": "OperationOutcome",
        "id": "oo",
        "issue": [
            {
                "severity": "information",
                "code": "informational",
                "details": {"coding": [{"system": "urn:itk3", "code": code}]},
            }
        ],
    }
    head = {
        "resourceType": "MessageHeader",
        "id": "mh",
        "timestamp": "2026-10-24T10:00:00Z",
        "response": {
            "identifier": resource_id(notice_id, "MessageHeader"),
            "code": "ok",
            "details": {"reference": "urn:uuid:oo"},
        },
    }
    entries = [
        {"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in (head | header, outcome)
    ]
    return msgspec.json.encode(
        {"resourceType": "Bundle", "id": "b", "type": "message", "entry": entries}
    )
