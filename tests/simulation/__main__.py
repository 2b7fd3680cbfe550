"""Runs by hand: `python -m tests.simulation --seeds 0 500`, or one seed and its shortest story."""

import argparse
import sys
import time
from collections import Counter

from tests.simulation.plan import Plan
from tests.simulation.runs import play, run_many
from tests.simulation.shrink import shortest_story


def main() -> int:
    """0 when every seed was found in order."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--seed", type=int, help="one seed; when it fails, its shortest story")
    which.add_argument("--seeds", type=int, nargs=2, metavar=("A", "B"), help="all from A to B-1")
    parser.add_argument("--processes", type=int, help="one for each core unless said otherwise")
    parser.add_argument("--all", action="store_true", help="tell also what the hub said")
    chosen = parser.parse_args()
    if chosen.seed is not None:
        return one(chosen.seed, everything=chosen.all)
    return many(range(*chosen.seeds), chosen.processes)


def one(seed: int, *, everything: bool) -> int:
    """Play one seed, and tell its story if it fails."""
    world = play(Plan(seed=seed))
    print(f"seed {seed}: {world.steps} steps, {dict(world.counts)}")  # noqa: T201  a command speaks
    kinds = dict.fromkeys(found.kind for found in world.auditor.findings)
    for kind in kinds:
        print(shortest_story(Plan(seed=seed), kind, everything=everything))  # noqa: T201  as above
    return 1 if kinds else 0


def many(seeds: range, processes: int | None) -> int:
    """Play many seeds on all cores; each that fails is named as it comes."""
    began, counts, failed = time.perf_counter(), Counter[str](), []
    for outcome in run_many(seeds, processes):
        counts += outcome.counts
        if outcome.findings:
            failed.append(outcome.seed)
            kinds = Counter(found.kind for found in outcome.findings)
            print(f"seed {outcome.seed} fails: {dict(kinds)}", flush=True)  # noqa: T201  as above
    seconds = time.perf_counter() - began
    print(  # noqa: T201  as above
        f"{len(seeds)} seeds, {counts.total()} steps in {seconds:.1f} s "
        f"({counts.total() / seconds:.0f} steps/s, {counts['decided'] / seconds:.0f} inputs/s), "
        f"{counts['killed']} kills; failed: {failed or 'none'}"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
