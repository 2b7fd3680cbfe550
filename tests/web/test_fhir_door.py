"""The FHIR door and the door for CloudEvents: what they take, refuse and keep."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from hub.core.faults import FaultReason
from hub.edges.fhir.as_xml import node_from_xml
from hub.edges.fhir.reader import _READERS
from hub.edges.schemas import default_schemas
from hub.store.read_lines import QuarantineItem, QuarantineLine
from hub.web.fhir_answers import CODES
from hub.web.fhir_capability import RESOURCES
from hub.web.previews import preview
from hub.web.quarantine import events_of
from tests.edges.fhir_documents import baby, bundle, patient, related, weight
from tests.house.identities import find_identities
from tests.house.tree import ROOT
from tests.web import scene
from tests.web.conftest import Gateway, key

EXAMPLES = ROOT / "docs/publish/examples"
JSON, XML = {"Content-Type": "application/fhir+json"}, {"Content-Type": "application/fhir+xml"}
LATER = datetime(2026, 12, 1, tzinfo=UTC)


def example(name: str) -> bytes:
    """An example of the documents."""
    return (EXAMPLES / name).read_bytes()


@pytest.fixture
def client(gateway: Gateway) -> TestClient:
    """A publisher's system, after all the examples have happened."""
    gateway.clock.move(LATER)
    return gateway.browse()


def item_of(body: bytes, content_type: str, source: str = "RXX:HTTPS") -> QuarantineItem:
    """An original as quarantine has it."""
    line = QuarantineLine(
        quarantine_id="q-1",
        reason="from_the_future",
        explanation="",
        field="",
        remedy="",
        door="https",
        source=source,
        event_type=None,
        family=None,
        content_type=content_type,
        received_at=LATER,
        owner="",
        episode_id=None,
        state="open",
        resolved_at=None,
        resolved_by=None,
    )
    return QuarantineItem(line=line, original=body)


def post(client: TestClient, body: bytes, *, door: str = "/fhir", ods: str = "RXX") -> Any:
    """One document with its content type."""
    typed = XML if body.startswith(b"<") else JSON
    return client.post(door, content=body, headers={**key(ods), **typed})


@pytest.mark.parametrize("door", ["/fhir", "/fhir/$process-message", "/fhir/Bundle"])
def test_a_document_is_taken_after_kafka_has_confirmed(
    client: TestClient, gateway: Gateway, door: str
) -> None:
    """202 with an OperationOutcome that names the event and its receipt."""
    answer = post(client, example("fhir-discharge-content.json"), door=door)
    assert 202 == answer.status_code
    assert answer.headers["content-type"].startswith("application/fhir+json")
    (issue,) = answer.json()["issue"]
    assert ("information", "informational") == (issue["severity"], issue["code"])
    (sent,) = gateway.publisher.events
    assert ("discharge.summary", "perinatal.discharge") == (sent[0].type, sent[1])
    assert sent[0].id in issue["diagnostics"]


def test_a_national_message_is_whoevers_who_brings_it(client: TestClient, gateway: Gateway) -> None:
    """A health-visiting service passes on what came to its mailbox, in XML and answered in XML."""
    answer = post(client, example("nems-birth.xml"), ods="RYX")
    assert 202 == answer.status_code
    assert "OperationOutcome" == node_from_xml(answer.content).kind
    sources = [
        (event.source, event.actor and event.actor.org) for event, _ in gateway.publisher.events
    ]
    assert [("RYX:NEMS", "X26")] * 2 == sources


def test_the_same_document_again_changes_nothing(client: TestClient, gateway: Gateway) -> None:
    """The first receipt comes back."""
    first, second = (post(client, example("nems-change-of-gp.xml")) for _ in range(2))
    assert (202, first.content) == (second.status_code, second.content)
    assert 1 == len(gateway.publisher.events)


def test_the_same_id_with_other_content_is_a_conflict(client: TestClient, gateway: Gateway) -> None:
    """Kept whole; what came first stands."""
    body = example("fhir-encounter-discharged.json")
    post(client, body)
    answer = post(client, body.replace(b"MATWRD", b"HDU"))
    assert (409, "conflict") == (answer.status_code, answer.json()["issue"][0]["code"])
    assert 1 == len(gateway.publisher.kept)
    assert 1 == len(gateway.publisher.events)


def test_what_is_refused_is_kept_whole_and_says_where(client: TestClient, gateway: Gateway) -> None:
    """With an expression, a remedy and the quarantine id, and without any identity."""
    body = json.dumps(bundle(weight(), baby(), related("FTHFOST"), patient())).encode()
    answer = post(client, body)
    (issue,) = answer.json()["issue"]
    assert (422, "error", "required", ["Bundle.entry[1].resource"]) == (
        answer.status_code,
        issue["severity"],
        issue["code"],
        issue["expression"],
    )
    assert "missing_identity" == issue["details"]["coding"][0]["code"]
    assert "q-1" in issue["diagnostics"]
    (fault, original) = gateway.publisher.kept[0]
    assert (body, "RXX:FHIR") == (original.body, original.source)
    assert fault.remedy
    assert [] == find_identities(answer.text, ["9990000042", "2026-10-18"])


def test_one_bad_resource_keeps_the_whole_bundle(client: TestClient, gateway: Gateway) -> None:
    """All or nothing: a sender is never told yes to a half."""
    good = json.loads(example("fhir-flag-unborn-plan.json"))
    wrong = weight(subject={"reference": "Patient/b9"}, unit="[stone_av]")
    good["entry"].append({"resource": wrong})
    good["entry"].append({"resource": baby(id="b9")})
    answer = post(client, json.dumps(good).encode())
    assert (422, [], 1) == (
        answer.status_code,
        gateway.publisher.events,
        len(gateway.publisher.kept),
    )


def test_nothing_to_pass_on_is_said(client: TestClient, gateway: Gateway) -> None:
    """Taken, and why nothing came of it."""
    answer = post(client, b'{"resourceType": "Immunization", "id": "i"}')
    (issue,) = answer.json()["issue"]
    assert (202, "no_event_type") == (
        answer.status_code,
        issue["details"]["coding"][0]["code"],
    )
    assert ([], []) == (gateway.publisher.events, gateway.publisher.kept)


def test_while_kafka_is_away_nothing_is_promised(client: TestClient, gateway: Gateway) -> None:
    """503 with Retry-After, for what is right and for what is wrong."""
    gateway.publisher.away = True
    for body in (example("nems-change-of-gp.xml"), b"<Bundle"):
        answer = post(client, body)
        assert (503, True) == (answer.status_code, "retry-after" in answer.headers)
        assert b"transient" in answer.content


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", JSON, 422, "structure"),
        (b"<a/>", XML, 422, "structure"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "not-supported"),
        (b"{}", {**JSON, "Authorization": "Bearer nobody"}, 401, "login"),
        (b" " * 1_000_001, JSON, 413, "too-long"),
    ],
)
def test_every_refusal_is_an_operation_outcome(
    client: TestClient, body: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    """Also what FHIR knows nothing of."""
    answer = client.post(
        "/fhir", content=body, headers={**key("RXX"), **headers, "Accept": "application/fhir+json"}
    )
    assert (status, code) == (answer.status_code, answer.json()["issue"][0]["code"])


def test_a_message_of_another_organisation_is_refused(client: TestClient, gateway: Gateway) -> None:
    """RYX may not speak for RXX."""
    answer = post(client, example("itk3-discharge.xml"), ods="RYX")
    assert (403, 1) == (answer.status_code, len(gateway.publisher.kept))


def test_the_capability_statement_needs_no_key(client: TestClient) -> None:
    """And names what the reader reads."""
    answer = client.get("/fhir/metadata", headers={"Accept": "application/fhir+xml"})
    assert (200, "CapabilityStatement") == (answer.status_code, node_from_xml(answer.content).kind)
    assert "4.0.1" == client.get("/fhir/metadata").json()["fhirVersion"]
    assert set(_READERS) | {"Patient"} == set(RESOURCES)


def test_every_reason_has_an_issue_type() -> None:
    """No fault is answered with a guess."""
    assert {reason.value for reason in FaultReason} <= set(CODES)


def test_an_original_that_is_mended_goes_through(gateway: Gateway, client: TestClient) -> None:
    """A document refused for its time goes through when the time has come."""
    gateway.clock.move(scene.NOW)
    body = example("nems-change-of-gp.xml")
    assert b"from_the_future" in post(client, body).content
    _, original = gateway.publisher.kept[0]
    item = item_of(original.body, original.content_type, original.source)
    assert ["RXX:NEMS"] == [event.source for event in events_of(item, default_schemas())]
    assert [] == find_identities("\n".join(preview(item)), ["Quillfeather", "9990000018"])


# --- CloudEvents -----------------------------------------------------------------------------


ONE = "application/cloudevents+json"


def cloud(client: TestClient, value: Any, **headers: str) -> Any:
    """One CloudEvent, or a list."""
    form = "application/cloudevents-batch+json" if isinstance(value, list) else ONE
    typed = {"Content-Type": form, **headers}
    return client.post("/cloudevents", content=json.dumps(value), headers={**key("RXX"), **typed})


def test_a_cloudevent_is_taken(client: TestClient, gateway: Gateway) -> None:
    """That of the national service, ours in its form, and ours as it is."""
    for name, event_type in (
        ("mns-change-of-gp.json", "demographics.changed"),
        ("cloudevent-pregnancy-booked.json", "pregnancy.booked"),
        ("booking.json", "pregnancy.booked"),
    ):
        answer = cloud(client, json.loads(example(name)))
        assert 202 == answer.status_code, answer.text
        assert [event_type] == [each["type"] for each in answer.json()["events"]]
    assert 3 == len(gateway.publisher.events)
    assert "RXX:MNS" == gateway.publisher.events[0][0].source


def test_a_list_that_calls_itself_one_event_is_kept(client: TestClient, gateway: Gateway) -> None:
    """Its sender hears under which name a list is taken."""
    value = [json.loads(example("mns-change-of-gp.json"))]
    answer = cloud(client, value, **{"Content-Type": ONE})
    assert 422 == answer.status_code
    assert "cloudevents-batch" in answer.json()["remedy"]
    assert [] == gateway.publisher.events


def test_a_list_is_taken_or_kept_as_a_whole(client: TestClient, gateway: Gateway) -> None:
    """A wrong one among the right ones."""
    good = json.loads(example("mns-change-of-gp.json"))
    bad = {**good, "id": "x", "type": "pds-death-notification-2"}
    assert 202 == cloud(client, [good]).status_code
    answer = cloud(client, [{**good, "id": "y"}, bad])
    assert (422, "type", "q-1") == (
        answer.status_code,
        answer.json()["field"],
        answer.json()["quarantine_id"],
    )
    assert 1 == len(gateway.publisher.events)


def test_an_event_that_nobody_needs_is_taken_with_its_reason(client: TestClient) -> None:
    """An immunisation record changed."""
    value = json.loads(example("mns-change-of-gp.json"))
    answer = cloud(client, {**value, "type": "imms-vaccination-record-change-1"})
    assert (202, "no_event_type") == (answer.status_code, answer.json()["ignored"])
