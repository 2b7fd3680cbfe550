"""Values that no record can hold: kept back one by one, or said at once; the worker lives."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiokafka import ConsumerRecord
from confluent_kafka import Producer
from msgspec.structs import replace
from pydantic import SecretStr

from agents.context import Context, context_from
from agents.episodes import absorb
from agents.fitting import closed_to_fit
from agents.kept import Kept, close_kept, open_kept
from agents.outputs import Output, Sender
from agents.transport import MAX_RECORD_BYTES
from agents.transport.producer import producer_of
from hub.core.model import Input, InputKind
from hub.edges.avro import decode_quarantine, encode_input
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.settings import Settings
from hub.ops.topics import DECISIONS, INPUTS, MATTERS, QUARANTINE
from tests.engine.hub_workers import TopicReader, decisions_of, hub_workers
from tests.engine.test_effectively_once import booking
from tests.engine.test_limits import app_that_counts

EPISODE = "ep-large"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LARGE_BYTES = 200_000
FILLERS = 6
"""Each leaves its large value in the state: from the fourth on there is no room for another."""


def filler(number: int) -> Input:
    """A booking with another large value, below what an event may weigh."""
    event = booking(number)
    event = replace(event, body=event.body | {"provider": chr(65 + number) * LARGE_BYTES})
    return Input(
        input_id=f"filler-{number}", kind=InputKind.EVENT, at=NOW, episode_id=EPISODE, event=event
    )


def wake(input_id: str, episode_id: str) -> Input:
    """An input with little in it but its id, which the decision repeats."""
    return Input(input_id=input_id, kind=InputKind.WAKE, at=NOW, episode_id=episode_id)


def largest() -> Input:
    """An input that fits into its record, while the decision on it would not."""
    room = MAX_RECORD_BYTES - len(encode_input(wake("", "ep-long")))
    return wake("w" * (room - 4), "ep-long")


def context(folder: Path) -> Context:
    """The agents' own, with the packaged policy."""
    key = SecretStr("for tests only, and long enough to be taken")
    return context_from(Settings(data_dir=folder, secret_key=key))


def record_of(given: Input, offset: int) -> ConsumerRecord[bytes, bytes]:
    """An input where it stands in the log."""
    key, value = given.episode_id.encode(), encode_input(given)
    return ConsumerRecord(INPUTS, 0, offset, 0, 0, key, value, None, 3, 1, ())


def topics_of(outputs: Sequence[Output] | None) -> list[str]:
    """Where the outputs of one input go; what is counted for a matter is not looked at here."""
    return [output.topic for output in outputs or () if output.topic != MATTERS]


def test_an_input_that_makes_the_state_too_large_is_kept_back(tmp_path: Path) -> None:
    """It changes nothing and has its quarantine record; what fits after it is decided as ever."""
    agents, kept = context(tmp_path), Kept()
    said = []
    for offset in range(FILLERS):
        kept = absorb(agents, record_of(filler(offset), offset), kept, offset)
        said.append(topics_of(kept.again(offset)))
    assert [[DECISIONS]] * 3 + [[DECISIONS, QUARANTINE]] * (FILLERS - 3) == said

    fits = absorb(agents, record_of(wake("w-1", EPISODE), FILLERS), kept, FILLERS)
    assert [DECISIONS] == topics_of(fits.again(FILLERS))
    assert 800_000 < len(kept.state) < MAX_RECORD_BYTES


def test_an_input_whose_decision_is_too_large_is_kept_back(tmp_path: Path) -> None:
    """Instead of its decision there is an empty one, and the quarantine record beside it."""
    fresh = absorb(context(tmp_path), record_of(largest(), 0), Kept(), 0)
    outputs = fresh.again(0) or ()
    assert [DECISIONS, QUARANTINE] == topics_of(outputs)
    assert len(outputs[0].value) < 200


@pytest.mark.parametrize(("beside", "settled"), [(100, False), (700_000, True)])
def test_outputs_that_do_not_fit_beside_the_state_are_said_at_once(
    tmp_path: Path, beside: int, *, settled: bool
) -> None:
    """They are handed over and confirmed before the state that no longer holds them is stored."""

    async def ours() -> tuple[bytes, int, list[int], int]:
        async with app_that_counts(tmp_path) as (app, sizes):
            producer: Any = producer_of(app)
            flushes: list[int] = []

            async def flush() -> None:
                flushes.append(len(sizes))

            producer.flush = flush
            earlier = (Output(DECISIONS, b"k", b"e" * beside),)
            last = (Output(DECISIONS, b"k", b"l" * 1_000),)
            state = b"\xc6" + (500_000).to_bytes(4, "big") + bytes(500_000)
            fresh = Kept().after(0, state, earlier, confirmed=0).after(1, state, last, confirmed=0)
            stored, left = await closed_to_fit("t", b"k", fresh, close_kept, Sender(app))
            return stored, len(left), sizes, len(flushes)

    stored, left, sizes, flushes = asyncio.run(ours())
    opened = open_kept(stored)
    assert len(stored) <= MAX_RECORD_BYTES
    assert opened.last_offset == 1
    assert (
        (0, 1, 1, 0) == (left, len(sizes), flushes, len(opened.said))
        if settled
        else ((1, 0, 0, 2) == (left, len(sizes), flushes, len(opened.said)))
    )


@pytest.mark.stack
def test_a_worker_lives_through_oversized_values(own_kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """One state and one decision too large: quarantined, nobody ends, and what follows is decided.

    The states before are too large together with what a crash could lose, and are stored without.
    """
    given = [filler(number) for number in range(4)] + [largest()]
    given += [wake("after-1", EPISODE), wake("after-2", "ep-long")]
    with hub_workers(own_kafka.bootstrap, tmp_path) as workers:
        publish(own_kafka.bootstrap, given)
        decisions = decisions_of(own_kafka.bootstrap)
        quarantine = TopicReader(own_kafka.bootstrap, QUARANTINE)
        workers.start("w1")
        wanted = {(EPISODE, seq) for seq in range(1, 6)} | {("ep-long", 1), ("ep-long", 2)}
        workers.until(lambda: wanted <= set(decisions.look()[0]))
        found, conflicts = decisions.look()
        kept_back = [decode_quarantine(value) for _, value in quarantine.look()]

    assert (0, []) == (conflicts, workers.exits)
    assert {EPISODE, "ep-long"} == {one.episode_id for one in kept_back}
    assert 2 == len(kept_back)
    assert "after-1" == found[EPISODE, 5].input_id
    assert "after-2" == found["ep-long", 2].input_id


def publish(bootstrap: str, inputs: list[Input]) -> None:
    """Put inputs into the log as the identity agent does."""
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "partitioner": "murmur2_random",
            "message.max.bytes": 1_048_588,
            "enable.idempotence": True,
        }
    )
    for one in inputs:
        producer.produce(INPUTS, key=one.episode_id.encode(), value=encode_input(one))
    assert 0 == producer.flush(30)
