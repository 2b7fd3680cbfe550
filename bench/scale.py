"""The hub at national size: `python -m bench.scale --json - [--episodes 4660,46600,466000]`.

Real `hub worker` processes with the whole policy, over a real Kafka, on this machine:

cost      events/s of the episode agent at each size, the same mix over random open episodes
lag       from a deadline to its gap on `hub.decisions`, beside 100 other events a second
kill      the same across a SIGKILL of the worker that is at once started again
wipe      the same with the worker's local state gone: the changelog is read back
memory    resident and disk bytes for one open episode
restart   seconds from the start of a process to its first decision and its first wake
two       two workers against one, on the same machine

The largest size is used for all parts but `cost` and `two`.  Deadlines are those of rule
P29.summary (a summary 24 hours after a discharge), because deadlines in working days all fall on
one second; the discharges are dated so that their deadlines fall into the measurement.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from bench import scale_parts as parts
from bench.scale_families import Families
from bench.scale_hub import Hub, load
from bench.scale_lag import deadline_lag, restart
from bench.scale_site import Site, say
from hub.policy.loader import load_policy

NATIONAL = (4_660, 46_600, 466_000)
PARTS = ("cost", "lag", "kill", "wipe", "memory", "restart", "two")


class Bench:
    """One run: its folder, its sizes, and what was found so far."""

    def __init__(self, folder: Path, sizes: list[int], *, quick: bool, seeded: bool):
        self.folder = folder
        self.sizes = sorted(sizes)
        self.seeded = seeded
        self.policy = load_policy()
        self.deadlines, self.lag_seconds = (200, 8.0) if quick else (2_000, 60.0)
        self.rounds = 3 if quick else 6
        self.events = min(self.sizes[0], 4_660)
        self.two_events = 2_000 if quick else 20_000
        self.found: dict[str, Any] = {"episodes": self.sizes, "quick": quick}

    def open(self, stack: ExitStack, name: str, size: int) -> Hub:
        """A hub that runs until the stack unwinds, with `size` episodes to be booked."""
        site = stack.enter_context(Site(self.folder / name))
        return Hub(site, Families(self.policy, site.start, seeded=self.seeded), size)

    def loaded(self, stack: ExitStack, size: int) -> Hub:
        """A hub with its worker, in which so many episodes are open."""
        hub = self.open(stack, str(size), size)
        if was := load(hub):
            self._put("load", str(size), was | {"rss": hub.site.rss()})
        return hub

    def run(self, only: set[str]) -> None:
        """Every part that is asked for."""
        sizes = self.sizes if only & {"cost", "memory"} else self.sizes[-1:]
        if only - {"two"}:
            with ExitStack() as stack:
                hubs = [self.loaded(stack, size) for size in sizes]
                self.found["state_bytes_booked"] = hubs[-1].families.stored_bytes()
                if "cost" in only:
                    self._part("cost", lambda: parts.cost(hubs, self.events, self.rounds))
                if "memory" in only:
                    self._part("memory", lambda: self.memory(hubs))
                for hub in hubs[:-1]:
                    hub.site.close()
                self._national(hubs[-1], only)
        if "two" in only:
            with ExitStack() as stack:
                hub = self.open(stack, f"two-{time.time_ns()}", 0)
                hub.start()
                rounds = 1 if self.found["quick"] else 3
                self._part("two", lambda: parts.two_workers(hub, self.two_events, rounds))

    def _national(self, hub: Hub, only: set[str]) -> None:
        """The parts that concern the largest size alone."""
        strike = self.lag_seconds / 3
        for part, kill_after in (("lag", None), ("kill", strike), ("wipe", strike)):
            if part in only:
                work = partial(
                    deadline_lag,
                    hub,
                    deadlines=self.deadlines,
                    seconds=self.lag_seconds,
                    kill_after=kill_after,
                    wipe=part == "wipe",
                )
                self._part(part, work)
        if "restart" in only:
            ways = (("stopped", False, False), ("killed", True, False), ("wiped", True, True))
            for name, kill, wipe in ways:
                self._put("restart", name, restart(hub, kill=kill, wipe=wipe))

    def memory(self, hubs: list[Hub]) -> dict[str, Any]:
        """Resident and disk bytes by size; per episode by the difference of the outer two."""
        found = {str(hub.size): parts.memory(hub) for hub in hubs}
        least, most = found[str(hubs[0].size)], found[str(hubs[-1].size)]
        more = max(1, hubs[-1].size - hubs[0].size)
        return found | {"per_episode": {k: round((most[k] - least[k]) / more) for k in most}}

    def _part(self, name: str, work: Callable[[], dict[str, Any]]) -> None:
        say(f"{name}:")
        began = time.monotonic()
        self.found[name] = work() | {"took_s": round(time.monotonic() - began, 1)}
        say(f"  {json.dumps(self.found[name])}")

    def _put(self, part: str, name: str, figures: dict[str, Any]) -> None:
        self.found.setdefault(part, {})[name] = figures
        say(f"{part} {name}: {json.dumps(figures)}")

    def report(self) -> dict[str, Any]:
        """The figures under their agreed names, and everything found beside them."""
        found = self.found
        lag = found.get("lag", {})
        per = found.get("memory", {}).get("per_episode", {})
        runs = [found[part] for part in ("lag", "kill", "wipe") if part in found]
        return {
            "ok": not any(run["missing"] or run["early"] for run in runs),
            "cost_ratio": found.get("cost", {}).get("cost_ratio"),
            "events_per_second": found.get("cost", {}).get("events_per_second"),
            "deadline_lag_ms": {k: lag.get(k) for k in ("p50", "p99", "max")},
            "deadline_lag_across_kill_s": _in_seconds(found.get("kill", {}).get("max")),
            "deadline_lag_across_wipe_s": _in_seconds(found.get("wipe", {}).get("max")),
            "rss_bytes_per_episode": per.get("rss"),
            "disk_bytes_per_episode": {k: v for k, v in per.items() if k != "rss"} or None,
            "restart_s": found.get("restart"),
            "two_workers_ratio": found.get("two", {}).get("two_workers_ratio"),
            "load_average": os.getloadavg()[0],
            "detail": found,
        }


def _in_seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds / 1000, 2)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 0 when every deadline that was armed opened its gap, and none early."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("--json", help="where the figures go: a file, or '-' for stdout")
    parser.add_argument("--episodes", default=",".join(map(str, NATIONAL)))
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="short: figures of no weight")
    parser.add_argument(
        "--book",
        action="store_true",
        help="book every family through the worker instead of writing its state to the changelog",
    )
    parser.add_argument("--work", type=Path, help="a folder to keep; loaded sizes are used again")
    asked = parser.parse_args(arguments)
    only = set(asked.only.split(","))
    if unknown := only - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; use {', '.join(PARTS)}")
    folder = asked.work or Path(tempfile.mkdtemp(prefix="hub-scale-"))
    sizes = [int(n) for n in asked.episodes.split(",")]
    bench = Bench(folder, sizes, quick=asked.quick, seeded=not asked.book)
    try:
        bench.run(only)
    finally:
        if asked.work is None:
            shutil.rmtree(folder, ignore_errors=True)
    report = bench.report()
    text = json.dumps(report, indent=1)
    if asked.json == "-":
        sys.stdout.write(text + "\n")
    elif asked.json:
        Path(asked.json).write_text(text + "\n", encoding="ascii")
    return 0 if report["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
