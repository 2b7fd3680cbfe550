import json
from datetime import timedelta
from pathlib import Path

import pytest

from hub.core.model import InputKind
from hub.edges.avro import encode_event, event_from_json
from hub.store import read_model
from hub.store.engine import reading, writing
from tests.house.identities import find_identities
from tests.web import scene
from tests.web.conftest import Gateway, token_in
from tests.web.test_api import EVENT, event, without

HL7 = Path(__file__).parents[1] / "edges" / "messages" / "a05-booking.hl7"
CANARIES = (scene.NHS_NUMBER, scene.FAMILY_NAME)


def keep(gateway: Gateway, original: bytes, **how: str) -> None:
    """Put an original into quarantine."""
    with writing(gateway.engine) as conn:
        scene.put_in_quarantine(conn, scene.quarantined(original, **how))


def state(gateway: Gateway) -> tuple[str, str | None]:
    """State of the one quarantined original, and who resolved it."""
    with reading(gateway.engine) as conn:
        item = read_model.quarantine_item(conn, "q-abc")
    assert item is not None
    return item.line.state, item.line.resolved_by


def originals() -> dict[str, bytes]:
    """A right original for each door."""
    return {
        "https": json.dumps(EVENT).encode(),
        "kafka": encode_event(event_from_json(EVENT, scene.NOW)),
    }


@pytest.mark.parametrize("door", ["https", "kafka"])
def test_a_mended_original_goes_through_its_own_door(gateway: Gateway, door: str) -> None:
    """Published once, marked, and the core is told that its gap may close."""
    keep(gateway, originals()[door], door=door)
    browser = gateway.sign_in("ops")
    token = token_in(browser.get("/quarantine/q-abc"))
    answer = browser.post("/quarantine/q-abc/redrive", data={"csrf": token})
    again = browser.post("/quarantine/q-abc/redrive", data={"csrf": token})
    assert (303, 409) == (answer.status_code, again.status_code)
    assert ["dated-1"] == [sent.id for sent, _ in gateway.publisher.events]
    told = gateway.publisher.inputs[0]
    assert (InputKind.REDRIVEN, "q-q-abc") == (told.kind, told.episode_id)
    assert told.quarantine is not None
    assert "q-abc" == told.quarantine.quarantine_id
    assert ("redriven", "op-1") == state(gateway)


def test_an_hl7_original_is_mapped_again(gateway: Gateway) -> None:
    """The message goes through today's mapping, with the arrival it had."""
    keep(gateway, HL7.read_bytes(), door="mllp", reason="unknown_organisation")
    browser = gateway.sign_in("ops")
    page = browser.get("/quarantine/q-abc")
    assert "ADT^A05" in page.text
    answer = browser.post("/quarantine/q-abc/redrive", data={"csrf": token_in(page)})
    [(sent, topic)] = gateway.publisher.events
    assert (303, "perinatal.pregnancy") == (answer.status_code, topic)
    assert ("pregnancy.booked", scene.NOW - timedelta(hours=1)) == (sent.type, sent.received_at)


def test_what_is_still_at_fault_stays(gateway: Gateway) -> None:
    """The page names field and remedy; nothing is published and nothing quarantined anew."""
    keep(gateway, json.dumps(without("edd")).encode())
    browser = gateway.sign_in("nurse")
    token = token_in(browser.get("/quarantine/q-abc"))
    answer = browser.post("/quarantine/q-abc/redrive", data={"csrf": token})
    assert 409 == answer.status_code
    assert "data.edd" in answer.text
    assert "Remedy" in answer.text
    assert ([], [], []) == (
        gateway.publisher.events,
        gateway.publisher.inputs,
        gateway.publisher.kept,
    )
    assert ("open", None) == state(gateway)


def test_a_redrive_lends_nobody_another_name(gateway: Gateway) -> None:
    """An event that claimed another organisation's name is refused again, whoever presses."""
    forged = event(source="RYX:MAT_PAS")
    keep(gateway, json.dumps(forged).encode(), reason="not_your_organisation")
    browser = gateway.sign_in("ops")
    token = token_in(browser.get("/quarantine/q-abc"))
    answer = browser.post("/quarantine/q-abc/redrive", data={"csrf": token})
    assert (409, [], "open") == (answer.status_code, gateway.publisher.events, state(gateway)[0])


def test_a_conflict_can_never_be_sent_through(gateway: Gateway) -> None:
    """The same id with other content would only be a conflict again."""
    keep(gateway, originals()["https"], reason="duplicate_conflict")
    browser = gateway.sign_in("ops")
    token = token_in(browser.get("/quarantine/q-abc"))
    answer = browser.post("/quarantine/q-abc/redrive", data={"csrf": token})
    assert (409, []) == (answer.status_code, gateway.publisher.events)
    assert "under an id of its own" in answer.text


HER = {"reference": "m", "family_name": scene.FAMILY_NAME, "nhs_number": scene.NHS_NUMBER}
BROKEN_HL7 = (
    b"MSH|^~\\&|A|RXX|||2026||9990000018|1|P|2.5\r"
    b"PID|1||9990000018^^^NHS||QUILLFEATHER^ADA\rQuillfeather"
)


@pytest.mark.parametrize(
    ("original", "how"),
    [
        (json.dumps(event(subject=HER)).encode(), {}),
        (b'{"9990000018": "Quillfeather", "type": "Quillfeather"', {}),
        (b'{"9990000018": "Quillfeather", "type": "Quillfeather"}', {}),
        (BROKEN_HL7, {"door": "mllp"}),
    ],
    ids=["JSON", "cut off", "no event", "HL7"],
)
def test_a_preview_shows_the_shape_and_nobody(
    gateway: Gateway, original: bytes, how: dict[str, str]
) -> None:
    """Letters and digits are masked, also where a message is broken."""
    keep(gateway, original, **how)
    page = gateway.sign_in("ops").get("/quarantine/q-abc").text
    assert [] == find_identities(page, CANARIES)


@pytest.mark.parametrize("login", ["hv", "gp"])
def test_quarantine_is_not_for_receivers(gateway: Gateway, login: str) -> None:
    """They are told whom to ask."""
    keep(gateway, originals()["https"])
    browser = gateway.sign_in(login)
    token = token_in(browser.get("/"))
    answers = [
        browser.get("/quarantine"),
        browser.get("/quarantine/q-abc"),
        browser.post("/quarantine/q-abc/redrive", data={"csrf": token}),
    ]
    assert [403, 403, 403] == [answer.status_code for answer in answers]
    assert [] == gateway.publisher.events


def test_a_redrive_needs_its_form_token(gateway: Gateway) -> None:
    """Another site cannot send anything through."""
    keep(gateway, originals()["https"])
    answer = gateway.sign_in("ops").post("/quarantine/q-abc/redrive", data={"csrf": "no"})
    assert (403, "open") == (answer.status_code, state(gateway)[0])


def test_the_list_names_reason_sender_and_age(gateway: Gateway) -> None:
    """Open ones by default; a redriven one moves to its own list."""
    keep(gateway, originals()["https"])
    page = gateway.sign_in("ops").get("/quarantine").text
    for shown in ("Schema violation", "data.edd", "Testwick Hospital", "1 hour"):
        assert shown in page
    assert "q-abc" not in gateway.sign_in("ops").get("/quarantine?state=redriven").text
