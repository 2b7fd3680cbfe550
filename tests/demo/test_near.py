"""What an author of scenarios is shown: what followed instead, and which notice a receipt took."""

from pathlib import Path

import pytest

from hub.demo.simulate import main, played, simulate
from tests.core.stage import policy
from tests.demo.test_loose_scenarios import BOOKED, LATE, written

TWO_BOOKINGS = BOOKED + BOOKED.replace("10:00:00", "15:00:00")
OPENED = '\n[[given]]\nat = 2026-03-23T16:00:00\nreceipt = "opened"\nrule = "P02.gp"\n'
QUIET = '[then]\nunlisted = "allow"\nuntil = "2026-03-23 17:00"\n'


def test_what_followed_instead_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The most similar outcomes of the same rule, with all the times by which a level is owed."""
    row = 'notice = "P02.gp", role = "GP_PRACTICE", levels = { opened = "2026-03-26 17:00" }'
    asked = QUIET + f"outcomes = [\n  {{ {row} }},\n]\n"
    path = written(tmp_path, BOOKED + asked)
    found = simulate(path, policy())
    near = found["instead"][0]
    assert {"P02.gp"} == {one["notice"] for one in near}
    assert "2026-03-25 17:00" == near[0]["levels"]["opened"]
    assert 1 == main([path])
    assert "there was: {'at': '2026-03-23 10:00', 'notice': 'P02.gp'" in capsys.readouterr().out


def test_what_is_nearest_comes_first(tmp_path: Path) -> None:
    """A row that differs in one word before one that differs in two; never more than three."""
    row = 'at = "2026-03-23 10:00", notice = "P02.gp", organisation = "GPB"'
    found = simulate(
        written(tmp_path, TWO_BOOKINGS + QUIET + f"outcomes = [{{ {row} }}]\n"), policy()
    )
    times = [one["at"] for one in found["instead"][0]]
    assert "2026-03-23 10:00" == times[0]
    assert len(times) <= 3


def test_a_gap_that_never_was_has_nothing_near_it(tmp_path: Path) -> None:
    """A row of another kind is no help."""
    asked = QUIET + 'outcomes = [{ gap = "G49" }]\n'
    assert [[]] == simulate(written(tmp_path, BOOKED + asked), policy())["instead"]


def test_everything_about_a_gap_or_a_rule_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also what the scenario allows; and nothing else."""
    path = written(tmp_path, BOOKED + LATE.replace("[then]", '[then]\nunlisted = "allow"'))
    assert 0 == main([path], show=("G01", "P02"))
    said = capsys.readouterr().out
    shown = [line for line in said.splitlines() if "followed:" in line]
    assert any("'gap': 'G01'" in line for line in shown)
    assert any("'notice': 'P02.gp'" in line for line in shown)
    assert not any("P05" in line for line in shown)


def test_a_receipt_that_fits_two_open_notices_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It takes the latest; an author who did not know of the other is told, when the file fails."""
    failing = QUIET + 'outcomes = [{ gap = "G01" }]\n'
    path = written(tmp_path, TWO_BOOKINGS + OPENED + failing)
    assert 1 == main([path])
    said = capsys.readouterr().out
    assert f"{path}:14: this receipt fits 2 open notices" in said
    assert [] == simulate(written(tmp_path, BOOKED + OPENED + failing), policy())["notes"]


def test_a_receipt_that_fits_nothing_names_what_there_was(tmp_path: Path) -> None:
    """Not the escalations, and what was not asked for is `any`."""
    asked = OPENED.replace("P02.gp", "P29.gp")
    found = played(written(tmp_path, BOOKED + asked + QUIET), policy())
    assert "no notice of P29.gp for any role at any organisation" in found["error"]
    assert "P02.gp to GP_PRACTICE at GP" in found["error"]
    assert "EL-" not in found["error"]


def test_a_team_answers_for_whoever_will_be_named(tmp_path: Path) -> None:
    """`NAMED_HV` fits the team in a receipt too, as it does in a row of what follows."""
    asked = OPENED.replace('rule = "P02.gp"', 'rule = "P03"\nrole = "NAMED_HV"')
    found = simulate(written(tmp_path, BOOKED + asked + QUIET), policy())
    assert found["ok"]
