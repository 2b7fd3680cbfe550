"""The faults: what they do to the stack, when they strike, and how recovery is measured.

*Recovery* of a fault is the time from the moment at which we take our hands off until decisions
flow again on all partitions: until, on every partition of `hub.inputs` that has undecided inputs, a
decision has been written after that moment.  For what is over as soon as it strikes (kill,
broker-kill, wipe-state, scale) that is the strike itself, a restart included; for what lasts
(pause, broker-pause, slow-disk) it is the end of it.
"""

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tests.chaos.stack import Stack
from tests.chaos.watch import Watch, wait_until

KINDS = ("kill", "pause", "broker-kill", "broker-pause", "scale", "wipe-state", "slow-disk")

PAUSE_SECONDS = 14.0
"""Longer than a session of the group (8 s): the paused worker has lost its partitions."""

SLOW_SECONDS = 15.0
RECOVERY_SECONDS = 120.0
"""Whoever has not recovered by then has not recovered; a rebalance and a restart take 5 to 15."""

SCALED_SECONDS = 8.0
"""How long an additional worker stays once it has its partitions."""

PAUSED_EXIT = 3
"""A worker that wakes after its session must end itself with this code (docs/engine.md)."""


@dataclass
class Struck:
    """One fault that struck."""

    kind: str
    target: str
    at: float
    """Seconds since the load began."""
    events: int
    """Events decided when it struck."""
    recovered_seconds: float | None = None
    wrong: str = ""
    """A sentence, when the stack did not answer the fault as it should."""


def plan(kinds: tuple[str, ...], count: int, seed: int) -> list[str]:
    """Which fault comes when: every kind before any comes again, in a seeded order."""
    dice = Random(f"faults{seed}")  # noqa: S311  chaos, not secrets
    found: list[str] = []
    while len(found) < count:
        found += dice.sample(kinds, len(kinds))
    return found[:count]


def thresholds(count: int, events: int, seed: int) -> list[int]:
    """At how many decided events each fault strikes: seeded, and apart from each other.

    Progress and not time, so that every fault falls in the middle of the work.
    """
    dice = Random(f"when{seed}")  # noqa: S311  chaos, not secrets
    each = 0.85 * events / max(count, 1)
    return [int(events * 0.05 + each * (n + dice.uniform(0.1, 0.7))) for n in range(count)]


class Faults:
    """Strikes every fault of a plan on a thread of its own, one after the other."""

    def __init__(
        self, stack: Stack, watch: Watch, planned: list[str], when: list[int], seed: int
    ) -> None:
        self.stack, self.watch = stack, watch
        self.struck: list[Struck] = []
        self.done = threading.Event()
        self._planned, self._when = planned, when
        self._finished = 0
        self._dice = Random(f"targets{seed}")  # noqa: S311  chaos, not secrets
        self._stop = threading.Event()
        self._began = 0.0
        self._thread = threading.Thread(target=self._run, name="faults", daemon=True)

    def start(self) -> None:
        """Begin to wait for the first."""
        self._began = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Strike no more; a fault under way is finished."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        strikes: dict[str, Callable[[Struck], float]] = {
            "kill": self._kill,
            "pause": self._pause,
            "broker-kill": self._kill_broker,
            "broker-pause": self._pause_broker,
            "scale": self._scale,
            "wipe-state": self._wipe,
            "slow-disk": self._slow,
        }
        for kind, threshold in zip(self._planned, self._when, strict=True):
            while len(self.watch.progress.events) < threshold:
                if self._stop.wait(0.05):
                    return
            events = len(self.watch.progress.events)
            one = Struck(kind, "", round(time.monotonic() - self._began, 1), events)
            self.struck.append(one)
            hands_off = strikes[kind](one)
            if one.recovered_seconds is None:
                one.recovered_seconds = self._recovery(one, hands_off)
            self._finished += 1
        self.done.set()

    def may_be_decided(self) -> float:
        """How many events may be decided before the fault now waiting or striking is over.

        Up to the threshold of the next: so that it, too, falls into the middle of the work.
        """
        following = self._finished + 1
        return self._when[following] if following < len(self._when) else float("inf")

    def _recovery(self, one: Struck, since: float) -> float | None:
        """Seconds from `since` until decisions flow again; None when they do not."""
        deadline = wait_until(RECOVERY_SECONDS)
        while deadline.left():
            if self.watch.flows_since(since):
                return round(time.time() - since, 2)
        one.wrong = f"no decisions on every partition within {RECOVERY_SECONDS:.0f} s"
        return None

    def _a_worker(self) -> str:
        return self._dice.choice(self.stack.workers())

    # --- each returns the moment from which recovery counts -------------------------------------

    def _kill(self, one: Struck) -> float:
        role = self._dice.choice(["worker", "worker", "worker", "project", "deliver"])
        one.target = self._a_worker() if role == "worker" else role
        return self.stack.kill(one.target)

    def _wipe(self, one: Struck) -> float:
        one.target = self._a_worker()
        return self.stack.kill(one.target, wipe=True)

    def _kill_broker(self, one: Struck) -> float:
        one.target = "broker"
        struck = time.time()
        self.stack.kill_broker()
        return struck

    def _pause(self, one: Struck) -> float:
        one.target = self._a_worker()
        exits = len(self.stack.exits)
        self.stack.send_signal(one.target, signal.SIGSTOP)
        self._stop.wait(PAUSE_SECONDS)
        self.stack.send_signal(one.target, signal.SIGCONT)
        woken = time.time()
        deadline = wait_until(20.0)
        while deadline.left():
            codes = [each.code for each in self.stack.exits[exits:] if each.role == one.target]
            if codes:
                if codes[0] != PAUSED_EXIT:
                    one.wrong = f"a paused worker ended with {codes[0]}, not {PAUSED_EXIT}"
                return woken
        one.wrong = "a worker that was paused past its session did not end itself"
        return woken

    def _pause_broker(self, one: Struck) -> float:
        one.target = "broker"
        self.stack.signal_broker(signal.SIGSTOP)
        self._stop.wait(PAUSE_SECONDS)
        self.stack.signal_broker(signal.SIGCONT)
        return time.time()

    def _slow(self, one: Struck) -> float:
        assert self.stack.slow is not None, "checked before the run"
        one.target = "every disk write"
        self.stack.slow.switch(on=True)
        self._stop.wait(SLOW_SECONDS)
        self.stack.slow.switch(on=False)
        return time.time()

    def _scale(self, one: Struck) -> float:
        """One worker more, and some seconds later one fewer; the slower of the two counts."""
        added = f"x{len(self.struck)}"
        one.target = f"+{added}"
        struck = time.time()
        self.stack.start(added)
        out = self._recovery(one, struck)
        self._stop.wait(SCALED_SECONDS)
        leaver = self._a_worker()
        one.target = f"+{added} -{leaver}"
        struck = time.time()
        code = self.stack.dismiss(leaver)
        if code != 0:
            one.wrong = f"a worker that was asked to stop ended with {code}"
        back = self._recovery(one, struck)
        if out is not None and back is not None:
            one.recovered_seconds = max(out, back)
        return struck
