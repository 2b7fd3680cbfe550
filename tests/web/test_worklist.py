import time
from datetime import timedelta

import msgspec
import pytest
from starlette.testclient import TestClient

from hub.core.acceptance import NotAccepted
from hub.core.model import InputKind, Level, NoticeReason, ObligationState, Signal
from hub.core.outcomes import LevelReached
from hub.store.engine import writing
from hub.store.projector import apply_decision
from tests.web import scene
from tests.web.conftest import Gateway, token_in


def test_home_counts_what_waits(gateway: Gateway) -> None:
    """One notice is overdue and new; nothing is taken or returned."""
    page = gateway.sign_in("hv").get("/")
    counts = {
        show: int(page.text.split(f'?show={show}"><span class="hub-tile__count">')[1].split("<")[0])
        for show in ("overdue", "today", "new", "mine", "returned")
    }
    assert {"overdue": 1, "today": 0, "new": 1, "mine": 0, "returned": 0} == counts


def test_today_ends_at_midnight(gateway: Gateway) -> None:
    """What is due this evening is due today; what is due tomorrow morning is not."""
    tomorrow = scene.duty("gp2", "GP_PRACTICE", "Y00001", due_in=timedelta(hours=16), title="Later")
    with writing(gateway.engine) as conn:
        apply_decision(conn, scene.record(3, *tomorrow))
    page = gateway.sign_in("gp").get("/worklist?show=today").text
    assert ("Pregnancy booked" in page, "Later" in page) == (True, False)
    assert "Due today" in page


def test_listing_a_notice_is_evidence_of_delivery_once(gateway: Gateway) -> None:
    """The second look at the same page adds nothing to the log."""
    browser = gateway.sign_in("hv")
    page = browser.get("/worklist")
    browser.get("/worklist")
    assert "QUILLFEATHER, Ada" in page.text
    assert "999 000 0018" in page.text
    assert "Tuesday 24 March 2026, 16:00" in page.text
    assert "Not sent yet" in page.text
    assert [("n-hv", "delivered")] == gateway.publisher.signals()


def test_a_worklist_holds_only_what_is_for_its_roles(gateway: Gateway) -> None:
    """A receptionist of the same practice does not learn that the safeguarding lead was told."""
    assert "Concern raised" not in gateway.sign_in("gp").get("/worklist").text
    assert "Concern raised" in gateway.sign_in("gpsg").get("/worklist").text


def test_opening_a_notice_is_evidence_and_shows_why(gateway: Gateway) -> None:
    """Opened, by whom; content in its groups; rule, reason and authority."""
    page = gateway.sign_in("hv").get("/n/n-hv")
    assert [("n-hv", "opened")] == gateway.publisher.signals()
    receipt = gateway.publisher.inputs[0].receipt
    assert receipt is not None
    assert ("hv-1", "HV_TEAM", "RYX") == (receipt.person, receipt.role, receipt.organisation)
    for shown in (scene.CLINICAL, "NICE NG201", "pregnancy.booked/tell", "A booking must reach"):
        assert shown in page.text


@pytest.mark.parametrize("login", ["gp", "other", "nurse", "ops"])
def test_another_role_cannot_open_a_notice(gateway: Gateway, login: str) -> None:
    """The answer is the same as for a notice that does not exist, and nothing is recorded."""
    browser = gateway.sign_in(login)
    foreign, missing = browser.get("/n/n-hv"), browser.get("/n/n-none")
    assert (404, foreign.text) == (foreign.status_code, missing.text)
    assert [] == gateway.publisher.signals()


@pytest.mark.parametrize(
    ("button", "form", "signal", "detail"),
    [
        ("accept", {"outcome": "will_act"}, "accepted", "will_act"),
        ("accept", {"outcome": "acted"}, "acted", "acted"),
        ("not-ours", {}, "not_ours", None),
        ("return", {"reason": "duplicate"}, "refused", "duplicate"),
    ],
)
def test_a_button_is_evidence_in_somebodys_name(
    gateway: Gateway, button: str, form: dict[str, str], signal: str, detail: str | None
) -> None:
    """Post, redirect, get; the receipt names person, role and the coded outcome."""
    browser = gateway.sign_in("hv")
    token = token_in(browser.get("/n/n-hv"))
    answer = browser.post(f"/n/n-hv/{button}", data={"csrf": token, **form})
    given = gateway.publisher.inputs[-1]
    assert given.receipt is not None
    assert (303, InputKind.RECEIPT, scene.EPISODE) == (
        answer.status_code,
        given.kind,
        given.episode_id,
    )
    told = given.receipt
    assert (signal, "hv-1", "HV_TEAM", detail) == (told.signal, told.person, told.role, told.detail)
    assert 200 == browser.get(answer.headers["location"]).status_code


def test_a_button_needs_its_choice(gateway: Gateway) -> None:
    """Accepting without an outcome is asked again and records nothing."""
    browser = gateway.sign_in("hv")
    token = token_in(browser.get("/n/n-hv"))
    answer = browser.post("/n/n-hv/accept", data={"csrf": token})
    assert "Say what you have done" in browser.get(answer.headers["location"]).text
    assert [("n-hv", "opened")] == gateway.publisher.signals()


def test_a_colleague_who_was_quicker_is_named(gateway: Gateway) -> None:
    """Taking is first come, first served, and ends with the shift."""
    first, second = gateway.sign_in("gp"), gateway.sign_in("gpsg")
    page = second.get("/n/n-gp")
    first.post("/n/n-gp/take", data={"csrf": token_in(first.get("/n/n-gp"))})
    late = second.post("/n/n-gp/take", data={"csrf": token_in(page)})
    assert "fault=taken" in late.headers["location"]
    assert "Gil Practice" in second.get("/worklist").text
    gateway.clock.move(scene.NOW + timedelta(hours=9))
    assert "Gil Practice" not in second.get("/worklist").text


def test_while_kafka_is_away_pages_show_and_buttons_say_so(gateway: Gateway) -> None:
    """Reading goes on, with a word about it; a button promises nothing."""
    browser = gateway.sign_in("hv")
    gateway.publisher.away = True
    page = browser.get("/n/n-hv")
    assert "could not record that you have seen this" in page.text
    answer = browser.post("/n/n-hv/not-ours", data={"csrf": token_in(page)})
    assert 503 == answer.status_code
    assert 3 <= int(answer.headers["retry-after"]) <= 9


def test_a_full_worklist_is_fifty_rows_and_a_way_on(gateway: Gateway) -> None:
    """The fifty-first notice is on the second page.

    The processor's time of one rendering is generous here, to catch a slip back to the slow macros
    (158 ms for 50 rows); bench/worklist.py measures the real budget of 10 ms.
    """
    more = [scene.duty(f"x{number}", "HV_TEAM", "RYX") for number in range(60)]
    with writing(gateway.engine) as conn:
        apply_decision(conn, scene.record(3, *(each for pair in more for each in pair)))
    browser = gateway.sign_in("hv")
    assert 50 == browser.get("/worklist").text.count('<a href="/n/')
    started = time.process_time()
    page = browser.get("/worklist?page=2")
    assert time.process_time() - started < 0.15
    assert 11 == page.text.count('<a href="/n/')
    assert len(gateway.publisher.signals()) == 61


def test_a_client_of_the_page_needs_no_state(gateway: Gateway) -> None:
    """An odd page number is page one; an odd filter is everything."""
    browser: TestClient = gateway.sign_in("hv")
    assert 200 == browser.get("/worklist?page=abc&show=nonsense&role=SOCIAL_WORKER").status_code


@pytest.mark.parametrize(
    ("reason", "banner"),
    [(NoticeReason.CORRECTED, "Corrected"), (NoticeReason.RETRACTED, "Do not act on this notice")],
)
def test_a_notice_that_no_longer_holds_says_so_first(
    gateway: Gateway, reason: NoticeReason, banner: str
) -> None:
    """The banner stands above what the notice says, and the new one leads back to the old."""
    _, first = scene.duty("hv", "HV_TEAM", "RYX")
    later = msgspec.structs.replace(
        first, notice_id="n-hv-2", reason=reason, in_reply_to="n-hv", round=2
    )
    with writing(gateway.engine) as conn:
        apply_decision(conn, scene.record(3, later, at=scene.NOW))
    browser = gateway.sign_in("hv")
    page = browser.get("/n/n-hv").text
    assert page.index(banner) < page.index("<h1")
    assert 'href="/n/n-hv-2"' in page
    assert 'href="/n/n-hv"' in browser.get("/n/n-hv-2").text


def test_the_trail_says_why_an_acceptance_did_not_count(gateway: Gateway) -> None:
    """In words, with what to do; nobody who pressed the button is left to wonder."""
    tried = LevelReached(
        obligation_id="o-hv",
        notice_id="n-hv",
        signal=Signal.OPENED,
        level=Level.OPENED,
        state=ObligationState.OPENED,
        counts=True,
        organisation="RYX",
        person="hv-1",
        channel="worklist",
        reached_at=scene.NOW,
        detail=NotAccepted.FASTER_THAN_READ.value,
    )
    with writing(gateway.engine) as conn:
        apply_decision(conn, scene.record(3, tried))
    page = gateway.sign_in("hv").get("/n/n-hv").text
    assert "accepted, which does not count: it came faster than anybody reads" in page
    assert "Opened by a person" in page
