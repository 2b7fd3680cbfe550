"""A hub without Kafka, on one thread: publishers, worker, delivery, recipients and their clocks.

What a broker promises is kept: what it confirmed stays, in order, within one partition.  What it
does not promise is used against us: every single write is confirmed on its own, a crash between
any two takes the rest with it, and everything comes twice, late and out of order.
"""

import heapq
from collections import Counter
from datetime import datetime, timedelta
from random import Random

from agents.context import Context
from hub.core.model import Input
from hub.core.policy import Policy
from hub.edges.avro import encode_input
from hub.edges.directory import Directory
from hub.edges.schemas import default_schemas
from hub.ops.topics import DECISIONS, QUARANTINE, inputs_topic
from tests.simulation.auditor import Auditor
from tests.simulation.broker import PARTITIONS, Broker, Lane, Record
from tests.simulation.chance import Chance
from tests.simulation.delivery import Delivery, Row
from tests.simulation.outside import Arrival, Operator, Recipients
from tests.simulation.plan import Plan
from tests.simulation.trace import Trace
from tests.simulation.worker import PUBLIC, SteppedClock, Worker, lanes_of

SECRET = b"simulation"
WORKERS = 2
QUIET_DAYS = 90
"""After the faults stop: longer than any ladder and any wait of the policy but gestation."""

TICK_HOURS = (0.01, 0.3, 1.0, 3.0, 9.0)
"""How long a moment lasts: seconds, so that crashes fall into bursts, up to a night."""

LONGEST_STEP_SECONDS = 600.0
"""How far the wall clock may be wrong, either way: a machine that lost its time server."""


class World:
    """Everything, from one seed and one plan."""

    lane_type: type[Lane] = Lane
    worker_type: type[Worker] = Worker
    """A test plants its defects here."""

    def __init__(self, plan: Plan, policy: Policy, directory: Directory, start: datetime) -> None:
        self.plan = plan
        self.chance = Chance(plan.seed, plan.only)
        self.clock = SteppedClock(start)
        self.monotonic = 0.0
        self.broker = Broker()
        context = Context(
            policy=policy,
            directory=directory,
            clock=self.clock,
            secret=SECRET,
            schemas=default_schemas(),
            partitions=PARTITIONS,
        )
        self.workers = [self.worker_type(number, self.broker, context) for number in range(WORKERS)]
        self.lanes = lanes_of(self.broker, self.lane_type)
        for number, lane in enumerate(self.lanes):
            self.workers[number % WORKERS].own(lane)
        dead = self.chance.share("dead")
        organisations = list(directory.organisations)
        self.dead = organisations[int(dead * 3 * len(organisations))] if dead < 1 / 3 else ""
        self.recipients = Recipients(self.chance)
        self.delivery = Delivery(self.dead)
        self.auditor = Auditor()
        self.trace = Trace(start, None if plan.told == "nothing" else [], plan.told == "all")
        self.coming: list[Arrival] = []
        self.mended: dict[bytes, Arrival] = {}
        self.operator = Operator(self.chance, self.mended)
        followed = (DECISIONS, QUARANTINE)
        self.read = {log: 0 for topic in followed for log in self.broker.partitions_of(topic)}
        self.counts: Counter[str] = Counter()
        self.tick = 0
        self.down_until = start

    @property
    def steps(self) -> int:
        """Actions with an effect: a record that arrived or was processed, one write confirmed, a
        commit that moved, a wake sent, a record read by a consumer, one write of the delivery
        role, a kill, a partition moved, a clock stepped.  A turn in which nothing happened is
        none, and neither is the passing of time.
        """
        return self.counts.total()

    # --- the outside ----------------------------------------------------------------------------

    def expect(self, arrival: Arrival) -> None:
        """Somebody will write this."""
        heapq.heappush(self.coming, arrival)

    def _arrive(self) -> None:
        """Everything whose time has come reaches the log."""
        while self.coming and self.coming[0].at <= self.clock.true:
            arrival = heapq.heappop(self.coming)
            hole = arrival.topic in PUBLIC and self.chance.strikes("hole", arrival.label)
            self.broker.append(arrival.topic, arrival.key, arrival.value, skipped=hole * 3)
            self.counts["arrived"] += 1
            if arrival.event_id:
                self.auditor.published(arrival.event_id)
            self.trace.say(self.clock.true, arrival.label)

    # --- who reads ------------------------------------------------------------------------------

    def _listen(self) -> int:
        """Decisions go to the auditor and the outbox, quarantined originals to the operator."""
        before = self.counts["read"]
        for log, position in self.read.items():
            if position == len(log.records):
                continue
            for record in log.records[position:]:
                self.counts["read"] += 1
                self._hear(record)
            self.read[log] = len(log.records)
        return self.counts["read"] - before

    def _hear(self, record: Record) -> None:
        now = self.clock.true
        if record.topic == QUARANTINE:
            self.auditor.quarantined(record.value)
            for arrival in self.operator.look_at(record.value, now):
                self.expect(arrival)
            return
        decision = self.auditor.hear(record.value)
        if decision is not None:
            self.trace.decision(now, decision)
            self.delivery.take_in(decision, now)

    def _deliver(self, *, calm: bool) -> bool:
        """The delivery role works, and may be killed after any of its effects."""
        n = 0
        while (effect := self._next_effect()) is not None:
            self.counts[f"delivery {effect}"] += 1
            n += 1
            if not calm and self.chance.strikes("delivery killed", f"{self.tick}.{n}"):
                self.counts["delivery killed"] += 1
                self.trace.say(self.clock.true, f"the delivery role is killed after {effect}")
                self.delivery.kill(self.clock.true)
                break
        return n > 0

    def _next_effect(self) -> str | None:
        """One effect of the delivery role: on itself, on the hub's inputs, or on a recipient."""
        effect, given = self.delivery.next_effect(self.clock.true)
        match given:
            case Input():
                self.broker.append(
                    inputs_topic(given.episode_id), given.episode_id.encode(), encode_input(given)
                )
            case Row():
                told = self.recipients.tell(given.episode_id, given.notice, self.clock.true)
                for arrival in told:
                    self.expect(arrival)
        return effect

    # --- the worker -----------------------------------------------------------------------------

    def _work(self) -> None:
        """A few turns of every partition; between any two effects a worker may be killed."""
        self._send_wakes()
        if not self.broker.touched and not any(worker.wakes for worker in self.workers):
            return
        dice = Random(self.plan.seed * 1_000_003 + self.tick)  # noqa: S311  no secret
        for turn in range(dice.randint(1, 4)):
            busy = self._busy()
            dice.shuffle(busy)
            for lane in busy:
                lane.burst(dice, self.counts)
            self._break_machines(turn, dice)
            self._send_wakes()
            for worker in self.workers:
                while worker.wakes and dice.random() < 0.8:
                    worker.confirm_wake()
                    self.counts["confirmed"] += 1

    def _busy(self) -> list[Lane]:
        """The partitions at which there is something to do, in an order that is always the same."""
        touched = self.broker.touched
        busy = [lane for lane in (self.lanes[n] for n in sorted(touched)) if lane.busy]
        touched.intersection_update(lane.number for lane in busy)
        return busy

    def _send_wakes(self) -> int:
        sent = sum(worker.send_wakes(self.monotonic) for worker in self.workers)
        self.counts["wake sent"] += sent
        return sent

    def _break_machines(self, turn: int, dice: Random) -> None:
        for worker in self.workers:
            if self.chance.strikes("worker killed", f"{self.tick}.{turn}.{worker.number}"):
                self._kill(worker)
        if self.chance.strikes("partition moved", f"{self.tick}.{turn}"):
            lane = dice.choice(self.lanes)
            old = next(worker for worker in self.workers if lane in worker.lanes)
            new = self.workers[(old.number + 1) % WORKERS]
            old.disown(lane)
            new.own(lane)
            self.counts["partition moved"] += 1
            self.trace.say(self.clock.true, f"{lane.name} moves to worker {new.number}")

    def _kill(self, worker: Worker) -> None:
        lost = worker.kill()
        self.counts["killed"] += 1
        self.trace.say(
            self.clock.true, f"worker {worker.number} is killed; {lost} writes were not confirmed"
        )

    # --- time -----------------------------------------------------------------------------------

    def _pass_time(self, hours: float) -> None:
        self.clock.true += timedelta(hours=hours)
        self.broker.timestamp = int(self.clock.true.timestamp() * 1000)
        self.monotonic += hours * 3600

    def _trouble_clock(self) -> None:
        """Perhaps the clock jumps, or everything is down for days; at most one of them."""
        name = str(self.tick)
        if self.chance.strikes("clock steps", name):
            seconds = (self.chance.share("step", name) * 2 - 1) * LONGEST_STEP_SECONDS
            self.clock.wrong_by = timedelta(seconds=int(seconds))
            self.counts["clock stepped"] += 1
            self.trace.say(self.clock.true, f"the hub's clock is wrong by {int(seconds)} s")
        elif self.clock.wrong_by and self.chance.share("mended", name) < 0.3:
            self.clock.wrong_by = timedelta(0)
            self.trace.say(self.clock.true, "the hub's clock is right again")
        if self.chance.strikes("everything down", name):
            hours = 24 + self.chance.share("down", name) * 96
            self.down_until = self.clock.true + timedelta(hours=hours)
            self.counts["everything down"] += 1
            lost = sum(worker.kill() for worker in self.workers)
            self.delivery.kill(self.clock.true)
            what = f"everything is down for {hours:.0f} hours; {lost} writes were not confirmed"
            self.trace.say(self.clock.true, what)

    def play(self, until: datetime) -> None:
        """Under every fault, until then."""
        while self.clock.true < until:
            self.tick += 1
            wait = TICK_HOURS[int(self.chance.share("tick", str(self.tick)) * len(TICK_HOURS))]
            self._pass_time(wait)
            if self.clock.true < self.down_until:
                continue
            self._trouble_clock()
            self._arrive()
            self._listen()
            self._deliver(calm=False)
            self._work()

    # --- rest -----------------------------------------------------------------------------------

    def come_to_rest(self) -> None:
        """The faults have stopped: every duty must come to an end, or be seen not to have."""
        self.chance.calm = True
        self.clock.wrong_by = timedelta(0)
        self.trace.say(self.clock.true, "the faults stop")
        self._settle()
        self.auditor.quiet_since = self.clock.true
        for _ in range(QUIET_DAYS):
            self._pass_time(24)
            self._settle()

    def _settle(self) -> None:
        """Let everything that is due at this moment happen."""
        moved = True
        while moved:
            moved = False
            self.monotonic += 10
            self._arrive()
            for lane in self._busy():
                lane.drain(self.counts)
                moved = True
            moved |= self._listen() > 0
            moved |= self._deliver(calm=True)
            moved |= self._send_wakes() > 0
            for worker in self.workers:
                while worker.wakes:
                    worker.confirm_wake()
                    self.counts["confirmed"] += 1
