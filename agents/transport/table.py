"""The table of the hub: Faust's, with state read back in few writes, or the end of the process."""

import time

import faust
from faust.types.tuples import TP

from agents.transport.consumer_thread import Rows
from agents.transport.counters import Counters
from agents.transport.ending import ExitCode, end_process
from agents.transport.stored import write_stored


class StrictTable(faust.Table[bytes, bytes]):
    """Faust's table, for which a failure to store recovered state is not just a warning."""

    def read_back(self, tp: TP, rows: Rows) -> None:
        """Store records of a changelog partition, in their order, in one write."""
        records = ((row.key or b"", row.value) for row in rows)
        try:
            write_stored(self.data, tp.partition, rows[-1].offset, records)
        except Exception as error:  # noqa: BLE001  whatever it is, it ends the process
            end_process(ExitCode.ENGINE_FAILED, f"state of {self.name} was not recovered", error)
        spent = time.monotonic() - Counters.stood_still_since
        Counters.recovered_seconds[f"{tp.topic}/{tp.partition}"] = spent
