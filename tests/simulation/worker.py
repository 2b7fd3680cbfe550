"""The worker: the pure parts of the real agents, on lanes that may be killed between two effects.

Nothing is decided here.  Each agent's own function makes its outputs; this module only carries
them, as the agents' loops over `slices` do.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from agents.agenda import Agenda
from agents.context import Context
from agents.episodes import absorb
from agents.feeds import follow
from agents.identity import resolve
from agents.intake import Taken, noted, of_feeds, take_receipt, took
from agents.kept import RecentlyKept, close_kept, next_wake_of, open_kept
from agents.outputs import Output
from agents.step import open_episode
from hub.core.model import Input, InputKind
from hub.edges.avro import encode_input
from hub.ops.topics import (
    FAMILIES,
    FEEDS,
    INPUTS,
    MATTERS,
    PERSONS,
    QUARANTINE,
    RECEIPTS,
    family_topic,
)
from tests.simulation.broker import Broker, Lane, Log, Record

PUBLIC = tuple(family_topic(family) for family in FAMILIES)

EPISODES_OPEN = 64
"""Decoded episodes at hand: fewer than there are, so that they are found and missed by turns."""


@dataclass(slots=True)
class SteppedClock:
    """The hub's wall clock: true time, and by how much it is wrong at the moment."""

    true: datetime
    wrong_by: timedelta = timedelta(0)

    def now(self) -> datetime:
        """What the hub believes."""
        return self.true + self.wrong_by


class KeepsTime(Protocol):
    """The part of the agenda that the worker needs; a test plants a deaf one."""

    def note(self, partition: int, key: bytes, wake: datetime | None) -> None:
        """See `Agenda.note`."""

    def forget(self, partition: int) -> None:
        """See `Agenda.forget`."""

    def due(self, now: datetime, monotonic: float) -> list[tuple[int, bytes, datetime]]:
        """See `Agenda.due`."""


class Worker:
    """One process: some partitions of every agent, and their agenda."""

    def __init__(self, number: int, broker: Broker, context: Context) -> None:
        self.number = number
        self.broker = broker
        self.context = context
        self.agendas: dict[str, KeepsTime] = {topic: Agenda() for topic in (INPUTS, MATTERS, FEEDS)}
        self.wakes: list[Output] = []
        """Sent and not confirmed."""
        self.lanes: list[Lane] = []
        self.recent = RecentlyKept(open_episode, EPISODES_OPEN)

    def own(self, lane: Lane) -> None:
        """Take a partition over: its agenda is rebuilt from the headers of its store."""
        self.lanes.append(lane)
        lane.take = self.take
        self._rebuild(lane)

    def disown(self, lane: Lane) -> None:
        """Another worker has it now; what was not confirmed is lost to this one."""
        self.lanes.remove(lane)
        self.recent.clear()
        lane.crash()
        if lane.log.topic in self.agendas:
            self.agendas[lane.log.topic].forget(lane.log.partition)
            self.wakes = [w for w in self.wakes if self._place(w) is not lane.log]

    def kill(self) -> int:
        """SIGKILL, and the restart; returns how many writes were not confirmed."""
        lost = sum(len(q) for lane in self.lanes for q in lane.unconfirmed.values())
        lost += len(self.wakes)
        self.wakes.clear()
        self.recent.clear()
        for lane in self.lanes:
            lane.crash()
            self._rebuild(lane)
        return lost

    def _rebuild(self, lane: Lane) -> None:
        agenda = self.agendas.get(lane.log.topic)
        if agenda is not None:
            agenda.forget(lane.log.partition)
            for key, value in lane.store.items():
                agenda.note(lane.log.partition, key, next_wake_of(value))

    def _place(self, output: Output) -> Log:
        return self.broker.log_for(output.topic, output.key)

    def send_wakes(self, monotonic: float) -> int:
        """Send a wake to every episode whose time has come, as `agents.agenda.send_wakes` does."""
        now = self.context.clock.now()
        due = [
            (topic, *row)
            for topic, agenda in self.agendas.items()
            for row in agenda.due(now, monotonic)
        ]
        for topic, _, key, wanted in due:
            episode_id = key.decode()
            given = Input(
                input_id=f"wake:{episode_id}:{wanted.isoformat()}",
                kind=InputKind.WAKE,
                at=now,
                episode_id=episode_id,
            )
            self.wakes.append(Output(topic, key, encode_input(given)))
        return len(due)

    def confirm_wake(self) -> None:
        """The broker has the oldest wake."""
        wake = self.wakes.pop(0)
        self.broker.append(wake.topic, wake.key, wake.value)

    # --- the agents -----------------------------------------------------------------------------

    def take(self, lane: Lane, record: Record) -> tuple[Output, ...]:
        """What a record leads to: the loop of its agent over one record."""
        match lane.log.topic:
            case topic if topic in (INPUTS, MATTERS):
                return self._episodes(lane, record)
            case topic if topic == PERSONS:
                return self._identity(lane, record)
            case topic if topic == RECEIPTS:
                return (take_receipt(self.context, record),)
            case topic if topic == QUARANTINE:
                return self._with_arrivals(noted(record))
            case topic if topic == FEEDS:
                return self._feeds(lane, record)
            case topic:
                return self._with_arrivals(took(self.context, topic, record))

    def _with_arrivals(self, taken: Taken) -> tuple[Output, ...]:
        """What a record leads to, and what the feeds agent hears of it."""
        arrived = [taken.arrivals] if taken.arrivals is not None else []
        return (taken.output, *of_feeds(self.context, arrived))

    def _feeds(self, lane: Lane, record: Record) -> tuple[Output, ...]:
        """The feeds agent, with its agenda."""
        kept = open_kept(lane.store.get(record.key))
        outputs = kept.again(record.offset)
        if outputs is None:
            fresh = follow(self.context, record, kept, lane.confirmed_offset)
            lane.put(record.key, close_kept(fresh))
            self.agendas[FEEDS].note(lane.log.partition, record.key, fresh.next_wake)
            outputs = fresh.again(record.offset)
        return outputs or ()

    def _identity(self, lane: Lane, record: Record) -> tuple[Output, ...]:
        """The identity agent keeps what it said: a record that comes again changes nothing."""
        kept = open_kept(lane.store.get(record.key))
        outputs = kept.again(record.offset)
        if outputs is None:
            fresh = resolve(self.context, record, kept, lane.confirmed_offset)
            lane.put(record.key, close_kept(fresh))
            outputs = fresh.again(record.offset)
        return outputs or ()

    def _episodes(self, lane: Lane, record: Record) -> tuple[Output, ...]:
        """The episode agent, as the one before, with its agenda and its episodes at hand."""
        partition, key = lane.log.partition, record.key
        kept = self.recent.open(partition, key, lane.store.get(key))
        outputs = kept.again(record.offset)
        if outputs is None:
            fresh = absorb(self.context, record, kept, lane.confirmed_offset)
            lane.put(key, self.recent.close(partition, key, fresh))
            self.agendas[lane.log.topic].note(partition, key, fresh.next_wake)
            outputs = fresh.again(record.offset)
        return outputs or ()


def lanes_of(broker: Broker, make: type[Lane] = Lane) -> list[Lane]:
    """A lane for every partition of every topic that a worker reads."""
    topics = (*PUBLIC, RECEIPTS, QUARANTINE, PERSONS, INPUTS, MATTERS, FEEDS)
    logs = [log for topic in topics for log in broker.partitions_of(topic)]
    return [make(number, broker, log) for number, log in enumerate(logs)]
