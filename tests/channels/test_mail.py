"""E-mail keeps the contract of every channel, and says nothing, against a real mail server."""

import dataclasses
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import ClassVar

import pytest

from hub.core.model import NoticeReason, Purpose, Signal
from hub.core.outcomes import ContentLine
from hub.edges.channels.base import Channel, Delivered, DeliveryReason, Failed
from hub.edges.channels.mail import MailChannel, Post
from hub.edges.directory import Endpoint
from tests.channels.contract import Arrival, Contract, Peer, Trouble
from tests.channels.tools import send
from tests.ports import reserved_port
from tests.servers.mail import LOGIN, PASSWORD, MailServer, certificate, receiving_mail
from tests.store.records import GP, HV, notice_record

ENDPOINT = Endpoint(organisation=GP, channel="email", address="team@practice.example")
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def post(port: int, host: str = "127.0.0.1") -> Post:
    """A mail server without TLS on this machine."""
    return Post(host, port, "hub@hub.example", "https://hub.example/", "none")


class _Server(Peer):
    """A mail server that takes mails for anybody."""

    proves = Signal.SENT
    cannot: ClassVar = {}

    def __init__(self, server: MailServer, silent: socket.socket) -> None:
        self._server, self._silent = server, silent

    def make(self) -> tuple[Channel, Endpoint]:
        return self._to(self._server.port)

    def _to(self, port: int) -> tuple[Channel, Endpoint]:
        return MailChannel(post(port), lambda: NOON, total_seconds=self.seconds), ENDPOINT

    def arrivals(self) -> list[Arrival]:
        return [
            Arrival(str(message_from_bytes(raw.partition(b"\n")[2])["Message-ID"]), raw)
            for raw in self._server.taken
        ]

    def _answering(self, at_recipient: str, at_end: str = "250 OK") -> tuple[Channel, Endpoint]:
        self._server.at_recipient, self._server.at_end = at_recipient, at_end
        return self.make()

    def troubles(self) -> list[Trouble]:
        reason = DeliveryReason
        answering, closed = self._answering, reserved_port()
        refused = ("refused", "550 5.1.1 nobody of that name, call 9990000018")
        silent = self._silent.getsockname()[1]
        return [
            Trouble("refused", lambda: answering(refused[1]), reason.NO_SUCH_MAILBOX, retry=False),
            Trouble("refused", lambda: answering("250 OK", "554 no"), reason.REJECTED, retry=False),
            Trouble("later", lambda: answering("451 greylisted"), reason.THEIR_ERROR),
            Trouble("later", lambda: answering("250 OK", "452 full"), reason.THEIR_ERROR),
            Trouble("dead", lambda: self._to(closed), reason.UNREACHABLE),
            Trouble("hanging", lambda: self._to(silent), reason.TIMED_OUT),
        ]


class TestMail(Contract):
    """The whole contract, against a mail server on this machine."""

    @pytest.fixture
    def peer(self) -> Iterator[Peer]:
        """A server of its own, and a port that takes connections and says nothing."""
        with receiving_mail() as server, socket.create_server(("127.0.0.1", 0)) as silent:
            yield _Server(server, silent)


def test_every_mail_is_the_same_but_for_its_link() -> None:
    """Two notices that have nothing in common give the same bytes once the id is taken out."""
    plain = notice_record("n-1")
    other = notice_record(
        "n-2",
        organisation=HV,
        role="HV_TEAM",
        reason=NoticeReason.WITHDRAWN,
        purpose=Purpose.SAFEGUARDING,
        title="Pregnancy ended: Quillfeather",
        content=(ContentLine(group="a", field="b", label="Loss", value="9990000018"),),
        because="She has lost the pregnancy.",
    )
    with receiving_mail() as server:
        send(MailChannel(post(server.port), lambda: NOON), ENDPOINT, plain, other)
    first, second = server.taken
    assert first.replace(b"n-1", b"ID") == second.replace(b"n-2", b"ID")


def test_the_mail_says_that_there_is_a_notice_and_where() -> None:
    """A subject without a meaning, one link, and the header that keeps absence notes away."""
    with receiving_mail() as server:
        send(MailChannel(post(server.port), lambda: NOON), ENDPOINT, notice_record("n-1"))
    mail = message_from_bytes(server.taken[0].partition(b"\n")[2], policy=policy.default)
    assert ("You have a notice", "team@practice.example", "hub@hub.example") == (
        mail["Subject"],
        mail["To"],
        mail["From"],
    )
    assert "auto-generated" == mail["Auto-Submitted"]
    text = mail.get_content()
    assert "https://hub.example/n/n-1" in text
    assert 1 == text.count("://")


@pytest.mark.parametrize(
    ("password", "authorities", "expected"),
    [
        (PASSWORD, "theirs", Delivered(Signal.SENT)),
        ("wrong", "theirs", Failed(DeliveryReason.OUR_CREDENTIALS)),
        (PASSWORD, "public", Failed(DeliveryReason.UNREACHABLE)),
    ],
    ids=["let in", "wrong password", "a certificate that nobody vouches for"],
)
def test_over_starttls_with_a_login(
    tmp_path: Path, password: str, authorities: str, expected: object
) -> None:
    """No mail goes to a server whose certificate is not known, and none without TLS."""
    context, trusted = certificate(tmp_path)
    with receiving_mail(context) as server:
        secure = dataclasses.replace(
            post(server.port, "localhost"),
            security="starttls",
            login=LOGIN,
            password=password,
            authorities=str(trusted) if authorities == "theirs" else None,
        )
        assert password not in repr(secure)
        (result,) = send(MailChannel(secure, lambda: NOON), ENDPOINT, notice_record())
    assert (expected, int(isinstance(expected, Delivered))) == (result, len(server.taken))


def test_a_server_without_tls_gets_nothing_when_tls_is_wanted() -> None:
    """Nobody on the way can talk the hub out of it."""
    with receiving_mail() as server:
        wanted = dataclasses.replace(post(server.port), security="starttls")
        (result,) = send(MailChannel(wanted, lambda: NOON), ENDPOINT, notice_record())
    assert (Failed(DeliveryReason.THEIR_ERROR), []) == (result, server.taken)


@pytest.mark.parametrize("address", ["", "practice", "a@b\nBcc: c@d", "a@b, c@d", "<a@b>"])
def test_what_is_no_address_gets_no_mail(address: str) -> None:
    """One recipient, and no header that a row of the directory brings along."""
    with receiving_mail() as server:
        wrong = Endpoint(organisation=GP, channel="email", address=address)
        (result,) = send(MailChannel(post(server.port), lambda: NOON), wrong, notice_record())
    assert (Failed(DeliveryReason.BAD_ADDRESS, retry=False), []) == (result, server.taken)


def test_one_greeting_serves_many_mails_and_none_is_lost_when_the_server_ends_it() -> None:
    """The server takes two mails on a connection and says that it closes; a third goes out too."""
    with receiving_mail() as server:
        server.mails_on_connection = 2
        notices = [notice_record(f"n-{n}") for n in range(5)]
        results = send(MailChannel(post(server.port), lambda: NOON), ENDPOINT, *notices)
    assert [Delivered(Signal.SENT)] * 5 == results
    assert [f"<n-{n}@hub.example>" for n in range(5)] == [
        message_from_bytes(raw.partition(b"\n")[2])["Message-ID"] for raw in server.taken
    ]
    assert 3 == server.connections
