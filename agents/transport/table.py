"""The table of the hub: Faust's, except that a recovery that fails is the end of the process."""

from collections.abc import Iterable
from typing import Any

import faust

from agents.transport.ending import ExitCode, end_process


class StrictTable(faust.Table[bytes, bytes]):
    """Faust's table, for which a failure to store recovered state is not just a warning."""

    def apply_changelog_batch(self, batch: Iterable[Any]) -> None:
        """Store what recovery has read; Faust logs an exception from here and recovers on."""
        try:
            super().apply_changelog_batch(batch)
        except Exception as error:  # noqa: BLE001  whatever it is, it ends the process
            end_process(ExitCode.ENGINE_FAILED, f"state of {self.name} was not recovered", error)
