"""The producer: idempotent, and a flush that returns only when the broker has confirmed all.

Faust's own flush gives up after 100 ms and its failed sends are warnings; either would let an
offset be committed before the effects of its input exist.  Here a commit waits, up to a deadline,
for every record handed over before it, and any failure ends the process.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import faust
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.producer.message_accumulator import BatchBuilder
from faust.transport.drivers import aiokafka as driver
from faust.transport.producer import ProducerBuffer
from faust.types.tuples import FutureMessage, RecordMetadata

from agents.transport.counters import Counters
from agents.transport.ending import ExitCode, end_process
from agents.transport.fence import Fence

# A commit that waits longer than this for confirmations ends the process.  It equals the request
# timeout of the producer (30 s): a record that is unconfirmed by then has failed anyway.
FLUSH_SECONDS = 30.0

Confirmed = Callable[[RecordMetadata], None]


def producer_of(app: faust.types.AppT) -> "Producer":
    """The producer of an app made by `make_app`."""
    producer = app.producer
    assert isinstance(producer, Producer)
    return producer


class StrictBuffer(ProducerBuffer):
    """Faust's buffer for `send_soon`, with a flush that waits for what was put before it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._put = self._sent = 0

    def put(self, fut: FutureMessage) -> None:
        """Add a message; it counts as outstanding until it was really handed to the driver."""
        self._put += 1
        super().put(fut)

    async def _send_pending(self, fut: FutureMessage) -> None:
        await super()._send_pending(fut)
        self._sent += 1

    async def flush(self) -> None:
        """Return when everything put so far was handed to the driver.

        Raises RuntimeError when the buffer is not running and something is left in it.
        """
        target = self._put
        while self._sent < target:
            if self.state != "running":
                raise RuntimeError("the producer buffer stopped with messages left in it")
            self.message_sent.clear()
            await self.message_sent.wait()


class Producer(driver.Producer):
    """Faust's aiokafka producer with confirmations that a commit can wait for."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.buffer = StrictBuffer(loop=self.loop, beacon=self.beacon)
        self.buffer.app = self.app
        self.unconfirmed: set[asyncio.Future[RecordMetadata]] = set()

    def _settings_extra(self) -> Mapping[str, Any]:
        """Idempotence in at-least-once mode too: a retry must neither repeat nor reorder."""
        return {"acks": "all", "enable_idempotence": True}

    def _new_producer(self, transactional_id: str | None = None) -> AIOKafkaProducer:
        """A driver whose every request first asks the fence whether it may still be sent."""
        producer = super()._new_producer(transactional_id)
        fence: Fence = self.app.fence  # type: ignore[attr-defined]  # our App subclass has it
        send = producer.client.send

        async def fenced_send(*args: Any, **kwargs: Any) -> Any:
            await fence.passable()
            return await send(*args, **kwargs)

        producer.client.send = fenced_send
        return producer

    def new_batch(self) -> BatchBuilder:
        """An empty record batch.  Raises faust.exceptions.NotReady before the producer started."""
        return self._ensure_producer().create_batch()

    async def hand_over(
        self, batch: BatchBuilder, topic: str, partition: int, confirmed: Confirmed | None
    ) -> None:
        """Give a closed batch to the driver without waiting for the broker.

        `confirmed` is called once the broker has it; a failure ends the process.
        """
        producer = self._ensure_producer()
        await self._track(producer.send_batch(batch, topic, partition=partition), topic, confirmed)

    async def hand_over_record(
        self, topic: str, partition: int, key: bytes, value: bytes | None
    ) -> None:
        """Give a single record to the driver; the same guarantee as for a batch."""
        producer = self._ensure_producer()
        await self._track(producer.send(topic, value, key=key, partition=partition), topic, None)

    async def _track(
        self,
        sending: Awaitable[asyncio.Future[RecordMetadata]],
        topic: str,
        confirmed: Confirmed | None,
    ) -> None:
        try:
            future = await sending
        except (KafkaError, TimeoutError) as error:
            end_process(ExitCode.WRITE_FAILED, f"a write to {topic} was not taken", error)
        self.unconfirmed.add(future)
        future.add_done_callback(lambda done: self._settled(done, topic, confirmed))

    def _settled(
        self, done: "asyncio.Future[RecordMetadata]", topic: str, confirmed: Confirmed | None
    ) -> None:
        if done.cancelled():
            end_process(ExitCode.WRITE_FAILED, f"a write to {topic} was cancelled")
        error = done.exception()
        if error is not None:
            end_process(ExitCode.WRITE_FAILED, f"a write to {topic} failed", error)
        try:
            if confirmed is not None:
                confirmed(done.result())
        except Exception as error:  # noqa: BLE001  asyncio would swallow it; it ends the process
            end_process(ExitCode.WRITE_FAILED, f"what {topic} confirmed was not kept", error)
        self.unconfirmed.discard(done)
        Counters.written += 1

    def when_confirmed(self, then: Callable[[], None]) -> None:
        """Call `then` once the broker has everything handed over so far; never if a write fails."""
        waiting = set(self.unconfirmed)
        if not waiting:
            then()
            return

        def one_less(done: "asyncio.Future[RecordMetadata]") -> None:
            if done.cancelled() or done.exception() is not None:
                # `_settled`, which was added before this, has ended the process.
                return
            waiting.discard(done)
            if not waiting:
                then()

        for future in tuple(waiting):
            future.add_done_callback(one_less)

    async def flush(self) -> None:
        """Return when all that was handed over before is confirmed; past the deadline, end."""
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await self.buffer.flush()
                waiting = set(self.unconfirmed)
                if waiting:
                    await asyncio.wait(waiting)
                if self._producer is not None:
                    await self._producer.flush()
        except TimeoutError:
            end_process(
                ExitCode.WRITE_FAILED,
                f"{len(self.unconfirmed)} writes unconfirmed after {FLUSH_SECONDS:.0f} s",
            )
