"""Every figure of docs/performance.md from one command: `python -m bench --json bench.json`.

`--only empty,streams` runs some parts, `--quick` all of them in a small size (for a smoke test:
its figures mean nothing).  What is measured is written to the JSON after every part; a part that
fails leaves its reason there, the others go on, and the exit code is 1.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.apart import core, scale
from bench.channels import channels
from bench.empty.part import one_worker, two_workers
from bench.latency import latency
from bench.mllp import mllp
from bench.plan import Plan
from bench.report import table
from bench.rig import ROOT, HostFailedError, say
from bench.whole.part import whole_core
from bench.worker import whole_worker

Part = Callable[[Plan], dict[str, Any]]
PARTS: dict[str, Part] = {
    "empty": one_worker,
    "streams": two_workers,
    "whole": whole_core,
    "worker": whole_worker,
    "latency": latency,
    "mllp": mllp,
    "channels": channels,
    "core": core,
    "scale": scale,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the parts asked for; 0 when all of them were measured."""
    asked = _asked(arguments)
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as scratch:
        plan = Plan(
            scratch=Path(scratch),
            quick=asked.quick,
            repeats=1 if asked.quick else asked.repeats,
            peers=None if asked.no_peers else asked.peers,
        )
        found = _found_so_far(asked)
        for name in asked.only:
            found["parts"][name] = _measured(name, plan)
            if asked.json:
                asked.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(found))
    return 1 if any("error" in found["parts"][name] for name in asked.only) else 0


def _measured(name: str, plan: Plan) -> dict[str, Any]:
    """One part.  Each has a broker of its own, so that none pays for the topics of another."""
    say(f"part {name}")
    began = time.monotonic()
    try:
        figures = PARTS[name](plan)
    except Exception as error:  # noqa: BLE001  the other parts go on; the reason is kept
        say(f"part {name} failed: {error}")
        if not isinstance(error, HostFailedError):
            traceback.print_exc(file=sys.stderr)
        figures = {"error": f"{type(error).__name__}: {error}"}
    return figures | {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "took_seconds": round(time.monotonic() - began),
        "load_before_and_after": [round(each, 1) for each in os.getloadavg()],
    }


def _found_so_far(asked: argparse.Namespace) -> dict[str, Any]:
    """What an earlier run left in the JSON, so that parts can be taken one at a time."""
    fresh: dict[str, Any] = {"machine": _machine(), "quick": asked.quick, "parts": {}}
    if asked.json and asked.json.exists():
        before = json.loads(asked.json.read_text(encoding="utf-8"))
        if before.get("machine") == fresh["machine"] and before.get("quick") == asked.quick:
            fresh["parts"] = before.get("parts", {})
    return fresh


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "processor": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "kafka": "4.4.0, embedded, one broker",
    }


def _asked(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", type=Path, help="where the figures go, after every part")
    parser.add_argument("--only", type=_parts, default=list(PARTS), help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="a smoke test, not a measurement")
    parser.add_argument("--repeats", type=int, default=3, help="how often each host runs (3)")
    parser.add_argument("--no-peers", action="store_true", help="ours alone")
    parser.add_argument(
        "--peers",
        type=Path,
        default=ROOT / ".bench-venv" / "bin" / "python",
        help="the Python of an environment made from bench/constraints.txt",
    )
    asked = parser.parse_args(arguments)
    if not asked.no_peers and not asked.peers.exists():
        parser.error(f"{asked.peers} does not exist: `make bench` makes it, or give --no-peers")
    return asked


def _parts(words: str) -> list[str]:
    names = words.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        raise argparse.ArgumentTypeError(f"no part {unknown[0]}; there are {', '.join(PARTS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
