"""Mails to the contact of a publisher, over a real mail server: how many wait, and nothing more."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from msgspec import structs
from sqlalchemy import Engine

from hub.core.faults import FaultReason
from hub.edges.channels.mail import MailChannel, Post
from hub.ops.clock import RealClock
from hub.ops.settings import Settings
from hub.roles.attempts import Means
from hub.roles.sender_mails import Mailing, SenderMails, sender_mails_of
from hub.store import sender_mails
from hub.store.engine import make_engine, migrate, reading, writing
from hub.store.quarantine import QuarantineState, apply_quarantine, resolve_quarantine
from tests.house.identities import find_identities
from tests.roles.sender_rig import NOW, Core
from tests.servers.mail import MailServer, receiving_mail
from tests.web import scene

CONTACT = "integration@rxx.example"
HL7 = b"MSH|^~\\&|MAT|RXX|HUB|HUB|20260324||ADT^A05|BK1|P|2.5\rPID|1||9990000018||QUILLFEATHER\r"
MINUTE = timedelta(minutes=1)


@dataclass
class Desk:
    """A hub whose hospital has a contact, and the contact's mail server."""

    engine: Engine
    server: MailServer
    mails: SenderMails
    clock: list[datetime]

    def refuse(self, number: int, reason: FaultReason, source: str = "RXX:MAT_PAS") -> None:
        """Something of a publisher goes into quarantine."""
        at = scene.NOW + number * timedelta(seconds=1)
        kept = structs.replace(
            scene.quarantined(HL7, door="mllp"),
            quarantine_id=f"q-waiting-{number}",
            reason=reason,
            source=source,
            received_at=at,
        )
        with writing(self.engine) as conn:
            apply_quarantine(conn, kept)

    def after(self, passed: timedelta) -> list[str]:
        """What has come to the contact in one round, some time later."""
        self.clock[0] += passed
        before = len(self.server.taken)
        asyncio.run(self.mails.once())
        return [self.text(raw) for raw in self.server.taken[before:]]

    def text(self, raw: bytes) -> str:
        """A mail as its reader sees it, with its subject."""
        to, _, mail = raw.partition(b"\n")
        assert CONTACT.encode() == to
        read = message_from_bytes(mail, policy=policy.default)
        body = read.get_body()
        assert body is not None
        return f"{read['Subject']}\n{body.get_content()}".replace("\r\n", "\n")


@contextmanager
def channel_to(server: MailServer) -> Iterator[MailChannel]:
    """A mail channel to a server on this machine."""
    post = Post("127.0.0.1", server.port, "hub@hub.example", "https://hub.example/", "none")
    channel = MailChannel(post, lambda: NOW, total_seconds=5)
    try:
        yield channel
    finally:
        asyncio.run(channel.stop())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """At most one mail in half an hour was agreed."""
    url = f"sqlite:///{tmp_path / 'hub.db'}"
    migrate(url)
    engine = make_engine(url)
    row = {"organisation": "RXX", "contact": CONTACT, "contact_every": 30}
    clock = [NOW]
    with receiving_mail() as server, channel_to(server) as channel:
        means = Mailing(
            engine=engine,
            directory=scene.directory(senders=(row,)),
            channel=channel,
            now=lambda: clock[0],
            link_base="https://hub.example/",
            jitter=lambda: 1.0,
        )
        yield Desk(engine, server, SenderMails(means), clock)
    engine.dispose()


def test_a_mail_says_how_many_and_why_and_nothing_else(desk: Desk) -> None:
    """Counts, codes and a link; no content, no identity, and nothing of another's."""
    desk.refuse(1, FaultReason.MISSING_SEGMENT)
    desk.refuse(2, FaultReason.MISSING_SEGMENT)
    desk.refuse(3, FaultReason.NHS_NUMBER_INVALID)
    desk.refuse(4, FaultReason.UNPARSEABLE, source="RXX1:OTHER")
    (text,) = desk.after(MINUTE)
    assert text.startswith("Something that RXX sent waits at the hub\n3 of what RXX sent")
    assert "  missing_segment: 2\n  nhs_number_invalid: 1\n" in text
    assert "https://hub.example/quarantine\n" in text
    assert "unparseable" not in text
    assert [] == find_identities(text, ["Quillfeather", "9990000018", "MAT_PAS", "q-waiting"])


def test_nothing_waits_and_nothing_is_mailed(desk: Desk) -> None:
    """And what only others sent is no news to this contact."""
    desk.refuse(1, FaultReason.UNPARSEABLE, source="RYX:HV")
    assert [] == desk.after(MINUTE)


def test_at_most_one_in_the_time_agreed_and_one_a_day(desk: Desk) -> None:
    """New ones wait for their time; the same ones are told again after a day, while they wait."""
    desk.refuse(1, FaultReason.MISSING_SEGMENT)
    assert 1 == len(desk.after(MINUTE))
    desk.refuse(2, FaultReason.MISSING_SEGMENT)
    assert [] == desk.after(29 * MINUTE)
    (second,) = desk.after(MINUTE)
    assert "missing_segment: 2" in second
    assert [] == desk.after(timedelta(hours=23))
    assert 1 == len(desk.after(timedelta(hours=1)))
    for number in (1, 2):
        refusal = (f"q-waiting-{number}", scene.NOW + number * timedelta(seconds=1))
        with writing(desk.engine) as conn:
            redriven = QuarantineState.REDRIVEN
            assert resolve_quarantine(conn, refusal, state=redriven, by="op-1", now=scene.NOW)
    assert [] == desk.after(timedelta(days=3))


def test_a_server_that_refuses_for_now_is_asked_again(desk: Desk) -> None:
    """And what failed is written down, for the page."""
    desk.server.at_recipient = "451 greylisted"
    desk.refuse(1, FaultReason.MISSING_SEGMENT)
    assert [] == desk.after(MINUTE)
    with reading(desk.engine) as conn:
        assert "their_error" == sender_mails.mailed_to(conn, "RXX").last_reason
    desk.server.at_recipient = "250 OK"
    assert [] == desk.after(timedelta(0))
    assert 1 == len(desk.after(10 * MINUTE))
    with reading(desk.engine) as conn:
        assert sender_mails.mailed_to(conn, "RXX").last_reason is None


def test_an_address_refused_for_good_is_tried_again_after_a_day(desk: Desk) -> None:
    """A contact who changed is found out by the page, not by a flood."""
    desk.server.at_recipient = "550 nobody of that name"
    desk.refuse(1, FaultReason.MISSING_SEGMENT)
    assert [] == desk.after(MINUTE)
    desk.server.at_recipient = "250 OK"
    assert [] == desk.after(timedelta(hours=23))
    assert 1 == len(desk.after(timedelta(hours=1)))


def test_the_role_mails_only_where_somebody_is_to_be_told(desk: Desk, tmp_path: Path) -> None:
    """Neither without a contact nor without a mail server."""
    settings = Settings(data_dir=tmp_path, public_url="https://hub.example")
    with channel_to(desk.server) as channel:
        found = []
        for row in ({"organisation": "RXX"}, {"organisation": "RXX", "contact": CONTACT}):
            for channels in ({}, {"email": channel}):
                means = Means(
                    engine=desk.engine,
                    directory=scene.directory(senders=(row,)),
                    channels=channels,
                    core=Core(),
                    clock=RealClock(),
                    now=lambda: NOW,
                )
                found.append(sender_mails_of(settings, means) is not None)
    assert [False, False, False, True] == found
