"""Fail-over between the channels of one recipient, in the delivery role and over real receivers."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from hub.core.model import Level, NoticeReason, Signal
from hub.core.outcomes import ObligationMet, type_of_outcome
from hub.edges.directory import Directory, directory_from
from hub.ops import metrics
from hub.ops.clock import HeldClock
from hub.ops.metrics_channels import declare_next_channels
from hub.roles.queueing import Times, take_in
from hub.store import outbox, outbox_reports
from hub.store import tables as t
from hub.store.engine import reading
from tests.channels.tools import SECRET
from tests.servers.webhooks import Receiver, receiving
from tests.store.records import GP, HOUR, T0, decision, issued, reached
from tests.store.test_delivery import Rig

SECOND = timedelta(seconds=1)
DUE = T0 + 24 * HOUR
DOWN: tuple[int, dict[str, str]] = (503, {})


@dataclass
class TwoHooks(Rig):
    """A practice with two systems, the second for when the first has not done it in time."""

    urls: tuple[str, ...] = ()

    @property
    def directory(self) -> Directory:
        """Both, in their order."""
        first, *more = ({"channel": "webhook", "address": u, "secret": SECRET} for u in self.urls)
        return directory_from({"endpoint": [{"organisation": GP, **first, "then": more}]})

    def decide(self, *outcomes: type_of_outcome) -> None:
        """A decision comes in, at the hub's present time."""
        times = Times(self.now(), self.clock.now())
        take_in(self.engine, self.directory, [decision(1, *outcomes)], {}, times)

    def skip(self, more: timedelta) -> None:
        """Real time goes on by so much, and nobody has to wait for it."""
        before = self.now
        self.now = lambda: before() + more

    def log(self) -> list[tuple[Any, ...]]:
        """The delivery log: where, and what it came to."""
        a = t.attempts.c
        with reading(self.engine) as conn:
            rows = conn.execute(sa.select(a.destination_id, a.result).order_by(a.at, a.n))
            return [tuple(row) for row in rows]


@dataclass
class Scene:
    """The delivery role with both receivers."""

    rig: TwoHooks
    first: Receiver
    second: Receiver

    def until_taken(self, first: int, second: int) -> None:
        """Deliver until each receiver has seen so many posts, and the core what came of them."""
        self.rig.run(
            lambda: (
                len(self.first.taken) >= first
                and len(self.second.taken) >= second
                and self._all_written_down()
            )
        )

    def _all_written_down(self) -> bool:
        """Whether every post is in the log, and the core knows all that there is to tell it.

        In this order: what is written down after the look at the log is untold at the next one.
        """
        if len(self.rig.log()) < len(self.first.taken) + len(self.second.taken):
            return False
        with reading(self.rig.engine) as conn:
            return not outbox_reports.unreported(conn, 1)

    def ids(self) -> tuple[list[str], list[str]]:
        """The notice ids that each has seen."""
        first, second = (
            [taken.headers["webhook-id"] for taken in receiver.taken]
            for receiver in (self.first, self.second)
        )
        return first, second


def went_on() -> float:
    """How many notices have gone on from one webhook to another."""
    declare_next_channels(["webhook"])
    labels = {"from_channel": "webhook", "to_channel": "webhook"}
    return metrics.REGISTRY.get_sample_value("hub_next_channel_total", labels) or 0.0


@pytest.fixture
def scene(lite: Engine, tmp_path: Path) -> Iterator[Scene]:
    """At noon, and nothing has been sent."""
    clock = HeldClock(tmp_path / "clock")
    clock.move(T0)
    with contextlib.ExitStack() as stack:
        first, second = (stack.enter_context(receiving()) for _ in range(2))
        rig = TwoHooks(lite, clock, urls=(first.url, second.url))
        rig.now = lambda: datetime.now(UTC)
        yield Scene(rig, first, second)


def test_the_second_channel_takes_over_when_the_time_of_the_first_is_up(scene: Scene) -> None:
    """Half of the time is gone: a copy with the same id goes out, and the first is tried on."""
    rig = scene.rig
    scene.first.answers = [DOWN, DOWN, (204, {})]
    rig.decide(issued(due_at=DUE))
    scene.until_taken(1, 0)
    before = went_on()
    rig.clock.move(T0 + 12 * HOUR - SECOND)
    rig.skip(HOUR)
    scene.until_taken(2, 0)
    assert (["n-1", "n-1"], []) == scene.ids()
    assert before == went_on()
    rig.clock.move(T0 + 12 * HOUR)
    scene.until_taken(2, 1)
    assert 1 == went_on() - before
    assert ["n-1"] == scene.ids()[1]
    assert [("n-1", Signal.DELIVERED)] == rig.signals()
    rig.skip(HOUR)
    scene.until_taken(3, 1)
    assert [("n-1", Signal.DELIVERED)] * 2 == rig.signals()
    hook, other = f"webhook:{GP}", f"webhook:{GP}/1"
    assert [
        (hook, "failed"),
        (hook, "failed"),
        (other, "delivered"),
        (hook, "delivered"),
    ] == rig.log()


def test_a_notice_that_was_delivered_and_not_accepted_is_sent_over_the_next(scene: Scene) -> None:
    """Delivered is not what the duty asks for: somebody has to see it."""
    rig = scene.rig
    rig.decide(issued(due_at=DUE, level_needed=Level.ACCEPTED))
    scene.until_taken(1, 0)
    rig.decide(reached(Signal.DELIVERED))
    rig.clock.move(T0 + 12 * HOUR)
    scene.until_taken(1, 1)
    assert (["n-1"], ["n-1"]) == scene.ids()


@pytest.mark.parametrize(
    "said",
    [
        (reached(Signal.ACCEPTED),),
        (
            reached(Signal.OPENED),
            ObligationMet(obligation_id="o-1", level=Level.ACTED, met_at=T0, late=False),
        ),
        (reached(Signal.NOT_OURS, counts=False),),
    ],
    ids=["accepted", "met otherwise", "handed back"],
)
def test_whoever_has_been_reached_gets_no_copy(
    scene: Scene, said: tuple[type_of_outcome, ...]
) -> None:
    """On whichever way it was proved, the worklist among them."""
    rig = scene.rig
    rig.decide(issued(due_at=DUE))
    scene.until_taken(1, 0)
    rig.decide(*said)
    rig.clock.move(DUE + HOUR)
    rig.decide(issued("n-2", "o-2", due_at=DUE))
    scene.until_taken(2, 1)
    assert (["n-1", "n-2"], ["n-2"]) == scene.ids()


def test_a_destination_that_is_down_is_not_waited_for(scene: Scene) -> None:
    """After five failures in a row, long before the deadline; the next notice at once."""
    rig = scene.rig
    scene.first.answers = [DOWN]
    rig.decide(issued(due_at=DUE))
    for posts in range(1, outbox.PAUSE_AFTER + 1):
        assert not scene.second.taken
        scene.until_taken(posts, 0)
        rig.skip(HOUR)
    scene.until_taken(outbox.PAUSE_AFTER, 1)
    rig.decide(issued("n-2", "o-2", due_at=DUE))
    scene.until_taken(outbox.PAUSE_AFTER, 2)
    assert ["n-1", "n-2"] == scene.ids()[1]


def test_an_address_that_is_gone_makes_way_at_once_and_is_no_bounce(scene: Scene) -> None:
    """The core hears that it was delivered, and not that it came back."""
    rig = scene.rig
    scene.first.answers = [(410, {})]
    rig.decide(issued(due_at=DUE))
    scene.until_taken(1, 1)
    assert [("n-1", Signal.DELIVERED)] == rig.signals()


def test_when_every_channel_gives_it_back_the_core_hears_it_once(scene: Scene) -> None:
    """Then somebody owns it; the worklist has it all the while."""
    rig = scene.rig
    scene.first.answers = scene.second.answers = [(410, {})]
    rig.decide(issued(due_at=DUE))
    scene.until_taken(1, 1)
    rig.run(lambda: bool(rig.kafka.told))
    assert [("n-1", Signal.BOUNCED)] == rig.signals()


def test_what_takes_a_notice_back_goes_over_every_channel(scene: Scene) -> None:
    """The notice may have been read on any of them."""
    rig = scene.rig
    before = went_on()
    rig.decide(issued(due_at=DUE, reason=NoticeReason.WITHDRAWN))
    scene.until_taken(1, 1)
    assert (["n-1"], ["n-1"]) == scene.ids()
    assert before == went_on(), "that is no failure of the first"


def test_once_the_deadline_has_passed_nobody_waits(scene: Scene) -> None:
    """What is late already goes over all of them."""
    rig = scene.rig
    rig.decide(issued(due_at=T0 - HOUR))
    scene.until_taken(1, 1)
    assert (["n-1"], ["n-1"]) == scene.ids()
