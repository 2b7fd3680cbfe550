"""The hardened Faust transport: agents stand on it, and everything they may use is named here.

Rules: an agent reads through `slices`, writes through `RecordBatch`, `Outbound` or `send_keyed`,
keeps state in a `PartitionStore`, and catches nothing it cannot decide about.  What goes wrong
below ends the process with one of the `ExitCode`s.  tests/engine/counter_app.py is the example.
"""

from agents.transport.app import HubApp, make_app, run
from agents.transport.batches import Outbound, RecordBatch, confirmed, partition_of, send_keyed
from agents.transport.counters import Counters
from agents.transport.ending import ExitCode, end_process
from agents.transport.limits import (
    MAX_RECORD_BYTES,
    RecordTooLargeError,
    check_fits,
    check_state_fits,
)
from agents.transport.partitions import (
    confirmed_offset,
    on_partitions_ready,
    on_partitions_revoked,
    owned_partitions,
    ready,
)
from agents.transport.slices import Slice, slices
from agents.transport.store import PartitionStore

__all__ = [
    "MAX_RECORD_BYTES",
    "Counters",
    "ExitCode",
    "HubApp",
    "Outbound",
    "PartitionStore",
    "RecordBatch",
    "RecordTooLargeError",
    "Slice",
    "check_fits",
    "check_state_fits",
    "confirmed",
    "confirmed_offset",
    "end_process",
    "make_app",
    "on_partitions_ready",
    "on_partitions_revoked",
    "owned_partitions",
    "partition_of",
    "ready",
    "run",
    "send_keyed",
    "slices",
]
