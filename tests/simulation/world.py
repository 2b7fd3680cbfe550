"""A hub without Kafka: logs that keep their order, a worker that may die between any two effects.

What a broker promises is kept: what it confirmed stays, in order, within one partition.  What it
does not promise is used against us: writes to two partitions are confirmed in any order, a crash
takes every unconfirmed write with it, and inputs come twice, late and out of order.
"""

import heapq
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from zlib import crc32

from agents.kept import close_kept, next_wake_of, open_kept
from agents.step import Place, step, step_undecided
from hub.core.faults import SenderFault
from hub.core.identity import PersonState, identify, person_key
from hub.core.model import Event, Input, InputKind, Receipt, Signal
from hub.core.outcomes import NoticeIssued
from hub.core.policy import Policy
from hub.edges.avro import decode_decision
from hub.edges.directory import Directory, team_for

SECRET = b"simulation"
PARTITIONS = 3
OTHER_ORGANISATION = "Y99999"


@dataclass
class Faults:
    """How likely each misfortune is; all zero in the quiet end of a run."""

    duplicate: float = 0.15
    late: float = 0.2
    lost_receipt: float = 0.25
    crash: float = 0.03
    wrong_organisation: float = 0.05
    not_ours: float = 0.03


@dataclass
class Partition:
    """One partition: its inputs, what is durable, and what a crash would take."""

    inputs: list[tuple[bytes, Input]] = field(default_factory=list)
    decisions: list[tuple[bytes, bytes]] = field(default_factory=list)
    changes: dict[bytes, bytes] = field(default_factory=dict)
    committed: int = 0
    position: int = 0
    store: dict[bytes, bytes] = field(default_factory=dict)
    unsent_decisions: deque[tuple[int, bytes, bytes]] = field(default_factory=deque)
    unsent_changes: deque[tuple[int, bytes, bytes]] = field(default_factory=deque)


class World:
    """Everything, on one thread, from one seed."""

    def __init__(self, seed: int, policy: Policy, directory: Directory, start: datetime):
        """An empty hub at `start`."""
        self.random = Random(seed)  # noqa: S311  faults are drawn, not secrets
        self.policy = policy
        self.directory = directory
        self.now = start
        self.faults = Faults()
        self.partitions = [Partition() for _ in range(PARTITIONS)]
        self.people: dict[str, PersonState] = {}
        self.team_of: dict[str, PersonState] = {}
        self.coming: list[tuple[datetime, int, Input]] = []
        self.read = [0] * PARTITIONS
        self.seen: dict[str, dict[int, bytes]] = defaultdict(dict)
        self.conflicts = self.duplicates = self.steps = self.crashes = self.refused = 0
        self.told: list[tuple[str, Signal, datetime, str]] = []

    # --- the outside ------------------------------------------------------------------------

    def publish(self, event: Event) -> None:
        """A publisher sends an event, perhaps late, perhaps twice."""
        delay = timedelta(minutes=self.random.randint(0, 30))
        if self.random.random() < self.faults.late:
            delay = timedelta(hours=self.random.uniform(1, 200))
        self._send(self._resolved(event, event.occurred_at + delay))

    def _resolved(self, event: Event, at: datetime) -> Input | None:
        key = person_key(event, SECRET)
        rule = self.policy.events[event.type]
        try:
            episode_id, state = identify(
                self.people.get(key, PersonState()),
                event,
                key=key,
                secret=SECRET,
                opens_episode=rule.opens_episode,
            )
        except SenderFault:
            self.refused += 1
            return None
        self.people[key] = self.team_of[episode_id] = state
        return Input(
            input_id=event.id,
            kind=InputKind.EVENT,
            at=at,
            episode_id=episode_id,
            event=event,
            team=team_for(self.directory, at, practice=state.practice, provider=state.provider),
        )

    def _send(self, given: Input | None) -> None:
        """Put an input on its way; duplicates arrive later than the original."""
        if given is None:
            return
        heapq.heappush(self.coming, (given.at, self.random.getrandbits(40), given))
        if self.random.random() < self.faults.duplicate:
            again = given.at + timedelta(hours=self.random.uniform(0, 50))
            heapq.heappush(self.coming, (again, self.random.getrandbits(40), given))

    def answer(self, episode_id: str, notice: NoticeIssued) -> None:
        """The channel sends; somebody opens, accepts, gives back, or never looks."""
        self._receipt(episode_id, notice, Signal.SENT, timedelta(seconds=1))
        chance = self.random.random()
        if chance < self.faults.lost_receipt:
            return
        if chance < self.faults.lost_receipt + self.faults.not_ours:
            self._receipt(episode_id, notice, Signal.NOT_OURS, self._soon())
            return
        wait = self._soon()
        self._receipt(episode_id, notice, Signal.OPENED, wait)
        self._receipt(episode_id, notice, Signal.ACCEPTED, wait + self._soon())

    def _soon(self) -> timedelta:
        return timedelta(hours=self.random.expovariate(1 / 30))

    def _receipt(
        self, episode_id: str, notice: NoticeIssued, signal: Signal, wait: timedelta
    ) -> None:
        wrong = self.random.random() < self.faults.wrong_organisation
        at = self.now + wait
        self._send(
            Input(
                input_id=f"{notice.notice_id}:{signal}",
                kind=InputKind.RECEIPT,
                at=at,
                episode_id=episode_id,
                receipt=Receipt(
                    notice_id=notice.notice_id,
                    signal=signal,
                    organisation=OTHER_ORGANISATION if wrong else notice.organisation,
                    person="somebody",
                    at=at,
                ),
            )
        )

    # --- the log ----------------------------------------------------------------------------

    def arrive(self) -> None:
        """Everything whose time has come reaches the log."""
        while self.coming and self.coming[0][0] <= self.now:
            given = heapq.heappop(self.coming)[2]
            self._append(given)

    def _append(self, given: Input) -> None:
        key = given.episode_id.encode()
        self.partitions[crc32(key) % PARTITIONS].inputs.append((key, given))

    def wake(self) -> int:
        """Wake every episode whose time has come, as the agenda of its worker says."""
        sent = 0
        for partition in self.partitions:
            if partition.position < len(partition.inputs):
                continue  # A worker that is behind has not yet heard what it would be woken for.
            for key, stored in partition.store.items():
                wanted = next_wake_of(stored)
                if wanted is not None and wanted <= self.now:
                    episode = key.decode()
                    given = Input(
                        input_id=f"wake:{episode}:{wanted.isoformat()}",
                        kind=InputKind.WAKE,
                        at=self.now,
                        episode_id=episode,
                    )
                    partition.inputs.append((key, given))
                    sent += 1
        return sent

    # --- the worker -------------------------------------------------------------------------

    def work(self) -> None:
        """Every partition takes a slice, some writes are confirmed, some commits made."""
        for number, partition in enumerate(self.partitions):
            for _ in range(self.random.randint(1, 6)):
                if partition.position < len(partition.inputs):
                    self._process(number, partition)
            if self.random.random() < self.faults.crash:
                self._crash(partition)
            self._confirm(partition, everything=False)
            self._commit(partition)

    def drain(self) -> None:
        """Work without faults until nothing is left to do at this moment."""
        for number, partition in enumerate(self.partitions):
            while partition.position < len(partition.inputs):
                self._process(number, partition)
            self._confirm(partition, everything=True)
            self._commit(partition)

    def _process(self, number: int, partition: Partition) -> None:
        offset = partition.position
        key, given = partition.inputs[offset]
        kept = open_kept(partition.store.get(key))
        outputs = kept.again(offset)
        self.steps += 1
        if outputs is None:
            place = Place(key, number, offset, partition.committed)
            try:
                kept, _ = step(self.policy, kept, place, given)
            except SenderFault:
                kept = step_undecided(self.policy, kept, place, given.at)
                self.refused += 1
            outputs = kept.again(offset) or ()
            stored = close_kept(kept)
            partition.store[key] = stored
            partition.unsent_changes.append((offset, key, stored))
        for _, out_key, value in outputs:
            partition.unsent_decisions.append((offset, out_key, value))
        partition.position = offset + 1

    def _confirm(self, partition: Partition, *, everything: bool) -> None:
        """The broker confirms a first part of each destination, the two independently."""
        for waiting, durable in (
            (partition.unsent_decisions, lambda k, v: partition.decisions.append((k, v))),
            (partition.unsent_changes, partition.changes.__setitem__),
        ):
            count = len(waiting) if everything else self.random.randint(0, len(waiting))
            for _ in range(count):
                _, key, value = waiting.popleft()
                durable(key, value)

    def _commit(self, partition: Partition) -> None:
        """A commit covers only what has every write behind it confirmed (measure 2)."""
        unsent = [q[0][0] for q in (partition.unsent_decisions, partition.unsent_changes) if q]
        upto = min(unsent, default=partition.position)
        partition.committed = max(partition.committed, upto)

    def _crash(self, partition: Partition) -> None:
        """SIGKILL: unconfirmed writes are gone, state is read back, the log is read again."""
        self.crashes += 1
        self._confirm(partition, everything=False)
        partition.unsent_decisions.clear()
        partition.unsent_changes.clear()
        partition.store = dict(partition.changes)
        partition.position = partition.committed

    # --- who reads decisions -----------------------------------------------------------------

    def listen(self) -> None:
        """A consumer that drops what it has by (episode, seq), and answers new notices."""
        for number, partition in enumerate(self.partitions):
            for _, value in partition.decisions[self.read[number] :]:
                record = decode_decision(value)
                known = self.seen[record.episode_id].get(record.seq)
                if known is not None:
                    self.duplicates += 1
                    self.conflicts += known != value
                    continue
                self.seen[record.episode_id][record.seq] = value
                for outcome in record.outcomes:
                    if isinstance(outcome, NoticeIssued) and outcome.organisation:
                        self.answer(record.episode_id, outcome)
            self.read[number] = len(partition.decisions)
