"""What the transport counts, for the metrics of the worker.

Plain numbers on one module-level object: the process that runs the agents has one transport, and
a metrics endpoint reads these from another thread without a lock.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class TransportCounters:
    """Numbers since process start.

    `holes` counts slices that did not follow their predecessor (each was fetched again or ended
    the process), `dropped` slices that a seek or rebalance had outdated, `fenced` writes held back
    because the group membership was in doubt, `commits` successful offset commits,
    `last_commit_monotonic` the `time.monotonic()` of the last of them (0.0 before the first),
    `records` input records handed to agents and `written` batches confirmed by the broker.
    """

    holes: int = 0
    dropped: int = 0
    fenced: int = 0
    commits: int = 0
    last_commit_monotonic: float = 0.0
    records: int = 0
    written: int = 0


Counters = TransportCounters()
