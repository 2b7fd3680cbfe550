"""Reporting without a system: choose, answer, leave and return, check, send, see who was told."""

import re
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from hub.edges.flat import Kind
from hub.edges.schemas import default_schemas
from hub.store.engine import reading, writing
from hub.store.projector import apply_decision
from hub.web import drafts
from hub.web.forms import forms_of, unasked
from tests.core.stage import policy
from tests.house.identities import find_identities
from tests.web import scene
from tests.web.conftest import Gateway, token_in

FORMS = forms_of(default_schemas())
WHO = {"subject.nhs_number": "999 000 0018", "subject.family_name": "Quillfeather"}
WHEN = {"time-day": "24", "time-month": "3", "time-year": "2026", "time-clock": "14:30"}
CAME = {
    **WHO,
    **WHEN,
    "data.site": "walk-in centre",
    "data.pregnant": "y",
    "data.gestation.weeks": "30",
    "data.booked_status": "not_booked",
    "data.cpis_checked": "y",
    "data.cpis_hit": "n",
    "data.next_step": "none",
}


def begin(browser: TestClient, event_type: str = "unscheduled.attendance") -> str:
    """The address of a new draft."""
    token = token_in(browser.get("/report"))
    answer = browser.post("/report", data={"csrf": token, "event": event_type})
    assert 303 == answer.status_code
    return str(answer.headers["location"])


def fill(browser: TestClient, draft: str, answers: dict[str, str], go: str = "check") -> Any:
    """Answer the questions of a draft."""
    fields = {"csrf": token_in(browser.get(draft)), "go": go, **answers}
    return browser.post(draft, data=fields)


def send(browser: TestClient, draft: str) -> Any:
    """Send what was checked."""
    token = token_in(browser.get(f"{draft}/check"))
    return browser.post(f"{draft}/send", data={"csrf": token})


def count(gateway: Gateway) -> int:
    """Drafts in the database."""
    with reading(gateway.engine) as conn:
        return int(conn.scalar(sa.select(sa.func.count()).select_from(drafts.drafts)) or 0)


def test_what_is_answered_is_published_in_her_name(gateway: Gateway) -> None:
    """Answers, check page, confirmation; London time; the draft is gone."""
    browser = gateway.sign_in("hv")
    draft = begin(browser)
    checked = fill(browser, draft, CAME)
    assert f"{draft}/check" == checked.headers["location"]
    page = browser.get(f"{draft}/check").text
    assert "Yes" in page
    assert "walk-in centre" in page
    assert [] == gateway.publisher.events
    sent = send(browser, draft)
    ((event, topic),) = gateway.publisher.events
    assert ("unscheduled.attendance", "RYX:FORM") == (event.type, event.source)
    assert ("9990000018", "2026-03-24T14:30:00+00:00") == (
        event.subject.nhs_number,
        event.occurred_at.isoformat(),
    )
    assert event.actor is not None
    assert ("hv-1", "HV_TEAM", "RYX") == (event.actor.id, event.actor.role, event.actor.org)
    assert {"weeks": 30, "days": 0, "basis": "unknown"} == event.body["gestation"]
    assert sent.headers["location"].startswith("/report/told?sent=1&id=form-")
    told = browser.get(sent.headers["location"])
    assert "The hub has it" in told.text
    assert "look again" in told.text
    assert 0 == count(gateway)
    assert 404 == browser.get(draft).status_code
    assert topic


def test_the_same_woman_has_the_same_reference(gateway: Gateway) -> None:
    """So that two reports of one walk-in centre are in one episode."""
    browser = gateway.sign_in("hv")
    for answers in (CAME, {**CAME, "subject.nhs_number": "9990000018"}):
        draft = begin(browser)
        fill(browser, draft, answers)
        send(browser, draft)
    first, second = (event.subject.reference for event, _ in gateway.publisher.events)
    assert first == second
    assert [] == find_identities(first, [scene.NHS_NUMBER, scene.FAMILY_NAME])


def test_what_lacks_stands_in_a_summary_that_leads_to_it(gateway: Gateway) -> None:
    """In the words of the form; what was answered is still there."""
    browser = gateway.sign_in("hv")
    draft = begin(browser)
    page = fill(browser, draft, {"data.site": "walk-in centre", "time-day": "31", "time-month": "2",
                                 "time-year": "2026", "time-clock": "1:30"})  # fmt: skip
    assert 422 == page.status_code
    assert "<title>Error: " in page.text
    assert '<a href="#data.pregnant">Select whether she is pregnant</a>' in page.text
    assert '<a href="#subject.nhs_number">Enter her NHS number' in page.text
    assert '<a href="#time-day">This is no day of the calendar' in page.text
    assert 'value="walk-in centre"' in page.text
    for target in re.findall(r'<li><a href="#([^"]+)"', page.text):
        assert f'id="{target}"' in page.text, "each link of the summary leads to an input"
    assert [] == gateway.publisher.events


@pytest.mark.parametrize(
    ("wrong", "target"),
    [
        ({"subject.nhs_number": "9990000019"}, "subject.nhs_number"),
        ({"time-year": "2027"}, "time-day"),
        ({"data.gestation.weeks": "60"}, "data.gestation.weeks"),
        ({"data.pregnant": "perhaps"}, "data.pregnant"),
    ],
)
def test_a_fault_of_the_whole_stands_at_its_question(
    gateway: Gateway, wrong: dict[str, str], target: str
) -> None:
    """The checks of every door, in the words of the form."""
    browser = gateway.sign_in("hv")
    page = fill(browser, begin(browser), {**CAME, **wrong})
    assert 422 == page.status_code
    assert f'<a href="#{target}">' in page.text


def test_a_draft_is_left_and_taken_up_again(gateway: Gateway) -> None:
    """Listed for its writer, in another session too; forgotten a week after it was saved."""
    browser = gateway.sign_in("hv")
    draft = begin(browser)
    later = fill(browser, draft, WHO, go="later")
    assert "/report?note=saved" == later.headers["location"]
    another = gateway.sign_in("hv")
    listed = another.get("/report").text
    assert draft in listed
    assert "Quillfeather" in listed
    assert 'value="999 000 0018"' in another.get(draft).text
    gateway.clock.move(scene.NOW + timedelta(days=6))
    fill(another, draft, WHO, go="later")
    gateway.clock.move(scene.NOW + timedelta(days=12))
    assert 200 == another.get(draft).status_code
    gateway.clock.move(scene.NOW + timedelta(days=13, seconds=1))
    assert 404 == another.get(draft).status_code
    begin(another)
    assert 1 == count(gateway), "what has run out is swept"


def test_a_draft_is_nobody_elses(gateway: Gateway) -> None:
    """Neither seen, nor changed, nor discarded, nor sent."""
    draft = begin(gateway.sign_in("hv"))
    other = gateway.sign_in("nurse")
    token = token_in(other.get("/report"))
    assert draft not in other.get("/report").text
    for way in ("", "/check"):
        assert 404 == other.get(draft + way).status_code
    for way in ("", "/send", "/discard"):
        assert 404 == other.post(draft + way, data={"csrf": token, **CAME}).status_code
    assert 1 == count(gateway)


def test_a_draft_is_discarded(gateway: Gateway) -> None:
    """At once, and nothing is sent."""
    browser = gateway.sign_in("hv")
    draft = begin(browser)
    token = token_in(browser.get(draft))
    browser.post(f"{draft}/discard", data={"csrf": token})
    assert (0, []) == (count(gateway), gateway.publisher.events)


def test_of_one_writer_only_the_newest_are_kept(gateway: Gateway) -> None:
    """A bound on what a week can hold."""
    browser = gateway.sign_in("hv")
    for number in range(drafts.MOST_OF_ONE + 2):
        gateway.clock.move(scene.NOW + timedelta(minutes=number))
        begin(browser)
    assert drafts.MOST_OF_ONE == count(gateway)


def test_while_kafka_is_away_the_draft_stays(gateway: Gateway) -> None:
    """She sends it again when the hub is back, and it is one event."""
    browser = gateway.sign_in("hv")
    draft = begin(browser)
    fill(browser, draft, CAME)
    gateway.publisher.away = True
    assert 503 == send(browser, draft).status_code
    gateway.publisher.away = False
    assert 303 == send(browser, draft).status_code
    assert 1 == len(gateway.publisher.events)


def test_who_has_been_told_is_shown_to_the_organisation_of_the_event(gateway: Gateway) -> None:
    """Its rows as the publisher's answer has them; another's event is not known."""
    with writing(gateway.engine) as conn:
        told = scene.event("form-1", "pregnancy.notified", "RYX")
        duty = scene.duty("mw", "COMM_MIDWIFE", "RXX", event_id="form-1")
        apply_decision(conn, scene.record(3, told, *duty))
    page = gateway.sign_in("hv").get("/report/told", params={"id": "form-1"}).text
    assert "0 of 1 have been told" in page
    assert "Community midwifery" in page
    other = gateway.sign_in("gp").get("/report/told", params={"id": "form-1"}).text
    assert "Nothing is decided under this number" in other
    assert "Community midwifery" not in other


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_form_can_be_sent_and_asks_all_that_is_needed(gateway: Gateway, form: Any) -> None:
    """Its event type has rules; every answer is named; the first choices make an event."""
    assert set() == unasked(default_schemas(), form)
    assert form.event_type in policy().events
    for each in form.asked:
        assert not each.required or each.question.missing or each.path == "time"
        assert set(each.question.words) <= set(each.leaf.choices)
    browser = gateway.sign_in("hv")
    draft = begin(browser, form.event_type)
    answers = {**WHO}
    for each in form.asked:
        if each.path.startswith("subject.") or not each.required:
            continue
        number = (str(each.leaf.least or 1),)
        values = {Kind.CHOICE: each.leaf.choices[:1], Kind.NUMBER: number, Kind.TEXT: ("x",)}
        dated = ("20", "3", "2026", "10:00")
        answers |= dict(zip(each.parts, values.get(each.leaf.kind, dated), strict=False))
    answers |= {"data.gestation.weeks": "38"} if "data.gestation.weeks" in answers else {}
    page = fill(browser, draft, answers)
    assert 303 == page.status_code, re.findall(r'<li><a href="#[^"]+">([^<]+)', page.text)
    assert 303 == send(browser, draft).status_code
    assert [form.event_type] == [event.type for event, _ in gateway.publisher.events]


def test_the_pages_are_guarded(gateway: Gateway) -> None:
    """A session, its token, and a role that works with families."""
    assert 303 == gateway.browse().get("/report").status_code
    for login in ("ops", "guardian"):
        assert 403 == gateway.sign_in(login).get("/report").status_code
    browser = gateway.sign_in("hv")
    assert 403 == browser.post("/report", data={"event": "birth.recorded"}).status_code
    token = token_in(browser.get("/report"))
    nothing = browser.post("/report", data={"csrf": token, "event": ""})
    assert (422, True) == (nothing.status_code, "Select what happened" in nothing.text)
    assert "<script" not in browser.get(begin(browser)).text
