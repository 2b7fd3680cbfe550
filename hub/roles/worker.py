"""The worker: the Faust agents of the hub."""

import threading
import time

from agents.app import build
from agents.context import context_from
from agents.transport import Counters, run
from hub.ops import metrics
from hub.ops.logs import log, start_logs
from hub.ops.settings import Settings
from hub.policy.source import PolicyFaults

WATCH_SECONDS = 1.0


def main(settings: Settings) -> int:
    """Run the worker until it is told to stop; the exit codes are those of docs/engine.md."""
    start_logs("worker", settings.log_level, worker_id=settings.worker_id)
    try:
        context = context_from(settings)
    except PolicyFaults as faults:
        for fault in faults.faults:
            log().error("policy_fault", where=f"{fault.file}:{fault.line}", what=fault.message)
        return 3
    exporter = metrics.start_metrics(settings.metrics_host, settings.metrics_port)
    threading.Thread(target=_watch, name="metrics", daemon=True).start()
    try:
        return run(build(settings, context))
    finally:
        if exporter is not None:
            exporter.stop()


def _watch() -> None:
    """Copy the transport's plain numbers into the metrics, for as long as the process lives."""
    holes = fenced = 0
    while True:
        time.sleep(WATCH_SECONDS)
        metrics.HOLES.inc(Counters.holes - holes)
        metrics.FENCED.inc(Counters.fenced - fenced)
        holes, fenced = Counters.holes, Counters.fenced
        if Counters.last_commit_monotonic:
            metrics.COMMIT_AGE.set(time.monotonic() - Counters.last_commit_monotonic)
        metrics.RECOVERY_SECONDS.set(Counters.recovery_seconds)
        # A copy: the transport adds to it from its own thread.
        metrics.READ_BACK_SECONDS.set(max(Counters.recovered_seconds.copy().values(), default=0.0))
