"""The number of a message over HTTPS: it travels with its events, and a refused message is here."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from hub.edges.numbered import number_in
from hub.web.sandbox import HEADER, ON
from tests.house.tree import ROOT
from tests.web.conftest import Gateway, key
from tests.web.test_cloudevents_binary import OURS, in_headers
from tests.web.test_fhir_door import LATER

EXAMPLES = ROOT / "docs/publish/examples"
PLAIN = json.loads((EXAMPLES / "booking.json").read_bytes())
FHIR = (EXAMPLES / "fhir-due-date.json").read_bytes()
REFUSED = (EXAMPLES / "fhir-appointment-cancelled-by-nobody.json").read_bytes()
FEED = "RXX:MAT_PAS"


@pytest.fixture
def client(gateway: Gateway) -> TestClient:
    """A publisher's system, after all the examples have happened."""
    gateway.clock.move(LATER)
    return gateway.browse()


def sent(gateway: Gateway) -> list[int | None]:
    """The numbers that went with what was published."""
    return [e.numbered.number if e.numbered else None for e, _ in gateway.publisher.events]


@pytest.mark.parametrize(
    ("written", "number"),
    [("17", 17), (18, 18), ("0", 0), ("0000017", 17), ("-1", None), ("1.5", None), (True, None)],
)
def test_a_number_is_a_whole_one(written: object, number: int | None) -> None:
    """As CloudEvents' extension writes it, text or not."""
    assert number == number_in(written)


@pytest.mark.parametrize("address", ["/events", "/cloudevents"])
def test_a_number_in_the_event_goes_with_it(
    client: TestClient, gateway: Gateway, address: str
) -> None:
    """And without one there is none."""
    typed = {**key("RXX"), "Content-Type": "application/cloudevents+json"}
    numbered = {**PLAIN, "sequence": "17", "sequencetype": "Integer"}
    answer = client.post(address, content=json.dumps(numbered), headers=typed)
    assert 202 == answer.status_code, answer.text
    other = {**PLAIN, "id": "another"}
    assert 202 == client.post(address, content=json.dumps(other), headers=typed).status_code
    assert [17, None] == sent(gateway)


def test_a_number_in_a_header_of_binary_mode(client: TestClient, gateway: Gateway) -> None:
    """The attribute is read as all others are."""
    headers = {**key("RXX"), "Content-Type": "application/json", **in_headers(OURS)}
    told = json.dumps(OURS["data"])
    answer = client.post("/cloudevents", content=told, headers={**headers, "ce-sequence": "5"})
    assert 202 == answer.status_code, answer.text
    assert [5] == sent(gateway)


def test_what_is_no_number_is_refused(client: TestClient, gateway: Gateway) -> None:
    """Whoever sends it reads the answer."""
    answer = client.post("/events", json={**PLAIN, "sequence": "x"}, headers=key("RXX"))
    assert (422, "sequence") == (answer.status_code, answer.json()["field"])
    assert [] == sent(gateway)


def test_the_same_event_under_another_number_is_here_too(
    client: TestClient, gateway: Gateway
) -> None:
    """It is published once; the second number is no hole."""
    for number in (1, 2):
        body = {**PLAIN, "sequence": number}
        assert 202 == client.post("/events", json=body, headers=key("RXX")).status_code
    assert [1] == sent(gateway)
    assert [(PLAIN["source"], 2)] == [(s, n.number) for s, n in gateway.publisher.numbers]


def test_a_refused_event_is_kept_with_its_number(client: TestClient, gateway: Gateway) -> None:
    """Under the feed that it names, where that is the organisation's own."""
    wrong: dict[str, Any] = {**PLAIN, "sequence": 9, "data": {}}
    assert 422 == client.post("/events", json=wrong, headers=key("RXX")).status_code
    other = {**wrong, "source": "RYY:PAS"}
    client.post("/events", json=other, headers=key("RXX"))
    kept = [(each.source, each.numbered) for _, each in gateway.publisher.kept]
    assert (PLAIN["source"], 9) == (kept[0][0], kept[0][1].number if kept[0][1] else None)
    assert ("RXX:HTTPS", None) == kept[1]


@pytest.mark.parametrize(
    ("body", "code"),
    [(FHIR, 202), (b'{"resourceType": "Basic"}', 202), (REFUSED, 422)],
    ids=["taken", "ignored", "refused"],
)
def test_a_number_beside_a_document(
    client: TestClient, gateway: Gateway, body: bytes, code: int
) -> None:
    """Of the feed in the header, whatever became of the document."""
    typed = {**key("RXX"), "Content-Type": "application/fhir+json"}
    named = {"ce-sequence": "3", "ce-source": FEED}
    assert code == client.post("/fhir", content=body, headers={**typed, **named}).status_code
    strange = {"ce-sequence": "4", "ce-source": "RYY:PAS"}
    client.post("/fhir", content=body, headers={**typed, **strange})
    assert [(FEED, 3), ("RXX:FHIR", 4)] == [(s, n.number) for s, n in gateway.publisher.numbers]


def test_a_sandbox_counts_nothing(client: TestClient, gateway: Gateway) -> None:
    """What is only tried out is no message of the feed."""
    body = {**PLAIN, "sequence": 1}
    assert 200 == client.post("/events", json=body, headers={**key("RXX"), HEADER: ON}).status_code
    assert [] == gateway.publisher.numbers
