"""`hub policy mutants`: takes every row away in turn and sees whether a scenario notices.

A rule that can be taken away without a scenario failing is a rule that nobody would miss: either
a scenario is lacking, or the row is there for a reason that scenarios cannot show.  Those of the
second kind are listed, with the reason, in `tests/governance/survivors.toml`.
"""

import json
import multiprocessing
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random

from msgspec import Struct, to_builtins

from hub.core.faults import HubFault, SenderFault
from hub.core.policy import Policy
from hub.demo.rig import CoreRig
from hub.demo.simulate import result
from hub.governance.faults import CannotAnswerError
from hub.governance.mutations import Mutant, Mutations
from hub.governance.stories import SCENARIOS, Story, stories_below
from hub.governance.survivors import LIST, explained
from hub.governance.watched import Used, use_of
from hub.ops.settings import Settings
from hub.policy.source import PolicyFaults

WORKERS = 2
"""Two cores are what the hub is measured on."""


class Fate(Struct, frozen=True, kw_only=True):
    """What became of a mutant."""

    mutant: str
    killed_by: str
    """The scenario that failed, `hub check` where the rest is no policy, empty for a survivor."""
    kind: str


class Trial:
    """A policy, its scenarios, and what each of them uses."""

    def __init__(self, settings: Settings, scenarios: Iterable[Path]):
        """Play every scenario.  Raises CannotAnswerError when one fails with nothing gone."""
        self.mutations = Mutations(settings.policy_dir, settings.schemas_dir / "events")
        self.stories = tuple(stories_below(scenarios))
        self.used: list[Used] = []
        for story in self.stories:
            if self.fails(story, self.mutations.policy):
                words = f"{story.path} fails as it is; mend it first: `hub simulate {story.path}`"
                raise CannotAnswerError(words)
            self.used.append(use_of(story.scenario, self.mutations.policy))

    def fails(self, story: Story, policy: Policy) -> bool:
        """Whether a scenario does not go as told under a policy."""
        try:
            rows = CoreRig(story.scenario, policy).run()
        except (ValueError, LookupError, AssertionError, SenderFault, HubFault):
            return True
        return not result(story.scenario, rows)["ok"]

    def candidates(self, mutant: Mutant) -> list[Story]:
        """The scenarios that could notice, those that surely use what is missing first."""
        ranks = [rank_of(mutant, used) for used in self.used]
        ranked = sorted((rank, n) for n, rank in enumerate(ranks) if rank is not None)
        return [self.stories[n] for _, n in ranked]

    def fate(self, mutant: Mutant) -> Fate:
        """Take one thing away, and play until a scenario notices."""
        killer = ""
        try:
            policy = self.mutations.without(mutant)
        except PolicyFaults:
            killer = "hub check"
        else:
            for story in self.candidates(mutant):
                if self.fails(story, policy):
                    killer = story.path.name
                    break
        return Fate(mutant=mutant.label, killed_by=killer, kind=mutant.kind)


def rank_of(mutant: Mutant, used: Used) -> int | None:
    """How soon a scenario is to be asked: it used the very thing, or its event, or neither."""
    if mutant.kind == "gap":
        return 0 if mutant.name in used.opened else None
    if mutant.kind == "role":
        return 1
    if mutant.file == "ladders.toml":
        return 0 if mutant.rule in used.rungs else 1 if used.rungs else None
    if mutant.rule in used.rules:
        return 0
    return 1 if mutant.event in used.heard else None


# --- on every core ---------------------------------------------------------------------------

_trial: list[Trial] = []
"""The trial of this process: filled before its children are made, so that they inherit it."""


def _fates(numbers: Sequence[int]) -> list[Fate]:
    (trial,) = _trial
    return [trial.fate(trial.mutations.all[number]) for number in numbers]


def fates_of(trial: Trial, numbers: Sequence[int], workers: int = WORKERS) -> list[Fate]:
    """The fate of some mutants, in the order of their names."""
    _trial[:] = [trial]
    if workers < 2 or len(numbers) < workers * 10:
        return sorted(_fates(numbers), key=lambda fate: fate.mutant)
    with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
        parts = pool.map(_fates, [numbers[n :: workers * 8] for n in range(workers * 8)])
        return sorted((fate for part in parts for fate in part), key=lambda fate: fate.mutant)


def main(
    settings: Settings,
    scenarios: Iterable[Path] = (SCENARIOS,),
    *,
    sample: int = 0,
    seed: int = 0,
    only: str = "",
    as_json: bool = False,
) -> int:
    """Print what survives; the exit code is 1 for a survivor that is not explained."""
    trial = Trial(settings, scenarios)
    numbers = [n for n, mutant in enumerate(trial.mutations.all) if only in mutant.label]
    if not numbers:
        raise CannotAnswerError(f"no row is called {only!r}; name a rule, a code or a file")
    if 0 < sample < len(numbers):
        numbers = sorted(Random(seed).sample(numbers, sample))  # noqa: S311  a sample, no secret
    fates = fates_of(trial, numbers)
    reasons = explained()
    survivors = [fate.mutant for fate in fates if not fate.killed_by]
    unexplained = [name for name in survivors if name not in reasons]
    killed = {fate.mutant for fate in fates if fate.killed_by}
    stale = [name for name in reasons if name in killed]
    if as_json:
        said = {
            "mutants": len(fates),
            "killed": len(killed),
            "survivors": {name: reasons.get(name, "") for name in survivors},
            "unexplained": unexplained,
            "stale": stale,
            "fates": to_builtins(fates),
        }
        sys.stdout.write(json.dumps(said) + "\n")
    else:
        for name in survivors:
            sys.stdout.write(f"survives: {name}: {reasons.get(name, 'NOT EXPLAINED')}\n")
        for name in stale:
            sys.stdout.write(f"{name} is killed: take it off {LIST.name}\n")
        sys.stdout.write(f"{len(killed)} of {len(fates)} killed, {len(unexplained)} unexplained\n")
    return 1 if unexplained or stale else 0
