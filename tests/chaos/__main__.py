"""`python -m tests.chaos`: the real stack under faults, against an independent auditor.

The verdict is one JSON line on stdout; progress is on stderr.  Exit code 0 only when every zero is
zero; 1 when something was found; 2 when the run could not be made.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.faults import KINDS
from tests.chaos.run import Wanted, run, say
from tests.chaos.slow_disk import NoCompilerError
from tests.chaos.soak import soak

FAULT_SECONDS = 6.0
EVENTS_A_SECOND = 600.0


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """The command line.  Exits with code 2 for one that cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--events", type=int, default=150_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--faults", default=",".join(KINDS), help="comma-separated kinds")
    parser.add_argument("--count", type=int, default=8, help="how many faults strike")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="also write the verdict there")
    parser.add_argument("--keep", action="store_true", help="keep the folder of a good run too")
    parser.add_argument(
        "--load-seconds", type=float, help="how long the load is expected to last; sets the clock"
    )
    parser.add_argument("--patience", type=float, default=900.0, help="seconds to come to rest")
    parser.add_argument("--soak", nargs="?", const=1.0, type=float, metavar="HOURS")
    parser.add_argument("--hours", type=float, help="with --soak: for how long")
    return parser.parse_args(given)


def wanted_of(given: argparse.Namespace) -> Wanted:
    """What the command line asks for.  Raises ValueError in words for a fault that is none."""
    kinds = tuple(kind for kind in given.faults.split(",") if kind)
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown or not kinds:
        raise ValueError(f"--faults: {', '.join(unknown) or 'none'}; known are {', '.join(KINDS)}")
    guessed = 20.0 + given.events / EVENTS_A_SECOND + FAULT_SECONDS * given.count
    return Wanted(
        events=given.events,
        workers=given.workers,
        faults=kinds,
        count=given.count,
        seed=given.seed,
        patience_seconds=given.patience,
        load_seconds=given.load_seconds or guessed,
        keep=given.keep,
    )


def main(given: Sequence[str]) -> int:
    """Run, and say the verdict."""
    options = arguments(given)
    try:
        wanted = wanted_of(options)
        if options.soak is not None:
            return soak(wanted, options.hours or options.soak, options.json)
        verdict = run(wanted)
    except (NoCompilerError, ValueError) as error:
        say(f"chaos: {error}")
        return 2
    line = json.dumps(verdict)
    if options.json:
        options.json.write_text(line + "\n", encoding="utf-8")
    sys.stdout.write(line + "\n")
    return 0 if verdict["ok"] else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
