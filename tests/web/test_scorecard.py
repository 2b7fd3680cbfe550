"""The page of the scorecard: who may read it, and that no family is on it."""

import pytest

from hub.web.auth import Viewer
from tests.house.identities import find_identities
from tests.web import scene
from tests.web.conftest import Gateway


def test_the_page_shows_both_scores_and_no_family(gateway: Gateway) -> None:
    """One family is too few to show, and nothing that is unseen gets a nought."""
    page = gateway.sign_in("nurse").get("/scorecard").text
    for shown in ("Infant mental health", "Not rated", "Gaps: none listed", "mean 2.7"):
        assert shown in page
    assert "not rated (0 of 15 parts)" in page
    canaries = (scene.NHS_NUMBER, scene.FAMILY_NAME, scene.CLINICAL)
    assert [] == find_identities(page, canaries)
    assert scene.EPISODE not in page


@pytest.mark.parametrize("login", ["hv", "gp", "ops"])
def test_the_page_is_for_those_who_answer_for_the_pathway(gateway: Gateway, login: str) -> None:
    """Others are told whom to ask, and have no link to it."""
    browser = gateway.sign_in(login)
    assert 403 == browser.get("/scorecard").status_code
    assert "/scorecard" not in browser.get("/gaps").text


@pytest.mark.parametrize(
    ("role", "sees"), [("COMMISSIONER", True), ("PATHWAY_LEAD", True), ("TEAM_LEAD", False)]
)
def test_commissioner_and_pathway_lead_may_read_it(role: str, sees: bool) -> None:
    """Without a family of their own."""
    viewer = Viewer(
        person_id="p",
        name="P",
        organisation="RYX",
        organisation_name="R",
        roles=(role,),
        session_id="s",
        csrf="c",
    )
    assert sees == viewer.sees_scorecard
