"""E-mail: "you have a notice", and a link.  Nothing else of the notice is in it.

Neither a person nor the kind of event nor a clinical word may stand in a mailbox that anybody may
read over a shoulder; the page behind the link asks who is reading.  That a mail server has taken
the mail is level 1, *sent*, and no answer of any server proves more.
"""

import asyncio
import contextlib
import re
import smtplib
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final, Literal
from urllib.parse import quote

from hub.core.model import Signal
from hub.edges.channels.base import Delivered, DeliveryReason, Failed, type_of_result
from hub.edges.channels.kept import KeptConnections, Lent
from hub.edges.directory import Endpoint
from hub.edges.records import NoticeRecord
from hub.ops import limits_carriers as limits

TOTAL_SECONDS: Final = float(limits.MAIL_SECONDS.value)
MOST_MAILS: Final = limits.MAIL_THREADS.value

ADDRESS: Final = re.compile(r"[\w.+'-]{1,64}@[A-Za-z0-9.-]{1,253}", re.ASCII)

SUBJECT: Final = "You have a notice"
BODY: Final = """You have a notice. Sign in to read it:

{link}

Nobody reads answers to this address.
"""

CLOSING: Final = 421
"""RFC 5321: the service ends this connection."""
PERMANENT: Final = 500
NO_MAILBOX: Final = frozenset({550, 551, 553})
"""RFC 5321: no such mailbox, not here, name not allowed."""
NOT_LET_IN: Final = frozenset({530, 534, 535, 538})
"""RFC 4954: about the hub's own login, which its operator can mend."""


@dataclass(frozen=True, slots=True)
class Post:
    """The mail server that takes the hub's mails."""

    host: str
    port: int
    sender: str
    link_base: str
    """Where the pages of the hub are for those who read the mail."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    login: str = ""
    password: str = ""
    authorities: str | None = None

    def __repr__(self) -> str:
        """Without the password."""
        return f"Post({self.host}:{self.port})"


class MailChannel:
    """For recipients whom only a mail brings to the worklist."""

    name = "email"
    together = 1
    places = MOST_MAILS // 2

    def __init__(
        self, post: Post, now: Callable[[], datetime], *, total_seconds: float = TOTAL_SECONDS
    ) -> None:
        """`now` is real time: it stands in the mail's date."""
        self._post, self._now, self._total_seconds = post, now, total_seconds
        self._threads = ThreadPoolExecutor(MOST_MAILS, thread_name_prefix="mail")
        self._trust: ssl.SSLContext | None = None
        self._servers = KeptConnections(self._greeted, _part)

    async def start(self) -> None:
        """Nothing to open: whoever has a mail connects."""

    async def stop(self) -> None:
        """Let go of the threads; one that still waits ends by its own time limit."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._servers.close()

    async def send(self, notice: NoticeRecord, endpoint: Endpoint) -> type_of_result:
        """Hand a mail to the mail server; of the notice only its id is used, in the link."""
        link = f"{self._post.link_base.rstrip('/')}/n/{quote(notice.notice_id, safe='')}"
        return await self.write(endpoint.address, SUBJECT, BODY.format(link=link), notice.notice_id)

    async def write(self, address: str, subject: str, body: str, mail_id: str) -> type_of_result:
        """Hand a mail to anybody to the mail server; `mail_id` tells a repeat."""
        if not ADDRESS.fullmatch(address):
            return Failed(DeliveryReason.BAD_ADDRESS, retry=False)
        mail = self._mail(address, subject, body, mail_id)
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._total_seconds):
                await loop.run_in_executor(self._threads, self._hand_over, mail)
        except TimeoutError:
            return Failed(DeliveryReason.TIMED_OUT)
        except smtplib.SMTPException as error:
            return _failed(error)
        except OSError:
            return Failed(DeliveryReason.UNREACHABLE)
        return Delivered(Signal.SENT)

    def _mail(self, address: str, subject: str, body: str, mail_id: str) -> EmailMessage:
        post, mail = self._post, EmailMessage(policy=SMTP)
        mail["From"], mail["To"], mail["Subject"] = post.sender, address, subject
        mail["Date"] = format_datetime(self._now())
        mail["Message-ID"] = f"<{mail_id}@{_domain(post.sender)}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(body)
        return mail

    def _hand_over(self, mail: EmailMessage) -> None:
        """On a thread.

        A connection that has carried mails may have been ended meanwhile, or have had as many as
        its server wants: then the mail has another one.  In the worst case it is there twice.
        """
        lent = self._servers.borrow()
        try:
            self._send(lent, mail)
        except smtplib.SMTPException as error:
            if not (lent.used_before and _is_closed(error)):
                raise
            self._send(self._servers.borrow(new=True), mail)

    def _send(self, lent: "Lent[smtplib.SMTP]", mail: EmailMessage) -> None:
        try:
            lent.connection.send_message(mail)
        except BaseException:
            # Nobody says goodbye here: a server that has kept us waiting would do so again.
            lent.connection.close()
            raise
        self._servers.give_back(lent)

    def _greeted(self) -> smtplib.SMTP:
        """A connection on which mails may be handed over."""
        post, seconds = self._post, self._total_seconds
        own = _domain(post.sender)
        if post.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                post.host, post.port, own, timeout=seconds, context=self._context()
            )
        else:
            server = smtplib.SMTP(post.host, post.port, own, timeout=seconds)
        try:
            if post.security == "starttls":
                server.starttls(context=self._context())
            if post.login:
                server.login(post.login, post.password)
        except BaseException:
            server.close()
            raise
        return server

    def _context(self) -> ssl.SSLContext:
        """Read once: every authority of the machine takes 20 ms of a processor."""
        if self._trust is None:
            self._trust = ssl.create_default_context(cafile=self._post.authorities)
        return self._trust


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _part(server: smtplib.SMTP) -> None:
    """Say goodbye to a server that has done nothing wrong, and do not wait for it."""
    with contextlib.suppress(OSError, smtplib.SMTPException):
        server.putcmd("quit")
    server.close()


def _is_closed(error: smtplib.SMTPException) -> bool:
    """Whether the server has ended a connection, or is about to."""
    ended = isinstance(error, smtplib.SMTPServerDisconnected)
    return ended or getattr(error, "smtp_code", 0) == CLOSING


def _failed(error: smtplib.SMTPException) -> Failed:
    """What the mail server meant; its words are left unread."""
    if isinstance(error, smtplib.SMTPServerDisconnected | smtplib.SMTPNotSupportedError):
        return Failed(DeliveryReason.THEIR_ERROR)
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = next(iter(error.recipients.values()))[0]
    else:
        code = getattr(error, "smtp_code", 0)
    if code in NOT_LET_IN or isinstance(error, smtplib.SMTPAuthenticationError):
        return Failed(DeliveryReason.OUR_CREDENTIALS)
    if code in NO_MAILBOX and isinstance(error, smtplib.SMTPRecipientsRefused):
        return Failed(DeliveryReason.NO_SUCH_MAILBOX, retry=False)
    if code >= PERMANENT:
        return Failed(DeliveryReason.REJECTED, retry=False)
    return Failed(DeliveryReason.THEIR_ERROR)
