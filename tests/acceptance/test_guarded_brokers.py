"""The whole hub on brokers that ask everybody who he is and refuse what no rule allows."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

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
from tests.channels.test_kafka_access import give, read
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.stack

READER = "RYX"
"""The one organisation of the demonstration's directory that reads Kafka."""


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[tuple[EmbeddedKafka, Running]]:
    """A hub that has the rules which `hub kafka-rules` prints, and no others."""
    people = {name: f"word-of-{name}" for name in ("keeper", "hub", READER)}
    with EmbeddedKafka(tmp_path / "kafka", access=Access(people)) as broker:
        give(broker, [*hub_rules("hub"), *subscriber_rules(READER)])
        settings = Settings(
            data_dir=tmp_path / "hub",
            kafka=broker.bootstrap,
            kafka_security="sasl_plaintext",
            kafka_mechanism="PLAIN",
            kafka_login="hub",
            kafka_password=people["hub"],
            secret_key="x" * 32,
            demo_logins=True,
            gateway_port=0,
            mllp_port=0,
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
