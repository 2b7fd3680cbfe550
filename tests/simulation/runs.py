"""Playing plans: one run from its seed, many runs on all cores."""

import logging
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache

import structlog

from hub.core.policy import Policy
from hub.edges.directory import Directory
from hub.ops.topics import INPUTS, MATTERS
from tests.core import stage
from tests.simulation.auditor import Finding
from tests.simulation.families import directory
from tests.simulation.plan import START, Plan, arrivals
from tests.simulation.world import World


@cache
def the_policy() -> Policy:
    """The policy in force, read once a process."""
    return stage.policy()


@cache
def the_directory() -> Directory:
    """The directory of the simulated area."""
    return directory()


def hush() -> None:
    """Keep the agents' logs still: a run quarantines hundreds of inputs on purpose."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@dataclass(slots=True)
class Outcome:
    """What came of one run."""

    seed: int
    findings: list[Finding]
    counts: Counter[str]
    duplicates: int
    quarantined: int
    seconds: float
    story: list[str] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """See `World.steps`."""
        return self.counts.total()


type_of_world = type[World]


def play(plan: Plan, make: type_of_world = World, policy: Policy | None = None) -> World:
    """Play a plan to its end; the auditor's findings are in the world."""
    hush()
    world = make(plan, policy or the_policy(), the_directory(), START)
    return finish(world)


def finish(world: World) -> World:
    """Send everything that publishers have to say, under every fault; then come to rest."""
    for event in world.plan.events():
        for arrival in arrivals(event, world.chance, world.mended):
            world.expect(arrival)
    world.play(START + timedelta(days=world.plan.days))
    world.come_to_rest()
    logs = [log for topic in (INPUTS, MATTERS) for log in world.broker.partitions_of(topic)]
    inputs = sum(len(log.records) for log in logs)
    world.auditor.close(world.clock.now(), inputs)
    return world


def outcome_of(seed: int) -> Outcome:
    """One run, in the process of a pool."""
    began = time.perf_counter()
    world = play(Plan(seed=seed))
    return Outcome(
        seed=seed,
        findings=world.auditor.findings,
        counts=world.counts,
        duplicates=world.auditor.duplicates,
        quarantined=len(world.auditor.originals),
        seconds=time.perf_counter() - began,
    )


def run_many(seeds: Iterable[int], processes: int | None = None) -> Iterator[Outcome]:
    """Every seed's outcome, as they come in; a process for each core."""
    count = processes or len(os.sched_getaffinity(0))
    # A fresh interpreter: a forked one would take the threads of whoever started it along.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        yield from pool.map(outcome_of, seeds)
