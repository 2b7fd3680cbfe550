"""What one gateway holds in memory at most, however many senders there are and however they send.

While Kafka is away every event waits for its answer for some seconds.  Two bounds keep that from
filling the memory: no body is longer than `LARGEST_REQUEST_BYTES`, whoever sends it (FastAPI
counts); and the events that are being taken in have a budget together.  What does not fit is
answered 503 with `Retry-After` before it is read, and its sender repeats it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from hub.edges.publish import Unavailable
from hub.ops import limits

LARGEST_REQUEST_BYTES: Final = limits.REQUEST_BYTES.value
IN_HAND_BYTES: Final = limits.IN_HAND_BYTES.value
BODY_SECONDS: Final = limits.BODY_SECONDS.value

COPIES: Final = 4
"""How often a body is in memory while it waits: as it came, parsed, encoded, and at the producer.
Measured: 2,000 bodies of 20 kB that wait together take 100 kB each, connections included."""

OVERHEAD_BYTES: Final = 32 * limits.KIB
"""What an event costs besides its body: its connection, its tasks, its query."""


class TooMuchAtOnce(Unavailable):
    """The budget is spent.

    Operator action: as for Unavailable; where Kafka is well, add a gateway.
    """


class Budget:
    """The memory of all events that are being taken in.  One event loop, so no lock."""

    def __init__(self, most: int = IN_HAND_BYTES) -> None:
        self.most = most
        self.taken = 0

    @contextmanager
    def share(self, declared: str | None, largest: int) -> Iterator[None]:
        """Hold the share of one event; `declared` is its Content-Length, if it has one.

        A body that does not say how long it is counts as the largest.  Raises TooMuchAtOnce.
        """
        length = int(declared) if declared is not None and declared.isdecimal() else largest
        share = OVERHEAD_BYTES + COPIES * min(length, largest)
        if self.taken + share > self.most:
            raise TooMuchAtOnce("too many events are being taken in at once")
        self.taken += share
        try:
            yield
        finally:
            self.taken -= share
