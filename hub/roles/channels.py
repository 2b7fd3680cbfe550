"""The channels that a delivery role may have, and the time by which it works."""

from datetime import UTC, datetime
from typing import Final

from hub.edges.channels.kafka_topic import KafkaTopicChannel
from hub.edges.channels.mail import MailChannel
from hub.edges.channels.mesh import MeshChannel
from hub.edges.channels.rest_hook import RestHookChannel
from hub.edges.channels.webhook import WebhookChannel
from hub.edges.channels.worklist import WorklistChannel

CHANNELS: Final = (
    WorklistChannel.name,
    WebhookChannel.name,
    KafkaTopicChannel.name,
    MeshChannel.name,
    MailChannel.name,
    RestHookChannel.name,
)
"""Every channel there is, by the words of the directory."""


def now() -> datetime:
    """Real time, as in the outbox."""
    return datetime.now(UTC)
