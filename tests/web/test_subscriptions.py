"""Subscriptions as operators see them: two people, a real test, and nothing before both."""

import html
import re

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from hub.core.subscribing import SubscriptionState
from hub.store import agreements
from hub.store import tables as t
from hub.store.engine import reading, writing
from hub.store.sealing import Vault
from tests.servers.webhooks import receiving
from tests.web.conftest import Gateway, token_in

FORM = {
    "organisation": "Y00001",
    "role": "*",
    "channel": "webhook",
    "level": "summary",
    "events": "pregnancy.booked",
    "basis": "direct_care",
    "days": "90",
}


def ask(browser: TestClient, **more: str) -> str:
    """Ask for one; returns its address."""
    fields = {"csrf": token_in(browser.get("/subscriptions"))} | FORM | more
    answer = browser.post("/subscriptions", data=fields)
    assert 303 == answer.status_code, answer.text
    return answer.headers["location"]


def press(browser: TestClient, address: str, signal: str) -> tuple[int, str]:
    """Press a button; answers with the page."""
    fields = {"csrf": token_in(browser.get(address)), "signal": signal}
    answer = browser.post(address, data=fields)
    return answer.status_code, answer.text


def state(gateway: Gateway) -> SubscriptionState:
    """Where the one subscription stands."""
    with reading(gateway.engine) as conn:
        (found,) = agreements.agreements(conn)
    return found.state


def test_from_asking_to_the_end(gateway: Gateway) -> None:
    """Asked for by one, approved by another, tested, paused, resumed, rotated, revoked."""
    ada, bea = gateway.sign_in("ops"), gateway.sign_in("ops2")
    with receiving() as receiver:
        address = ask(ada, address=receiver.url)
        assert "Somebody else must approve" in ada.get(address).text
        assert 409 == press(ada, address, "approve")[0]
        assert 409 == press(bea, address, "tested")[0]
        code, page = press(bea, address, "approve")
        assert (200, SubscriptionState.APPROVED) == (code, state(gateway))
        assert re.search(r"<code>whsec_[\w+/=]+</code>", page)
        assert "whsec_" not in bea.get(address).text
        assert [] == receiver.taken
        code, page = press(bea, address, "tested")
        assert "The test notice got through: delivered, HTTP 204" in page
        (taken,) = receiver.taken
        assert b"TEST of a subscription" in taken.body
        assert taken.headers["webhook-id"].startswith("test-")
    assert SubscriptionState.ACTIVE is state(gateway)
    for signal, then in (("pause", "paused"), ("resume", "active"), ("rotate", "active")):
        press(bea, address, signal)
        assert SubscriptionState(then) is state(gateway)
    assert "The old one signs too until" in press(bea, address, "rotate")[1]
    press(ada, address, "revoke")
    assert SubscriptionState.REVOKED is state(gateway)
    assert 409 == press(ada, address, "resume")[0]
    page = ada.get(address).text
    assert "Request by Otto Operator" in page
    assert "Revoke by Otto Operator, then revoked" in page


def test_a_test_that_does_not_get_through_changes_nothing(gateway: Gateway) -> None:
    """The reason is shown, and no notice takes the road."""
    ada, bea = gateway.sign_in("ops"), gateway.sign_in("ops2")
    with receiving() as receiver:
        receiver.answers = [(503, {})]
        address = ask(ada, address=receiver.url)
        press(bea, address, "approve")
        code, page = press(bea, address, "tested")
    assert (502, SubscriptionState.APPROVED) == (code, state(gateway))
    assert "did not get through: their_error, HTTP 503" in page


def test_a_dry_run_shows_counts_and_nobody(gateway: Gateway) -> None:
    """What it would have had in the last month; of one family, only that there is something."""
    ada = gateway.sign_in("ops")
    page = ada.get(ask(ada, address="https://x.example", events="")).text
    assert '<th scope="row">Together</th><td>some, of fewer than 10 families</td>' in page
    assert "Quillfeather" not in page


def bookings(gateway: Gateway, many: int) -> None:
    """The practice was told of so many bookings this month, each of another family."""
    found = {"role": "GP_PRACTICE", "organisation": "Y00001", "purpose": "direct_care"}
    with writing(gateway.engine) as conn:
        row = conn.execute(sa.select(t.notices).limit(1)).mappings().one()
        for n in range(many):
            own = {"notice_id": f"n-more-{n}", "episode_id": f"e-more-{n}", "rule": "P03.practice"}
            conn.execute(sa.insert(t.notices).values(**{**row, **found, **own}))


def test_it_can_be_foreseen_before_anybody_asks(gateway: Gateway) -> None:
    """The form stays as it was filled in, the look is written down, and nothing is asked for."""
    bookings(gateway, 12)
    ada = gateway.sign_in("ops")
    fields = {"csrf": token_in(ada.get("/subscriptions"))} | FORM
    fields |= {"events": "", "role": "GP_PRACTICE"}
    answer = ada.post("/subscriptions/foreseen", data=fields | {"filter": "role = GP_PRACTICE"})
    page = html.unescape(answer.text)
    assert 200 == answer.status_code
    assert "the recipient's role is GP_PRACTICE. Nothing was asked for yet." in page
    assert "taken: 13; left to the road beneath it (the directory's, or the worklist): 0" in page
    assert 'name="organisation" autocomplete="off" value="Y00001"' in page
    assert ">role = GP_PRACTICE</textarea>" in page
    refused = ada.post("/subscriptions/foreseen", data=fields | {"filter": "surname = Quill"})
    assert (422, False) == (refused.status_code, "Quill" in refused.text)
    a = t.accesses.c
    with reading(gateway.engine) as conn:
        assert 0 == conn.scalar(sa.select(sa.func.count()).select_from(t.agreements))
        looked = conn.scalars(sa.select(a.subject_id).where(a.what == "subscription")).all()
    assert ["foreseen:Y00001"] == list(looked)
    assert 403 == gateway.sign_in("hv").post("/subscriptions/foreseen", data=fields).status_code


def test_what_is_asked_for_must_make_sense(gateway: Gateway) -> None:
    """One sentence for the first thing that is wrong; nothing is kept."""
    ada = gateway.sign_in("ops")
    csrf = token_in(ada.get("/subscriptions"))
    wrong = (
        {"organisation": "NONE"},
        {"role": "NONE"},
        {"channel": "email"},
        {"level": "all"},
        {"events": "no.such"},
        {"basis": ""},
        {"days": "0"},
        {"days": "367"},
        {"address": "http://x.example"},
    )
    for each in wrong:
        fields = {"csrf": csrf, "address": "https://x.example"} | FORM | each
        assert 422 == ada.post("/subscriptions", data=fields).status_code, each
    with reading(gateway.engine) as conn:
        assert 0 == conn.scalar(sa.select(sa.func.count()).select_from(t.agreements))


FILTER = "relation = registered AND gestation_weeks >= 28 AND flag = safeguarding"


def test_a_filter_is_said_back_and_counted_with(gateway: Gateway) -> None:
    """In words, before anybody approves; and of old notices what could not be judged."""
    ada = gateway.sign_in("ops")
    fields = {"address": "https://x.example", "events": ""}
    address = ask(ada, filter=FILTER.replace("AND", "and"), **fields)
    page = ada.get(address).text
    assert "Where she is registered at the recipient and the pregnancy in completed weeks" in page
    assert FILTER in html.unescape(page)
    assert "Not to be judged by the filter" in page
    assert "where she is registered at the recipient" in ada.get("/subscriptions").text
    page = ada.get(ask(ada, filter="role IN (GP_PRACTICE, GP_SG_LEAD)", **fields)).text
    assert "Not to be judged by the filter" not in page


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("gestation >= 28", "column 1: there is no such term; write as gestation_weeks >= 28"),
        ("eventType = pregnancy.boked", "column 13: eventType has no such value; write eventType"),
        (
            "practice = Y99999",
            "column 12: practice has no such value; write a code that the directory",
        ),
        ("service = midwives", "write service = midwife"),
        ("label = ZZ", "column 9: label has no such value"),
        ("practice = 9990000018", "never whose"),
        ("surname = Quillfeather", "never whose"),
        ("flag = plan OR " * 40 + "flag = plan", "The filter is too long"),
    ],
)
def test_a_filter_that_cannot_be_used_is_refused_with_what_to_write(
    gateway: Gateway, written: str, says: str
) -> None:
    """Nothing is kept, and nothing of it is said back."""
    ada = gateway.sign_in("ops")
    fields = {"csrf": token_in(ada.get("/subscriptions")), "address": "https://x.example"}
    answer = ada.post("/subscriptions", data=fields | FORM | {"filter": written})
    assert 422 == answer.status_code
    assert says in html.unescape(answer.text)
    assert not {"9990000018", "Quillfeather"} & set(answer.text.split())
    with reading(gateway.engine) as conn:
        assert 0 == conn.scalar(sa.select(sa.func.count()).select_from(t.agreements))


def test_it_is_guarded(gateway: Gateway) -> None:
    """Operators only, with the token of their session; every look is written down."""
    assert 403 == gateway.sign_in("hv").get("/subscriptions").status_code
    ada = gateway.sign_in("ops")
    assert 403 == ada.post("/subscriptions", data=FORM).status_code
    assert 404 == ada.get("/subscriptions/sub-none").status_code
    address = ask(ada, address="https://x.example")
    assert 422 == press(ada, address, "x")[0]
    a = t.accesses.c
    with reading(gateway.engine) as conn:
        who = conn.scalars(sa.select(a.person_id).where(a.what == "subscription")).all()
    assert {"op-1"} == set(who)


def test_the_secret_that_is_shown_once_is_kept_sealed(gateway: Gateway) -> None:
    """What the page shows is not in the row, and a hub with another secret says what to do."""
    ada, bea = gateway.sign_in("ops"), gateway.sign_in("ops2")
    address = ask(ada, address="https://x.example")
    page = press(bea, address, "approve")[1]
    (shown,) = re.findall(r"<code>(whsec_[\w+/=]+)</code>", page)
    with reading(gateway.engine) as conn:
        row = conn.execute(sa.select(t.agreements)).mappings().one()
    agreement_id = row["agreement_id"]
    assert shown == Vault(b"s" * 32).open(agreement_id, row["secret"])
    assert shown not in row["secret"]
    other = Vault(b"another").seal(agreement_id, shown)
    with writing(gateway.engine) as conn:
        conn.execute(sa.update(t.agreements).values(secret=other))
    code, page = press(bea, address, "tested")
    assert (409, True) == (code, "does not open with this hub" in page)


def test_a_filter_that_cannot_be_read_is_said_and_not_approved(gateway: Gateway) -> None:
    """After a downgrade, or a hand in the database: the pages stand, and say nothing of it back."""
    ada, bea = gateway.sign_in("ops"), gateway.sign_in("ops2")
    address = ask(ada, address="https://x.example", filter=FILTER)
    with writing(gateway.engine) as conn:
        conn.execute(sa.update(t.agreements).values(filter="surname = Quillfeather"))
    assert "Filter cannot be read" in ada.get("/subscriptions").text
    page = bea.get(address).text
    assert "This version cannot read the filter: column 1" in page
    assert "Quillfeather" not in page
    assert 'value="approve"' not in page
    assert (409, SubscriptionState.REQUESTED) == (
        press(bea, address, "approve")[0],
        state(gateway),
    )
