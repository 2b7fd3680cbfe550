"""The delivery loop, from the outbox to a real receiver and back to the core."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from hub.core.model import Input, InputKind, Signal
from hub.edges.avro import encode_input
from hub.edges.channels.base import Channel
from hub.edges.channels.webhook import WebhookChannel
from hub.edges.channels.worklist import WorklistChannel
from hub.edges.directory import Directory, directory_from
from hub.edges.publish import Unavailable
from hub.ops.clock import HeldClock
from hub.roles.attempts import Means
from hub.roles.delivery import LISTED_AT_ONCE, Delivery
from hub.roles.failover import FailOver
from hub.store import outbox, readdressing
from hub.store import tables as t
from hub.store.engine import reading, writing
from hub.store.outbox_queue import cancel_duty
from tests.channels.tools import SECRET
from tests.patience import PATIENCE_SECONDS
from tests.servers.webhooks import receiving
from tests.store.records import EPISODE, GP, HV, T0, notice_record

HUB_TIME = T0 + timedelta(days=3)


@dataclass
class Kafka:
    """Where receipts go: Kafka as the loop sees it, which may be away for a while."""

    refusals: int = 0
    told: list[Input] = field(default_factory=list)

    async def publish_input(self, given: Input) -> None:
        """Confirm, or be away."""
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("away")
        self.told.append(given)


@dataclass
class Rig:
    """A delivery loop over SQLite, with a receiver for the practice and one for the visitors."""

    engine: Engine
    clock: HeldClock
    kafka: Kafka = field(default_factory=Kafka)
    hooks: dict[str, str] = field(default_factory=dict)
    further: dict[str, Channel] = field(default_factory=dict)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def directory(self) -> Directory:
        """Webhooks for those that have one; a test's own channel, or the worklist, for the rest."""
        rows = [
            {"organisation": ods, "channel": "webhook", "address": url, "secret": SECRET}
            for ods, url in self.hooks.items()
        ]
        others = [
            {"organisation": f"S{n}", "channel": name} for name in self.further for n in range(6)
        ]
        return directory_from({"endpoint": rows + others})

    def channels(self) -> dict[str, Channel]:
        """Those beside the webhook."""
        return {"worklist": WorklistChannel(), **self.further}

    def delivered_to(self) -> set[str]:
        """Who has got a notice."""
        with reading(self.engine) as conn:
            got = t.outbox.c.state == "delivered"
            return set(conn.scalars(sa.select(t.outbox.c.organisation).where(got)))

    def queue(
        self, notice_id: str, organisation: str = GP, *, age: timedelta | None = None
    ) -> None:
        """Put a notice in the outbox."""
        record = notice_record(notice_id, organisation=organisation)
        endpoint = self.directory.endpoint(organisation, record.role)
        with writing(self.engine) as conn:
            outbox.queue_notice(conn, record, endpoint, self.now() - (age or timedelta(0)))

    def run(self, until: Callable[[], bool]) -> None:
        """Run the loop until something is so.  Fails when it does not come true in time."""
        asyncio.run(self._run(until))

    async def _run(self, until: Callable[[], bool]) -> None:
        async with self._delivering(), asyncio.timeout(PATIENCE_SECONDS):
            # What is waited for happens in the database, which has no events.
            while not until():  # noqa: ASYNC110  as said
                await asyncio.sleep(0.01)

    @contextlib.asynccontextmanager
    async def _delivering(self) -> AsyncIterator[None]:
        webhook = WebhookChannel(allow_loopback=True, total_seconds=2)
        means = Means(
            engine=self.engine,
            directory=self.directory,
            channels=self.channels() | {"webhook": webhook},
            core=self.kafka,
            clock=self.clock,
            now=self.now,
            jitter=lambda: 0.0,
        )
        delivery = Delivery(means)
        loops = asyncio.gather(delivery.run(), FailOver(means, delivery.wake).run())
        try:
            yield
        finally:
            loops.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await loops
            await asyncio.gather(*(each.stop() for each in means.channels.values()))

    def states(self) -> dict[str, str]:
        """Where each notice stands."""
        with reading(self.engine) as conn:
            rows = conn.execute(sa.select(t.outbox.c.notice_id, t.outbox.c.state))
            return {row.notice_id: row.state for row in rows}

    def all_reported(self) -> bool:
        """Whether the core has been told of every notice."""
        with reading(self.engine) as conn:
            return not conn.scalar(sa.select(sa.exists().where(sa.not_(t.outbox.c.reported))))

    def signals(self) -> list[tuple[str, Signal]]:
        """What the core has been told."""
        return [(g.receipt.notice_id, g.receipt.signal) for g in self.kafka.told if g.receipt]


@pytest.fixture
def rig(lite: Engine, tmp_path: Path) -> Rig:
    """An empty outbox, and a hub clock that stands still three days later."""
    clock = HeldClock(tmp_path / "clock")
    clock.move(HUB_TIME)
    return Rig(lite, clock)


def test_a_notice_on_the_worklist_is_sent_and_no_more(rig: Rig) -> None:
    """The core hears of it once, at the hub's time, as an input of the notice's episode."""
    rig.queue("n-1")
    rig.run(rig.all_reported)
    (given,) = rig.kafka.told
    assert given.receipt is not None
    assert (InputKind.RECEIPT, EPISODE, HUB_TIME) == (given.kind, given.episode_id, given.at)
    assert (Signal.SENT, GP, "GP_PRACTICE", HUB_TIME, "worklist") == (
        given.receipt.signal,
        given.receipt.organisation,
        given.receipt.role,
        given.receipt.at,
        given.receipt.channel,
    )
    assert {"n-1": "sent"} == rig.states()


def test_a_webhook_that_fails_first_is_delivered_by_a_retry(rig: Rig) -> None:
    """Twice under the same id; the core hears only of the success."""
    with receiving() as receiver:
        receiver.answers = [(503, {}), (204, {})]
        rig.hooks[GP] = receiver.url
        rig.queue("n-1")
        rig.run(rig.all_reported)
    assert ["n-1", "n-1"] == [taken.headers["webhook-id"] for taken in receiver.taken]
    assert [("n-1", Signal.DELIVERED)] == rig.signals()


def test_a_recipient_that_is_gone_is_reported_at_once(rig: Rig) -> None:
    """No retry could help, so the core must know now; the reason is a code."""
    with receiving() as receiver:
        receiver.answers = [(410, {})]
        rig.hooks[GP] = receiver.url
        rig.queue("n-1")
        rig.run(rig.all_reported)
    (given,) = rig.kafka.told
    assert given.receipt is not None
    assert (Signal.BOUNCED, "gone") == (given.receipt.signal, given.receipt.detail)
    assert 1 == len(receiver.taken)


def test_after_days_in_vain_the_core_hears_that_it_bounced(rig: Rig) -> None:
    """Real days, whatever the hub's clock says."""
    with receiving() as receiver:
        receiver.answers = [(503, {})]
        rig.hooks[GP] = receiver.url
        rig.queue("n-1", age=outbox.GIVE_UP)
        rig.run(rig.all_reported)
    assert [("n-1", Signal.BOUNCED)] == rig.signals()
    assert {"n-1": "exhausted"} == rig.states()


def test_a_dead_destination_delays_no_other(rig: Rig) -> None:
    """While the practice's system hangs, the visitors' notices go out in order."""
    with receiving() as hanging, receiving() as alive:
        hanging.wait_seconds = 1.0
        rig.hooks |= {GP: hanging.url, HV: alive.url}
        for n in range(3):
            rig.queue(f"n-dead-{n}", GP)
        for n in range(5):
            rig.queue(f"n-{n}", HV)
        rig.run(lambda: 5 == len(alive.taken))
        assert len(hanging.taken) <= 1
        assert [f"n-{n}" for n in range(5)] == [t.headers["webhook-id"] for t in alive.taken]


def test_nothing_more_is_tried_at_a_destination_that_just_failed(rig: Rig) -> None:
    """One failure, not one for each of the notices that wait there."""
    with receiving() as receiver:
        receiver.answers = [(503, {"retry-after": "3600"})]
        rig.hooks[GP] = receiver.url
        for n in range(10):
            rig.queue(f"n-{n}")
        rig.queue("n-other", HV)
        rig.run(lambda: "sent" == rig.states()["n-other"] and bool(receiver.taken))
    assert 1 == len(receiver.taken)


def test_a_cancelled_notice_is_not_sent(rig: Rig) -> None:
    """The duty ended before its first attempt."""
    with receiving() as receiver:
        rig.hooks[GP] = receiver.url
        rig.queue("n-1")
        with writing(rig.engine) as conn:
            cancel_duty(conn, "o-1", ("n-1",))
        rig.queue("n-2", HV)
        rig.run(lambda: "sent" == rig.states()["n-2"])
    assert [] == receiver.taken
    assert "cancelled" == rig.states()["n-1"]


def test_a_receipt_that_was_not_confirmed_is_told_again_and_is_the_same(rig: Rig) -> None:
    """Kafka away, and a restart in between: the core gets the very same input."""
    rig.queue("n-1")
    rig.kafka.refusals = 1
    rig.run(lambda: 0 == rig.kafka.refusals)
    rig.clock.move(HUB_TIME + timedelta(days=1))
    rig.run(rig.all_reported)
    (first,) = rig.kafka.told
    with writing(rig.engine) as conn:
        conn.execute(sa.update(t.outbox).values(reported=False))
    rig.run(rig.all_reported)
    assert [encode_input(first)] * 2 == [encode_input(each) for each in rig.kafka.told]


def test_a_channel_that_the_hub_does_not_have_is_a_failure_to_deliver(rig: Rig) -> None:
    """A wrong word in the directory stops nobody else, and is retried until it is mended."""
    rig.queue("n-1")
    directory = directory_from(
        {"endpoint": [{"organisation": GP, "channel": "pigeon", "destination_id": "pigeon:gp"}]}
    )
    with writing(rig.engine) as conn:
        readdressing.readdress(conn, directory, rig.now())
    rig_with = _WithDirectory(rig.engine, rig.clock, rig.kafka, given=directory)
    rig_with.run(lambda: bool(_reasons(rig.engine)))
    assert ["no_channel"] == _reasons(rig.engine)[:1]
    assert {"n-1": "pending"} == rig.states()


@dataclass
class _WithDirectory(Rig):
    """A rig whose directory is given."""

    given: Directory = field(default_factory=lambda: directory_from({}))

    @property
    def directory(self) -> Directory:
        return self.given


def _reasons(engine: Engine) -> list[str | None]:
    with reading(engine) as conn:
        return list(conn.scalars(sa.select(t.attempts.c.reason)))


def test_a_worklist_is_written_down_many_at_once_and_told_of_one_by_one(rig: Rig) -> None:
    """Every notice has its attempt and its receipt, and what was cancelled before has neither."""
    many = [f"n-{number}" for number in range(LISTED_AT_ONCE + 5)]
    for notice_id in (*many, "n-cancelled"):
        rig.queue(notice_id)
    with writing(rig.engine) as conn:
        assert 1 == cancel_duty(conn, "another", ["n-cancelled"])
    rig.run(lambda: len(rig.kafka.told) >= len(many))
    with reading(rig.engine) as conn:
        logged = conn.execute(sa.select(t.attempts)).all()
    assert dict.fromkeys(many, "sent") | {"n-cancelled": "cancelled"} == rig.states()
    assert sorted(many) == sorted(row.notice_id for row in logged)
    assert {(1, "sent", "worklist", None)} == {
        (row.n, row.result, row.channel, row.reason) for row in logged
    }
    assert [(each, Signal.SENT) for each in sorted(many)] == sorted(rig.signals())
