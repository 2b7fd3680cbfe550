"""Ordinary Confluent clients on the hub's topics, with the registry and the documents only."""

import json
import re
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from hub.store import tables as t
from tests.acceptance.people import booking, hl7_booking
from tests.acceptance.upped import Up, soon
from tests.house.tree import ROOT
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.stack


def block(document: str, language: str, number: int = 0) -> str:
    """A fenced block of a document."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return str(re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)[number])


def registry(up: Up) -> SchemaRegistryClient:
    """The hub's schema registry, as any client finds it."""
    return SchemaRegistryClient({"url": f"{up.page}/registry"})


def read(up: Up, topic: str, wanted: Any) -> dict[str, Any]:
    """The first record of a topic that `wanted` takes, decoded by the registry alone."""
    consumer = Consumer(
        {
            "bootstrap.servers": up.addresses["Kafka"],
            "group.id": f"acceptance-{topic}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    try:
        with registry(up) as client:
            return soon(partial(_next, consumer, AvroDeserializer(client), topic, wanted))
    finally:
        consumer.close()


def _next(
    consumer: Consumer, decode: AvroDeserializer, topic: str, wanted: Any
) -> dict[str, Any] | None:
    """The first of the records now there that `wanted` takes, if there is one."""
    context = SerializationContext(topic, MessageField.VALUE)
    while (message := consumer.poll(0.5)) is not None and not message.error():
        found = decode(message.value(), context)
        assert isinstance(found, dict)
        if wanted(found):
            return found
    return None


def in_avro(event: dict[str, Any]) -> dict[str, Any]:
    """A booking in the Avro form: an envelope and typed days and instants."""
    envelope = {name: event[name] for name in ("id", "type", "source")}
    subject = dict(event["subject"])
    subject["birth_date"] = date.fromisoformat(subject["birth_date"])
    data = dict(event["data"])
    for name in ("booked_on", "edd"):
        data[name] = date.fromisoformat(data[name])
    at = datetime.fromisoformat(event["time"])
    return {
        "envelope": {**envelope, "time": at, "subject": subject, "purpose": "direct_care"},
        **data,
        "vulnerabilities": [],
        "late_reason": [],
    }


def test_avro_written_as_the_document_says_is_decided(up: Up) -> None:
    """The Python of docs/publish.md, with its addresses filled in, publishes a booking."""
    event = booking(300)
    sample = (
        block("docs/publish.md", "python")
        .replace("https://HUB/registry", f"{up.page}/registry")
        .replace("KAFKA:9092", up.addresses["Kafka"])
    )
    names: dict[str, Any] = {"hashed_reference": b"\x01\x02", "booking": in_avro(event)}
    exec(sample, names)  # noqa: S102  our own text, as a reader runs it
    names["registry"].close()
    told = soon(lambda: up.coverage(event["id"]))
    assert {"GP_PRACTICE", "HV_TEAM"} <= told.keys()


def test_decisions_can_be_read_with_the_registry_alone(up: Up) -> None:
    """`hub.decisions`: one record for an input, its outcomes by kind."""
    event = booking(301)
    assert 202 == up.post(event).status_code
    found = read(
        up,
        "hub.decisions",
        lambda record: any(one.get("event_id") == event["id"] for one in record["outcomes"]),
    )
    assert found["episode_id"].startswith("ep-")
    kinds = {one["kind"] for one in found["outcomes"]}
    assert {"event_recorded", "obligation_raised", "notice_issued"} <= kinds


def receipt(notice: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A subscriber's receipt in the form that docs/subscribe.md shows."""
    shown = json.loads(block("docs/subscribe.md", "json"))
    shown["envelope"] |= {
        "id": f"receipt-{notice['notice_id']}",
        "time": datetime.now(UTC),
        "subject": {"reference": notice["episode_id"]},
    }
    return {**shown, "notice_id": notice["notice_id"], **changes}


def write_receipt(up: Up, value: dict[str, Any]) -> None:
    """Write a receipt to `hub.receipts` with the registry's schema."""
    subject = "hub.receipts-perinatal.NoticeReceipt"
    conf = {
        "auto.register.schemas": False,
        "use.latest.version": True,
        "subject.name.strategy": lambda _context, _name: subject,
    }
    producer = Producer({"bootstrap.servers": up.addresses["Kafka"]})
    context = SerializationContext("hub.receipts", MessageField.VALUE)
    with registry(up) as client:
        encode = AvroSerializer(client, client.get_latest_version(subject).schema, conf=conf)
        producer.produce("hub.receipts", value=encode(value, context), key=b"any")
    assert 0 == producer.flush(PATIENCE_SECONDS)


def notice_of_visitors(up: Up, n: int) -> tuple[str, dict[str, Any]]:
    """A booking, and the notice of it that the health visitors read from their topic."""
    event = booking(n)
    assert 202 == up.post(event).status_code
    soon(lambda: up.coverage(event["id"]))
    found = up.row(t.events, event_id=event["id"])
    assert found is not None
    notice = read(up, "notices.RYX", lambda one: one["episode_id"] == found["episode_id"])
    assert ("HV_TEAM", "RYX", "first") == (
        notice["role"],
        notice["organisation"],
        notice["reason"],
    )
    return event["id"], notice


def test_a_subscribers_receipt_over_kafka_is_accepted(up: Up) -> None:
    """Written to the topic is *sent*; the subscriber's own record makes it *accepted*, level 4."""
    event_id, notice = notice_of_visitors(up, 302)
    soon(lambda: up.coverage(event_id)["HV_TEAM"]["level"] == "sent" or None)
    write_receipt(up, receipt(notice, signal="delivered", person=None))
    soon(lambda: up.coverage(event_id)["HV_TEAM"]["level"] == "delivered" or None)
    accepted = receipt(notice, signal="accepted", person="hv-5")
    accepted["envelope"]["id"] += "-accepted"
    write_receipt(up, accepted)
    told = soon(
        lambda: line if (line := up.coverage(event_id)["HV_TEAM"])["level"] == "accepted" else None
    )
    assert ("RYX", True) == (told["organisation"], told["told"])
    levels = up.read(lambda conn: conn.execute(t.levels.select()).mappings().all())
    mine = [one for one in levels if one["notice_id"] == notice["notice_id"]]
    assert [(1, None), (2, None), (4, "hv-5")] == [(one["level"], one["person"]) for one in mine]


@pytest.mark.parametrize(
    ("n", "changes", "reason", "field"),
    [
        (310, {"organisation": "Y99001"}, "not_your_organisation", "data.organisation"),
        (311, {"detail": "she said so"}, "schema_violation", "data.detail"),
        (312, {"notice_id": "n-00000000000000000000"}, "unknown_notice", "notice_id"),
    ],
    ids=["for-another", "free-text", "unknown-notice"],
)
def test_a_receipt_that_proves_nothing_is_kept(
    up: Up, n: int, changes: dict[str, str], reason: str, field: str
) -> None:
    """A subscriber who speaks for another, in sentences, or of no notice, changes no level."""
    event_id, notice = notice_of_visitors(up, n)
    wrong = receipt(notice, signal="accepted", **changes)
    wrong["envelope"]["id"] += f"-{reason}"
    write_receipt(up, wrong)
    kept = soon(lambda: up.row(t.quarantine, reason=reason, field=field))
    assert ("HUB_OPERATOR", "open") == (kept["owner"], kept["state"])
    assert "accepted" != up.coverage(event_id)["HV_TEAM"]["level"]


def test_a_booking_over_hl7_reaches_the_visitors_topic(up: Up) -> None:
    """From a hospital's bytes to a subscriber's own topic, due time and authority included."""
    assert "MSA|AA|ACC-A05-304" in up.mllp(hl7_booking(304, "ACC-A05-304"))
    notice = read(
        up,
        "notices.RYX",
        lambda one: any("TESTWOOD304" in line["value"].upper() for line in one["content"]),
    )
    assert notice["due_at"] > notice["issued_at"]
    assert notice["rule"] == "P03.health-visiting"
    assert notice["authority"]
