"""The delivery loop over a carrier that takes many notices at once, as a broker does."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Engine

from hub.core.model import Signal
from hub.edges.channels.base import Channel, Delivered, DeliveryReason, Failed, type_of_result
from hub.edges.directory import Directory, Endpoint, directory_from
from hub.edges.records import NoticeRecord
from hub.ops.clock import HeldClock
from hub.store import tables as t
from hub.store.engine import reading
from tests.store.records import GP
from tests.store.test_delivery import HUB_TIME, Rig


def held(folder: Path) -> HeldClock:
    """A hub clock that stands still."""
    clock = HeldClock(folder / "clock")
    clock.move(HUB_TIME)
    return clock


@dataclass
class Carrier:
    """A channel whose carrier takes many at once, as a broker does, and refuses some."""

    refused: set[str] = field(default_factory=set)
    taken: list[list[str]] = field(default_factory=list)
    name = "kafka"
    together = 50
    places = 64
    _under_way: list[str] = field(default_factory=list)

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

    async def send(self, notice: NoticeRecord, endpoint: Endpoint) -> type_of_result:
        """Answer a moment later, so that what comes together is seen to be together."""
        del endpoint
        if not self._under_way:
            self.taken.append(self._under_way)
        self._under_way.append(notice.notice_id)
        await asyncio.sleep(0.01)
        self._under_way = []
        failed = notice.notice_id in self.refused
        return Failed(DeliveryReason.BROKER) if failed else Delivered(Signal.SENT)


@dataclass
class _WithCarrier(Rig):
    """A rig in which the practice reads a carrier's log."""

    carrier: Carrier = field(default_factory=Carrier)

    @property
    def directory(self) -> Directory:
        return directory_from({"endpoint": [{"organisation": GP, "channel": "kafka"}]})

    def channels(self) -> dict[str, Channel]:
        return super().channels() | {"kafka": self.carrier}


def test_a_carrier_gets_many_at_once_and_each_has_its_attempt(lite: Engine, tmp_path: Path) -> None:
    """In the order they were made, and one attempt and one receipt for each."""
    rig = _WithCarrier(lite, held(tmp_path))
    many = [f"n-{number:03}" for number in range(120)]
    for notice_id in many:
        rig.queue(notice_id)
    rig.run(rig.all_reported)
    assert many == [notice_id for together in rig.carrier.taken for notice_id in together]
    assert [50, 50, 20] == [len(together) for together in rig.carrier.taken]
    assert sorted(many) == sorted(notice_id for notice_id, _ in rig.signals())


def test_a_carrier_that_refuses_some_has_failed_once(lite: Engine, tmp_path: Path) -> None:
    """What got through is not sent again, what did not waits, and the place is not put to bed."""
    rig = _WithCarrier(lite, held(tmp_path))
    rig.carrier.refused = {f"n-{number:03}" for number in range(10, 20)}
    for number in range(30):
        rig.queue(f"n-{number:03}")
    rig.run(lambda: len(rig.kafka.told) == 20)
    assert rig.carrier.refused == {each for each, s in rig.states().items() if s == "pending"}
    with reading(lite) as conn:
        standing = conn.execute(sa.select(t.destinations)).one()
        assert (1, None) == (standing.failures_in_a_row, standing.paused_until)
        assert 30 == conn.scalar(sa.select(sa.func.count()).select_from(t.attempts))
