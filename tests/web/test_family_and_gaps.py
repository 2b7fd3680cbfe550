import html.parser

import pytest
from msgspec import structs

from hub.core.model import GapState, Level, ObligationState, Signal
from hub.core.outcomes import Escalated, GapClosed, LevelReached
from hub.store.engine import writing
from hub.store.projector import apply_decision
from tests.house.identities import find_identities
from tests.store.records import decision
from tests.web import scene
from tests.web.conftest import Gateway


def test_what_was_only_sent_is_never_green(gateway: Gateway) -> None:
    """A notice that a channel has taken is unmet, and looks so."""
    sent = LevelReached(
        obligation_id="o-gp",
        notice_id="n-gp",
        signal=Signal.SENT,
        level=Level.SENT,
        state=ObligationState.SENT,
        counts=True,
        organisation="Y00001",
        channel="webhook",
        reached_at=scene.NOW,
    )
    with writing(gateway.engine) as conn:
        apply_decision(conn, scene.record(3, sent))
    page = gateway.sign_in("gpsg").get(f"/p/{scene.EPISODE}").text
    assert "Sent, nothing heard" in page
    assert "not told yet" in page
    assert "nhsuk-tag--green" not in page


def test_the_timeline_has_a_lane_for_each(gateway: Gateway) -> None:
    """Mother and baby; the area's safeguarding lead sees every duty and the gap."""
    page = gateway.sign_in("nurse").get(f"/p/{scene.EPISODE}").text
    for shown in (
        "Mother",
        "Baby",
        "Pregnancy booked",
        "Concern raised",
        "Testwick Health",
        "Gap:",
    ):
        assert shown in page


def test_the_timeline_hides_what_a_role_may_not_know(gateway: Gateway) -> None:
    """A practice sees the booking and who else was told of it, and no trace of the concern."""
    page = gateway.sign_in("gp").get(f"/p/{scene.EPISODE}").text
    assert "Testwick Health Visiting" in page
    assert "Safeguarding midwife" not in page
    assert "oncern" not in page
    assert "Gap:" not in page


def test_an_operator_sees_who_and_when_but_not_what(gateway: Gateway) -> None:
    """Identity and envelopes, no clinical content."""
    page = gateway.sign_in("ops").get(f"/p/{scene.EPISODE}").text
    assert "999 000 0018" in page
    for hidden in ("booked", "oncern", scene.CLINICAL, "October"):
        assert hidden not in page


@pytest.mark.parametrize("login", ["gp", "ops", "nurse"])
def test_no_news_is_no_statement_while_a_feed_is_silent(gateway: Gateway, login: str) -> None:
    """Above every timeline, whoever has to do with the family; and no longer once it is back."""
    browser = gateway.sign_in(login)
    assert "silent or incomplete" not in browser.get(f"/p/{scene.EPISODE}").text
    silent = structs.replace(scene.gap(), gap_id="g-61", code="G61", subject="RXX:MAT_PAS")
    closed = GapClosed(
        gap_id="g-61",
        code="G61",
        role="HUB_OPERATOR",
        state=GapState.CLEARED_LATE,
        closed_at=scene.NOW,
        reason="",
    )
    with writing(gateway.engine) as conn:
        apply_decision(conn, decision(1, silent, episode_id="m-feed", at=scene.NOW))
    page = browser.get(f"/p/{scene.EPISODE}").text
    assert "These systems are silent or incomplete" in page
    assert "RXX:MAT_PAS (Testwick Hospital), since" in page
    with writing(gateway.engine) as conn:
        apply_decision(conn, decision(2, closed, episode_id="m-feed", at=scene.NOW))
    assert "silent or incomplete" not in browser.get(f"/p/{scene.EPISODE}").text


def test_a_stranger_to_the_family_sees_nobody(gateway: Gateway) -> None:
    """The same answer as for a family that does not exist."""
    browser = gateway.sign_in("other")
    foreign, missing = browser.get(f"/p/{scene.EPISODE}"), browser.get("/p/e-none")
    assert (404, foreign.text) == (foreign.status_code, missing.text)


def test_the_gap_board_names_owner_age_and_next_action(gateway: Gateway) -> None:
    """Severity as a word; where the least-told duty stopped; filters narrow."""
    browser = gateway.sign_in("nurse")
    page = browser.get("/gaps").text
    for shown in (
        "G02",
        "Attention",
        "Health visiting team",
        "1 hour",
        "Not sent",
        "Accept the notice",
    ):
        assert shown in page
    assert "g-1" in browser.get("/gaps?severity=2&code=G02").text
    assert "g-1" not in browser.get("/gaps?severity=4").text
    assert "NICE NG201" in browser.get("/gaps/g-1").text


def test_where_a_gap_stopped_is_its_own_duty_not_the_escalation(gateway: Gateway) -> None:
    """The duty was opened; that the escalation is not sent yet says nothing about it."""
    opened = LevelReached(
        obligation_id="o-hv",
        notice_id="n-hv",
        signal=Signal.OPENED,
        level=Level.OPENED,
        state=ObligationState.OPENED,
        counts=True,
        organisation="RYX",
        channel="worklist",
        reached_at=scene.NOW,
    )
    rung, _ = scene.duty("rung", "TEAM_LEAD_HV", "RYX", event_id="g-1")
    climbed = Escalated(
        gap_id="g-1",
        code="G02",
        ladder="EL-R",
        rung=1,
        role="TEAM_LEAD_HV",
        organisation="RYX",
        obligation_id="o-rung",
        at=scene.NOW,
    )
    with writing(gateway.engine) as conn:
        apply_decision(conn, scene.record(3, opened, rung, climbed))
    page = gateway.sign_in("nurse").get("/gaps").text
    assert "Not accepted" in page
    assert "Not sent" not in page
    assert "Escalated, rung 1" in page


@pytest.mark.parametrize(("login", "sees"), [("hv", True), ("gp", False), ("ops", False)])
def test_a_gap_is_seen_by_its_owner(gateway: Gateway, login: str, sees: bool) -> None:
    """Others get the same answer as for a gap that does not exist."""
    browser = gateway.sign_in(login)
    assert sees == ("g-1" in browser.get("/gaps").text)
    assert (200 if sees else 404) == browser.get("/gaps/g-1").status_code


PAGES = (
    ("hv", "/"),
    ("hv", "/worklist"),
    ("hv", "/n/n-hv"),
    ("gpsg", f"/p/{scene.EPISODE}"),
    ("nurse", "/gaps"),
    ("nurse", "/gaps/g-1"),
    ("ops", "/quarantine"),
    ("ops", "/deliveries"),
    ("ops", "/subscriptions"),
    ("ops", "/reconcile?from=2026-03-24T14:00&to=2026-03-24T18:00"),
    ("hv", "/worklist/print"),
    ("hv", "/nowhere"),
)


@pytest.mark.parametrize(("login", "address"), PAGES)
def test_addresses_hold_no_identity_and_pages_no_script(
    gateway: Gateway, login: str, address: str
) -> None:
    """Every link and form target is free of names and numbers; the page is well formed."""
    page = gateway.sign_in(login).get(address)
    reader = Reader()
    reader.feed(page.text)
    reader.close()
    assert [] == reader.open_tags
    assert 1 == reader.headings
    assert not {"script", "style", "iframe"} & reader.tags
    assert sorted(set(reader.ids)) == sorted(reader.ids)
    canaries = (scene.FAMILY_NAME, scene.NHS_NUMBER, scene.CLINICAL)
    assert [] == [link for link in reader.links if find_identities(link, canaries)]
    assert all(link.startswith(("/", "#")) for link in reader.links)


class Reader(html.parser.HTMLParser):
    """Checks that tags are closed in order, and gathers links and ids."""

    VOID = frozenset({"meta", "link", "input", "br", "img", "hr", "path", "rect", "circle"})

    def __init__(self) -> None:
        super().__init__()
        self.open_tags: list[str] = []
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.headings = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember a tag, and its links and ids."""
        self.tags.add(tag)
        self.headings += tag == "h1"
        named = dict(attrs)
        self.links += [named[name] or "" for name in ("href", "src", "action") if name in named]
        self.ids += [named["id"] or ""] if "id" in named else []
        if tag not in self.VOID:
            self.open_tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost tag, which must be this one."""
        if tag not in self.VOID:
            assert tag == self.open_tags.pop(), f"</{tag}> closes nothing"
