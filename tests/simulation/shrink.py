"""From a seed that fails to the shortest story that fails in the same way.

Families are dropped first, then single events, then misfortunes and choices, each by delta
debugging (Zeller and Hildebrandt, 2002): leave out ever smaller parts, and keep what still fails.
Draws go by name (`chance.py`), so what is left out disturbs nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TypeVar

from tests.simulation.plan import Plan
from tests.simulation.runs import play
from tests.simulation.world import World

ROUNDS_MAX = 4
"""Events and misfortunes by turns: what a dropped one made necessary may now go as well."""

type_of_play = Callable[[Plan], World]
Item = TypeVar("Item")


@dataclass(slots=True)
class Story:
    """The shortest plan found, what it brings about, and how it went."""

    plan: Plan
    kind: str
    lines: list[str]
    runs: int

    def __str__(self) -> str:
        found = f"seed {self.plan.seed}, shortest story of '{self.kind}' ({self.runs} runs):"
        again = f"play it again: python -m tests.simulation --seed {self.plan.seed}"
        return "\n".join([found, *(f"  {line}" for line in self.lines), again])


def smallest(items: Sequence[Item], fails: Callable[[Sequence[Item]], bool]) -> list[Item]:
    """A part of `items` of which nothing more can be left out, and that still fails."""
    kept, parts = list(items), 2
    if not kept or fails(()):
        return []
    while len(kept) > 1:
        size = -(-len(kept) // parts)
        pieces = [kept[at : at + size] for at in range(0, len(kept), size)]
        for number, piece in enumerate(pieces):
            rest = [one for other in pieces[:number] + pieces[number + 1 :] for one in other]
            if fails(piece):
                kept, parts = list(piece), 2
                break
            if len(pieces) > 2 and fails(rest):
                kept, parts = rest, max(parts - 1, 2)
                break
        else:
            if size == 1:
                return kept
            parts = min(2 * parts, len(kept))
    return kept


class Shrinker:
    """Makes one failing plan shorter."""

    def __init__(self, kind: str, run: type_of_play) -> None:
        self.kind = kind
        self.run = run
        self.runs = 0

    def _fails(self, plan: Plan) -> bool:
        self.runs += 1
        return any(found.kind == self.kind for found in self.run(plan).auditor.findings)

    def shrink(self, plan: Plan) -> Plan:
        """The smallest plan that still fails in the same way."""
        plan = self._fewer_families(plan)
        for _ in range(ROUNDS_MAX):
            before = plan
            plan = self._fewer_strikes(self._fewer_events(plan))
            if plan == before:
                break
        return plan

    def _fewer_families(self, plan: Plan) -> Plan:
        """An event id begins with the number of its family, or names an event that does."""
        families = [
            [event.id for event in group]
            for _, group in groupby(plan.events(), key=lambda event: event.subject.reference)
        ]
        kept = smallest(
            families, lambda some: self._fails(replace(plan, kept={i for f in some for i in f}))
        )
        return replace(plan, kept=frozenset(i for family in kept for i in family))

    def _fewer_events(self, plan: Plan) -> Plan:
        events = [event.id for event in plan.events()]
        kept = smallest(events, lambda some: self._fails(replace(plan, kept=frozenset(some))))
        return replace(plan, kept=frozenset(kept))

    def _fewer_strikes(self, plan: Plan) -> Plan:
        struck = list(self.run(plan).chance.struck)
        kept = smallest(struck, lambda some: self._fails(replace(plan, only=frozenset(some))))
        return replace(plan, only=frozenset(kept))


def shortest_story(
    seed_plan: Plan, kind: str, run: type_of_play = play, *, everything: bool = False
) -> Story:
    """Shrink a failing plan, and tell it; `everything` also says what the hub said."""
    shrinker = Shrinker(kind, run)
    plan = replace(shrinker.shrink(seed_plan), told="all" if everything else "causes")
    world = run(plan)
    lines = [*(world.trace.lines or ()), ""]
    lines += sorted({f"FOUND ({f.kind}) {f.sentence}" for f in world.auditor.findings})
    return Story(plan=plan, kind=kind, lines=lines, runs=shrinker.runs)
