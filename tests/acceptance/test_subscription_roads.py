"""Subscriptions over every channel, from the form to the recipient, on a hub that runs whole.

The brokers enforce rules, MESH is the national sandbox, the mail server takes mails, and
`hub listen` is the FHIR subscriber.
"""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from hub.demo.stage import PASSWORD, demo_key
from hub.edges.avro import decode_notice
from hub.listen.manners import Line, Listener, Manners
from hub.listen.posts import listening
from hub.ops.kafka_access import giving_rules, hub_rules, subscriber_rules
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.kafka_properties import Access
from hub.ops.settings import Settings
from hub.ops.steps import Steps
from hub.ops.topics import notices_topic
from hub.store import tables as t
from hub.store.engine import make_engine, reading
from hub.up import Running, running_hub
from tests.acceptance.people import booking
from tests.acceptance.upped import soon, token_in
from tests.channels.test_kafka_access import give, read, refusal
from tests.ports import reserved_port
from tests.servers.mail import MailServer, receiving_mail
from tests.servers.mesh import KEY, OURS, PRACTICE, Mesh, running_mesh
from tests.servers.mesh import PASSWORD as MESH_PASSWORD

pytestmark = pytest.mark.stack

SURGERY, TEAM = "Y99001", "team@gp.example"
ASKED = {
    "organisation": SURGERY,
    "role": "GP_PRACTICE",
    "level": "full",
    "events": "pregnancy.booked",
    "basis": "direct_care",
    "days": "90",
}


@dataclass
class Site:
    """The hub, and the four ways on which a surgery may be reached."""

    hub: Running
    broker: EmbeddedKafka
    mesh: Mesh
    mail: MailServer
    hook: str
    secrets: list[str]
    said: list[Line]
    pages: list[httpx.Client] = field(default_factory=list)

    def press(self, address: str, signal: str) -> str:
        """The second operator presses a button; the page that answers."""
        return self.form(1, address, signal=signal).text

    def form(self, who: int, at: str, **fields: str) -> httpx.Response:
        """A form of one of the two operators."""
        page = self.pages[who]
        csrf = token_in(page.get(at))
        return page.post(at, data={"csrf": csrf} | fields)

    def subscribe(self, channel: str, **fields: str) -> tuple[str, str]:
        """Asked for by one, approved by another, tested: its address, and what the test said."""
        answer = self.form(0, "/subscriptions", channel=channel, **ASKED, **fields)
        assert 303 == answer.status_code, answer.text
        address = answer.headers["location"]
        self.secrets += re.findall(r"<code>(whsec_[\w+/=]+)</code>", self.press(address, "approve"))
        found = re.search(r"The test notice [^<]+", self.press(address, "tested"))
        assert found is not None
        return address, found[0]

    def booked(self, n: int) -> None:
        """A woman of the surgery books."""
        headers = {"Authorization": f"Bearer {demo_key('RXX')}"}
        page = f"{self.hub.page()}/events"
        answer = httpx.post(page, json=booking(n), headers=headers, timeout=30)
        assert answer.status_code in (200, 202), answer.text

    def on_the_way(self, address: str) -> set[str]:
        """The notices that have got through over a subscription."""
        x, own = t.outbox.c, address.rpartition("/")[2]
        through = x.state.in_(["sent", "delivered"])
        engine = make_engine(self.hub.settings.real_database_url())
        with reading(engine) as conn:
            found = conn.scalars(
                sa.select(x.notice_id).where(x.destination_id.like(f"%:{own}"), through)
            ).all()
        engine.dispose()
        return set(found)

    def has_come(self, address: str, arrived: Callable[[], set[str]]) -> set[str]:
        """A notice that went over a subscription and is there, as soon as one is."""
        return soon(lambda: self.on_the_way(address) & arrived(), 60)


def settings_of(folder: Path, broker: EmbeddedKafka, mesh: Mesh, mail: MailServer) -> Settings:
    """A hub with every channel."""
    port = reserved_port()
    login = broker.login("hub")
    return Settings(
        data_dir=folder,
        kafka=broker.bootstrap,
        kafka_security="sasl_plaintext",
        kafka_mechanism="PLAIN",
        kafka_login=login.login,
        kafka_password=login.password,
        secret_key="x" * 32,
        demo_logins=True,
        allow_loopback_webhooks=True,
        gateway_port=port,
        mllp_port=0,
        public_url=f"http://127.0.0.1:{port}",
        mesh_url=mesh.url,
        mesh_mailbox=OURS,
        mesh_password=MESH_PASSWORD,
        mesh_shared_key=KEY,
        mesh_poll_seconds=0.2,
        smtp_host="127.0.0.1",
        smtp_port=mail.port,
        smtp_security="none",
        smtp_sender="hub@hub.example",
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Everything, and two operators at their pages."""
    folder: Path = tmp_path_factory.mktemp("roads")
    people = {name: f"word-of-{name}" for name in ("keeper", "hub", "RYX", SURGERY)}
    secrets: list[str] = []
    said: list[Line] = []
    with ExitStack() as stack:
        broker = stack.enter_context(EmbeddedKafka(folder / "kafka", access=Access(people)))
        give(broker, [*hub_rules("hub"), *giving_rules("hub"), *subscriber_rules("RYX")])
        mesh = stack.enter_context(running_mesh(folder))
        mail = stack.enter_context(receiving_mail())
        listener = Listener(Manners(), said.append)
        hook = stack.enter_context(listening(listener, secrets, channel="fhir"))
        settings = settings_of(folder / "hub", broker, mesh, mail)
        hub = stack.enter_context(running_hub(settings, Steps()))
        made = Site(hub, broker, mesh, mail, hook, secrets, said)
        for login in ("operator", "second-operator"):
            page = stack.enter_context(httpx.Client(base_url=hub.page(), timeout=60))
            page.post("/login", data={"login": login, "password": PASSWORD})
            made.pages.append(page)
        yield made


def test_fhir(site: Site) -> None:
    """A handshake is the test; events are numbered from 1, and can be asked for again."""
    address, words = site.subscribe("fhir", address=site.hook, payload="id-only", heartbeat="5")
    assert "got through: delivered, HTTP 204" in words
    assert ["handshake"] == [line.what for line in site.said]
    site.booked(701)
    come = site.has_come(address, lambda: {line.notice_id for line in site.said})
    assert [1] == [line.number for line in site.said if line.notice_id in come]
    own = address.rpartition("/")[2]
    headers = {"Authorization": f"Bearer {demo_key(SURGERY)}"}
    again = httpx.get(f"{site.hub.page()}/fhir/Subscription/{own}/$events", headers=headers)
    assert 200 == again.status_code
    assert all(each in again.text for each in come)
    site.press(address, "revoke")


def test_mesh(site: Site) -> None:
    """The test and the notice lie in the mailbox; an answer to the test changes nothing."""
    fields = {"mailbox": PRACTICE.lower(), "workflow": "TEST_WORKFLOW"}
    address, words = site.subscribe("mesh", **fields)
    assert "got through: sent" in words
    ((headers, body),) = site.mesh.waiting()
    assert headers["localid"].startswith("test-")
    assert b"TEST of a subscription" in body
    site.mesh.collect()
    site.booked(702)
    site.has_come(address, lambda: {row[0]["localid"] for row in site.mesh.waiting()})
    site.press(address, "revoke")


def test_email(site: Site) -> None:
    """The test says that it is one; a notice is a link, and nothing of it."""
    address, words = site.subscribe("email", email=TEAM)
    assert "got through: sent" in words
    (test,) = site.mail.taken
    assert test.startswith(TEAM.encode())
    assert b"Subject: TEST of a subscription" in test
    site.booked(703)

    def linked() -> set[str]:
        return {each.decode() for raw in site.mail.taken for each in re.findall(rb"/n/(\S+)", raw)}

    site.has_come(address, linked)
    assert b"Testwood" not in b"".join(site.mail.taken)
    site.press(address, "revoke")


def test_kafka(site: Site) -> None:
    """The topic and the rules come with the approval, and the rules go with the end."""
    topic = notices_topic(SURGERY)
    address, words = site.subscribe("kafka")
    assert "got through: sent" in words
    assert "The topic is there, and the rules are given" in site.pages[0].get(address).text
    site.booked(704)

    def on_topic() -> set[str]:
        rows = asyncio.run(read(site.broker, SURGERY, topic))
        return {decode_notice(row).notice_id for row in rows}

    site.has_come(address, on_topic)
    site.press(address, "revoke")
    assert "was taken back" in site.pages[0].get(address).text
    assert refusal(site.broker, SURGERY, topic, f"{SURGERY}-system").endswith("_FAILED")
