"""What an input led to, on its way out: every record names its topic, and all go the same way.

An agent keeps its outputs with its state before it sends them, quarantine records among them, so
that a crash between two writes loses none: the redelivered input says all of them again.
"""

from collections.abc import Sequence
from typing import NamedTuple

import faust

from agents.transport import Outbound, check_fits, confirmed


class Output(NamedTuple):
    """One record for one topic; its partition follows from its key."""

    topic: str
    key: bytes
    value: bytes


class Sender:
    """Batches the outputs of one slice by topic and partition, and hands them over together."""

    def __init__(self, app: faust.App) -> None:
        """For one slice of one agent."""
        self._app = app
        self._by_topic: dict[str, Outbound] = {}

    async def append(self, outputs: Sequence[Output]) -> None:
        """Add records; a full batch goes on the way.

        Raises RecordTooLargeError, before the first of them is added: all or none.
        """
        for output in outputs:
            check_fits(output.topic, output.key, output.value)
        for output in outputs:
            out = self._by_topic.get(output.topic)
            if out is None:
                out = self._by_topic[output.topic] = Outbound(self._app, output.topic)
            await out.append(output.key, output.value)

    async def send(self) -> None:
        """Hand over everything; the commit waits until the broker has confirmed it."""
        for out in self._by_topic.values():
            await out.send()

    async def settle(self) -> None:
        """Hand over everything, and return when the broker has confirmed it.

        What is confirmed need not be kept in a state: for the rare value that would be too large
        with all that a crash could lose.
        """
        await self.send()
        await confirmed(self._app)
