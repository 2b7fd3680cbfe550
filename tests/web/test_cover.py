"""Cover through the real pages: who is away, who stands in, and that no notice leaves its team."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec
import pytest
from starlette.testclient import TestClient

from hub.core.covering import DelegationReason
from hub.edges.directory import Directory, StaffMember
from hub.store.engine import writing
from hub.store.projector import apply_decision
from tests.web import scene
from tests.web.conftest import Gateway, token_in
from tests.web.test_audit import seen

DAY = timedelta(days=1)
COLLEAGUES = (
    ("hv2", "hv-2", "Ines Colleague", ("HV_TEAM", "NAMED_HV")),
    ("hv3", "hv-3", "Una Team", ("HV_TEAM",)),
    ("lead", "hv-9", "Lara Leader", ("TEAM_LEAD_HV",)),
)


@pytest.fixture
def people() -> Directory:
    """The scene's people, and three more health visitors."""
    made = scene.directory()
    for login, person_id, name, roles in COLLEAGUES:
        made.staff_members[login] = StaffMember(
            login=login, person_id=person_id, name=name, organisation="RYX", roles=roles
        )
    return made


@pytest.fixture
def named(gateway: Gateway) -> Gateway:
    """The scene with a notice to Hana by name, and one to another named health visitor."""
    raised, issued = scene.duty("named", "NAMED_HV", "RYX", title="For Hana by name")
    with writing(gateway.engine) as conn:
        by_name = msgspec.structs.replace
        apply_decision(
            conn,
            scene.record(3, by_name(raised, person="hv-1"), by_name(issued, person="hv-1")),
        )
    return gateway


def days(name: str, after: int) -> dict[str, str]:
    """The three fields of a day, counted from the scene's."""
    at = scene.NOW + after * DAY
    return {
        f"{name}-day": f"{at.day}",
        f"{name}-month": f"{at.month}",
        f"{name}-year": f"{at.year}",
    }


def absent(
    gateway: Gateway, login: str = "hv", *, first: int = 0, last: int = 6, **more: str
) -> tuple[int, str]:
    """Record an absence; the status, and the page that one ends on."""
    browser = gateway.sign_in(login)
    form = {"csrf": token_in(browser.get("/cover")), **days("first", first), **days("last", last)}
    answer = browser.post("/cover", data={**form, **more})
    page = browser.get(answer.headers["location"]) if answer.status_code == 303 else answer
    return answer.status_code, page.text


def give(browser: TestClient, notice_id: str = "n-named", **fields: str) -> str:
    """Give a notice to Ines until tomorrow; the page that one ends on."""
    said: Mapping[str, str] = {"to": "hv-2", "why": "workload", **days("until", 1), **fields}
    form = {"csrf": token_in(browser.get(f"/n/{notice_id}")), **said}
    answer = browser.post(f"/n/{notice_id}/delegate", data=form)
    assert 303 == answer.status_code
    return browser.get(answer.headers["location"]).text


def counted(browser: TestClient, show: str) -> int:
    """What a tile of the home page counts."""
    page = browser.get("/").text
    return int(page.split(f'?show={show}"><span class="hub-tile__count">')[1].split("<")[0])


def test_a_cover_sees_what_a_colleague_has_open_and_for_whom(named: Gateway) -> None:
    """What was there, what comes later, and what she had taken; by name, and counted."""
    hana = named.sign_in("hv")
    hana.post("/n/n-hv/take", data={"csrf": token_in(hana.get("/n/n-hv"))})
    assert 303 == absent(named, cover="hv-2")[0]
    raised, issued = scene.duty("new", "NAMED_HV", "RYX", title="Came later")
    with writing(named.engine) as conn:
        new = msgspec.structs.replace(issued, person="hv-1")
        apply_decision(conn, scene.record(4, raised, new))
    ines = named.sign_in("hv2")
    page = ines.get("/worklist?show=covering").text
    assert 3 == counted(ines, "covering")
    for shown in ("For Hana by name", "Came later", "Pregnancy booked", "For Hana Visitor, who is"):
        assert shown in page
    assert "You stand in for Hana Visitor" in ines.get("/").text
    assert "You are recorded as away" in hana.get("/worklist").text


@pytest.mark.parametrize("cover", ["hv-2", ""])
def test_no_notice_leaves_the_worklist_of_the_team(named: Gateway, cover: str) -> None:
    """Covered or not, all who hold the role see it, she who is away too, and who has it."""
    before = {login: named.sign_in(login).get("/worklist").text for login in ("hv", "hv2", "hv3")}
    absent(named, cover=cover)
    for login, page in before.items():
        after = named.sign_in(login).get("/worklist").text
        assert page.count('<a href="/n/') == after.count('<a href="/n/'), login
    assert "For Hana by name" in named.sign_in("hv2").get("/worklist").text


def test_a_cover_accepts_in_her_own_name(named: Gateway) -> None:
    """The receipt says who accepted, in the role and at the place that the notice is for."""
    absent(named, cover="hv-2")
    ines = named.sign_in("hv2")
    page = ines.get("/n/n-named")
    assert "For Hana Visitor, who is away" in page.text
    ines.post("/n/n-named/accept", data={"csrf": token_in(page), "outcome": "will_act"})
    told = named.publisher.inputs[-1].receipt
    assert told is not None
    said = (told.notice_id, told.signal, told.person, told.role, told.organisation)
    assert ("n-named", "accepted", "hv-2", "NAMED_HV", "RYX") == said


def test_an_absence_without_cover_is_red_for_the_team(named: Gateway) -> None:
    """On the page of cover, above the worklist and beside the notice; with who could read it."""
    absent(named)
    ines = named.sign_in("hv2")
    for path in ("/cover", "/worklist", "/n/n-named"):
        page = ines.get(path).text
        assert "Not covered" in page, path
        assert "nhsuk-tag--red" in page, path
    assert "the team inbox has it" in ines.get("/n/n-named").text
    assert (
        "Named health visitor: the team inbox, because nobody is named" in ines.get("/cover").text
    )
    assert 0 == counted(ines, "covering")


def test_a_role_that_the_cover_has_not_is_with_the_team_inbox(named: Gateway) -> None:
    """Una may stand in for the team's notices, and not for those of a named health visitor."""
    absent(named, cover="hv-3")
    page = named.sign_in("hv").get("/cover").text
    assert "because Una Team does not have this role" in page
    assert "Not covered" in page
    assert "For Hana by name" not in named.sign_in("hv3").get("/worklist?show=covering").text


def test_when_the_dates_end_the_cover_has_nothing_more(named: Gateway) -> None:
    """The last day counts to its midnight in London."""
    absent(named, last=0, cover="hv-2")
    ines = named.sign_in("hv2")
    assert 1 == counted(ines, "covering")
    named.clock.move(scene.NOW + timedelta(hours=6, minutes=59))
    assert 1 == counted(ines, "covering")
    named.clock.move(scene.NOW + timedelta(hours=7))
    assert (0, True) == (counted(ines, "covering"), "n-named" in ines.get("/worklist").text)


def test_a_cover_who_goes_away_herself_leaves_it_to_the_team(named: Gateway) -> None:
    """Nobody inherits it by a second step, and it shows in red."""
    absent(named, cover="hv-2")
    absent(named, "hv2", cover="hv-1")
    page = named.sign_in("hv3").get("/cover").text
    assert "because Ines Colleague is away too" in page
    assert "and so is her cover" in named.sign_in("hv2").get("/n/n-named").text
    assert 0 == counted(named.sign_in("hv2"), "covering")


def test_whoever_leads_records_and_ends_it_for_a_colleague(named: Gateway) -> None:
    """A colleague may not; both leave a line in the log of accesses and in the history."""
    assert 403 == absent(named, "hv2", person="hv-1")[0]
    status, page = absent(named, "lead", person="hv-1", cover="hv-2")
    assert (303, True) == (status, "Recorded. Your team can see it." in page)
    absence_id = page.split('action="/cover/')[1].split("/end")[0]
    ines = named.sign_in("hv2")
    token = token_in(ines.get("/cover"))
    assert 403 == ines.post(f"/cover/{absence_id}/end", data={"csrf": token}).status_code
    lead = named.sign_in("lead")
    form = {"csrf": token_in(lead.get("/cover"))}
    assert 303 == lead.post(f"/cover/{absence_id}/end", data=form).status_code
    assert 404 == lead.post(f"/cover/{absence_id}/end", data=form).status_code
    audited = [(each.person_id, each.what, each.ground) for each in seen(named.engine)]
    assert [("hv-9", "cover", "colleague")] * 2 == audited
    assert "Nobody is recorded as away" in lead.get("/cover").text
    assert "by Lara Leader, ended" in lead.get("/cover").text


def test_another_organisation_neither_sees_nor_ends_it(named: Gateway) -> None:
    """An absence is its own team's."""
    absence_id = absent(named)[1].split('action="/cover/')[1].split("/end")[0]
    other = named.sign_in("gpsg")
    shown = other.get("/cover")
    ended = other.post(f"/cover/{absence_id}/end", data={"csrf": token_in(shown)})
    assert (False, 404) == ("Hana" in shown.text, ended.status_code)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"first-day": "32"}, "Enter the first and the last day"),
        ({"first-year": ""}, "Enter the first and the last day"),
        ({"last-year": "2025"}, "The last day is before the first one"),
        ({"last-year": "2028"}, "at most 400 days long"),
        ({"cover": "hv-1"}, "Nobody stands in for herself"),
        ({"cover": "gp-1"}, "There is no such colleague"),
        ({"cover": "hv-9"}, "The colleague has none of the roles"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_recorded(
    named: Gateway, form: dict[str, str], words: str
) -> None:
    """With what was entered still there."""
    status, page = absent(named, **form)
    assert (422, True) == (status, words in page)
    assert 'value="2026"' in page
    assert "Nobody is recorded as away" in named.sign_in("hv").get("/cover").text
    assert [] == seen(named.engine)


def test_one_notice_is_given_to_a_colleague(named: Gateway) -> None:
    """She finds it among hers, until the day that was said; the team sees it all the time."""
    hana, ines = named.sign_in("hv"), named.sign_in("hv2")
    page = give(hana)
    assert "You have given this notice to a colleague" in page
    said = "Given to Ines Colleague by Hana Visitor until Thursday 26 March 2026, 00:00"
    assert f"{said}: workload" in page
    assert "For Hana by name" in ines.get("/worklist?show=mine").text
    assert (1, 1) == (counted(ines, "mine"), counted(hana, "mine"))
    named.clock.move(scene.NOW + 2 * DAY)
    assert 0 == counted(ines, "mine")
    assert "For Hana by name" in ines.get("/worklist").text
    last = seen(named.engine)[-3:]
    assert ("cover", scene.EPISODE, ("NAMED_HV",)) in [
        (each.what, each.episode_id, each.roles) for each in last
    ]


def test_a_delegation_is_given_back(named: Gateway) -> None:
    """By whoever holds the role."""
    give(named.sign_in("hv"))
    ines = named.sign_in("hv2")
    form = {"csrf": token_in(ines.get("/n/n-named"))}
    answer = ines.post("/n/n-named/delegate/end", data=form)
    assert "given this notice back" in ines.get(answer.headers["location"]).text
    assert 0 == counted(ines, "mine")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"until-day": ""}, "Enter the day until which"),
        ({"why": "because"}, "Say why you give"),
        ({"to": "hv-3"}, "none of the roles in question"),
        ({"to": "hv-1"}, "Nobody stands in for herself"),
        ({"to": ""}, "There is no such colleague"),
        ({"until-year": "2027"}, "at most 28"),
    ],
)
def test_a_delegation_that_would_lie_nowhere_is_refused(
    named: Gateway, form: dict[str, str], words: str
) -> None:
    """In words, and the notice is with nobody but the team."""
    assert words in give(named.sign_in("hv"), **form)
    assert 0 == counted(named.sign_in("hv2"), "mine")


def test_nothing_is_given_to_whoever_is_away(named: Gateway) -> None:
    """The list does not offer her, and her own name in the form is refused."""
    absent(named, "hv2")
    hana = named.sign_in("hv")
    assert '<option value="hv-2"' not in hana.get("/n/n-named").text
    assert "The colleague is away" in give(hana)


def test_what_was_given_to_her_goes_to_her_cover(named: Gateway) -> None:
    """Ines had it from Hana and goes away: whoever stands in for Ines sees it."""
    give(named.sign_in("hv"))
    absent(named, "hv2", cover="hv-1")
    hana = named.sign_in("hv")
    assert "For Hana by name" in hana.get("/worklist?show=covering").text
    assert "For Ines Colleague, who is away" in hana.get("/n/n-named").text


def test_only_whoever_holds_the_role_gives_a_notice_away(named: Gateway) -> None:
    """To all others it does not exist."""
    una = named.sign_in("hv3")
    form = {"csrf": token_in(una.get("/cover")), "to": "hv-2", "why": "workload"}
    answer = una.post("/n/n-named/delegate", data={**form, **days("until", 1)})
    assert 404 == answer.status_code


def test_every_reason_has_its_words(named: Gateway) -> None:
    """A new one needs a line on the form."""
    page = named.sign_in("hv").get("/n/n-named").text
    assert "Give it to a colleague" in page
    assert all(f'<option value="{each.value}"' in page for each in DelegationReason)
