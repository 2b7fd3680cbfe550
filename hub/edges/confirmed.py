"""Writes to Kafka that are either confirmed by the broker, soon, or refused.

One idempotent producer with acks=all.  While Kafka is away, a write raises `Unavailable` within
its bound, and at once while an earlier write is still unconfirmed: doors answer quickly, and no
backlog gathers in memory.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from hub.ops import limits
from hub.ops.kafka_login import OPEN, KafkaLogin
from hub.ops.logs import log

CONFIRM_SECONDS: Final = 5.0
"""How long a door waits for the broker.  A leader election takes 1 to 3 s; an HL7 sender gives up
after 10 to 30 s, so it still gets an answer from us rather than none."""

CONNECT_RETRY_SECONDS: Final = 0.5
"""Pause between two attempts to reach Kafka for the first time."""

RENEW_SECONDS: Final = 30.0
"""How long a write may stay unconfirmed before its producer is given up for a new one.  A producer
asks only the brokers it has met; a cluster whose addresses have all changed is found again only
from the bootstrap address."""

MOST_UNCONFIRMED: Final = limits.UNCONFIRMED.value
"""Writes that wait together.  Each holds its record, and its door holds what the record was made
of: what is refused at once costs nothing."""

CLOSE_SECONDS: Final = 3.0
"""How long a stopping role waits for writes that are on their way."""

GIVE_UP_SECONDS: Final = 0.5
"""How long requests in flight may still take after that."""


class Unavailable(Exception):  # noqa: N818  neither the sender's fault nor ours: a state of Kafka
    """Kafka did not confirm in time.  Nothing is promised; the sender should send it again.

    Operator action: see whether the brokers run (`hub doctor`); senders repeat by themselves.
    """


class ConfirmedWrites:
    """`start` returns at once and the connection is made in the background, so that a door opens
    (and answers "try again later") even while Kafka is away.
    """

    def __init__(
        self,
        bootstrap: str,
        client_id: str,
        confirm_seconds: float = CONFIRM_SECONDS,
        renew_seconds: float = RENEW_SECONDS,
        login: KafkaLogin = OPEN,
    ) -> None:
        self._bootstrap, self._login = bootstrap, login
        self._renew_seconds = renew_seconds
        self._client_id = client_id
        self._confirm_seconds = confirm_seconds
        self._producer: AIOKafkaProducer | None = None
        self._connected = asyncio.Event()
        self._connecting: asyncio.Task[None] | None = None
        self._overdue: set[asyncio.Future[Any]] = set()
        self._overdue_since: float | None = None
        self._waiting = 0
        self._away_since: float | None = None

    async def start(self) -> None:
        """Begin to connect.  Never waits for Kafka."""
        self._away_since = time.monotonic()
        self._connecting = asyncio.create_task(self._connect())

    async def stop(self) -> None:
        """Close the connection; writes still on their way get `CLOSE_SECONDS`."""
        if self._connecting is not None:
            self._connecting.cancel()
            with suppress(asyncio.CancelledError):
                await self._connecting
        last, self._producer = self._producer, None
        if last is not None:
            await _close(last)

    async def _connect(self) -> None:
        while True:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._bootstrap,
                client_id=self._client_id,
                acks="all",
                enable_idempotence=True,
                **self._login.options(),
            )
            try:
                await producer.start()
            except KafkaError:
                await producer.stop()
                await asyncio.sleep(CONNECT_RETRY_SECONDS)
                continue
            except asyncio.CancelledError:
                await producer.stop()
                raise
            self._producer = producer
            self._away_since = None
            self._connected.set()
            return

    async def write(
        self, topic: str, key: bytes, value: bytes, headers: Sequence[tuple[str, bytes]] = ()
    ) -> None:
        """Write one record and wait for the broker's word, or raise Unavailable.

        A caller that is cancelled meanwhile knows nothing: the record may arrive or not, whole in
        either case.
        """
        if self._overdue:
            self._give_up_if_stuck()
            raise Unavailable("Kafka has not confirmed earlier writes")
        if self._is_long_away():
            raise Unavailable("Kafka cannot be reached")
        if self._waiting >= MOST_UNCONFIRMED:
            raise Unavailable("too many writes wait for Kafka")
        self._waiting += 1
        try:
            await self._write(topic, key, value, headers)
        finally:
            self._waiting -= 1

    async def _write(
        self, topic: str, key: bytes, value: bytes, headers: Sequence[tuple[str, bytes]]
    ) -> None:
        sent: asyncio.Future[Any] | None = None
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._confirm_seconds):
                producer = await self._connected_producer()
                sent = await producer.send(topic, value, key=key, headers=list(headers))
                await asyncio.wait({sent})
        except TimeoutError as late:
            if sent is not None:
                self._watch(sent, producer)
            raise Unavailable("Kafka did not confirm in time") from late
        except asyncio.CancelledError:
            if sent is not None:
                # Nobody waits for it any more, but a failure would still spoil the producer.
                sent.add_done_callback(partial(self._arrived, producer))
            raise
        except KafkaError as refused:
            raise Unavailable("Kafka could not take the write") from refused
        problem = sent.exception()
        if problem is None:
            return
        # An idempotent producer is of no more use after a failed write: its sequence is broken.
        self._renew(producer, began)
        raise Unavailable("Kafka did not take the write") from problem

    def _is_long_away(self) -> bool:
        """True once a connection has been sought in vain for as long as a write may take."""
        self._raise_unforeseen()
        since = self._away_since
        return since is not None and time.monotonic() - since >= self._confirm_seconds

    def _raise_unforeseen(self) -> None:
        if self._connecting is not None and self._connecting.done():
            # An unforeseen error while connecting is ours: it must end the role, not hide.
            self._connecting.result()

    async def _connected_producer(self) -> AIOKafkaProducer:
        self._raise_unforeseen()
        await self._connected.wait()
        assert self._producer is not None, "connected means that there is one"
        return self._producer

    def _watch(self, sent: asyncio.Future[Any], producer: AIOKafkaProducer) -> None:
        """While a late write is unconfirmed, others are refused at once and do not pile up."""
        self._overdue_since = self._overdue_since or time.monotonic()
        self._overdue.add(sent)
        sent.add_done_callback(partial(self._arrived, producer))

    def _arrived(self, producer: AIOKafkaProducer, sent: asyncio.Future[Any]) -> None:
        self._overdue.discard(sent)
        self._overdue_since = self._overdue_since if self._overdue else None
        if not sent.cancelled() and sent.exception() is not None:
            # It had all the time that a write may take: nobody is to wait as long once more.
            self._renew(producer, time.monotonic() - self._confirm_seconds)

    def _give_up_if_stuck(self) -> None:
        """Nothing of what is given up was ever answered as taken."""
        since = self._overdue_since
        if since is None or time.monotonic() - since < self._renew_seconds:
            return
        log().warning(
            "kafka_producer_renewed", reason="writes_unconfirmed", writes=len(self._overdue)
        )
        self._overdue.clear()
        self._overdue_since = None
        if self._producer is not None:
            self._renew(self._producer, time.monotonic() - self._confirm_seconds)

    def _renew(self, spent: AIOKafkaProducer, away_since: float) -> None:
        """Replace a producer whose write has failed, once, however many writes failed with it.

        Until a new one is connected, writes wait for as long as one may take, from `away_since`.
        """
        if self._producer is spent:
            self._producer = None
            self._away_since = away_since
            self._connected.clear()
            self._connecting = asyncio.create_task(self._replace(spent))

    async def _replace(self, spent: AIOKafkaProducer) -> None:
        await _close(spent)
        await self._connect()


async def _close(producer: AIOKafkaProducer) -> None:
    """Stop a producer, with or without Kafka."""
    try:
        await asyncio.wait_for(producer.stop(), CLOSE_SECONDS)
    except TimeoutError:
        # A producer with unconfirmed writes waits for them for ever, and its own stop never gets
        # to closing its task and its connections.  The task in its turn waits for the requests in
        # flight; the cancellation at the end of this wait goes through to them.
        with suppress(TimeoutError):
            abandoned = producer._sender.close()  # noqa: SLF001  there is no public way to give up
            await asyncio.wait_for(abandoned, GIVE_UP_SECONDS)
        given_up = Unavailable("the producer was closed before Kafka had confirmed")
        producer._message_accumulator.fail_all(given_up)  # noqa: SLF001  as above
        await producer.client.close()
