"""A26: nobody leads; each worker wakes only what it owns."""

import asyncio
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from faust.types.tuples import TP

from agents.agenda import Agenda, send_wakes
from agents.transport import ready
from agents.transport.consumer import consumer_of
from agents.transport.offsets import OffsetRun
from agents.transport.producer import producer_of
from hub.ops.topics import INPUTS
from tests.agents.test_agenda import NOON
from tests.engine.bench_parts import hub_app, stock_app, stock_consumer


class Standing:
    """A clock that stands."""

    def now(self) -> Any:
        """Noon."""
        return NOON


def leads(assignment: set[TP]) -> bool:
    """Whether a plain Faust worker believes that it leads, given what it thinks is assigned."""
    consumer = stock_consumer()
    consumer.assignment = lambda: assignment  # type: ignore[method-assign]  # stands for aiokafka
    return bool(consumer.app.is_leader())


def test_a26_faust_has_two_leaders_or_none() -> None:
    """A worker that was paused still holds its old assignment, and a rebalance leaves no leader."""

    async def ask() -> list[bool]:
        app: Any = stock_app()
        place = app._leader_assignor._leader_tp
        paused, successor = {place}, {place, TP("inputs", 0)}
        rebalancing: list[set[TP]] = [set(), set()]
        return [leads(each) for each in (paused, successor, *rebalancing)]

    assert [True, True, False, False] == asyncio.run(ask())


def test_a26_a_worker_wakes_only_what_it_owns(tmp_path: Path) -> None:
    """Nothing for a partition that went away, and nothing at all while it rebalances."""

    async def ours() -> tuple[list[tuple[str, int]], bool, bool]:
        app = hub_app(tmp_path)
        consumer = consumer_of(app)
        consumer._thread.thread_loop.close()
        consumer.runs[TP(INPUTS, 1)] = OffsetRun(0, 1)
        sent: list[tuple[str, int]] = []

        async def hand_over(_batch: Any, topic: str, partition: int, _confirmed: Any) -> None:
            sent.append((topic, partition))

        producer = producer_of(app)
        producer.hand_over = hand_over  # type: ignore[assignment, method-assign]  # there is no broker
        producer._producer = AIOKafkaProducer(bootstrap_servers="127.0.0.1:1")
        agenda = Agenda()
        for partition in range(4):
            agenda.note(partition, b"ep-1", NOON)
        await send_wakes(app, Standing(), agenda)
        await producer._producer.stop()
        owning = ready(app)
        app.rebalancing = True
        return sent, owning, ready(app)

    assert ([(INPUTS, 1)], True, False) == asyncio.run(ours())
