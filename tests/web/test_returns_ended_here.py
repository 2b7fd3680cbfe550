"""Originals that went back and went through here all the same; and whether a contact was mailed."""

import json
from datetime import timedelta

import pytest
from msgspec import structs

from hub.core.outcomes import EventRecorded
from hub.edges.directory import Directory
from hub.store import sender_mails
from hub.store.engine import writing
from hub.store.quarantine import REDRIVEN_EVENT, apply_quarantine, note_redriven
from tests.store.records import decision
from tests.web import scene
from tests.web.conftest import Gateway, key, token_in
from tests.web.test_api import event
from tests.web.test_returns import ORIGINAL, ask, give_back, keep, line_of, state


def let_go(gateway: Gateway) -> None:
    """The core decides that the original came out of quarantine, and the projector reads it."""
    refused = scene.quarantined(ORIGINAL).received_at
    recorded = EventRecorded(
        event_id=f"q-abc:redriven:{refused.isoformat()}",
        event_type=REDRIVEN_EVENT,
        occurred_at=scene.NOW,
        organisation="RXX",
        how="new",
    )
    with writing(gateway.engine) as conn:
        note_redriven(conn, [decision(1, recorded, episode_id="q-q-abc", at=scene.NOW)])


def test_what_goes_through_by_itself_is_returned_no_longer(gateway: Gateway) -> None:
    """Its pregnancy became known while it was on its way back: page, list and sender say so."""
    keep(gateway)
    give_back(gateway)
    let_go(gateway)
    assert ("redriven", "redriven", "hub") == (
        state(gateway),
        line_of(gateway).state,
        line_of(gateway).ended_by,
    )
    page = gateway.sign_in("ops").get("/quarantine/q-abc").text
    assert "Returned" in page
    assert "It went through here afterwards" in page
    assert "It is still yours" not in page
    said = ask(gateway, "q-abc").json()
    assert ("taken", "went_through") == (said["state"], said["returned"]["ended_how"])
    assert [] == gateway.publisher.inputs, "nothing is told twice"
    listed = gateway.browse().get("/returns?state=redriven", headers=key("RXX")).json()
    assert ["q-abc"] == [each["quarantine_id"] for each in listed["returned"]]


def test_a_returned_original_that_we_can_mend_is_sent_through_here(gateway: Gateway) -> None:
    """The sender does not answer, and the cause was ours: whoever did it stands on the page."""
    keep(gateway, json.dumps(event()).encode())
    give_back(gateway)
    gateway.clock.move(scene.NOW + timedelta(hours=2))
    browser = gateway.sign_in("ops")
    page = browser.get("/quarantine/q-abc")
    assert "Send through again" in page.text
    browser.post("/quarantine/q-abc/redrive", data={"csrf": token_in(page)})
    let_go(gateway)
    assert ("redriven", "op-1", "went_through") == (
        state(gateway),
        line_of(gateway).ended_by,
        line_of(gateway).ended_how,
    )
    assert 1 == len(gateway.publisher.events)
    assert 409 == give_back(gateway)


def test_what_the_sender_collected_is_not_said_to_have_gone_through(gateway: Gateway) -> None:
    """The core hears of both ends in the same words; the projector may read it before we write."""
    keep(gateway)
    give_back(gateway)
    gateway.publisher.meanwhile = lambda: let_go(gateway)
    assert "collected" == ask(gateway, "q-abc").json()["state"]
    assert ("collected", "fetched") == (state(gateway), line_of(gateway).ended_how)


def test_what_went_through_by_itself_is_not_returned_after_it(gateway: Gateway) -> None:
    """Two things at once: the page was open while its pregnancy became known."""
    keep(gateway)
    browser = gateway.sign_in("ops")
    fields = {"csrf": token_in(browser.get("/quarantine/q-abc")), "reason": "no_episode"}
    let_go(gateway)
    assert 409 == browser.post("/quarantine/q-abc/return", data=fields).status_code
    assert "redriven" == state(gateway)


def test_what_was_returned_before_shows_when_it_is_back(gateway: Gateway) -> None:
    """Refused once more, it is open, and its page says how it ended the last time."""
    keep(gateway)
    give_back(gateway)
    let_go(gateway)
    record = scene.quarantined(ORIGINAL)
    again = structs.replace(record, received_at=scene.NOW + timedelta(hours=3))
    with writing(gateway.engine) as conn:
        apply_quarantine(conn, again)
    page = gateway.sign_in("ops").get("/quarantine/q-abc").text
    assert "Returned before" in page
    assert "went through here" in page


class TestWithAContact:
    """A sender whose integration team is mailed."""

    @pytest.fixture
    def people(self) -> Directory:
        """As ever, and the contact."""
        return scene.directory(
            senders=({"organisation": "RXX", "contact": "integration@rxx.example"},)
        )

    def test_the_page_says_whether_the_contact_was_mailed(self, gateway: Gateway) -> None:
        """And why not, where it was not."""
        keep(gateway)
        browser = gateway.sign_in("ops")
        assert "Not mailed yet" in browser.get("/quarantine/q-abc").text
        with writing(gateway.engine) as conn:
            sender_mails.note_not_mailed(
                conn, "RXX", "no_such_mailbox", retry=False, now=scene.NOW, jitter=1.0
            )
        page = browser.get("/quarantine/q-abc").text
        assert "The last attempt failed: No such mailbox" in page
        assert "integration@rxx.example" not in page
