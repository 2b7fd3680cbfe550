"""The hub's own agents under SIGKILL, SIGSTOP and whatever publishers write: effects once."""

import signal
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from hub.core.model import Event, Person
from hub.core.outcomes import Escalated, EventRecorded, GapOpened
from hub.edges.avro import decode_input, encode_event
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.topics import INPUTS, family_topic
from tests.engine.hub_workers import Decisions, HubWorkers, TopicReader, decisions_of, hub_workers
from tests.pausing import await_stopped

pytestmark = pytest.mark.stack

BOOKINGS = family_topic("pregnancy")
SAFEGUARDING = family_topic("safeguarding")
EVENTS = 3_000
POISON = 20


def booking(number: int) -> Event:
    """A booking; a hundred women, so that each has many events."""
    now = datetime.now(UTC)
    return Event(
        id=f"b{number}",
        type="pregnancy.booked",
        source="RXX:MAT_PAS",
        occurred_at=now - timedelta(hours=1),
        received_at=now,
        subject=Person(reference=f"r{number % 100}"),
        body={
            "booked_on": now.date().isoformat(),
            "edd": (now.date() + timedelta(days=180)).isoformat(),
            "edd_basis": "scan",
            "parity": number % 7,
            "planned_contacts": 10,
            "provider": "RXX",
            "named_midwife": {"id": "mw-1", "name": None, "phone": None},
            "gp_ods": None,
            "hv_team_hint": "",
            "vulnerabilities": [],
            "late_reason": [],
            "sharing_ref": "",
        },
    )


def publish_as_publishers_do(bootstrap: str) -> tuple[set[str], set[str]]:
    """In transactions, of which some are taken back; the ids of what counts and what does not.

    Markers and aborted records leave holes in the offsets of the public topic, and a tenth of the
    events is published twice.
    """
    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "transactional.id": "a-publisher",
            "partitioner": "murmur2_random",
        }
    )
    producer.init_transactions(30)
    kept: set[str] = set()
    aborted: set[str] = set()
    for first in range(0, EVENTS, 100):
        taken_back = first % 500 == 200
        producer.begin_transaction()
        for number in range(first, first + 100):
            event = booking(number)
            key, value = f"r{number % 100}".encode(), encode_event(event)
            for _ in range(2 if number % 10 == 0 else 1):
                producer.produce(BOOKINGS, key=key, value=value)
            (aborted if taken_back else kept).add(event.id)
        if taken_back:
            producer.flush(30)
            producer.abort_transaction(30)
        else:
            producer.commit_transaction(30)
    return kept, aborted


class Inputs:
    """For each event among the inputs: to which episodes it was sent, and with what content."""

    def __init__(self, reader: TopicReader):
        self._reader = reader
        self._taken = 0
        self._found: dict[str, set[tuple[bytes, Any]]] = defaultdict(set)

    def look(self) -> dict[str, set[tuple[bytes, Any]]]:
        """Up to now."""
        records = self._reader.look()
        for key, value in records[self._taken :]:
            given = decode_input(value)
            if given.event is not None:
                self._found[given.input_id].add((key, encode_event(given.event)))
        self._taken = len(records)
        return self._found

    def at_least(self, events: int) -> bool:
        """Whether there are so many."""
        return len(self.look()) >= events


def test_identity_is_effectively_once_over_holes_and_through_kills(
    own_kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    """Transactions, aborted ones and duplicates on a public topic, and five SIGKILLs meanwhile.

    Every event that counts reaches one episode, with one content, and is decided as new once; none
    that was taken back is there; nothing conflicts; no worker stops over the holes.
    """
    with hub_workers(own_kafka.bootstrap, tmp_path) as workers:
        kept, aborted = publish_as_publishers_do(own_kafka.bootstrap)
        inputs = Inputs(TopicReader(own_kafka.bootstrap, INPUTS))
        decisions = decisions_of(own_kafka.bootstrap)
        for name in ("w1", "w2"):
            workers.start(name)
        for kill in range(1, 6):
            reached = partial(inputs.at_least, kill * 400)
            workers.until(reached)
            workers.kill(("w1", "w2")[kill % 2])
        workers.until(partial(inputs.at_least, len(kept)))
        workers.until(lambda: new_events(decisions).total() >= len(kept))
        found, (decided, conflicts) = inputs.look(), decisions.look()

    assert kept == set(found)
    assert not aborted & set(found)
    assert {1} == {len(contents) for contents in found.values()}
    assert (dict.fromkeys(kept, 1), 0) == (dict(new_events(decisions)), conflicts)
    assert unbroken(decided)
    assert 4 not in workers.exits, "a hole on a public topic ended a worker"


def new_events(decisions: Decisions) -> "Counter[str]":
    """How often each event was decided as new."""
    return Counter(
        outcome.event_id
        for decision in decisions.look()[0].values()
        for outcome in decision.outcomes
        if isinstance(outcome, EventRecorded) and outcome.how == "new"
    )


def unbroken(decided: dict[tuple[str, int], Any]) -> bool:
    """Whether the decisions of every episode are numbered 1, 2, 3 without a hole."""
    last: dict[str, int] = {}
    for episode_id, seq in sorted(decided):
        if seq != last.get(episode_id, 0) + 1:
            return False
        last[episode_id] = seq
    return True


def both_own(workers: HubWorkers) -> bool:
    """Whether both workers have opened stores: each has been given its partitions then."""
    folders = (workers.folder / "worker" / name for name in ("w1", "w2"))
    return all(any(folder.rglob("*.db")) for folder in folders)


def test_a26_two_workers_one_paused_give_each_escalation_once(
    own_kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    """Stopped past its session while rungs fall due, then continued: it ends, and nothing doubles.

    Twenty gaps, each with a second rung that is due ten seconds later on a fast clock.  The paused
    worker still has its share of them on its agenda when it wakes.
    """
    with hub_workers(own_kafka.bootstrap, tmp_path, factor=7200.0) as workers:
        for name in ("w1", "w2"):
            workers.start(name)
        decisions = decisions_of(own_kafka.bootstrap)
        workers.until(lambda: both_own(workers))
        producer = Producer({"bootstrap.servers": own_kafka.bootstrap})
        for number in range(POISON):
            producer.produce(SAFEGUARDING, key=b"k%d" % number, value=b"poison %d" % number)
        producer.flush(30)
        workers.until(lambda: len(decisions.look()[0]) >= POISON)
        workers.signal("w1", signal.SIGSTOP)
        await_stopped(workers.running["w1"].pid)
        paused_at = time.monotonic()
        workers.until(lambda: len(decisions.look()[0]) >= 2 * POISON)
        workers.until(lambda: time.monotonic() > paused_at + 10.0)
        workers.signal("w1", signal.SIGCONT)
        workers.until(lambda: bool(workers.exits))
        # Whatever the one that woke still wanted to say would be there by now.
        quiet_at = time.monotonic() + 6.0
        workers.until(lambda: time.monotonic() > quiet_at)
        decided, conflicts = decisions.look()

    said = [outcome for decision in decided.values() for outcome in decision.outcomes]
    rungs = Counter((each.gap_id, each.rung) for each in said if isinstance(each, Escalated))
    gaps = Counter(each.gap_id for each in said if isinstance(each, GapOpened))
    assert [3] == workers.exits
    assert ({1}, {1}, 0) == (set(rungs.values()), set(gaps.values()), conflicts)
    assert {0: POISON, 1: POISON} == {
        rung: sum(1 for _, each in rungs if each == rung) for rung in (0, 1)
    }
    assert unbroken(decided)
