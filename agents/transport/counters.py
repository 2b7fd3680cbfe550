"""What the transport counts, for the metrics of the worker.

Plain numbers on one module-level object: the process that runs the agents has one transport, and
a metrics endpoint reads these from another thread without a lock.
"""

from dataclasses import dataclass, field


@dataclass(slots=True)
class TransportCounters:
    """Numbers since process start.

    `holes` counts slices that did not follow their predecessor (each was fetched again or ended
    the process), `dropped` slices that a seek or rebalance had outdated, `fenced` writes held back
    because the group membership was in doubt, `commits` successful offset commits,
    `last_commit_monotonic` the `time.monotonic()` of the last of them (0.0 before the first),
    `records` input records handed to agents and `written` batches confirmed by the broker.

    `recoveries` counts assignments that were recovered and taken up, `recovery_seconds` is how
    long the last of them took from the moment the old assignment was given up (join, changelogs,
    seeks), `stood_still_since` that moment on the monotonic clock.  `recovered_seconds` says for
    each partition of a changelog, as "topic/partition", how long into it the last of its records
    was stored; a partition whose local state was complete is not in it.  It begins anew with each
    assignment.
    """

    holes: int = 0
    dropped: int = 0
    fenced: int = 0
    commits: int = 0
    last_commit_monotonic: float = 0.0
    records: int = 0
    written: int = 0
    recoveries: int = 0
    recovery_seconds: float = 0.0
    stood_still_since: float = 0.0
    recovered_seconds: dict[str, float] = field(default_factory=dict)


Counters = TransportCounters()
