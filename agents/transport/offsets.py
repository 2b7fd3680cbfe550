"""Where one partition stands between the fetch and the commit.  Pure: no Kafka, no clock.

A run starts where the partition was last sought to.  Every slice that the fetch brings is linked
to the end of the one before it; a commit may reach as far as the links are finished without a
break.  What was fetched before the last seek belongs to an older epoch and counts for nothing.
"""


class OffsetRun:
    """The unbroken run of one partition since its last seek.

    `start` is the offset sought to, `handed` the end of what was fetched, `cursor` the next
    offset that is not finished: everything below it may be committed.  Of every input below
    `confirmed` the broker has all outputs, though perhaps not the state after it.
    """

    __slots__ = ("_finished", "confirmed", "cursor", "epoch", "handed", "start")

    def __init__(self, start: int, epoch: int):
        # A fresh run starts at the commit, and a commit waits for every write.
        self.confirmed = start
        self.restart(start, epoch)

    def restart(self, start: int, epoch: int) -> None:
        """Forget what was handed out; the partition was sought to `start`.

        What is finished is not fetched again, but need not be confirmed: `confirmed` stays.
        """
        self.start = self.cursor = self.handed = start
        self.epoch = epoch
        self._finished: dict[int, int] = {}

    def hand(self, last: int) -> int:
        """Note a slice that ends with offset `last`; returns the offset it has to follow on."""
        after, self.handed = self.handed, last + 1
        return after

    def finish(self, after: int, last: int) -> None:
        """Note that the slice which followed on `after` is done; the cursor moves if it can."""
        self._finished[after] = last + 1
        while self.cursor in self._finished:
            self.cursor = self._finished.pop(self.cursor)

    def confirm(self, last: int) -> None:
        """Note that the broker has all that the inputs up to offset `last` led to."""
        self.confirmed = max(self.confirmed, last + 1)

    def committable(self) -> int | None:
        """The offset to commit (the next to be read), or None when nothing was finished yet."""
        return self.cursor if self.cursor > self.start else None
