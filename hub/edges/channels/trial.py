"""A test notice: it says that it is one, goes over the real road, and shows what was answered."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec.structs import replace

from hub.core.model import Level, NoticeReason, Purpose
from hub.edges.channels.base import Channel, DeliveryReason, Failed, type_of_result
from hub.edges.channels.kafka_topic import KafkaTopicChannel
from hub.edges.channels.mail import MailChannel
from hub.edges.channels.mesh import MeshChannel
from hub.edges.channels.rest_hook import RestHookChannel
from hub.edges.channels.webhook import WebhookChannel
from hub.edges.directory import Endpoint
from hub.edges.lessening import lessened
from hub.edges.records import NoticeRecord

TITLE: Final = "TEST of a subscription: this notice is about nobody, and nothing is to be done"
NOBODY: Final = "test"

MAIL: Final = """This is a test of a subscription. It is about nobody, and nothing is to be done.

Notices come to this address as mails that hold a link to sign in, and nothing else.
"""

NEEDS: Final[Mapping[str, str]] = {
    WebhookChannel.name: "",
    RestHookChannel.name: "public_url",
    KafkaTopicChannel.name: "",
    MeshChannel.name: "mesh_url",
    MailChannel.name: "smtp_host",
}
"""Channels that a subscription may use, each with the setting without which a hub has it not."""


def trial_notice(endpoint: Endpoint, trial_id: str, at: datetime) -> NoticeRecord:
    """A notice without a family, which every reader can tell by its id, its rule and its title."""
    at = at.astimezone(UTC)
    made = NoticeRecord(
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
    # The title stays in every level: a test that does not say so could be taken for a notice.
    return replace(lessened(made, endpoint.level), title=TITLE)


async def trial(
    channels: Mapping[str, Channel], endpoint: Endpoint, trial_id: str, at: datetime
) -> type_of_result:
    """Try an endpoint over the real road; a channel that this hub does not have fails.

    FHIR has a test of its own, the handshake, which takes no number of an event.  A mail says that
    it is a test and links to nothing.
    """
    channel = channels.get(endpoint.channel)
    if channel is None:
        return Failed(DeliveryReason.NO_CHANNEL)
    await channel.start()
    try:
        match channel:
            case RestHookChannel():
                return await channel.shake(endpoint)
            case MailChannel():
                mail_id = f"test-{trial_id}"
                return await channel.write(endpoint.address, TITLE, MAIL, mail_id)
            case _:
                return await channel.send(trial_notice(endpoint, trial_id, at), endpoint)
    finally:
        await channel.stop()
