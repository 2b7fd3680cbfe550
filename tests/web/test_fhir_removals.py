"""Deleting a resource takes back what came of it; a transaction is answered as one."""

import json
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from hub.core.model import Person
from hub.core.outcomes import EpisodeChanged
from hub.store.engine import writing
from hub.store.projector import apply_decision
from tests.edges.fhir_documents import bundle, patient, stay
from tests.edges.test_deletions import removal
from tests.web import scene
from tests.web.conftest import Gateway, key
from tests.web.test_fhir_door import LATER, XML
from tests.web.test_fhir_door import client as client  # noqa: PLC0414  a fixture of another file


def post(client: TestClient, document: dict[str, Any], ods: str = "RXX", **more: str) -> Any:
    """One document in JSON."""
    typed = {"Content-Type": "application/fhir+json", **more}
    return client.post("/fhir", content=json.dumps(document), headers={**key(ods), **typed})


def admit(client: TestClient, gateway: Gateway) -> str:
    """A stay is published, and decided; its event id."""
    answer = post(client, bundle(patient(), stay(), kind="transaction"))
    assert 202 == answer.status_code, answer.text
    ((sent, _),) = gateway.publisher.events
    decide(gateway, sent.id)
    return sent.id


def decide(gateway: Gateway, event_id: str) -> None:
    """As the projector folds the decision about it."""
    mother = Person(reference="RXX/MAT1", nhs_number=scene.NHS_NUMBER)
    with writing(gateway.engine) as conn:
        changed = EpisodeChanged(mother=mother, edd=None, provider="RXX", babies=())
        apply_decision(conn, scene.record(7, changed, scene.event(event_id, "encounter.updated")))


def test_a_deletion_becomes_the_retraction_of_what_came_of_it(
    client: TestClient, gateway: Gateway
) -> None:
    """For the same woman, on the topic of the event."""
    event_id = admit(client, gateway)
    answer = post(client, removal("Encounter/e1"))
    assert 202 == answer.status_code, answer.text
    retraction, topic = gateway.publisher.events[1]
    assert ("event.retracted", event_id, "encounter.updated", "RXX:FHIR") == (
        retraction.type,
        retraction.body["target_id"],
        retraction.body["target_type"],
        retraction.source,
    )
    assert (scene.NHS_NUMBER, gateway.publisher.events[0][1]) == (
        retraction.subject.nhs_number,
        topic,
    )


def test_the_same_deletion_again_is_the_same_retraction(
    client: TestClient, gateway: Gateway
) -> None:
    """Sent again, because no answer came."""
    admit(client, gateway)
    first = post(client, removal("https://rxx.example/fhir/Encounter/e1"))
    gateway.clock.move(LATER + timedelta(hours=1))
    again = post(client, removal("Encounter/e1"))
    assert (202, first.json()) == (again.status_code, again.json())
    assert 2 == len(gateway.publisher.events)


@pytest.mark.parametrize(("ods", "named"), [("RXX", "Encounter/e2"), ("RYX", "Encounter/e1")])
def test_what_this_organisation_never_sent_is_kept(
    client: TestClient, gateway: Gateway, ods: str, named: str
) -> None:
    """Another's resource is as unknown as one that never was."""
    admit(client, gateway)
    answer = post(client, removal(named), ods)
    assert 422 == answer.status_code
    assert "unknown_target" == answer.json()["issue"][0]["details"]["coding"][0]["code"]
    assert (1, 1) == (len(gateway.publisher.events), len(gateway.publisher.kept))


def test_what_is_not_decided_yet_is_asked_for_again(client: TestClient) -> None:
    """Whom it is about is not known here before."""
    post(client, bundle(patient(), stay()))
    answer = post(client, removal("Encounter/e1"))
    assert (422, True) == (answer.status_code, "in a moment" in answer.text)


def test_a_deletion_beside_news_is_taken_with_it_or_not_at_all(
    client: TestClient, gateway: Gateway
) -> None:
    """One bundle."""
    admit(client, gateway)
    ended = {"start": "2026-10-18T02:00:00Z", "end": "2026-10-19T09:00:00Z"}
    gone = stay(id="e9", status="finished", period=ended)
    document = bundle(patient(), gone, kind="transaction")
    document["entry"] += removal("Encounter/unknown")["entry"]
    assert 422 == post(client, document).status_code
    assert 1 == len(gateway.publisher.events)
    document["entry"][2]["request"]["url"] = "Encounter/e1"
    assert 202 == post(client, document).status_code
    assert ["encounter.updated", "event.retracted"] == [
        event.type for event, _ in gateway.publisher.events[1:]
    ]


# --- transactions -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_a_transaction_is_answered_entry_by_entry(client: TestClient, kind: str) -> None:
    """In their order; each with what came of it."""
    answer = post(client, bundle(patient(), stay(), kind=kind))
    told = answer.json()
    assert (202, "Bundle", f"{kind}-response", 2) == (
        answer.status_code,
        told["resourceType"],
        told["type"],
        len(told["entry"]),
    )
    codes = [
        each["response"]["outcome"]["issue"][0]["details"]["coding"][0]["code"]
        for each in told["entry"]
    ]
    assert ["nothing_to_route", "taken"] == codes
    assert {"202 Accepted"} == {each["response"]["status"] for each in told["entry"]}


def test_a_transaction_that_is_refused_is_refused_as_a_whole(client: TestClient) -> None:
    """With one OperationOutcome, as FHIR has it."""
    document = bundle(patient(), stay(subject={"reference": "#nobody"}), kind="transaction")
    answer = post(client, document)
    assert (422, "OperationOutcome") == (answer.status_code, answer.json()["resourceType"])


@pytest.mark.parametrize("kind", ["collection", "document", "message"])
def test_other_bundles_are_answered_as_ever(client: TestClient, kind: str) -> None:
    """With an OperationOutcome."""
    answer = post(client, bundle(patient(), stay(), kind=kind))
    assert "OperationOutcome" == answer.json()["resourceType"]


def test_the_answer_comes_in_xml_too(client: TestClient) -> None:
    """In the form that was sent, or asked for."""
    document = bundle(patient(), stay(), kind="transaction")
    answer = post(client, document, Accept=XML["Content-Type"])
    assert b'<type value="transaction-response"/>' in answer.content
