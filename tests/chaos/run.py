"""One run: the stack, the load, the faults, the wait until all is quiet, and the audit."""

import json
import shutil
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from hub.ops.clock import AcceleratedClock
from tests.chaos.audit import Audit, audit_run
from tests.chaos.faults import Faults, plan, thresholds
from tests.chaos.load import records
from tests.chaos.publisher import Publisher
from tests.chaos.quiet import Quiet
from tests.chaos.slow_disk import SlowDisk, compile_shim
from tests.chaos.stack import Stack
from tests.chaos.watch import Watch, wait_until

HUB_START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
"""A Monday; the bank holidays are weeks away."""

HUB_TIME = timedelta(hours=9, minutes=30)
"""Until Monday 18:30: what began at the weekend and is due within 24 hours or one working day falls
due during the run, and the first rungs are climbed.  Longer ladders would bury the load."""

LEAD_SECONDS = 12.0
"""The clock's real anchor lies so far ahead; the roles start, and then the load begins."""

AHEAD = 4000
"""Events that may be published and not yet decided: a backlog for every fault to strike into."""

BEYOND = 500
"""Events published beyond the threshold of the next fault: the backlog into which it strikes."""

SAY_SECONDS = 3.0


@dataclass(frozen=True)
class Wanted:
    """What a run is asked to do."""

    events: int
    workers: int
    faults: tuple[str, ...]
    count: int
    seed: int
    patience_seconds: float
    """How long it may take to come to rest after load and faults are over."""
    load_seconds: float
    """How long the load is expected to last: the hub's clock runs through its time in that."""
    keep: bool = False


def say(words: str) -> None:
    """A line of progress, on stderr: stdout is for the verdict."""
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


class Run:
    """Everything of one run."""

    def __init__(self, wanted: Wanted, folder: Path) -> None:
        self.wanted, self.folder = wanted, folder
        self.began = time.monotonic()
        slow: SlowDisk | None = None
        if "slow-disk" in wanted.faults:
            slow = compile_shim(folder)
        load = records(wanted.seed, wanted.events, HUB_START)
        say(f"{len(load)} records encoded in {time.monotonic() - self.began:.1f} s")
        self.clock = AcceleratedClock(
            start=HUB_START,
            since=datetime.now(UTC) + timedelta(seconds=LEAD_SECONDS + 6),
            factor=HUB_TIME.total_seconds() / wanted.load_seconds,
            end=HUB_START + HUB_TIME,
        )
        self.stack = Stack(folder, self.clock, wanted.seed, slow)
        self.stack.prepare()
        self.watch = Watch(self.stack.bootstrap, self.stack.settings.partitions)
        self.publisher = Publisher(self.stack.bootstrap, load, self._keeps_up)
        self.faults = Faults(
            self.stack,
            self.watch,
            plan(wanted.faults, wanted.count, wanted.seed),
            thresholds(wanted.count, wanted.events, wanted.seed),
            wanted.seed,
        )
        self._said_at = 0.0

    def _keeps_up(self, published: int) -> bool:
        events = published * 0.97  # The others are duplicates and poison.
        decided = len(self.watch.progress.events)
        return events - decided < AHEAD and events < self.faults.may_be_decided() + BEYOND

    def play(self) -> str:
        """Load and faults, then rest.  Returns what was still under way when patience ended."""
        for name in [*(f"w{n + 1}" for n in range(self.wanted.workers)), "project", "deliver"]:
            self.stack.start(name)
        self.watch.start()
        while datetime.now(UTC) < self.clock.since:
            self._look("starting")
        self.publisher.start()
        self.faults.start()
        while not (self.publisher.done.is_set() and self.faults.done.is_set()):
            self._look("load")
            if self._stuck():
                return "the load: nothing was decided for minutes"
        return self._rest()

    def _rest(self) -> str:
        while datetime.now(UTC) < self.clock.real_at(HUB_START + HUB_TIME):
            self._look("the hub's clock runs on")
        end = int((HUB_START + HUB_TIME).timestamp() * 1_000_000)
        quiet = Quiet(self.stack.bootstrap, self.watch, self.stack.database, end)
        deadline = wait_until(self.wanted.patience_seconds, 0.5)
        waiting_for = "the first look"
        while deadline.left():
            waiting_for = quiet.waiting_for()
            if not waiting_for:
                return ""
            self._look(f"waiting for {waiting_for}")
        return waiting_for

    def _stuck(self) -> bool:
        """Whether nothing has been decided for longer than any recovery may take."""
        latest = max(self.watch.progress.latest.values(), default=time.time())
        return time.time() - latest > self.wanted.patience_seconds

    def _look(self, words: str) -> None:
        """One look around: mend what ended, and say how far it is every few seconds."""
        self.stack.tend()
        time.sleep(0.05)
        if time.monotonic() - self._said_at < SAY_SECONDS:
            return
        self._said_at = time.monotonic()
        progress = self.watch.progress
        struck = self.faults.struck
        latest = f", last {struck[-1].kind} on {struck[-1].target}" if struck else ""
        say(
            f"{time.monotonic() - self.began:6.0f} s  published {self.publisher.published}, "
            f"decided {len(progress.events)} events in {progress.records} decisions, "
            f"faults {len(struck)} of {self.wanted.count}{latest}; hub time "
            f"{self.clock.now():%a %d %H:%M}; {words}"
        )

    def stop(self) -> dict[str, int]:
        """Stop the roles, but not the broker: the auditor reads from it.  Twice is once."""
        for part in (self.faults, self.publisher, self.watch):
            part.stop()
        return self.stack.stop_roles()

    def verdict(self, audit: Audit, codes: dict[str, int]) -> dict[str, Any]:
        """What the last line says."""
        struck = self.faults.struck
        seconds = sorted(s.recovered_seconds for s in struck if s.recovered_seconds is not None)
        wrong = [f"{s.kind} on {s.target}: {s.wrong}" for s in struck if s.wrong]
        wrong += [
            f"{name} ended with {code} when asked to stop" for name, code in codes.items() if code
        ]
        if len(struck) < self.wanted.count:
            wrong.append(f"only {len(struck)} of {self.wanted.count} faults struck")
        said = audit.figures()
        zeros = all(said[name] == 0 for name in audit.ZEROS)
        return said | {
            "recovery_seconds": {
                "p50": round(median(seconds), 2) if seconds else None,
                "max": seconds[-1] if seconds else None,
            },
            "ok": zeros and not wrong,
            "wrong": wrong,
            "faults": [asdict(each) for each in struck],
            "exits": [asdict(each) for each in self.stack.exits],
            "unconfirmed": self.publisher.count("failed") + self.publisher.count("unknown"),
            "seed": self.wanted.seed,
            "workers": self.wanted.workers,
            "seconds": round(time.monotonic() - self.began, 1),
        }


def run(wanted: Wanted) -> dict[str, Any]:
    """One run from an empty folder; the folder is kept when something was found."""
    folder = Path(tempfile.mkdtemp(prefix="hub-chaos-"))
    playing = Run(wanted, folder)
    try:
        left = playing.play()
        codes = playing.stop()
        say("auditing")
        audit = audit_run(playing.stack, playing.publisher.ledger, HUB_START + HUB_TIME, left)
        verdict = playing.verdict(audit, codes)
    finally:
        playing.stop()
        playing.stack.stop_broker()
    if verdict["ok"] and not wanted.keep:
        shutil.rmtree(folder)
        return verdict
    verdict["evidence"] = str(folder)
    (folder / "verdict.json").write_text(json.dumps(verdict, indent=2), encoding="utf-8")
    (folder / "findings.txt").write_text("\n".join(audit.sentences()), encoding="utf-8")
    for sentence in [*verdict["wrong"], *audit.sentences()][:10]:
        say(f"found: {sentence}")
    say(f"the evidence is kept in {folder}")
    return verdict
