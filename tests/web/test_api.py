import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from hub.store.engine import reading, writing
from hub.web import accepted
from hub.web.api_events import LARGEST_BODY_BYTES, LARGEST_EVENT_BYTES
from tests.house.identities import find_identities
from tests.web import scene
from tests.web.conftest import Gateway, key

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "dated-1",
    "type": "pregnancy.dated",
    "source": "RXX:MAT_PAS",
    "time": "2026-03-24T16:30:00Z",
    "subject": {"reference": "mother-1", "nhs_number": scene.NHS_NUMBER},
    "data": {"edd": "2026-10-20", "basis": "scan", "previous_edd": "2026-10-27"},
}


def event(**changes: Any) -> dict[str, Any]:
    """The event of this file with some members changed."""
    return {**EVENT, **changes}


def test_an_event_is_taken_after_kafka_has_confirmed(gateway: Gateway) -> None:
    """202 with a receipt and the topic; the event is on its way exactly once."""
    answer = gateway.browse().post("/events", json=EVENT, headers=key("RXX"))
    assert 202 == answer.status_code
    assert {"id": "dated-1", "topic": "perinatal.pregnancy"} == {
        name: answer.json()[name] for name in ("id", "topic")
    }
    assert [("dated-1", "perinatal.pregnancy")] == [
        (sent.id, topic) for sent, topic in gateway.publisher.events
    ]


def test_the_same_event_again_gets_the_same_receipt(gateway: Gateway) -> None:
    """Whatever the order of its members, and without a second write."""
    client = gateway.browse()
    first = client.post("/events", json=EVENT, headers=key("RXX"))
    turned = json.dumps(dict(reversed(EVENT.items())))
    typed = {**key("RXX"), "Content-Type": "application/cloudevents+json; charset=utf-8"}
    gateway.clock.move(scene.NOW + timedelta(hours=1))
    second = client.post("/events", content=turned, headers=typed)
    assert (202, first.json()) == (second.status_code, second.json())
    assert 1 == len(gateway.publisher.events)


def test_the_same_id_with_other_content_is_a_conflict(gateway: Gateway) -> None:
    """409; the second one is kept in quarantine and the first one stands."""
    client = gateway.browse()
    client.post("/events", json=EVENT, headers=key("RXX"))
    other = event(data={**EVENT["data"], "edd": "2026-10-21"})
    answer = client.post("/events", json=other, headers=key("RXX"))
    said = answer.json()
    assert (409, "duplicate_conflict", "id", "q-1") == (
        answer.status_code,
        said["reason"],
        said["field"],
        said["quarantine_id"],
    )
    assert 1 == len(gateway.publisher.events)


def without(name: str) -> dict[str, Any]:
    """The event without one member of its body."""
    return event(data={each: value for each, value in EVENT["data"].items() if each != name})


WRONG_NUMBER = {"reference": "m", "nhs_number": "9990000019"}
FAULTS = (
    (422, "schema_violation", "data.edd", without("edd")),
    (422, "schema_violation", "data.basis", event(data={**EVENT["data"], "basis": "guess"})),
    (422, "unknown_event_type", "type", event(type="pregnancy.wished")),
    (422, "nhs_number_invalid", "subject.nhs_number", event(subject=WRONG_NUMBER)),
    (422, "from_the_future", "time", event(time="2026-03-24T18:30:00Z")),
    (422, "due_date_out_of_range", "data.edd", event(data={**EVENT["data"], "edd": "2028-01-01"})),
    (403, "not_your_organisation", "source", event(source="RYX:PAS")),
)  # fmt: skip


@pytest.mark.parametrize(("status", "reason", "field", "sent"), FAULTS)
def test_a_fault_names_field_and_remedy_and_keeps_the_original(
    gateway: Gateway, status: int, reason: str, field: str, sent: dict[str, Any]
) -> None:
    """The problem document says what to do; the bytes are in quarantine under the key's owner."""
    answer = gateway.browse().post("/events", json=sent, headers=key("RXX"))
    said = answer.json()
    assert (status, "application/problem+json") == (
        answer.status_code,
        answer.headers["content-type"],
    )
    assert (status, reason, field) == (said["status"], said["reason"], said["field"])
    assert all(said[name] for name in ("type", "title", "detail", "remedy"))
    assert "q-1" == said["quarantine_id"]
    _, original = gateway.publisher.kept[0]
    assert (sent, "https") == (json.loads(original.body), original.door)
    assert original.source.startswith("RXX:")
    assert [] == gateway.publisher.events
    assert [] == find_identities(answer.text, [scene.NHS_NUMBER])


@pytest.mark.parametrize(
    ("body", "status", "reason", "kept"),
    [
        (b"{", 422, "unparseable", 1),
        (b"[1]", 422, "unparseable", 1),
        (b'"' + b"x" * LARGEST_EVENT_BYTES + b'"', 413, "oversize", 1),
        (b"x" * (LARGEST_BODY_BYTES + 1), 413, "oversize", 0),
    ],
    ids=["cut off", "no object", "too large, kept", "far too large, not kept"],
)
def test_a_body_that_cannot_be_read(
    gateway: Gateway, body: bytes, status: int, reason: str, kept: int
) -> None:
    """Even what is no JSON at all is kept, as long as a record can hold it."""
    headers = {**key("RXX"), "Content-Type": "application/json"}
    answer = gateway.browse().post("/events", content=body, headers=headers)
    assert (status, reason, kept) == (
        answer.status_code,
        answer.json()["reason"],
        len(gateway.publisher.kept),
    )


def test_another_media_type_is_refused(gateway: Gateway) -> None:
    """415, with the types that are taken."""
    headers = {**key("RXX"), "Content-Type": "text/xml"}
    answer = gateway.browse().post("/events", content=b"<a/>", headers=headers)
    said = answer.json()
    assert (415, "unsupported_media_type", "Content-Type") == (
        answer.status_code,
        said["reason"],
        said["field"],
    )
    assert "application/cloudevents+json" in said["remedy"]


@pytest.mark.parametrize("sent", ["", "Bearer wrong", "Bearer demo-NOBODY", "Basic ZGVtby1SWFg="])
def test_a_stranger_is_not_listened_to(gateway: Gateway, sent: str) -> None:
    """401 for every kind of wrong credential; nothing of the body is kept."""
    answer = gateway.browse().post("/events", json=EVENT, headers={"Authorization": sent})
    assert (401, "not_authenticated") == (answer.status_code, answer.json()["reason"])
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert ([], []) == (gateway.publisher.events, gateway.publisher.kept)


@pytest.mark.parametrize("sent", [EVENT, without("edd")], ids=["right", "wrong"])
def test_while_kafka_is_away_nothing_is_promised(gateway: Gateway, sent: dict[str, Any]) -> None:
    """503 with Retry-After, also for a faulty event that cannot be kept; then all is well again."""
    client = gateway.browse()
    gateway.publisher.away = True
    answer = client.post("/events", json=sent, headers=key("RXX"))
    assert (503, "unavailable") == (answer.status_code, answer.json()["reason"])
    seconds = int(answer.headers["retry-after"])
    assert 3 <= seconds <= 9
    assert f"in {seconds} seconds" in answer.json()["remedy"]
    gateway.publisher.away = False
    again = client.post("/events", json=sent, headers=key("RXX"))
    assert again.status_code == (202 if sent is EVENT else 422)


ADMITTED = event(
    id="stay-1",
    type="encounter.updated",
    data={"subject": "mother", "encounter_id": "V-1", "kind": "admitted", "ward": "Ward 3"},
)


@pytest.mark.parametrize(
    ("said", "topic"),
    [
        (("event.retracted", {"target_id": "stay-1", "reason": "entered_in_error"}), "discharge"),
        (("event.retracted", {"target_id": "unheard", "reason": "entered_in_error"}), "pregnancy"),
        (
            (
                "event.corrected",
                {
                    "target_id": "unheard",
                    "reason": "wrong_content",
                    "replacement": json.dumps({**ADMITTED, "id": "stay-2"}),
                },
            ),
            "discharge",
        ),
    ],
)
def test_a_correction_follows_the_event_it_is_about(
    gateway: Gateway, said: tuple[str, dict[str, str]], topic: str
) -> None:
    """It goes to the topic of its target, so that order is kept; else to that of what it brings."""
    client = gateway.browse()
    client.post("/events", json=ADMITTED, headers=key("RXX"))
    sent = event(id="later-1", type=said[0], data=said[1])
    answer = client.post("/events", json=sent, headers=key("RXX"))
    assert (202, f"perinatal.{topic}") == (answer.status_code, answer.json().get("topic"))


def test_the_description_holds_every_event_type(gateway: Gateway) -> None:
    """OpenAPI names each type, and every reference in it leads somewhere."""
    document = gateway.browse().get("/openapi.json").json()
    parts = document["components"]["schemas"]
    assert {"pregnancy.booked", "discharge.summary", "concern.raised"} <= set(parts)
    references = {
        piece.split('"')[0]
        for piece in json.dumps(document).split('"$ref": "#/components/schemas/')[1:]
    }
    assert set() == references - set(parts)


def test_health_says_in_words_what_is_missing(gateway: Gateway) -> None:
    """Alive without Kafka, but not ready, and it says why."""
    client = gateway.browse()
    assert 200 == client.get("/health/live").status_code
    ready = client.get("/health/ready")
    assert (503, "can be reached") == (ready.status_code, ready.json()["database"])
    assert ready.json()["kafka"].startswith("cannot be reached")


def test_an_unknown_address_of_the_api_is_a_problem_document(gateway: Gateway) -> None:
    """Machines never get a page."""
    answer = gateway.browse().get("/notices/x/nothing")
    assert (404, "no_such_address") == (answer.status_code, answer.json()["reason"])


def test_the_registry_is_there(gateway: Gateway) -> None:
    """Ordinary Kafka clients find the schemas beside the API."""
    assert 200 == gateway.browse().get("/registry/subjects").status_code


def test_an_index_is_added_to_a_table_that_is_there(engine: Engine) -> None:
    """A gateway of an earlier release made it without."""
    accepted.prepare(engine)
    with writing(engine) as conn:
        conn.exec_driver_sql("DROP INDEX ix_accepted_events_event")
    accepted.prepare(engine)
    accepted.prepare(engine)
    with reading(engine) as conn:
        found = conn.exec_driver_sql(
            "SELECT count(*) FROM sqlite_master WHERE name = 'ix_accepted_events_event'"
        ).scalar()
    assert 1 == found
