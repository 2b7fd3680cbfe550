"""Parts that are commands of their own: the core without Kafka, the hub at national size."""

import json
import subprocess
import sys
from typing import Any

from bench.plan import Plan
from bench.rig import ROOT, HostFailedError


def core(plan: Plan) -> dict[str, Any]:
    """One decision with its codecs: `python -m bench.core`."""
    return _command(plan, "bench.core")


def scale(plan: Plan) -> dict[str, Any]:
    """Cost, deadlines, memory and restarts at 466,000 open episodes: `python -m bench.scale`."""
    small = ("--quick", "--episodes", "500,2000") if plan.quick else ()
    return _command(plan, "bench.scale", "--work", str(plan.folder("scale")), *small)


def _command(plan: Plan, module: str, *more: str) -> dict[str, Any]:
    """Run a command of ours that writes its figures to a file."""
    out = plan.folder(module) / "figures.json"
    command = [sys.executable, "-m", module, "--json", str(out), *more]
    ended = subprocess.run(command, cwd=ROOT, check=False)  # noqa: S603  our own module
    if not out.exists():
        raise HostFailedError(f"{module} ended with {ended.returncode} and left no figures")
    figures: dict[str, Any] = json.loads(out.read_text(encoding="ascii"))
    return figures
