"""Mails to those who run a publisher's system: something of theirs waits, how many, and why.

HL7 over MLLP and Avro on Kafka can carry no post back, so a person is told.  A mailbox may be read
over a shoulder: the mail holds counts, codes and a link, and nothing of any original.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine

from hub.core.ids import derive
from hub.edges.channels.base import Delivered
from hub.edges.channels.mail import MailChannel
from hub.edges.directory import Directory, Sender
from hub.ops import metrics
from hub.ops.logs import log
from hub.ops.settings import Settings
from hub.roles.attempts import FAILED, Means
from hub.store import sender_mails
from hub.store.engine import reading, writing
from hub.store.sender_mails import Waiting

CHANNEL: Final = "sender-mail"
"""The word for these mails in the metrics."""

LOOK_SECONDS: Final = 5.0
"""How often it is seen whether a mail is due; they are an hour apart."""

SUBJECT: Final = "Something that {organisation} sent waits at the hub"
BODY: Final = """{count} of what {organisation} sent could not be taken and is kept whole. Nobody is
told of it until it is mended. The reasons, and how many wait for each:

{reasons}

Who looks after quarantine at the hub sees each, its field and its remedy:

{link}

Your own systems were answered with the id of each, and may ask for it (docs/publish.md, "What
became of it"). Nobody reads answers to this address.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """What the mails are sent with."""

    engine: Engine
    directory: Directory
    channel: MailChannel
    now: Callable[[], datetime]
    """Real time."""
    link_base: str
    jitter: Callable[[], float] = random.random


class SenderMails:
    """Mails what is due, and looks again."""

    def __init__(self, means: Mailing) -> None:
        self._means = means

    async def run(self) -> None:
        """Until cancelled.  A fault of ours is raised and ends the role."""
        while True:
            await self.once()
            await asyncio.sleep(LOOK_SECONDS)

    async def once(self) -> None:
        """One round: every contact to whom a mail is due, each on its own."""
        senders = [each for each in self._means.directory.senders.values() if each.contact]
        await asyncio.gather(*map(self._serve, senders))

    async def _serve(self, sender: Sender) -> None:
        waiting = await asyncio.to_thread(self._due, sender)
        if waiting is None:
            return
        result = await self._means.channel.write(
            sender.contact,
            SUBJECT.format(organisation=sender.organisation),
            body_of(sender.organisation, waiting, self._means.link_base),
            derive("w", sender.organisation, waiting.newest.isoformat(), str(waiting.count)),
        )
        if isinstance(result, Delivered):
            metrics.DELIVERY_ATTEMPTS.labels(channel=CHANNEL, result=result.signal.value).inc()
            await asyncio.to_thread(self._note_mailed, sender, waiting)
            return
        why = result.reason.value
        metrics.DELIVERY_ATTEMPTS.labels(channel=CHANNEL, result=FAILED).inc()
        metrics.DELIVERY_FAILURES.labels(channel=CHANNEL, reason=why).inc()
        log().warning("contact_not_mailed", organisation=sender.organisation, reason=why)
        await asyncio.to_thread(self._note_not_mailed, sender, why, retry=result.retry)

    # --- in the database, on a thread --------------------------------------------------------

    def _due(self, sender: Sender) -> Waiting | None:
        every = timedelta(minutes=sender.contact_every)
        with reading(self._means.engine) as conn:
            waiting = sender_mails.waiting_of(conn, sender.organisation)
            mailed = sender_mails.mailed_to(conn, sender.organisation)
        if waiting is None or not sender_mails.is_due(waiting, mailed, every, self._means.now()):
            return None
        return waiting

    def _note_mailed(self, sender: Sender, waiting: Waiting) -> None:
        with writing(self._means.engine) as conn:
            sender_mails.note_mailed(conn, sender.organisation, waiting, self._means.now())

    def _note_not_mailed(self, sender: Sender, why: str, *, retry: bool) -> None:
        now, jitter = self._means.now(), self._means.jitter()
        with writing(self._means.engine) as conn:
            sender_mails.note_not_mailed(
                conn, sender.organisation, why, retry=retry, now=now, jitter=jitter
            )


def body_of(organisation: str, waiting: Waiting, link_base: str) -> str:
    """The text of a mail."""
    return BODY.format(
        count=waiting.count,
        organisation=organisation,
        reasons="\n".join(f"  {reason}: {number}" for reason, number in waiting.reasons),
        link=f"{link_base.rstrip('/')}/quarantine",
    )


def sender_mails_of(settings: Settings, means: Means) -> SenderMails | None:
    """The mails of one hub; None where no contact is registered, or there is no mail server."""
    channel = means.channels.get(MailChannel.name)
    if not any(each.contact for each in means.directory.senders.values()):
        return None
    if not isinstance(channel, MailChannel):
        log().warning("contacts_without_mail_server", remedy="set HUB_SMTP_HOST")
        return None
    return SenderMails(
        Mailing(
            engine=means.engine,
            directory=means.directory,
            channel=channel,
            now=means.now,
            link_base=settings.public_url,
        )
    )
