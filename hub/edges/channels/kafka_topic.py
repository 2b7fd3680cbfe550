"""A subscriber's own topic, `notices.<ODS>`: Avro in the Confluent wire format.

The broker's confirmation is level 1, *sent*: nobody has read the record yet.  The subscriber
proves more with a receipt of its own on `hub.receipts`.
"""

import asyncio
from collections import defaultdict
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)

from hub.core.model import Signal
from hub.edges.avro import encode_notice
from hub.edges.channels.base import Delivered, DeliveryReason, Failed, type_of_result
from hub.edges.directory import Endpoint
from hub.edges.records import NoticeRecord
from hub.ops import limits
from hub.ops.kafka_login import OPEN, KafkaLogin
from hub.ops.topics import notices_topic

CONFIRM_SECONDS: Final = 10.0
"""How long a write may take, a leader election included, before it counts as failed."""


class KafkaTopicChannel:
    """For recipients that read Kafka.

    Each topic has a producer of its own: one whose topic is missing, or whose partition has no
    leader, is given up after its failure, and must not take the writes of others with it.
    """

    name = "kafka"
    together = limits.CARRIED.value
    places = limits.DESTINATIONS.value

    def __init__(
        self,
        bootstrap: str,
        *,
        confirm_seconds: float = CONFIRM_SECONDS,
        login: KafkaLogin = OPEN,
    ) -> None:
        self._bootstrap, self._login = bootstrap, login
        self._confirm_seconds = confirm_seconds
        self._producers: dict[str, AIOKafkaProducer] = {}
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def start(self) -> None:
        """Nothing yet: the producer connects with the first notice, and again after a failure."""

    async def stop(self) -> None:
        """Disconnect."""
        await asyncio.gather(*(self._give_up(*each) for each in list(self._producers.items())))

    async def send(self, notice: NoticeRecord, endpoint: Endpoint) -> type_of_result:
        """Write to the topic of the notice's organisation, whatever address the endpoint names.

        An address that could name any topic could also name one of the hub's own.
        """
        del endpoint
        topic = notices_topic(notice.organisation)
        value, key = encode_notice(notice), notice.episode_id.encode()
        producer: AIOKafkaProducer | None = None
        try:
            async with asyncio.timeout(self._confirm_seconds):
                async with self._turns[topic]:
                    # One after the other: while the topic is still being looked up, whoever asks
                    # later could otherwise be put into the batch first.
                    producer = await self._connected(topic)
                    written = await producer.send(topic, value, key=key)
                await written
        except TimeoutError:
            await self._give_up(topic, producer)
            return Failed(DeliveryReason.TIMED_OUT)
        except (ClusterAuthorizationFailedError, TopicAuthorizationFailedError):
            # The broker knows the hub and has no rule that lets it write here.
            await self._give_up(topic, producer)
            return Failed(DeliveryReason.OUR_CREDENTIALS)
        except KafkaError:
            # An idempotent producer is of no more use after a failed write.
            await self._give_up(topic, producer)
            return Failed(DeliveryReason.BROKER)
        return Delivered(Signal.SENT)

    async def _give_up(self, topic: str, spent: AIOKafkaProducer | None) -> None:
        """Close a producer, once, however many notices failed with it; never its successor."""
        if spent is not None and self._producers.get(topic) is spent:
            del self._producers[topic]
            await _close(spent)

    async def _connected(self, topic: str) -> AIOKafkaProducer:
        """The producer of a topic; whoever asks has its turn."""
        if topic in self._producers:
            return self._producers[topic]
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            client_id="hub-deliver",
            acks="all",
            enable_idempotence=True,
            **self._login.options(),
        )
        try:
            await producer.start()
        except BaseException:
            await _close(producer)
            raise
        self._producers[topic] = producer
        return producer


async def _close(producer: AIOKafkaProducer) -> None:
    # Writes that cannot be confirmed would be waited for without end.
    closing = asyncio.ensure_future(producer.stop())
    _, late = await asyncio.wait({closing}, timeout=3.0)
    for each in late:
        each.cancel()
