"""A hub that sends posts to a publisher, over its own database, to a real receiver."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from standardwebhooks import Webhook

from hub.core.model import Input, Level, ObligationState, Signal
from hub.core.outcomes import LevelReached
from hub.edges.access import access_codec
from hub.edges.channels.signed import SignedPosts
from hub.edges.directory import Directory
from hub.edges.publish import Unavailable
from hub.edges.records import DecisionRecord
from hub.edges.schemas import default_schemas
from hub.ops.clock import HeldClock
from hub.roles.coverage_posts import Teller
from hub.roles.queueing import take_in
from hub.roles.senders import Senders, Sending
from hub.store.engine import make_engine, migrate, writing
from hub.store.projector import apply_decision
from tests.channels.tools import SECRET
from tests.core.stage import policy
from tests.servers.webhooks import Receiver, receiving
from tests.web import scene

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
POLICY = policy()


@dataclass
class Core:
    """Stands where Kafka would."""

    inputs: list[Input] = field(default_factory=list)
    away: bool = False

    async def publish_input(self, given: Input) -> None:
        """Keep it, or be away."""
        if self.away:
            raise Unavailable("Kafka did not confirm in time")
        self.inputs.append(given)


@dataclass
class Rig:
    """The posts of one hub, over its own database, to a real receiver."""

    engine: Engine
    receiver: Receiver
    directory: Directory
    clock: HeldClock
    core: Core = field(default_factory=Core)
    now: datetime = NOW

    def round(self) -> None:
        """One round of looking and sending."""

        async def go() -> None:
            posts = SignedPosts(allow_loopback=True, total_seconds=2)
            teller = Teller(
                engine=self.engine,
                directory=self.directory,
                policy=POLICY,
                codec=access_codec(default_schemas()),
            )
            means = Sending(
                engine=self.engine,
                directory=self.directory,
                posts=posts,
                core=self.core,
                clock=self.clock,
                now=lambda: self.now,
                teller=teller,
                jitter=lambda: 1.0,
            )
            await Senders(means).once()
            await posts.stop()

        asyncio.run(go())

    def decide(self, *outcomes: object, seq: int, folded: bool = True) -> DecisionRecord:
        """A decision, as the delivery role and (if so) the projector read it."""
        record = scene.record(seq, *outcomes)
        take_in(self.engine, self.directory, [record], {})
        if folded:
            with writing(self.engine) as conn:
                apply_decision(conn, record)
        return record

    def told(self) -> list[dict[str, Any]]:
        """What has come, each verified by the reference library."""
        for taken in self.receiver.taken:
            Webhook(SECRET).verify(taken.body, taken.headers)
        return [json.loads(taken.body) for taken in self.receiver.taken]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A hub whose hospital asked for posts about coverage; the booking is decided already."""
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    migrate(url)
    engine = make_engine(url)
    with writing(engine) as conn:
        scene.play(conn)
    clock = HeldClock(tmp_path / "clock")
    clock.move(scene.NOW)
    with receiving() as receiver:
        sender = {
            "organisation": "RXX",
            "webhook": receiver.url,
            "secret": SECRET,
            "coverage": True,
        }
        yield Rig(engine, receiver, scene.directory(senders=(sender,)), clock)
    engine.dispose()


def reached(level: Level, signal: Signal, state: ObligationState) -> LevelReached:
    """Evidence about the practice's notice."""
    return LevelReached(
        obligation_id="o-gp",
        notice_id="n-gp",
        signal=signal,
        level=level,
        state=state,
        counts=True,
        organisation="Y00001",
        channel="webhook",
        reached_at=scene.NOW,
    )


def line_of(post: dict[str, Any], role: str) -> dict[str, Any]:
    """What a post says of one role."""
    (line,) = (each for each in post["data"]["changed"] if each["role"] == role)
    return line  # type: ignore[no-any-return]  # it is JSON


SENT = reached(Level.SENT, Signal.SENT, ObligationState.SENT)
ACCEPTED = reached(Level.ACCEPTED, Signal.ACCEPTED, ObligationState.ACCEPTED)
