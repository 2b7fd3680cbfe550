"""An original goes back to its sender: how it is offered, who has it, and what is never said."""

import json
from datetime import timedelta
from typing import Any

import pytest

from hub.core.model import InputKind
from hub.edges.directory import Directory
from hub.store import read_model, returns, sender_posts
from hub.store.engine import reading, writing
from hub.store.quarantine import apply_quarantine
from tests.channels.tools import SECRET
from tests.house.identities import find_identities
from tests.web import scene
from tests.web.conftest import Gateway, key, token_in
from tests.web.test_api import EVENT, event

HOOK = "https://rxx.example/hub"
CANARIES = (scene.NHS_NUMBER, scene.FAMILY_NAME)
HER = {"reference": "m", "family_name": scene.FAMILY_NAME, "nhs_number": scene.NHS_NUMBER}
ORIGINAL = json.dumps(event(subject=HER)).encode()


def keep(gateway: Gateway, original: bytes = ORIGINAL, **how: str) -> None:
    """Put an original into quarantine."""
    with writing(gateway.engine) as conn:
        scene.put_in_quarantine(conn, scene.quarantined(original, **how))


def give_back(gateway: Gateway, **fields: str) -> int:
    """As somebody who looks after quarantine does on its page; the status of the answer."""
    browser = gateway.sign_in("ops")
    given = {"reason": "schema_violation", "sentence": "Please send data.edd as a date."} | fields
    given["csrf"] = token_in(browser.get("/quarantine/q-abc"))
    return browser.post("/quarantine/q-abc/return", data=given).status_code


def line_of(gateway: Gateway) -> returns.ReturnLine:
    """The return of the one original."""
    with reading(gateway.engine) as conn:
        found = returns.return_of(conn, "q-abc")
    assert found is not None
    return found


def state(gateway: Gateway) -> str:
    """Where the one original stands."""
    with reading(gateway.engine) as conn:
        item = read_model.quarantine_item(conn, "q-abc")
    assert item is not None
    return item.line.state


def ask(gateway: Gateway, named: str, ods: str = "RXX") -> Any:
    """What a sender's system reads of one event."""
    return gateway.browse().get(f"/events/{named}", headers=key(ods))


def test_returned_is_offered_and_not_told(gateway: Gateway) -> None:
    """It stays owned: its gap hears nothing, its depth counts it, and the list says how long."""
    keep(gateway)
    assert 303 == give_back(gateway)
    assert ("returned", []) == (state(gateway), gateway.publisher.inputs)
    with reading(gateway.engine) as conn:
        depth = read_model.gauges(conn, now=scene.NOW).quarantine_depth
    assert {"schema_violation": 1} == depth
    gateway.clock.move(scene.NOW + timedelta(hours=5))
    browser = gateway.sign_in("ops")
    assert "6 hours" in browser.get("/quarantine?state=returned").text
    page = browser.get("/quarantine/q-abc").text
    assert "Not yet, for 5 hours. It is still yours." in page
    assert "Record for the sender" in page


@pytest.mark.parametrize("named", ["q-abc", "dated-1"])
def test_reading_the_record_is_the_proof(gateway: Gateway, named: str) -> None:
    """By either id; the core hears of it once, and the record names no person."""
    keep(gateway)
    give_back(gateway)
    first, again = ask(gateway, named), ask(gateway, named)
    assert (200, 200) == (first.status_code, again.status_code)
    said = first.json()
    assert ("collected", "schema_violation", "data.edd") == (
        said["state"],
        said["returned"]["reason"],
        said["returned"]["field"],
    )
    assert "Please send data.edd as a date." == said["returned"]["sentence"]
    assert [] == find_identities(first.text, CANARIES)
    (told,) = gateway.publisher.inputs
    assert (InputKind.REDRIVEN, "q-q-abc") == (told.kind, told.episode_id)
    assert ("collected", "fetched", "RXX") == (
        state(gateway),
        line_of(gateway).ended_how,
        line_of(gateway).ended_by,
    )


def test_the_list_collects_nothing(gateway: Gateway) -> None:
    """Whoever only looks what there is has not read it."""
    keep(gateway)
    give_back(gateway)
    answer = gateway.browse().get("/returns", headers=key("RXX"))
    assert ["q-abc"] == [each["quarantine_id"] for each in answer.json()["returned"]]
    assert "returned" == state(gateway)
    ask(gateway, "q-abc")
    assert [] == gateway.browse().get("/returns", headers=key("RXX")).json()["returned"]


def test_another_organisation_learns_nothing(gateway: Gateway) -> None:
    """Neither from the list nor by an id that it has guessed."""
    keep(gateway)
    give_back(gateway)
    assert [] == gateway.browse().get("/returns", headers=key("RYX")).json()["returned"]
    assert 404 == ask(gateway, "q-abc", "RYX").status_code
    assert "returned" == state(gateway)


def test_while_kafka_is_away_nothing_is_collected(gateway: Gateway) -> None:
    """The gap must hear of it, or it would stay open for ever."""
    keep(gateway)
    give_back(gateway)
    gateway.publisher.away = True
    assert 503 == ask(gateway, "q-abc").status_code
    assert "returned" == state(gateway)
    gateway.publisher.away = False
    assert ("collected", 200) == (
        (answer := ask(gateway, "q-abc")).json()["state"],
        answer.status_code,
    )


def test_what_was_taken_and_what_waits_is_said_too(gateway: Gateway) -> None:
    """One address for what became of an event."""
    gateway.browse().post("/events", json=EVENT, headers=key("RXX"))
    taken = ask(gateway, "dated-1").json()
    assert ("taken", "perinatal.pregnancy", "/events/dated-1/coverage") == (
        taken["state"],
        taken["topic"],
        taken["coverage"],
    )
    keep(gateway)
    assert "in_quarantine" == ask(gateway, "q-abc").json()["state"]
    assert 404 == ask(gateway, "never-sent").status_code


def test_an_event_mended_after_its_return_is_taken(gateway: Gateway) -> None:
    """The newest answer counts."""
    keep(gateway)
    give_back(gateway)
    gateway.clock.move(scene.NOW + timedelta(hours=1))
    gateway.browse().post("/events", json=EVENT, headers=key("RXX"))
    assert "taken" == ask(gateway, "dated-1").json()["state"]


@pytest.mark.parametrize(
    "sentence",
    [
        "Quillfeather has no due date",
        "quillfeather: no due date",
        "She is 999 000 0018",
        "born 29/02/1996",
        "x" * 201,
    ],
)
def test_a_sentence_that_names_somebody_is_refused(gateway: Gateway, sentence: str) -> None:
    """Nothing is returned then; the sender has the original."""
    keep(gateway)
    assert 422 == give_back(gateway, sentence=sentence)
    assert "open" == state(gateway)


HL7 = b"MSH|^~\\&|MAT|RXX|HUB|HUB|20260324||ADT^A05|BK1|P|2.5\rPID|1||9||QUILLFEATHER^ADA\r"
XML = b'<Patient xmlns="http://hl7.org/fhir"><name><family value="Quillfeather"/></name></Patient>'
CDA = b"<ClinicalDocument><name><family>Quillfeather</family></name></ClinicalDocument>"


@pytest.mark.parametrize("original", [HL7, XML, CDA], ids=["hl7", "fhir", "cda"])
def test_a_name_is_found_in_every_language(gateway: Gateway, original: bytes) -> None:
    """And a word of nobody is let through."""
    keep(gateway, original)
    assert 422 == give_back(gateway, sentence="Ask Quillfeather for the date")
    assert 303 == give_back(gateway, sentence="Ask the ward for the date")


def test_over_mllp_nothing_is_sent_and_a_person_ends_it(gateway: Gateway) -> None:
    """The next message cannot carry it: the contact is shown, and only a person can confirm."""
    keep(gateway, HL7, door="mllp")
    assert 303 == give_back(gateway)
    assert ("contact", "BK1") == (line_of(gateway).way, line_of(gateway).event_id)
    browser = gateway.sign_in("ops")
    page = browser.get("/quarantine/q-abc")
    assert "Nothing was sent. Reach the contact: integration desk, bleep 17" in page.text
    wrong = browser.post("/quarantine/q-abc/end", data={"csrf": token_in(page), "how": "fetched"})
    right = browser.post("/quarantine/q-abc/end", data={"csrf": token_in(page), "how": "confirmed"})
    again = browser.post("/quarantine/q-abc/end", data={"csrf": token_in(page), "how": "confirmed"})
    assert (422, 303, 409) == (wrong.status_code, right.status_code, again.status_code)
    assert ("collected", "op-1") == (state(gateway), line_of(gateway).ended_by)
    assert 1 == len(gateway.publisher.inputs)


def test_what_is_given_up_is_closed_and_not_collected(gateway: Gateway) -> None:
    """The two are told apart for ever."""
    keep(gateway, HL7, door="mllp")
    give_back(gateway)
    browser = gateway.sign_in("ops")
    token = token_in(browser.get("/quarantine/q-abc"))
    browser.post("/quarantine/q-abc/end", data={"csrf": token, "how": "sender_gone"})
    assert ("closed", "sender_gone") == (state(gateway), line_of(gateway).ended_how)
    assert "Given up" in browser.get("/quarantine/q-abc").text


def test_a_read_model_folded_again_knows_what_went_back(gateway: Gateway) -> None:
    """And the same original refused once more is open once more."""
    keep(gateway)
    give_back(gateway)
    record = scene.quarantined(ORIGINAL)
    with writing(gateway.engine) as conn:
        conn.exec_driver_sql("DELETE FROM quarantine")
        apply_quarantine(conn, record)
    assert "returned" == state(gateway)
    later = type(record)(
        **{name: getattr(record, name) for name in record.__struct_fields__}
        | {"received_at": scene.NOW}
    )
    with writing(gateway.engine) as conn:
        apply_quarantine(conn, later)
    assert "open" == state(gateway)
    assert 303 == give_back(gateway)


@pytest.mark.parametrize("login", ["hv", "gp"])
def test_only_those_who_look_after_quarantine_return(gateway: Gateway, login: str) -> None:
    """Others are told whom to ask."""
    keep(gateway)
    browser = gateway.sign_in(login)
    token = token_in(browser.get("/"))
    for step in ("return", "end"):
        answer = browser.post(f"/quarantine/q-abc/{step}", data={"csrf": token})
        assert 403 == answer.status_code
    assert "open" == state(gateway)


def test_a_second_return_is_refused(gateway: Gateway) -> None:
    """Two people with the same page open."""
    keep(gateway)
    browser = gateway.sign_in("ops")
    fields = {"csrf": token_in(browser.get("/quarantine/q-abc")), "reason": "no_episode"}
    answers = [browser.post("/quarantine/q-abc/return", data=fields) for _ in range(2)]
    assert [303, 409] == [each.status_code for each in answers]


class TestWithAWebhook:
    """A sender that registered an address."""

    @pytest.fixture
    def people(self) -> Directory:
        """As ever, and the sender's address."""
        return scene.directory(
            senders=({"organisation": "RXX", "webhook": HOOK, "secret": SECRET},)
        )

    def test_a_post_is_queued_with_the_return(self, gateway: Gateway) -> None:
        """In the same transaction; it holds the record, and no person."""
        keep(gateway, HL7, door="mllp")
        assert 303 == give_back(gateway, sentence="Ask the ward for the date")
        with reading(gateway.engine) as conn:
            post = sender_posts.next_post(conn, "RXX", scene.NOW + timedelta(days=9999))
        assert post is not None
        told = json.loads(post.body)
        assert ("quarantine.returned", "q-abc", "webhook") == (
            told["type"],
            told["data"]["quarantine_id"],
            told["data"]["way"],
        )
        assert [] == find_identities(post.body.decode(), CANARIES)
        assert "Signed post to the registered address: Pending" in (
            gateway.sign_in("ops").get("/quarantine/q-abc").text
        )


@pytest.fixture
def people() -> Directory:
    """A sender whose contact is known, and who has no address for posts."""
    return scene.directory(
        senders=({"organisation": "RXX", "operations": "integration desk, bleep 17"},)
    )
