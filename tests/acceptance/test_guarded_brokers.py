"""The whole hub on brokers that ask everybody who he is and refuse what no rule allows.

Each way in which a hub may show itself: a name and a password in the clear, SCRAM over TLS, and a
client certificate.  Every role shows it with its own client: the gateway, delivery and the
projector with aiokafka, the worker with Faust; the subscriber reads with Confluent's.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.demo.stage import demo_key
from hub.edges.avro import decode_notice
from hub.ops.kafka_access import hub_rules, subscriber_rules
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.kafka_properties import Access
from hub.ops.settings import Settings
from hub.ops.steps import Steps
from hub.ops.topics import notices_topic
from hub.up import Running, running_hub
from tests.acceptance.people import booking
from tests.acceptance.upped import soon
from tests.channels.test_kafka_access import give, read, refusal
from tests.house.tree import ROOT
from tests.patience import PATIENCE_SECONDS
from tests.servers.kafka_secured import KEEPER, Certificates, Scram, papers, words_of

pytestmark = pytest.mark.stack

READER = "RYX"
"""The one organisation of the demonstration's directory that reads Kafka."""

PEOPLE = (KEEPER, "hub", READER)


def access_of(way: str, folder: Path) -> Access:
    """Who may connect, and how."""
    if way == "plain":
        return Access(words_of(PEOPLE))
    made = papers(folder, PEOPLE)
    if way == "certificates":
        return Certificates(words_of(PEOPLE), papers=made)
    return Scram(words_of(PEOPLE), papers=made, mechanism=way)


def settings_for(broker: EmbeddedKafka, who: str) -> dict[str, Any]:
    """How a login is set, as an operator does."""
    login = broker.login(who)
    return {
        "kafka": broker.bootstrap,
        "kafka_security": login.security,
        "kafka_mechanism": login.mechanism,
        "kafka_login": login.login,
        "kafka_password": login.password,
        "kafka_authorities": login.authorities,
        "kafka_certificate": login.certificate,
        "kafka_key": login.key,
    }


@pytest.fixture(params=["plain", "SCRAM-SHA-512", "SCRAM-SHA-256", "certificates"])
def guarded(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[EmbeddedKafka, Running]]:
    """A hub that has the rules which `hub kafka-rules` prints, and no others."""
    access = access_of(request.param, tmp_path / "papers")
    prefix = "CN=" if request.param == "certificates" else ""
    with EmbeddedKafka(tmp_path / "kafka", access=access) as broker:
        rules = hub_rules(f"{prefix}hub")
        give(broker, [*rules, *subscriber_rules(READER, f"{prefix}{READER}")])
        settings = Settings(
            data_dir=tmp_path / "hub",
            secret_key="x" * 32,
            demo_logins=True,
            gateway_port=0,
            mllp_port=0,
            **settings_for(broker, "hub"),
        )
        with running_hub(settings, Steps()) as hub:
            yield broker, hub


def test_a_booking_reaches_the_subscriber(guarded: tuple[EmbeddedKafka, Running]) -> None:
    """Through the gateway, the worker, the delivery role and the projector, each by its login."""
    broker, hub = guarded
    page = f"http://127.0.0.1:{hub.settings.gateway_port}"
    headers = {"Authorization": f"Bearer {demo_key('RXX')}"}
    answer = httpx.post(
        f"{page}/events", json=booking(1), headers=headers, timeout=PATIENCE_SECONDS
    )
    assert answer.status_code in (200, 202), answer.text

    def arrived() -> set[str]:
        rows = asyncio.run(read(broker, READER, notices_topic(READER)))
        return {decode_notice(row).title for row in rows}

    assert "Pregnancy booked" in soon(arrived)
    topic, group = notices_topic(READER), f"{READER}-other"
    assert "read" == refusal(broker, READER, topic, group)
    assert "TOPIC_AUTHORIZATION_FAILED" == refusal(broker, READER, "hub.decisions", group)
    (line,) = [one for one in listened(broker) if one.get("what") == "notice"]
    assert ("notice", "committed") == (line["what"], line["answered"])


def listened(broker: EmbeddedKafka) -> list[dict[str, Any]]:
    """What `hub listen kafka` prints as the subscriber, set by its environment."""
    given = {
        f"HUB_{name.upper()}": str(each) for name, each in settings_for(broker, READER).items()
    }
    environment = os.environ | {name: each for name, each in given.items() if each}
    words = ["listen", "kafka", "--organisation", READER, "--count", "1", "--json"]
    ran = subprocess.run(
        [sys.executable, "-m", "hub.cli", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
        env=environment,
    )
    assert 0 == ran.returncode, ran.stderr
    return [json.loads(each) for each in ran.stdout.splitlines() if each.startswith("{")]
