"""A hub whose Kafka can be taken away and brought back, and the plan of doing so."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.ops.clock import HeldClock
from hub.ops.kafka_embedded import EmbeddedKafka, free_ports
from hub.ops.settings import Settings
from hub.ops.steps import Steps
from hub.ops.supervisor import ROLES, Supervisor
from hub.ops.topics import DECISIONS, create_topics
from hub.store.engine import make_engine, migrate, reading
from hub.store.positions import saved_positions
from tests.pausing import paused

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""A Monday morning on the hub's clock.  Within the two days that pass, the only deadlines are those
of the armed families: everything else waits for working days."""

PAST_DUE = timedelta(hours=26)
"""What the clock moves in the middle of the outage: a discharge summary is due within 24 hours."""

EVENTS_PER_FAMILY = 40
"""Below the 96 that an episode remembers, so that every repeat is known for one."""

WARM_SECONDS, COOL_SECONDS = 5.0, 5.0
"""Publishing before the outage and after it, so that both transitions happen under load."""


@dataclass
class Plan:
    """What is to be done."""

    minutes: float = 10.0
    rate: float = 100.0
    direct_rate: float = 10.0
    armed: int = 100
    how: str = "kill"
    senders: int = 50
    roles: tuple[str, ...] = ROLES
    steps: Steps = field(default_factory=Steps)

    @property
    def families(self) -> int:
        """As many as the events need."""
        seconds = self.minutes * 60 + WARM_SECONDS + COOL_SECONDS
        return max(20, int(seconds * (self.rate + self.direct_rate) / EVENTS_PER_FAMILY))


class Site:
    """A hub whose Kafka can be taken away."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder = folder
        self.plan = plan
        broker, gateway, mllp = free_ports(0, 0, 0)
        self._port = broker
        self.clock = HeldClock(folder / "clock")
        self.clock.move(START)
        self.settings = Settings(
            data_dir=folder,
            kafka=f"127.0.0.1:{broker}",
            clock=f"file:{folder / 'clock'}",
            gateway_port=gateway,
            mllp_port=mllp,
            secret_key="of a run that ends",  # noqa: S106  its folder goes with it
            demo_logins=True,
        )
        self.kafka = self._kafka()
        self.supervisor = Supervisor(self.settings, plan.steps, roles=plan.roles)

    def _kafka(self) -> EmbeddedKafka:
        return EmbeddedKafka(self.folder / "broker", port=self._port)

    @contextlib.contextmanager
    def up(self) -> Iterator[None]:
        """Everything up inside the `with`."""
        self.kafka.start()
        try:
            asyncio.run(create_topics(self.settings.kafka, self.settings, subscribers=("RYX",)))
            migrate(self.settings.real_database_url())
            self.supervisor.start()
            try:
                yield
            finally:
                self.supervisor.stop()
        finally:
            self.kafka.stop()

    def take_kafka_away(self) -> None:
        """SIGKILL, or a clean stop."""
        if self.plan.how == "kill":
            os.kill(self.kafka.pid, signal.SIGKILL)
        self.kafka.stop()

    def bring_kafka_back(self) -> None:
        """The same files, the same port."""
        self.kafka = self._kafka()
        self.kafka.start()
        if self.kafka.bootstrap != self.settings.kafka:
            raise RuntimeError("somebody took the port of Kafka while it was away; run it again")

    @contextlib.contextmanager
    def kafka_paused(self) -> Iterator[None]:
        """A broker that takes connections and bytes, and answers nothing until it goes on."""
        with paused(self.kafka.pid):
            yield

    def gateway_rss_mb(self) -> float:
        """The resident memory of the gateway now; 0 while it is being restarted."""
        pid = self.supervisor.pids().get("gateway")
        try:
            pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        except (OSError, IndexError):
            return 0.0
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def read_by_all(self) -> int:
        """Decisions that the projector and the outbox have both read."""
        engine = make_engine(self.settings.real_database_url())
        try:
            with reading(engine) as conn:
                read = [
                    sum(
                        n
                        for (topic, _), n in saved_positions(conn, who).items()
                        if topic == DECISIONS
                    )
                    for who in ("project", "deliver")
                ]
        finally:
            engine.dispose()
        return min(read)
