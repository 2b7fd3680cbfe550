"""The publishers: one idempotent producer with retries, and a ledger of what became of each record.

The ledger is what the auditor holds the hub to: a record that the broker confirmed must have its
effect, one that failed or stayed unknown may have it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import Message, Producer

from tests.chaos.load import Record

RATE = 3000.0
"""Records a second at most."""

FLUSH_SECONDS = 150.0
"""Longer than librdkafka tries one record (`delivery.timeout.ms`), so that every report comes."""


@dataclass(slots=True)
class Sent:
    """One record, and what its delivery report said."""

    record: Record
    state: str = "unknown"
    """ok, failed, or unknown while no report has come."""
    partition: int = -1
    offset: int = -1

    def report(self, error: Any, message: Message) -> None:
        """Take the delivery report."""
        if error is not None:
            # A failure after a retry may still have been written once: nothing is concluded.
            self.state = "failed"
            return
        self.state = "ok"
        self.partition = int(message.partition() or 0)
        self.offset = int(message.offset() or 0)


class Publisher:
    """Publishes records in order on a thread of its own, as fast as it is let."""

    def __init__(
        self, bootstrap: str, load: Sequence[Record], may_go_on: Callable[[int], bool]
    ) -> None:
        """`may_go_on(published)` says whether the hub has kept up well enough for more."""
        self.ledger = [Sent(record) for record in load]
        self.published = 0
        self.done = threading.Event()
        self._may_go_on = may_go_on
        self._stop = threading.Event()
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "acks": "all",
                "linger.ms": 5,
                "delivery.timeout.ms": 120_000,
                "queue.buffering.max.messages": 200_000,
                "log_level": 2,
            }
        )
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Publish nothing more; what is on its way gets its report."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(FLUSH_SECONDS + 10)

    def count(self, state: str) -> int:
        """How many records stand so."""
        return sum(sent.state == state for sent in self.ledger)

    def _run(self) -> None:
        began = time.monotonic()
        for sent in self.ledger:
            while not self._stop.is_set() and not self._in_time(began):
                self._producer.poll(0.005)
            if self._stop.is_set():
                break
            self._produce(sent)
            self.published += 1
        self._producer.flush(FLUSH_SECONDS)
        self.done.set()

    def _in_time(self, began: float) -> bool:
        """Whether the next record may go: within the rate, and while the hub keeps up."""
        in_rate = self.published <= (time.monotonic() - began) * RATE
        return in_rate and self._may_go_on(self.published)

    def _produce(self, sent: Sent) -> None:
        record = sent.record
        while True:
            try:
                self._producer.produce(
                    record.topic, record.value, record.key, on_delivery=sent.report
                )
            except BufferError:
                self._producer.poll(0.1)
            else:
                self._producer.poll(0)
                return
