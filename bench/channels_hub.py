"""A delivery role with a Kafka and a database of its own, for the part `channels`."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import sqlalchemy as sa
from confluent_kafka import Producer
from pydantic import SecretStr
from sqlalchemy import Engine

from bench.channels_roads import Places, Roads
from bench.plan import Plan
from bench.rig import Broker, HostFailedError, cpu_seconds, fresh, processes
from bench.worker import settings_for
from hub.core.model import Level, NoticeReason, Purpose
from hub.core.outcomes import ContentLine, NoticeIssued, Why
from hub.edges.avro import DecisionRecord, encode_decision
from hub.ops.kafka_embedded import free_ports
from hub.ops.settings import Settings, environment_of
from hub.ops.topics import DECISIONS, create_topics
from hub.roles.queueing import CONSUMER
from hub.store import tables as t
from hub.store.engine import make_engine, migrate, reading, writing
from hub.store.positions import save_positions
from tests.servers.mesh import KEY, OURS, PASSWORD, Mesh, running_mesh

PATIENCE_SECONDS = 300
PRODUCER: dict[str, str | int | float | bool] = {"acks": "all", "linger.ms": 0}

WARM = "WARM"
"""The organisation of the notice that shows that everything is up."""

SECRET = "whsec_bWFkZSB1cCBmb3IgdGhlIGJlbmNo"  # noqa: S105  made up
WHY = Why(rule="bench", policy="bench", because="It is measured.", authority="none")


@dataclass(frozen=True)
class Site:
    """What outlives one hub: Kafka, the recipients, and MESH."""

    broker: Broker
    places: Places
    smtp_port: int
    mesh: Mesh

    def arrivals(self) -> dict[str, float]:
        """When each notice first came over HTTP or as a mail, by the recipients' own word."""
        url = f"http://127.0.0.1:{self.places.http}/arrivals"
        found: dict[str, float] = httpx.get(url, timeout=30).json()
        return found


@dataclass
class Hub:
    """A delivery role before its recipients, and what was confirmed when."""

    settings: Settings
    engine: Engine
    role: "subprocess.Popen[bytes]"
    producer: Producer
    """Connected before anything is measured: finding a topic may take a while in bad times."""
    confirmed: dict[str, float] = field(default_factory=dict)

    def publish(self, names: Sequence[str], pace: float | None) -> None:
        """A notice for each name in turn, at an even pace or as fast as Kafka takes them."""
        began = time.monotonic()
        for number, name in enumerate(names):
            due = 0.0 if pace is None else began + number / pace
            self.producer.poll(0)
            while (left := due - time.monotonic()) > 0:
                # Confirmations are noted at once: it returns with the first.
                self.producer.poll(left)
            self._send(decision_for(name))
        if self.producer.flush(PATIENCE_SECONDS):
            raise HostFailedError("decisions were not confirmed in time")

    def _send(self, record: DecisionRecord) -> None:
        def confirmed(error: object, _message: object) -> None:
            if error is not None:
                raise HostFailedError(f"a decision was not confirmed: {error}")
            self.confirmed[record.input_id] = time.time()

        value, key = encode_decision(record), record.episode_id.encode()
        self.producer.produce(DECISIONS, value, key, on_delivery=confirmed)

    def until_out(self, names: frozenset[str]) -> None:
        """Wait until nothing of these organisations waits any more."""
        x = t.outbox.c
        out = sa.select(sa.func.count()).where(x.organisation.in_(names), x.state != "pending")
        wanted = sum(organisation_of(each) in names for each in self.confirmed)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with reading(self.engine) as conn:
                if (found := conn.scalar(out) or 0) >= wanted:
                    return
            self._check(deadline, f"{wanted - found} notices were not delivered in time")
            time.sleep(0.2)

    def until_told(self) -> None:
        """Wait until the core has been told of everything that went out."""
        x = t.outbox.c
        untold = sa.select(sa.func.count()).where(x.signal.is_not(None), sa.not_(x.reported))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            with reading(self.engine) as conn:
                if not conn.scalar(untold):
                    return
            self._check(deadline, "receipts were not told in time")
            time.sleep(0.05)

    def _check(self, deadline: float, late: str) -> None:
        if self.role.poll() is not None:
            log = self.settings.data_dir.parent / "0.log"
            end = log.read_text(encoding="utf-8", errors="replace")[-2000:]
            raise HostFailedError(f"the delivery role ended; its log ends:\n{end}")
        if time.monotonic() > deadline:
            raise HostFailedError(late)

    def answered(self) -> dict[str, float]:
        """When each notice that got through was answered for, by the delivery log."""
        a = t.attempts.c
        asked = sa.select(a.notice_id, a.at).where(a.result != "failed")
        with reading(self.engine) as conn:
            return {row.notice_id: row.at.timestamp() for row in conn.execute(asked)}

    def attempts(self, names: frozenset[str], since: float) -> dict[str, int]:
        """Attempts at some organisations from a moment on, counted by what came of them."""
        a, x = t.attempts.c, t.outbox.c
        asked = (
            sa.select(sa.func.coalesce(a.reason, a.result), sa.func.count())
            .select_from(t.attempts.join(t.outbox, x.notice_id == a.notice_id))
            .where(x.organisation.in_(names), a.at >= datetime.fromtimestamp(since, UTC))
            .group_by(sa.func.coalesce(a.reason, a.result))
        )
        with reading(self.engine) as conn:
            return dict(conn.execute(asked).tuples().all())

    def open_breakers(self) -> int:
        """Destinations that are left alone at this moment."""
        d = t.destinations.c
        paused = sa.select(sa.func.count()).where(d.paused_until > datetime.now(UTC))
        with reading(self.engine) as conn:
            return conn.scalar(paused) or 0

    def cpu_seconds(self) -> float:
        """Processor time that the delivery role has used so far."""
        return cpu_seconds(self.role.pid)


def organisation_of(notice_id: str) -> str:
    """The recipient of a notice, which its id names."""
    return notice_id.partition("/")[0]


def decision_for(organisation: str) -> DecisionRecord:
    """A decision that issues one notice; everything bears the notice's id."""
    at, own = datetime.now(UTC), fresh(f"{organisation}/n")
    issued = NoticeIssued(
        notice_id=own,
        obligation_id=own,
        reason=NoticeReason.FIRST,
        role="GP_PRACTICE",
        organisation=organisation,
        round=1,
        purpose=Purpose.DIRECT_CARE,
        title="Pregnancy booked",
        level_needed=Level.ACCEPTED,
        due_at=at + timedelta(days=1),
        content=tuple(
            ContentLine(
                group="who", field=f"f{n}", label="Of the size of a booking", value="x" * 40
            )
            for n in range(12)
        ),
        why=WHY,
    )
    return DecisionRecord(
        episode_id=own,
        seq=1,
        input_id=own,
        input_partition=0,
        input_offset=0,
        at=at,
        policy_version="bench",
        outcomes=(issued,),
    )


def row_of(name: str, channel: str, address: str) -> str:
    """A recipient in the directory."""
    secret = f'secret = "{SECRET}"\n' if channel in {"webhook", "fhir"} else ""
    where = f'address = "{address}"\n{secret}' if address else ""
    return f'[[endpoint]]\norganisation = "{name}"\nchannel = "{channel}"\n{where}\n'


def _mails(port: int) -> dict[str, object]:
    """As settings: a mail server of this machine, without TLS, as beside a relay of one's own."""
    return {
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_sender": "hub@hub.example",
        "smtp_security": "none",
    }


def _mesh(mesh: Mesh) -> dict[str, object]:
    """As settings: the mailbox of the hub on the fake national MESH."""
    return {
        "mesh_url": mesh.url,
        "mesh_mailbox": OURS,
        "mesh_password": SecretStr(PASSWORD),
        "mesh_shared_key": SecretStr(KEY),
    }


@contextmanager
def site(plan: Plan, broker: Broker, mailboxes: Sequence[str]) -> Iterator[Site]:
    """The recipients of one run, in processes of their own; Kafka has the hub's topics."""
    folder = plan.folder(fresh("site"))
    asyncio.run(create_topics(broker.address, settings_for(folder, broker.address)))
    port, smtp_port, closed = free_ports(0, 0, 0)
    theirs = [sys.executable, "-m", "bench.channels_receiver", str(port), str(smtp_port)]
    with running_mesh(folder, mailboxes) as mesh, processes([theirs], folder):
        yield Site(broker, Places(port, closed), smtp_port, mesh)


@contextmanager
def hub(plan: Plan, made: Site, roads: Roads) -> Iterator[Hub]:
    """A hub with nothing in it, so that none inherits the failures of another."""
    folder = plan.folder(fresh("hub"))
    settings = settings_for(folder, made.broker.address).model_copy(
        update={"allow_loopback_webhooks": True, "public_url": "https://hub.example"}
        | _mails(made.smtp_port)
        | _mesh(made.mesh)
    )
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    rows = (row_of(name, roads.channel, at) for name, at in roads.every.items())
    settings.directory.write_text("".join(rows), encoding="utf-8")
    migrate(settings.real_database_url())
    engine = make_engine(settings.real_database_url())
    _begin_at_end(made.broker, engine, settings.partitions)
    ours = [sys.executable, "-m", "hub.cli", "deliver"]
    try:
        with processes([ours], folder, environment_of(settings)) as (role,):
            found = Hub(settings, engine, role, Producer(made.broker.quiet | PRODUCER))
            _warm_up(found)
            yield found
    finally:
        engine.dispose()


def _begin_at_end(broker: Broker, engine: Engine, partitions: int) -> None:
    """The decisions of an earlier turn are none of this hub's."""
    ends = broker.ends(DECISIONS, partitions)
    with writing(engine) as conn:
        save_positions(conn, CONSUMER, {(DECISIONS, n): end for n, end in enumerate(ends)})


def _warm_up(made: Hub) -> None:
    """The role reads: a notice for the worklist is out."""
    made.publish([WARM], None)
    made.until_out(frozenset({WARM}))
    made.confirmed.clear()
