"""A test notice: it says that it is one, goes over the real road, and shows what was answered."""

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec.structs import replace

from hub.core.model import Level, NoticeReason, Purpose
from hub.edges.channels.base import Channel, type_of_result
from hub.edges.channels.kafka_topic import KafkaTopicChannel
from hub.edges.channels.webhook import WebhookChannel
from hub.edges.directory import Endpoint
from hub.edges.lessening import lessened
from hub.edges.records import NoticeRecord
from hub.ops.settings import Settings

TITLE: Final = "TEST of a subscription: this notice is about nobody, and nothing is to be done"
NOBODY: Final = "test"

TRIED: Final = (WebhookChannel.name, KafkaTopicChannel.name)
"""Channels that a subscription may use; FHIR, MESH and e-mail stand in the directory."""


def trial_notice(endpoint: Endpoint, trial_id: str, at: datetime) -> NoticeRecord:
    """A notice without a family, which every reader can tell by its id, its rule and its title."""
    return NoticeRecord(
        notice_id=f"test-{trial_id}",
        episode_id=NOBODY,
        seq=0,
        obligation_id=NOBODY,
        reason=NoticeReason.FIRST,
        role=endpoint.role,
        organisation=endpoint.organisation,
        round=1,
        purpose=Purpose.SERVICE_MANAGEMENT,
        title=TITLE,
        level_needed=Level.DELIVERED,
        due_at=at + timedelta(days=1),
        content=(),
        rule="TEST",
        policy=NOBODY,
        because=TITLE,
        authority="none",
        issued_at=at,
    )


async def trial(
    settings: Settings, endpoint: Endpoint, trial_id: str, at: datetime
) -> type_of_result:
    """Send a test notice to an endpoint.  Raises KeyError for a channel that is not tried so."""
    channels: dict[str, Channel] = {
        WebhookChannel.name: WebhookChannel(allow_loopback=settings.allow_loopback_webhooks),
        KafkaTopicChannel.name: KafkaTopicChannel(settings.kafka, login=settings.shown_to_kafka()),
    }
    channel = channels[endpoint.channel]
    # The title stays in every level: a test that does not say so could be taken for a notice.
    notice = trial_notice(endpoint, trial_id, at.astimezone(UTC))
    sent = replace(lessened(notice, endpoint.level), title=TITLE)
    await channel.start()
    try:
        return await channel.send(sent, endpoint)
    finally:
        await channel.stop()
