"""An auditor that cannot fail proves nothing: planted defects are found, and told shortly."""

import pytest

from tests.simulation.broker import Lane
from tests.simulation.plan import Plan
from tests.simulation.runs import play
from tests.simulation.shrink import Story, shortest_story, smallest
from tests.simulation.worker import Worker
from tests.simulation.world import World

SEEDS_MAX = 10
"""A defect that so many seeds do not show would need a better world."""


KILLS = (" is killed", " moves to ", "everything is down")
FEW, FEW_LINES = 2, 12


class EarlyLane(Lane):
    """A transport that commits what it has processed, confirmed or not (finding A8)."""

    def committable(self) -> int:
        """Everything that was read."""
        return self.position


class EarlyCommits(World):
    """A world with that transport."""

    lane_type = EarlyLane


class ForgetfulWorker(Worker):
    """A worker that does not rebuild its agenda when it starts."""

    def _rebuild(self, lane: Lane) -> None:
        if lane.log.topic in self.agendas:
            self.agendas[lane.log.topic].forget(lane.log.partition)


class ForgetfulClock(World):
    """A world with that worker."""

    worker_type = ForgetfulWorker


class Unkept(World):
    """A world whose broker loses one decision, long after it was confirmed."""

    def come_to_rest(self) -> None:
        """Lose the first decision that has another one after it."""
        self.auditor.inputs.pop(next(iter(self.auditor.inputs)))
        super().come_to_rest()


def told(make: type[World], kind: str, families: int = 4) -> Story:
    """The shortest story of the first seed that shows a defect."""
    for seed in range(SEEDS_MAX):
        plan = Plan(seed=seed, families=families, days=60)
        if any(found.kind == kind for found in play(plan, make).auditor.findings):
            return shortest_story(plan, kind, lambda p: play(p, make))
    raise AssertionError("no seed shows the defect")


@pytest.mark.long
def test_a_commit_before_the_confirmation_is_told_in_a_few_lines() -> None:
    """The shortest story of a lost input: an event is published, and the worker is killed."""
    story = told(EarlyCommits, "lost input")
    assert 1 <= sum(" publishes " in line for line in story.lines) <= FEW, str(story)
    assert 1 <= sum(any(word in line for word in KILLS) for line in story.lines) <= FEW, str(story)
    assert len(story.lines) <= FEW_LINES, str(story)
    assert any("FOUND (lost input)" in line for line in story.lines), str(story)
    assert f"python -m tests.simulation --seed {story.plan.seed}" in str(story)


@pytest.mark.long
def test_a_clock_that_is_not_wound_again_is_told_in_a_few_lines() -> None:
    """The shortest story of a missed deadline: a duty is raised, and the worker is killed.

    Almost every family is woken again by something else: it takes eight to find one that is not.
    """
    story = told(ForgetfulClock, "unseen", families=8)
    assert any("FOUND (unseen)" in line for line in story.lines), str(story)
    assert 1 <= sum(any(word in line for word in KILLS) for line in story.lines) <= FEW, str(story)
    assert 1 <= sum(" publishes " in line for line in story.lines) <= FEW, str(story)
    assert len(story.lines) <= FEW_LINES, str(story)


def test_the_auditor_notices_a_decision_that_is_lost_later() -> None:
    """Nothing need go wrong in the worker for an input to have no decision."""
    kinds = {found.kind for found in play(Plan(seed=2, families=2), Unkept).auditor.findings}
    assert "lost input" in kinds


def test_delta_debugging_finds_the_two_that_matter() -> None:
    """Of a hundred, the two without which nothing fails; and nothing when nothing is needed."""
    assert [17, 64] == smallest(range(100), lambda some: {17, 64} <= set(some))
    assert [] == smallest(range(100), lambda _: True)
    assert [99] == smallest(range(100), lambda some: 99 in some)
