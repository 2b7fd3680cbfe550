"""CloudEvents in binary mode, through the real gateway: as wide as structured mode and no wider."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from hub.edges.cloudevents_binary import decoded_value
from hub.edges.schemas import default_schemas
from hub.store.read_lines import QuarantineItem
from hub.web.quarantine import events_of
from tests.house.tree import ROOT
from tests.web.conftest import Gateway, key
from tests.web.test_fhir_door import LATER, item_of

EXAMPLES = ROOT / "docs/publish/examples"
OURS = json.loads((EXAMPLES / "cloudevent-pregnancy-booked.json").read_bytes())
PLAIN = json.loads((EXAMPLES / "booking.json").read_bytes())
MNS = json.loads((EXAMPLES / "mns-change-of-gp.json").read_bytes())


@pytest.fixture
def client(gateway: Gateway) -> TestClient:
    """A publisher's system, after all the examples have happened."""
    gateway.clock.move(LATER)
    return gateway.browse()


def in_headers(event: dict[str, Any]) -> dict[str, str]:
    """The attributes of an event as headers, percent-encoded where they must be."""
    attributes = {name: value for name, value in event.items() if name != "data"}
    return {
        f"ce-{name}": quote(value if isinstance(value, str) else json.dumps(value), safe=" :/@{},")
        for name, value in attributes.items()
        if name != "datacontenttype"
    }


def post(client: TestClient, event: dict[str, Any], body: bytes | None = None, **more: str) -> Any:
    """One event in binary mode."""
    told = json.dumps(event.get("data")).encode() if body is None else body
    headers = {**key("RXX"), "Content-Type": "application/json", **in_headers(event), **more}
    return client.post("/cloudevents", content=told, headers=headers)


@pytest.mark.parametrize("event", [OURS, PLAIN, MNS], ids=["ours", "plain", "national"])
def test_both_modes_give_the_same_event(
    client: TestClient, gateway: Gateway, event: dict[str, Any]
) -> None:
    """And so the second one is the first one again: the same receipt, and one write."""
    binary = post(client, event)
    structured = client.post(
        "/cloudevents",
        content=json.dumps(event),
        headers={**key("RXX"), "Content-Type": "application/cloudevents+json"},
    )
    assert (202, 202) == (binary.status_code, structured.status_code), binary.text
    assert binary.json() == structured.json()
    assert 1 == len(gateway.publisher.events)


def test_a_name_outside_ascii_comes_through_its_percents(
    client: TestClient, gateway: Gateway
) -> None:
    """Her name is hers, however a header has to carry it."""
    named = {**PLAIN, "subject": {**PLAIN["subject"], "family_name": "Quíllfeather-Ó"}}
    assert 202 == post(client, named).status_code
    ((sent, _),) = gateway.publisher.events
    assert "Quíllfeather-Ó" == sent.subject.family_name


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro \u20ac \U0001f600"),
        ("%e2%82%ac", "\u20ac"),
        ('"a \\"quoted\\" one"', 'a "quoted" one'),
        ("100%25", "100%"),
        ("\u00e2\u0082\u00ac", "\u20ac"),
    ],
)
def test_a_value_is_decoded_as_the_binding_says(value: str, text: str) -> None:
    """Percent signs, either case, quotation marks; raw UTF-8 as HTTP hands it on."""
    assert text == decoded_value(value)


@pytest.mark.parametrize("value", ["100%", "%2", "%zz", "%ff", "%E2%82"])
def test_a_value_that_is_no_such_text_is_kept_with_its_header_named(
    client: TestClient, gateway: Gateway, value: str
) -> None:
    """Never half of it."""
    answer = post(client, PLAIN, **{"ce-id": value})
    said = answer.json()
    assert (422, "schema_violation", "ce-id", "q-1") == (
        answer.status_code,
        said["reason"],
        said["field"],
        said["quarantine_id"],
    )
    assert value not in answer.text
    ((_, original),) = gateway.publisher.kept
    assert value == json.loads(original.body)["id"]


@pytest.mark.parametrize("missing", ["id", "source", "type", "time"])
def test_what_structured_mode_refuses_is_refused(
    client: TestClient, gateway: Gateway, missing: str
) -> None:
    """The same validation, and the same field."""
    event = {name: value for name, value in PLAIN.items() if name != missing}
    binary = post(client, event)
    structured = client.post(
        "/cloudevents",
        content=json.dumps(event),
        headers={**key("RXX"), "Content-Type": "application/cloudevents+json"},
    )
    told = [(a.status_code, a.json()["reason"], a.json()["field"]) for a in (binary, structured)]
    assert told[0] == told[1]
    assert 422 == binary.status_code
    assert [] == gateway.publisher.events


def test_data_that_is_no_json_is_kept_byte_for_byte(client: TestClient, gateway: Gateway) -> None:
    """As the specification keeps bytes: in Base64."""
    answer = post(client, PLAIN, b"\x00\xff{")
    assert (422, "unparseable", "data") == (
        answer.status_code,
        answer.json()["reason"],
        answer.json()["field"],
    )
    ((_, original),) = gateway.publisher.kept
    assert "AP97" == json.loads(original.body)["data_base64"]


def test_what_was_kept_goes_through_again_without_its_headers(
    client: TestClient, gateway: Gateway
) -> None:
    """A redrive has the body only, and needs no more."""
    answer = post(client, {**PLAIN, "source": "RYX:MATERNITY"})
    assert 403 == answer.status_code
    ((_, original),) = gateway.publisher.kept
    mended = original.body.replace(b"RYX:", b"RXX:")
    item: QuarantineItem = item_of(mended, original.content_type)
    (event,) = events_of(item, default_schemas())
    assert ("pregnancy.booked", PLAIN["id"]) == (event.type, event.id)


@pytest.mark.parametrize("kind", ["text/xml", "application/octet-stream", "text/plain"])
def test_data_of_another_kind_is_not_taken(client: TestClient, kind: str) -> None:
    """And says what is."""
    answer = post(client, PLAIN, **{"Content-Type": kind})
    assert (415, "Content-Type") == (answer.status_code, answer.json()["field"])


def test_an_attribute_that_is_there_twice_is_refused(client: TestClient) -> None:
    """Which one holds?"""
    pairs = [*key("RXX").items(), *in_headers(PLAIN).items(), ("ce-id", "another")]
    answer = client.post(
        "/cloudevents",
        content=json.dumps(PLAIN["data"]),
        headers=[(name.encode(), value.encode()) for name, value in pairs],
    )
    assert (422, "ce-id") == (answer.status_code, answer.json()["field"])


def test_the_sandbox_knows_the_mode(client: TestClient, gateway: Gateway) -> None:
    """Right, and nothing comes of it."""
    answer = post(client, PLAIN, **{"Hub-Sandbox": "true"})
    assert (200, True, []) == (
        answer.status_code,
        answer.json()["sandbox"],
        gateway.publisher.events,
    )
