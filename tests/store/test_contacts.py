"""What was refused makes a mail to its sender's contact: the real roles, and a real mail server.

The record of what was refused goes over Kafka to the projector, and the delivery role mails; it is
killed after the mail server has the mail and before the hub knows that it has.
"""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy import Engine

from hub.edges.avro import encode_quarantine
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.settings import Settings
from hub.ops.topics import QUARANTINE
from hub.roles.sender_mails import LOOK_SECONDS
from hub.store import sender_mails
from hub.store import tables as t
from hub.store.engine import make_engine, migrate, reading, writing
from tests.house.identities import find_identities
from tests.servers.mail import MailServer, receiving_mail
from tests.store.records import decision, issued
from tests.store.test_roles import (
    Role,
    broker,
    in_kafka,
    publish,
    running,
    settings_for,
    wait_until,
)
from tests.web import scene

__all__ = ["broker"]

pytestmark = pytest.mark.stack

CONTACT = "integration@rxx.example"
DIRECTORY = f"""
[[organisation]]
ods = "RXX"
name = "Testwick Hospital"
kind = "trust"

[[sender]]
organisation = "RXX"
contact = "{CONTACT}"
contact_every = 60
"""
HL7 = b"MSH|^~\\&|MAT|RXX|HUB|HUB|20260324||ADT^A05|BK1|P|2.5\rPID|1||9990000018||QUILLFEATHER\r"
SEVERAL_LOOKS = 2.5 * LOOK_SECONDS
STUCK_SECONDS = 1.5
"""For the answer of the mail server to reach the role, which waits for its database then."""


@dataclass
class Hub:
    """The roles, their database, and the mail server."""

    settings: Settings
    engine: Engine
    server: MailServer

    def refuse(self, name: str) -> None:
        """Something of the hospital's could not be taken, as a door says it."""
        kept = replace(scene.quarantined(HL7, door="mllp"), quarantine_id=name)
        value = encode_quarantine(kept)
        asyncio.run(publish(self.settings.kafka, [(QUARANTINE, name.encode(), value)]))
        q = t.quarantine
        asked = sa.select(sa.func.count()).where(q.c.quarantine_id == name)
        wait_until(lambda: self._one(asked) == 1)

    def _one(self, asked: "sa.Select[tuple[int]]") -> int:
        with reading(self.engine) as conn:
            return conn.scalar(asked) or 0

    def at_work(self, name: str) -> None:
        """Wait until the delivery role is up: it has taken in a notice that is made now."""
        made = decision(1, issued(name, f"o-{name}"), episode_id=f"ep-{name}")
        asyncio.run(publish(self.settings.kafka, in_kafka([made])))
        asked = sa.select(sa.func.count()).where(t.outbox.c.notice_id == name)
        wait_until(lambda: self._one(asked) == 1)

    def noted(self) -> bool:
        """Whether the hub knows that it has mailed."""
        with reading(self.engine) as conn:
            return sender_mails.mailed_to(conn, "RXX").mailed_at is not None


@pytest.fixture
def hub(broker: EmbeddedKafka, empty_url: str, tmp_path: Path) -> Iterator[Hub]:
    """The projector runs; whoever mails is started by the test."""
    (tmp_path / "directory.toml").write_text(DIRECTORY, encoding="utf-8")
    with receiving_mail() as server:
        settings = settings_for(broker, empty_url, tmp_path).model_copy(
            update={
                "smtp_host": "127.0.0.1",
                "smtp_port": server.port,
                "smtp_security": "none",
                "smtp_sender": "hub@hub.example",
                "public_url": "https://hub.example",
            }
        )
        migrate(empty_url)
        engine = make_engine(empty_url)
        with running(Role("project", settings)):
            yield Hub(settings, engine, server)
        engine.dispose()


@contextmanager
def nobody_writes(engine: Engine) -> Iterator[None]:
    """Whoever would note that a mail went out waits."""
    with writing(engine) as conn:
        if conn.dialect.name == "postgresql":
            conn.execute(sa.text("LOCK TABLE sender_mails IN EXCLUSIVE MODE"))
        yield


def check_mail(raw: bytes) -> None:
    """To the contact, with a count, a code and a link; nothing that the original said."""
    to, _, mail = raw.partition(b"\n")
    read = message_from_bytes(mail, policy=policy.default)
    body = read.get_body()
    assert body is not None
    text = body.get_content()
    assert CONTACT.encode() == to
    assert "1 of what RXX sent could not be taken" in text
    assert "schema_violation: 1" in text
    assert "https://hub.example/quarantine" in text
    whole = f"{read.as_string()}\n{text}"
    said = ["Quillfeather", "9990000018", "MAT_PAS", "q-one", "PID|", "ADT^A05"]
    assert [] == find_identities(whole, said)


def test_one_refusal_is_one_mail(hub: Hub) -> None:
    """Once, however often it is looked; a second refusal within the hour makes no second mail."""
    with running(Role("deliver", hub.settings)):
        hub.refuse("q-one")
        wait_until(hub.noted)
        time.sleep(SEVERAL_LOOKS)
        assert 1 == len(hub.server.taken)
        check_mail(hub.server.taken[0])
        hub.refuse("q-two")
        time.sleep(SEVERAL_LOOKS)
    with running(Role("deliver", hub.settings)):
        hub.at_work("n-after")
        time.sleep(SEVERAL_LOOKS)
    assert 1 == len(hub.server.taken), "what was noted is known after a restart"


@pytest.mark.parametrize("moment", ["before the answer", "before the note"])
def test_killed_between_sending_and_noting_it_mails_once_more(hub: Hub, moment: str) -> None:
    """The contact has it twice and never not at all; afterwards it is noted and over."""
    hub.refuse("q-one")
    hub.server.gate.clear()
    role = Role("deliver", hub.settings)
    role.start()
    wait_until(lambda: len(hub.server.taken) == 1)
    if moment == "before the note":
        with nobody_writes(hub.engine):
            hub.server.gate.set()
            time.sleep(STUCK_SECONDS)
            role.end(signal.SIGKILL)
    else:
        role.end(signal.SIGKILL)
    hub.server.gate.set()
    assert not hub.noted(), "otherwise it was not killed in between"
    with running(Role("deliver", hub.settings)):
        wait_until(hub.noted)
        time.sleep(SEVERAL_LOOKS)
    assert 2 == len(hub.server.taken)
    for raw in hub.server.taken:
        check_mail(raw)
