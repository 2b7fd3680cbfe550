"""`hub listen` against the hub's real channels: it verifies, answers well or badly, and tells."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from sqlalchemy import Engine
from typer.testing import CliRunner

from hub.cli import app
from hub.core.model import Signal
from hub.edges.channels.base import Delivered, DeliveryReason, Failed, type_of_result
from hub.edges.channels.kafka_topic import KafkaTopicChannel
from hub.edges.channels.webhook import WebhookChannel
from hub.edges.directory import Endpoint
from hub.listen.manners import Line, Listener, Manners
from hub.listen.posts import listening
from hub.listen.topic import follow
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.topics import notices_topic
from hub.store.engine import make_engine, migrate
from tests.channels.contract import OWN, Peer
from tests.channels.test_rest_hook import channel_over
from tests.channels.tools import ENDPOINT, SECRET, send
from tests.house.identities import find_identities
from tests.patience import PATIENCE_SECONDS
from tests.store.records import GP, notice_record
from tests.web.conftest import Gateway, engine, family_file, gateway, key, people

__all__ = ["engine", "family_file", "gateway", "people"]


@dataclass
class Heard:
    """What a listener has said."""

    lines: list[Line] = field(default_factory=list)

    def texts(self) -> list[str]:
        """As people read them."""
        return [line.text() for line in self.lines]


def posted(
    manners: Manners, *notice_ids: str, secret: str = SECRET, seconds: float = PATIENCE_SECONDS
) -> tuple[list[type_of_result], Heard]:
    """Send notices over the webhook channel to a listener."""
    heard = Heard()
    listener = Listener(manners, heard.lines.append)
    with listening(listener, [secret]) as url:
        channel = WebhookChannel(allow_loopback=True, total_seconds=seconds)
        endpoint = msgspec.structs.replace(ENDPOINT, address=url)
        results = send(channel, endpoint, *map(notice_record, notice_ids))
    return results, heard


def test_a_notice_is_a_line_and_its_repeat_is_one_too() -> None:
    """Ids and codes; a repeat is told as such."""
    results, heard = posted(Manners(), "n-1", "n-1", "n-2")
    assert [Delivered(Signal.DELIVERED, 204)] * 3 == results
    assert [
        "notice n-1 first GP_PRACTICE -> 204",
        "notice n-1 first GP_PRACTICE repeat -> 204",
        "notice n-2 first GP_PRACTICE -> 204",
    ] == heard.texts()


@pytest.mark.parametrize(
    ("manners", "expected"),
    [
        (Manners(refuse=410), Failed(DeliveryReason.GONE, retry=False, http_status=410)),
        (Manners(refuse=503), Failed(DeliveryReason.THEIR_ERROR, http_status=503)),
        (Manners(slow_seconds=30), Failed(DeliveryReason.TIMED_OUT)),
        (Manners(silent=True), Failed(DeliveryReason.TIMED_OUT)),
        (Manners(slow_seconds=0.1), Delivered(Signal.DELIVERED, 204)),
    ],
    ids=["gone", "busy", "too slow", "silent", "slow"],
)
def test_it_misbehaves_on_request(manners: Manners, expected: type_of_result) -> None:
    """As real subscribers do, and the channel answers for each."""
    # What never comes need not be waited for long; an answer has all the time that it needs.
    waits = 0.7 if expected == Failed(DeliveryReason.TIMED_OUT) else PATIENCE_SECONDS
    (result,), _ = posted(manners, "n-1", seconds=waits)
    assert expected == result


def test_what_is_not_signed_with_its_secret_is_not_believed() -> None:
    """401, and nothing of it is printed."""
    other = "whsec_b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldA=="
    (result,), heard = posted(Manners(), "n-1", secret=other)
    assert Failed(DeliveryReason.REJECTED, http_status=401) == result
    assert ["signature wrong or old -> 401"] == heard.texts()


class _Notices(Peer):
    """Only for its notice, which holds a name and a number."""

    proves = Signal.SENT

    def make(self) -> Any:
        raise NotImplementedError

    def arrivals(self) -> Any:
        raise NotImplementedError

    def troubles(self) -> Any:
        raise NotImplementedError


def test_no_line_holds_an_identity() -> None:
    """Neither for people nor for machines."""
    heard = Heard()
    with listening(Listener(Manners(), heard.lines.append), [SECRET]) as url:
        channel = WebhookChannel(allow_loopback=True)
        send(channel, msgspec.structs.replace(ENDPOINT, address=url), _Notices().notice())
    said = "\n".join([*heard.texts(), *(msgspec.json.encode(x).decode() for x in heard.lines)])
    assert "n-1" in said
    assert [] == find_identities(said, OWN)


@pytest.mark.parametrize(
    ("manners", "signal", "person"),
    [
        (Manners(accept_as="gp-1"), "accepted", "gp-1"),
        (Manners(not_ours=True), "not_ours", None),
    ],
    ids=["accepts", "hands back"],
)
def test_it_tells_the_hub_once(
    gateway: Gateway, manners: Manners, signal: str, person: str | None
) -> None:
    """By a receipt that the real gateway takes, and a repeat of the notice says nothing more."""
    heard, client = Heard(), gateway.browse()

    def tell(given: dict[str, Any]) -> int:
        answer = client.post("/receipts", json=given, headers=key("Y00001"))
        return int(answer.status_code)

    with listening(Listener(manners, heard.lines.append, tell), [SECRET]) as url:
        endpoint = msgspec.structs.replace(ENDPOINT, address=url)
        notice = notice_record("n-gp", organisation="Y00001")
        send(WebhookChannel(allow_loopback=True), endpoint, notice, notice)
    assert f"receipt {signal} n-gp -> 202" in heard.texts()
    (given,) = gateway.publisher.inputs
    assert given.receipt is not None
    assert (signal, person, "webhook") == (
        given.receipt.signal.value,
        given.receipt.person,
        given.receipt.channel,
    )


@pytest.fixture
def own_engine(tmp_path: Path) -> Iterator[Engine]:
    """A database with the subscriptions."""
    url = f"sqlite:///{tmp_path / 'own.db'}"
    migrate(url)
    made = make_engine(url)
    yield made
    made.dispose()


def test_a_fhir_subscriber_sees_what_it_has_missed(own_engine: Engine) -> None:
    """Handshake and events by number; one that came while it was away is named."""
    heard = Heard()
    with listening(Listener(Manners(), heard.lines.append), [SECRET], channel="fhir") as url:
        endpoint = Endpoint(organisation=GP, channel="fhir", address=url, secret=SECRET)
        away = msgspec.structs.replace(endpoint, secret="whsec_" + SECRET[-8:])
        for notice_id, whom in (("n-1", endpoint), ("n-2", away), ("n-3", endpoint)):
            send(channel_over(own_engine), whom, notice_record(notice_id))
    assert [
        "handshake -> 204",
        "notice n-1 event 1 -> 204",
        "signature wrong or old -> 401",
        "notice n-3 event 3 missing 2 -> 204",
    ] == heard.texts()


# --- the command itself -----------------------------------------------------------------------


def test_the_command_listens_until_it_has_enough(tmp_path: Path) -> None:
    """A process of its own on a port of its own; it ends with the second notice."""
    command = [sys.executable, "-m", "hub.cli", "listen", "webhook", "--count", "2", "--json"]
    secrets = f"whsec_c29tZSBvdGhlciBzZWNyZXQ= {SECRET}"
    environment = {**os.environ, "HUB_LISTEN_SECRET": secrets}
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process:
        first = json.loads(process.stdout.readline())
        endpoint = msgspec.structs.replace(ENDPOINT, address=first["reason"])
        channel = WebhookChannel(allow_loopback=True)
        send(channel, endpoint, notice_record("n-1"), notice_record("n-2"))
        rest = [json.loads(line) for line in process.stdout]
    assert ("listening on", ["n-1", "n-2"], 0) == (
        first["what"],
        [line["notice_id"] for line in rest],
        process.returncode,
    )


@pytest.mark.parametrize(
    "words",
    [
        ["webhook"],
        ["kafka"],
        ["webhook", "--secret", SECRET, "--accept-as", "gp-1"],
    ],
    ids=["no secret", "no Kafka", "no hub for receipts"],
)
def test_what_is_missing_is_said_in_words(words: list[str]) -> None:
    """And the command does not begin."""
    result = CliRunner().invoke(app, ["listen", *words], env={"HUB_LISTEN_SECRET": ""})
    assert 3 == result.exit_code
    assert "hub: " in result.output


@pytest.mark.stack
@pytest.mark.parametrize("refuse", [0, 1], ids=["commits", "refuses to commit"])
def test_on_a_topic_what_was_said_is_committed(kafka: EmbeddedKafka, refuse: int) -> None:
    """After a restart it goes on where it was; one that refuses begins again."""
    organisation = f"T{uuid4().hex[:6].upper()}"
    again = asyncio.run(_on_topic(kafka.bootstrap, organisation, refuse))
    assert (["n-2"] if not refuse else ["n-1", "n-2"]) == again


async def _on_topic(bootstrap: str, organisation: str, refuse: int) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(notices_topic(organisation), 1, 1)])
    await admin.close()
    channel, heard = KafkaTopicChannel(bootstrap), Heard()
    endpoint = Endpoint(organisation=organisation, channel="kafka")
    for notice_id in ("n-1", "n-2"):
        await channel.send(notice_record(notice_id, organisation=organisation), endpoint)
        heard = Heard()
        listener = Listener(Manners(refuse=refuse), heard.lines.append)
        listener.wanted = int(notice_id[-1]) if refuse else 1
        await asyncio.wait_for(
            follow(listener, bootstrap, organisation, f"g-{organisation}"), PATIENCE_SECONDS
        )
    await channel.stop()
    return [line.notice_id for line in heard.lines]
