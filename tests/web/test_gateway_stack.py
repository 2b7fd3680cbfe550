"""The gateway as its role composes it, against a real Kafka."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hub.edges import avro
from hub.ops.clock import RealClock
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.settings import Settings
from hub.ops.topics import QUARANTINE, create_topics
from hub.store.engine import migrate
from hub.web.app import make_app
from tests.topics import all_values
from tests.web.conftest import key
from tests.web.test_api import EVENT, without

pytestmark = pytest.mark.stack

PREGNANCY = "perinatal.pregnancy"
DIRECTORY = '[[organisation]]\nods = "RXX"\nname = "Invented Trust"\nkind = "trust"\n'


def recent(event: Mapping[str, Any], event_id: str) -> dict[str, Any]:
    """An event of just now, for the real clock, under an id of this test's own."""
    return {**event, "id": event_id, "time": RealClock().now().isoformat()}


def test_202_means_that_the_event_is_on_its_topic(own_kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """And a fault means that its bytes are in quarantine; ready says that all is well."""
    (tmp_path / "directory.toml").write_text(DIRECTORY, encoding="utf-8")
    settings = Settings(
        kafka=own_kafka.bootstrap,
        data_dir=tmp_path,
        directory=tmp_path / "directory.toml",
        secret_key="of the test",
        demo_logins=True,
    )
    asyncio.run(create_topics(own_kafka.bootstrap, settings))
    migrate(settings.real_database_url())
    right = recent(EVENT, f"web-stack-{tmp_path.name}")
    right["data"] = {**EVENT["data"], "edd": RealClock().now().date().isoformat()}
    wrong = recent(without("edd"), f"web-stack-wrong-{tmp_path.name}")
    with TestClient(make_app(settings), base_url="http://127.0.0.1:8080") as client:
        assert 202 == client.post("/events", json=right, headers=key("RXX")).status_code
        refused = client.post("/events", json=wrong, headers=key("RXX"))
        assert 200 == client.get("/health/ready").status_code
    now = RealClock().now()
    events = [
        avro.decode_event(value, now)
        for value in asyncio.run(all_values(own_kafka.bootstrap, PREGNANCY))
    ]
    assert 1 == [event.id for event in events].count(right["id"])
    kept = [
        avro.decode_quarantine(value)
        for value in asyncio.run(all_values(own_kafka.bootstrap, QUARANTINE))
    ]
    mine = [one for one in kept if one.quarantine_id == refused.json()["quarantine_id"]]
    assert [wrong] == [json.loads(one.original) for one in mine]
