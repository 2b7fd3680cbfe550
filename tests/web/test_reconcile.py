"""After an outage, and before the next one: a list for operators, and each team's own on paper."""

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.web import pages_reconcile
from tests.house.identities import find_identities
from tests.web import scene
from tests.web.conftest import Gateway

WINDOW = {"from": "2026-03-24T14:00", "to": "2026-03-24T18:00"}
"""The scene was decided at 15:00 UTC, which is 15:00 in London in March."""

CANARIES = (scene.FAMILY_NAME, scene.NHS_NUMBER, scene.CLINICAL)


def test_operators_see_who_is_not_told_and_nobody(gateway: Gateway) -> None:
    """Safeguarding before the rest, with a gap among them; no family on the page."""
    browser = gateway.sign_in("ops")
    assert "Nobody" not in browser.get("/reconcile").text
    page = browser.get("/reconcile", params=WINDOW).text
    places = [page.index(each) for each in ("n-sg", "n-hv", "n-gp")]
    assert places == sorted(places)
    assert [] == find_identities(page, CANARIES)
    empty = browser.get("/reconcile", params={"from": "2026-01-01T00:00", "to": "2026-01-02T00:00"})
    assert "Nobody: whoever was to be told" in empty.text


def test_the_same_as_csv(gateway: Gateway) -> None:
    """A row for each, which a spreadsheet opens."""
    answer = gateway.sign_in("ops").get("/reconcile.csv", params=WINDOW)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {"n-sg", "n-sgm", "n-hv", "n-gp"} == {row["notice_id"] for row in rows}
    assert answer.headers["content-type"].startswith("text/csv")
    assert [] == find_identities(answer.text, CANARIES)


@pytest.mark.parametrize("asked", [{}, {"from": "x", "to": "y"}, {"from": "2026-03-24T18:00"}])
def test_a_time_that_is_none_is_refused(gateway: Gateway, asked: dict[str, str]) -> None:
    """With a sentence."""
    assert 422 == gateway.sign_in("ops").get("/reconcile.csv", params=asked).status_code


def test_it_is_for_operators(gateway: Gateway) -> None:
    """And an end before its begin is refused."""
    assert 403 == gateway.sign_in("hv").get("/reconcile", params=WINDOW).status_code
    turned = {"from": WINDOW["to"], "to": WINDOW["from"]}
    assert 422 == gateway.sign_in("ops").get("/reconcile", params=turned).status_code


def test_a_team_prints_its_own_open_notices(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With names, for its own roles only; what is printed counts as delivered."""
    page = gateway.sign_in("hv").get("/worklist/print").text
    assert "QUILLFEATHER, Ada" in page
    assert "1 notices, gravest first" in page
    assert [("n-hv", "delivered")] == gateway.publisher.signals()
    monkeypatch.setattr(pages_reconcile, "MOST_PRINTED", 1)
    assert "There are more" in gateway.sign_in("gpsg").get("/worklist/print").text


def test_the_command_prints_them(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 1 while there is anybody; 0 and nothing when all are told."""
    monkeypatch.setenv("HUB_DATABASE_URL", str(gateway.engine.url))

    def run(*words: str) -> tuple[int, str]:
        answer = CliRunner().invoke(app, ["reconcile", *words])
        return answer.exit_code, answer.stdout

    window = ("--from", "2026-03-24T14:00:00", "--to", "2026-03-24T18:00:00")
    code, printed = run(*window)
    assert (1, 4) == (code, len(printed.splitlines()))
    assert printed.splitlines()[0].split()[1] == "safeguarding"
    assert 4 == len(json.loads(run(*window, "--json")[1]))
    assert run(*window, "--csv")[1].startswith("notice_id,")
    assert (0, "") == run("--from", "2026-01-01T00:00:00", "--to", "2026-01-02T00:00:00")
    assert 3 == run("--from", "2026-01-02T00:00:00", "--to", "2026-01-01T00:00:00")[0]
