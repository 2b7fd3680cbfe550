"""From a deadline to its gap, undisturbed and across a killed worker; and what a restart takes."""

import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.scale_families import DISCHARGE_GAP, number_of
from bench.scale_hub import PROBE_BASE, Hub
from bench.scale_site import SAY_SECONDS, say
from bench.scale_stamped import PHASES, read_stamps
from hub.core.matters import is_matter
from hub.core.outcomes import GapOpened
from hub.edges.avro import decode_decision
from hub.ops.topics import DECISIONS

ARMING_SECONDS = 15.0
"""From arming to the first deadline: all must be decided by then, or they would count as late."""

PATIENCE_SECONDS = 180.0
"""For the last gap, after the last deadline."""

BACKGROUND_PER_SECOND = 100


@dataclass
class Watch:
    """Deadlines that were armed, and when their gaps were seen."""

    due: dict[int, datetime]
    seen: dict[int, datetime] = field(default_factory=dict)
    stamped: dict[int, datetime] = field(default_factory=dict)
    """As `seen`, by the time on the record: when the worker wrote it."""

    def note(self, value: bytes, stamp_ms: int, now: datetime) -> None:
        """Look into one decision."""
        if DISCHARGE_GAP.encode() not in value:
            return
        decision = decode_decision(value)
        if is_matter(decision.episode_id):
            return
        number = number_of(decision.episode_id)
        for outcome in decision.outcomes:
            if (
                isinstance(outcome, GapOpened)
                and outcome.code == DISCHARGE_GAP
                and outcome.due_at == self.due.get(number)
                and number not in self.seen
            ):
                self.seen[number] = now
                self.stamped[number] = datetime.fromtimestamp(stamp_ms / 1000, UTC)

    def lags(self, of: dict[int, datetime]) -> list[float]:
        """Seconds from due to seen, in order of size."""
        return sorted((at - self.due[number]).total_seconds() for number, at in of.items())


def deadline_lag(
    hub: Hub,
    *,
    deadlines: int,
    seconds: float,
    kill_after: float | None = None,
    wipe: bool = False,
    arming: float = ARMING_SECONDS,
) -> dict[str, Any]:
    """Arm deadlines that fall due over `seconds`, and see how late each gap is said.

    `kill_after` seconds into them the worker is killed and at once started again; with `wipe` its
    state folder is gone too.
    """
    reader = hub.site.reader()
    first = datetime.now(UTC) + timedelta(seconds=arming)
    step = timedelta(seconds=seconds / deadlines)
    chosen = hub.unarmed(deadlines)
    due = {number: first + n * step for n, number in enumerate(chosen)}
    watch = Watch(due)
    told = datetime.now(UTC)
    before = hub.site.count(DECISIONS)
    hub.site.send(hub.families.discharge(n, at, told, "armed") for n, at in due.items())
    hub.site.await_decisions(before + deadlines, "arming")
    if (margin := (first - datetime.now(UTC)).total_seconds()) < 0:
        raise RuntimeError(f"arming took {-margin:.0f} s longer than the first deadline waits")
    say(f"  {deadlines} deadlines armed, the first in {margin:.1f} s")
    try:
        killed = _run_lag(hub, watch, reader, first, seconds, kill_after, wipe=wipe)
    finally:
        reader.close()
    return _lag_figures(watch, killed)


def _run_lag(
    hub: Hub,
    watch: Watch,
    reader: Any,
    first: datetime,
    seconds: float,
    kill_after: float | None,
    *,
    wipe: bool,
) -> datetime | None:
    """Send the background, strike once, read until all gaps are seen; answers when it struck."""
    others = iter(hub.sample(int((seconds + ARMING_SECONDS) * BACKGROUND_PER_SECOND), 77))
    began = said = time.monotonic()
    posted = 0
    killed: datetime | None = None
    last = max(watch.due.values())
    while (now := datetime.now(UTC)) < last + timedelta(seconds=PATIENCE_SECONDS):
        wanted = int((time.monotonic() - began) * BACKGROUND_PER_SECOND)
        while posted < wanted and now < last:
            posted += 1
            if (number := next(others, None)) is not None and number not in watch.due:
                hub.site.post(hub.next_event(number))
        for message in reader.consume(500, 0.01):
            assert message.error() is None
            watch.note(message.value() or b"", message.timestamp()[1], datetime.now(UTC))
        if kill_after is not None and killed is None and now > first + _seconds(kill_after):
            killed = datetime.now(UTC)
            hub.site.kill(wipe=wipe)
            hub.site.start_worker()
            say("  killed and started again" + (", state wiped" if wipe else ""))
        if len(watch.seen) == len(watch.due):
            break
        if time.monotonic() - said > SAY_SECONDS:
            said = time.monotonic()
            fallen = sum(at <= now for at in watch.due.values())
            say(f"  {fallen} deadlines fell due, {len(watch.seen)} gaps seen")
    hub.site.flush()
    hub.site.idle()
    return killed


def _seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def _lag_figures(watch: Watch, killed: datetime | None) -> dict[str, Any]:
    lags, written = watch.lags(watch.seen), watch.lags(watch.stamped)

    def at(part: float, of: list[float]) -> float:
        return round(1000 * of[min(len(of) - 1, int(len(of) * part))], 1)

    missing = len(watch.due) - len(watch.seen)
    if not lags:
        return {"deadlines": len(watch.due), "missing": missing, "early": 0}
    figures = {
        "deadlines": len(watch.due),
        "missing": missing,
        "early": sum(lag < 0 for lag in lags),
        "p50": at(0.5, lags),
        "p99": at(0.99, lags),
        "max": at(1.0, lags),
        "written_p99": at(0.99, written),
    }
    if killed is not None:
        after = min((at for at in watch.seen.values() if at > killed), default=None)
        figures["first_gap_after_kill_s"] = (
            round((after - killed).total_seconds(), 2) if after else float("nan")
        )
    return figures


def restart(hub: Hub, *, kill: bool, wipe: bool = False) -> dict[str, float | None]:
    """Seconds of each phase from the start of a process to its first decision and first wake."""
    reader = hub.site.reader()
    told = datetime.now(UTC)
    due = {number: told + timedelta(seconds=3) for number in hub.unarmed(16)}
    before = hub.site.count(DECISIONS)
    hub.site.send(hub.families.discharge(n, at, told, "down") for n, at in due.items())
    hub.site.await_decisions(before + len(due), "arming")
    hub.site.idle()
    if kill:
        hub.site.kill(wipe=wipe)
    else:
        hub.site.stop()
    before = hub.site.count(DECISIONS)
    waiting = 2 * PROBE_BASE + time.time_ns()
    hub.site.send(hub.families.bookings(range(waiting, waiting + 1)))
    stamps = hub.site.folder / "stamps.jsonl"
    stamps.unlink(missing_ok=True)
    began = time.time()
    hub.site.start_worker(command=(sys.executable, "-m", "bench.scale_stamped", str(stamps)))
    hub.site.await_decisions(before + 1, "first decision")
    first = time.time()
    watch = Watch(due)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(watch.seen) < len(due) and time.monotonic() < deadline:
        for message in reader.consume(500, 0.05):
            watch.note(message.value() or b"", message.timestamp()[1], datetime.now(UTC))
    reader.close()
    reached = read_stamps(stamps)
    figures: dict[str, float | None] = {
        phase: round(reached[phase] - began, 2) if phase in reached else None for phase in PHASES
    }
    figures["first_decision"] = round(first - began, 2)
    figures["first_wake"] = round(max(watch.seen.values()).timestamp() - began, 2)
    return figures
