"""The hub's own worklist: the notice stands there as soon as it is decided.

That is level 1 and no more.  It becomes *delivered* when a page lists it to a holder of the role,
and *opened* when somebody opens it; the pages report both.
"""

from hub.core.model import Signal
from hub.edges.channels.base import Delivered, type_of_result
from hub.edges.directory import Endpoint
from hub.edges.records import NoticeRecord
from hub.ops import limits


class WorklistChannel:
    """For recipients without a system of their own."""

    name = "worklist"
    together = 1
    places = limits.DESTINATIONS.value

    async def start(self) -> None:
        """Nothing to open."""

    async def stop(self) -> None:
        """Nothing to close."""

    async def send(self, notice: NoticeRecord, endpoint: Endpoint) -> type_of_result:
        """Always sent: the read model lists it by itself."""
        del notice, endpoint
        return Delivered(Signal.SENT)
