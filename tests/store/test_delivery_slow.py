"""Recipients that take long over every answer: what they cost the others."""

import asyncio

import pytest

from hub.core.model import Signal
from hub.edges.avro import NoticeRecord
from hub.edges.channels.base import Delivered, type_of_result
from hub.edges.directory import Endpoint
from hub.roles import attempts, delivery
from tests.store.test_delivery import Rig, rig

__all__ = ["rig"]


def test_slow_destinations_leave_places_to_the_others(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes long over an answer shares the places of what fails, until it answers faster."""
    monkeypatch.setattr(delivery, "MOST_FAILING", 2)
    monkeypatch.setattr(attempts, "SLOW_SECONDS", 0.05)
    slow, under_way, most = {f"S{n}" for n in range(6)}, 0, 0

    class Carrier:
        """Stands for six systems that take their time."""

        name = "carrier"
        together = 1

        async def start(self) -> None:
            """Nothing to begin."""

        async def stop(self) -> None:
            """Nothing to end."""

        async def send(self, _notice: NoticeRecord, _endpoint: Endpoint) -> type_of_result:
            """Take it, and count how many of the slow are under way once all are known."""
            nonlocal under_way, most
            under_way += 1
            known = slow <= rig.delivered_to()
            most = max(most, under_way) if known else most
            await asyncio.sleep(0.2)
            under_way -= 1
            return Delivered(Signal.DELIVERED)

    rig.further["carrier"] = Carrier()
    for organisation in slow:
        for n in range(3):
            rig.queue(f"n-{organisation}-{n}", organisation)
    rig.run(lambda: set(rig.states().values()) == {"delivered"})
    assert 2 == most
