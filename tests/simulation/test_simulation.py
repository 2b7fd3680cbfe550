"""Seeded runs of the whole flow, each judged by the auditor; a seed reproduces its run."""

import os
from collections import Counter

import pytest

from tests.simulation.broker import Lane
from tests.simulation.chance import RATES
from tests.simulation.plan import Plan
from tests.simulation.runs import play, run_many
from tests.simulation.shrink import shortest_story
from tests.simulation.world import World

SEEDS = int(os.environ.get("HUB_SEEDS", "6"))
"""At some 230,000 steps each, a little over a million."""

MILLION = 1_000_000
FULL = 6
"""With fewer seeds than this nobody claims a million."""

MUST_HAPPEN = (
    *("killed", "partition moved", "clock stepped", "everything down", "delivery killed"),
    *("wake sent", "delivery report published", "committed", "decided", "processed"),
)


@pytest.mark.long
def test_a_million_steps_full_of_faults_lose_nothing() -> None:
    """Crashes between any two effects, duplicates, delays, strangers: the auditor finds nothing.

    When it does find something, the shortest story of the first seed is the message.
    """
    counts, failed, duplicates, quarantined = Counter[str](), [], 0, 0
    for outcome in run_many(range(SEEDS)):
        counts += outcome.counts
        duplicates += outcome.duplicates
        quarantined += outcome.quarantined
        failed += [(outcome.seed, found.kind) for found in outcome.findings]
    if failed:
        seed, kind = failed[0]
        raise AssertionError(f"{len(failed)} findings\n{shortest_story(Plan(seed=seed), kind)}")
    assert [] == [what for what in MUST_HAPPEN if not counts[what]]
    assert duplicates > 0
    assert quarantined > 0
    assert counts.total() >= MILLION or SEEDS < FULL


def test_the_same_seed_gives_the_same_world() -> None:
    """A failure can be played again."""
    first, second = (play(Plan(seed=1, families=6, told="all")) for _ in range(2))
    assert first.trace.lines == second.trace.lines
    assert first.auditor.heard == second.auditor.heard
    assert first.counts == second.counts


def test_what_is_left_out_disturbs_nothing_else() -> None:
    """Draws go by name: without one family, the others' misfortunes on the way are the same."""
    whole = play(Plan(seed=1, families=6))
    ids = frozenset(e.id for e in whole.plan.events() if not e.id.startswith("f3-"))
    part = play(Plan(seed=1, families=6, kept=ids))
    ways = ("sent twice", "sent late", "sent garbled")
    expected = {s for s in whole.chance.struck if s.kind in ways and not s.name.startswith("f3-")}
    assert expected == {strike for strike in part.chance.struck if strike.kind in ways}


class _Hasty(Lane):
    """A defect: what was handed over counts as confirmed."""

    @property
    def confirmed_offset(self) -> int:
        """As far as it was processed."""
        return self.offset_at(self.position)


class _HastyWorld(World):
    lane_type = _Hasty


@pytest.mark.long
def test_an_output_forgotten_before_it_is_confirmed_is_missed() -> None:
    """Only what the broker has may be left out of a state: the auditor finds a hasty hub."""
    kinds = {f.kind for f in play(Plan(seed=3), _HastyWorld).auditor.findings}
    assert "order" in kinds


def test_an_original_redriven_in_vain_is_seen_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The redrive closes the gap; the same refusal a moment later must open one again."""
    monkeypatch.setitem(RATES, "redrives unmended", RATES["redrives"])
    plan = Plan(seed=33, kept=frozenset({"f21-retract-f21-pregnancy.notified-0.000-1.000"}))
    assert [] == play(plan).auditor.findings
