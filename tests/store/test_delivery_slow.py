"""Recipients that take long over an answer: what they cost, and what is looked at then."""

import asyncio

import pytest
import sqlalchemy as sa

from hub.core.model import Signal
from hub.edges.avro import NoticeRecord
from hub.edges.channels.base import Delivered, type_of_result
from hub.edges.directory import Endpoint
from hub.roles import attempts
from hub.store import tables as t
from hub.store.engine import reading, writing
from hub.store.outbox_queue import cancel_duty
from tests.store.test_delivery import Rig, rig

__all__ = ["rig"]


def test_slow_destinations_leave_places_to_the_others(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of six places two are for what fails or takes long over an answer, until that is faster."""
    monkeypatch.setattr(attempts, "SLOW_SECONDS", 0.05)
    slow, under_way, most = {f"S{n}" for n in range(6)}, 0, 0

    class Carrier:
        """Stands for six systems that take their time."""

        name = "carrier"
        together = 1
        places = 6

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


def test_what_is_cancelled_while_the_one_before_is_under_way_is_not_sent(rig: Rig) -> None:
    """They were read together; the second is looked at again when the first is written down."""
    sent: list[str] = []

    class Carrier:
        """Takes a notice, and the next one's duty ends meanwhile."""

        name = "carrier"
        together = 1
        places = 64

        async def start(self) -> None:
            """Nothing to begin."""

        async def stop(self) -> None:
            """Nothing to end."""

        async def send(self, notice: NoticeRecord, _endpoint: Endpoint) -> type_of_result:
            """Take it; the log must say so before the next one comes."""
            logged = set(sent)
            with reading(rig.engine) as conn:
                assert logged == set(conn.scalars(sa.select(t.attempts.c.notice_id)))
            sent.append(notice.notice_id)
            if len(sent) == 1:
                with writing(rig.engine) as conn:
                    assert 1 == cancel_duty(conn, "another", ["n-2"])
            return Delivered(Signal.DELIVERED)

    rig.further["carrier"] = Carrier()
    for n in range(1, 5):
        rig.queue(f"n-{n}", "S0")
    rig.run(lambda: "pending" not in rig.states().values())
    assert ["n-1", "n-3", "n-4"] == sent
    assert "cancelled" == rig.states()["n-2"]
