"""Told aloud, over the pages and the API: one side is recorded, and says that it is one side."""

import pytest
from msgspec import structs

from hub.core.acceptance import VERBAL, NotAccepted
from hub.core.model import Level, ObligationState, Receipt, Signal
from hub.core.outcomes import LevelReached
from hub.store.engine import writing
from hub.store.projector import apply_decision
from tests.web import scene
from tests.web.conftest import Gateway, key, token_in

WORD = LevelReached(
    obligation_id="o-hv",
    notice_id="n-hv",
    signal=Signal.DELIVERED,
    level=Level.OWED,
    state=ObligationState.OWED,
    counts=False,
    organisation="RXX",
    person="sgm-1",
    channel=VERBAL,
    reached_at=scene.NOW,
    detail=NotAccepted.ONE_SIDE_ONLY,
)


def published(gateway: Gateway) -> Receipt:
    """The one receipt that went to the log."""
    (given,) = [each for each in gateway.publisher.inputs if each.receipt is not None]
    assert given.receipt is not None
    return given.receipt


def test_whoever_sees_the_gap_records_that_she_told(gateway: Gateway) -> None:
    """In her name, over `verbal`, as delivered and no more."""
    browser = gateway.sign_in("nurse")
    page = browser.get("/gaps/g-1")
    assert "I told health visiting team" in page.text
    told = {"csrf": token_in(page), "duty": "o-hv"}
    answer = browser.post("/gaps/g-1/told", data=told)
    assert (303, "/gaps/g-1?done=told") == (answer.status_code, answer.headers["location"])
    receipt = published(gateway)
    assert ("n-hv", Signal.DELIVERED, VERBAL) == (
        receipt.notice_id,
        receipt.signal,
        receipt.channel,
    )
    assert receipt.person
    assert "It counts once they have accepted" in browser.get("/gaps/g-1?done=told").text


def test_the_recipient_accepts_and_tells_nobody(gateway: Gateway) -> None:
    """To the one whose duty it is the page offers nothing, and a form sent by hand is refused."""
    browser = gateway.sign_in("hv")
    page = browser.get("/gaps/g-1")
    assert "I told" not in page.text
    token = token_in(browser.get("/n/n-hv"))
    before = len(gateway.publisher.inputs)
    answer = browser.post("/gaps/g-1/told", data={"csrf": token, "duty": "o-hv"})
    assert (409, before) == (answer.status_code, len(gateway.publisher.inputs))


@pytest.mark.parametrize(("login", "duty", "status"), [("gp", "o-hv", 404), ("nurse", "o-gp", 409)])
def test_nobody_tells_of_what_she_cannot_see(
    gateway: Gateway, login: str, duty: str, status: int
) -> None:
    """A gap of others, and a duty that this gap is not about."""
    browser = gateway.sign_in(login)
    token = token_in(browser.get("/worklist"))
    before = len(gateway.publisher.inputs)
    answer = browser.post("/gaps/g-1/told", data={"csrf": token, "duty": duty})
    assert (status, before) == (answer.status_code, len(gateway.publisher.inputs))


def test_both_sides_see_a_word_until_it_is_answered(gateway: Gateway) -> None:
    """On the gap and on the notice; after the acceptance it is history in the trail."""
    with writing(gateway.engine) as conn:
        apply_decision(conn, scene.record(3, WORD))
    gap = gateway.sign_in("nurse").get("/gaps/g-1").text
    assert "told aloud by" in gap
    assert "not yet accepted" in gap
    browser = gateway.sign_in("hv")
    notice = browser.get("/n/n-hv").text
    assert "says that you were told of this" in notice
    assert "once the other side has recorded it too" in notice
    assert "Not sent" in notice
    accepted = structs.replace(
        WORD,
        signal=Signal.ACCEPTED,
        level=Level.ACCEPTED,
        state=ObligationState.ACCEPTED,
        counts=True,
        organisation="RYX",
        person="hv-1",
        detail=None,
    )
    with writing(gateway.engine) as conn:
        apply_decision(conn, scene.record(4, accepted))
    assert "told aloud by" not in gateway.sign_in("nurse").get("/gaps/g-1").text
    assert "says that you were told" not in browser.get("/n/n-hv").text


def test_what_does_not_count_names_nobody_as_the_one_who_accepted(gateway: Gateway) -> None:
    """The recipient's own side, alone: the list goes on showing the notice as nobody's."""
    alone = structs.replace(WORD, signal=Signal.ACCEPTED, organisation="RYX", person="hv-1")
    with writing(gateway.engine) as conn:
        apply_decision(conn, scene.record(3, alone))
    answer = gateway.browse().get("/notices/n-hv", headers=key("RYX")).json()
    assert (None, Level.OWED) == (answer["accepted_by"], answer["level"])


def test_the_publisher_finds_the_notice_in_its_coverage(gateway: Gateway) -> None:
    """So that a ward's system can say that the health visitors were told on the telephone."""
    answer = gateway.browse().get("/events/booked-1/coverage", headers=key("RXX")).json()
    assert {"RYX": "n-hv", "Y00001": "n-gp", "RXX": "n-sgm"} == {
        line["organisation"]: line["notice_id"] for line in answer["recipients"]
    }


@pytest.mark.parametrize(
    ("ods", "more", "status"),
    [
        ("RXX", {"channel": VERBAL}, 202),
        ("RXX", {}, 404),
        ("Y00002", {"channel": VERBAL}, 404),
        ("RYX", {"channel": VERBAL}, 202),
    ],
)
def test_a_system_may_say_it_of_a_family_it_has_to_do_with(
    gateway: Gateway, ods: str, more: dict[str, str], status: int
) -> None:
    """The hospital that published; not a practice that never heard of her; nothing but words."""
    told = {"notice_id": "n-hv", "signal": "delivered", "person": "p-1"} | more
    answer = gateway.browse().post("/receipts", json=told, headers=key(ods))
    assert status == answer.status_code
    assert (status == 202) == bool(gateway.publisher.inputs)
