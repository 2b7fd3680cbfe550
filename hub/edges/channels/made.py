"""The channels of one hub, made of its settings: for the role that delivers and for a test."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine

from hub.edges.channels.base import Channel
from hub.edges.channels.kafka_topic import KafkaTopicChannel
from hub.edges.channels.mail import MailChannel, Post
from hub.edges.channels.mesh import MeshChannel
from hub.edges.channels.rest_hook import RestHookChannel
from hub.edges.channels.signed import SignedPosts
from hub.edges.channels.webhook import WebhookChannel
from hub.edges.channels.worklist import WorklistChannel
from hub.edges.mesh import Account, Mailbox
from hub.ops.settings import Settings


def channels_of(
    settings: Settings, engine: Engine, mailbox: Mailbox | None, now: Callable[[], datetime]
) -> dict[str, Channel]:
    """Every channel of these settings, by the word the directory uses for it.

    `now` is real time.
    """
    channels: list[Channel] = [
        WorklistChannel(),
        WebhookChannel(allow_loopback=settings.allow_loopback_webhooks),
        KafkaTopicChannel(settings.kafka, login=settings.shown_to_kafka()),
    ]
    if mailbox is not None:
        channels.append(MeshChannel(mailbox, engine, now))
    if settings.public_url:
        posts = SignedPosts(allow_loopback=settings.allow_loopback_webhooks)
        channels.append(RestHookChannel(posts, engine, settings.public_url, now))
    if settings.smtp_host:
        channels.append(MailChannel(_post(settings), now))
    return {channel.name: channel for channel in channels}


def mailbox_of(settings: Settings) -> Mailbox | None:
    """The hub's own mailbox at MESH, when it has one."""
    if not settings.mesh_url:
        return None
    files = (settings.mesh_certificate, settings.mesh_key)
    account = Account(
        url=settings.mesh_url,
        mailbox=settings.mesh_mailbox,
        password=settings.mesh_password.get_secret_value(),
        shared_key=settings.mesh_shared_key.get_secret_value(),
        certificate=files if all(files) else None,
        authorities=settings.mesh_authorities or None,
    )
    return Mailbox(account)


def _post(settings: Settings) -> Post:
    return Post(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.smtp_sender,
        link_base=settings.public_url,
        security=settings.smtp_security,
        login=settings.smtp_login,
        password=settings.smtp_password.get_secret_value(),
        authorities=settings.smtp_authorities or None,
    )
