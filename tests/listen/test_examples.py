"""What docs/subscribe/examples says works: each is run against the hub's own side."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec
import pytest
import uvicorn
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from sqlalchemy import Engine

from hub.core.model import Signal
from hub.edges.channels.base import Delivered, DeliveryReason, Failed
from hub.edges.channels.kafka_topic import KafkaTopicChannel
from hub.edges.channels.mesh import MeshChannel
from hub.edges.channels.webhook import WebhookChannel
from hub.edges.directory import Endpoint
from hub.edges.fhir.acknowledgement import read_acknowledgement
from hub.edges.fhir.notice import resource_id
from hub.listen.manners import Line, Listener, Manners
from hub.listen.posts import listening
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.kafka_jars import cache_folder
from hub.ops.settings import Settings
from hub.ops.topics import notices_topic
from hub.store import outbox, subscriptions
from hub.store.engine import writing
from hub.web.app import make_app
from tests.channels.test_mesh import at
from tests.channels.tools import ENDPOINT, SECRET, send
from tests.house.tree import ROOT
from tests.mesh.stage import now
from tests.patience import PATIENCE_SECONDS, wait_until
from tests.ports import reserved_port
from tests.servers.mesh import KEY, OURS, PASSWORD, PRACTICE, Mesh, running_mesh
from tests.store.records import T0, notice_record
from tests.web import scene
from tests.web.conftest import Recording, engine, family_file
from tests.web.test_subscription import ADDRESS, HOOK, OWN_ID
from tests.web.test_subscription import PRACTICE as SURGERY

__all__ = ["engine", "family_file"]

EXAMPLES = ROOT / "docs" / "subscribe" / "examples"
ENVIRONMENT = {
    **os.environ,
    "HUB_LISTEN_SECRET": SECRET,
    "MESH_MAILBOX": PRACTICE,
    "MESH_PASSWORD": PASSWORD,
    "MESH_SHARED_KEY": KEY,
}
JAVAC = shutil.which("javac")
needs_java = pytest.mark.skipif(JAVAC is None, reason="there is no Java compiler on this machine")


def compiled(name: str, folder: Path, *more: str) -> list[str]:
    """The command that runs a Java example, which is compiled into a folder first."""
    assert JAVAC is not None
    subprocess.run([JAVAC, "-d", folder, *more, EXAMPLES / f"{name}.java"], check=True)
    return ["java", "-cp", str(folder), name]


def python(name: str) -> list[str]:
    """The command that runs a Python example."""
    return [sys.executable, str(EXAMPLES / f"{name}.py")]


def ran(command: list[str], *words: str, **more: str) -> str:
    """What a command printed; it must end well."""
    done = subprocess.run(
        [*command, *words],
        env=ENVIRONMENT | more,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return done.stdout


@contextlib.contextmanager
def serving(command: list[str]) -> Iterator[str]:
    """A receiver of the examples on a free port; gives its address."""
    port = reserved_port()
    process = subprocess.Popen([*command, str(port)], env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/"), "an answer of the example")
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    """Whether somebody is there who answers what is not signed."""
    try:
        httpx.post(url, content=b"unsigned", timeout=PATIENCE_SECONDS)
    except httpx.TransportError:
        return False
    return True


@pytest.fixture(params=["python", pytest.param("java", marks=needs_java)])
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> list[str]:
    """The command of each receiver of webhooks."""
    return python("webhook") if request.param == "python" else compiled("Webhook", tmp_path)


@pytest.mark.stack
def test_a_receiver_takes_what_is_signed_and_nothing_else(receiver: list[str]) -> None:
    """By the hub's real channel, also while the secret is being changed."""
    other = "whsec_b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldA=="
    with serving(receiver) as url:
        good = msgspec.structs.replace(ENDPOINT, address=url, secret=other, secret_before=SECRET)
        bad = msgspec.structs.replace(ENDPOINT, address=url, secret=other)
        (taken,) = send(WebhookChannel(allow_loopback=True), good, notice_record())
        (refused,) = send(WebhookChannel(allow_loopback=True), bad, notice_record())
    assert Delivered(Signal.DELIVERED, 204) == taken
    assert Failed(DeliveryReason.REJECTED, http_status=401) == refused


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl on this machine")
def test_a_notice_signed_by_hand_is_taken() -> None:
    """With curl and openssl, by a listener that verifies as the reference library does."""
    heard: list[Line] = []
    with listening(Listener(Manners(), heard.append), [SECRET]) as url:
        printed = ran([str(EXAMPLES / "webhook.sh")], url)
    assert printed.startswith("taken: n-try-")
    assert ["204"] == [line.answered for line in heard]


# --- MESH -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """One sandbox for this file."""
    with running_mesh(tmp_path_factory.mktemp("mesh")) as mesh:
        yield mesh


@pytest.mark.stack
@pytest.mark.parametrize("kind", ["python", "curl", pytest.param("java", marks=needs_java)])
def test_a_mailbox_is_emptied(sandbox: Mesh, engine: Engine, tmp_path: Path, kind: str) -> None:
    """A notice of the hub's real channel is collected; in Python it is answered as well."""
    sandbox.reset()
    send(MeshChannel(sandbox.mailbox(), engine, now), at(), notice_record("n-1"))
    command = {
        "python": lambda: python("mesh"),
        "curl": lambda: [str(EXAMPLES / "mesh.sh")],
        "java": lambda: compiled("Mesh", tmp_path),
    }[kind]()
    assert "n-1" in ran(command, MESH_URL=sandbox.url)
    assert [] == sandbox.waiting()
    if kind == "python":
        ((headers, body),) = sandbox.waiting(OURS)
        said = read_acknowledgement(body, T0)
        assert ("TEST_WORKFLOW_ACK", resource_id("n-1", "MessageHeader"), ("41001",)) == (
            headers["workflowid"],
            said.about,
            said.codes,
        )


# --- with the gateway ---------------------------------------------------------------------------


@pytest.fixture
def gateway_url(engine: Engine, tmp_path: Path) -> Iterator[str]:
    """A gateway on a port, in which the surgery has a FHIR subscription with one event."""
    directory = scene.directory()
    directory.endpoints[SURGERY, "GP_PRACTICE"] = HOOK
    with writing(engine) as conn:
        outbox.queue_notice(conn, notice_record("n-gp", organisation=SURGERY), HOOK, T0)
        subscriptions.number_of(conn, OWN_ID, ADDRESS, "n-gp", T0)
    settings = Settings(data_dir=tmp_path, secret_key="s" * 32, demo_logins=True)
    made = make_app(settings, publisher=Recording(), engine=engine, directory=directory)
    port = reserved_port()
    server = uvicorn.Server(uvicorn.Config(made, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.mark.stack
@pytest.mark.parametrize("kind", ["python", pytest.param("java", marks=needs_java)])
def test_missed_events_are_asked_for(gateway_url: str, tmp_path: Path, kind: str) -> None:
    """By number, with the notices."""
    command = python("fhir_events") if kind == "python" else compiled("FhirEvents", tmp_path)
    assert "n-gp" in ran(command, gateway_url, OWN_ID, "1", HUB_KEY=f"demo-{SURGERY}")


@pytest.mark.stack
def test_a_topic_is_read_with_the_ordinary_client(kafka: EmbeddedKafka, gateway_url: str) -> None:
    """Which finds the schema in the gateway's registry."""
    organisation = f"T{uuid4().hex[:6].upper()}"
    asyncio.run(_on_topic(kafka.bootstrap, organisation))
    printed = ran(python("kafka_topic"), kafka.bootstrap, gateway_url, organisation, "1")
    assert "n-1 first GP_PRACTICE\n" == printed


async def _on_topic(bootstrap: str, organisation: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(notices_topic(organisation), 1, 1)])
    await admin.close()
    channel = KafkaTopicChannel(bootstrap)
    endpoint = Endpoint(organisation=organisation, channel="kafka")
    await channel.send(notice_record("n-1", organisation=organisation), endpoint)
    await channel.stop()


@pytest.mark.stack
@needs_java
@pytest.mark.usefixtures("kafka")
def test_the_kafka_example_in_java_compiles(tmp_path: Path) -> None:
    """Against the client of the embedded Kafka; Confluent's decoder comes in by its name only."""
    jars = map(str, cache_folder().glob("kafka-clients-*.jar"))
    compiled("KafkaTopic", tmp_path, "-cp", os.pathsep.join(jars))
