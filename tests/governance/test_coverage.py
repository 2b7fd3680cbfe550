"""`hub policy coverage`: what no scenario shows is listed, and nothing else."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.core.policy import Policy
from hub.governance.coverage import Coverage, rungs_of, suppressions
from hub.governance.faults import CannotAnswerError
from hub.governance.stories import SCENARIOS, stories_below
from hub.governance.watched import Used
from tests.core import stage


@cache
def policy() -> Policy:
    """The packaged policy, read once."""
    return stage.policy()


@cache
def of(*names: str) -> Coverage:
    """What some scenarios show, by the names of their files; all of them when none is named."""
    return Coverage(policy(), stories_below([SCENARIOS / n for n in names] or [SCENARIOS]))


def test_every_gap_opens_and_clears_and_every_rule_speaks() -> None:
    """The packaged scenarios leave no code and no rule untried."""
    absences = of().absences()
    assert ((), (), ()) == (
        absences["never_opened"],
        absences["never_cleared"],
        absences["never_raised"],
    )


def test_one_scenario_shows_only_what_it_shows() -> None:
    """The practice that never learns opens and clears G01; the baby's gaps stay unseen."""
    found = of("sc1-gp-never-learns.toml")
    absences = found.absences()
    assert ["sc1-gp-never-learns.toml"] == found.opened_by["G01"] == found.cleared_by["G01"]
    assert "G01" not in absences["never_opened"]
    assert "G12" in absences["never_opened"]
    assert "P02.gp" not in absences["never_raised"]
    assert "P29.gp" in absences["never_raised"]
    assert "EL-R.0" not in absences["never_climbed"]


def test_a_gap_that_only_people_end_need_not_clear() -> None:
    """G49 never clears; it is on the list as soon as the policy says that it should."""
    found = of("sc1-gp-never-learns.toml")
    assert "G49" not in found.absences()["never_cleared"]
    gaps = {**policy().gaps, "G49": replace(policy().gaps["G49"], clears=True)}
    stricter = Coverage(replace(policy(), gaps=gaps), ())
    assert "G49" in stricter.absences()["never_cleared"]


def test_nothing_played_shows_nothing() -> None:
    """Every suppression, rung and condition is on the list until a scenario shows it."""
    absences = Coverage(policy(), ()).absences()
    assert sorted(rungs_of(policy())) == list(absences["never_climbed"])
    assert sorted(w for w, _ in suppressions(policy(), Used())) == list(
        absences["never_suppressed"]
    )


def test_a_condition_counts_once_it_was_seen_not_met() -> None:
    """P54 asks nothing of a baby that was not born alive: without such a story it is listed."""
    assert "P29.social-worker" in of("birth.recorded.toml").absences()["never_silent"]
    assert "P29.social-worker" not in of("discharge.summary.toml").absences()["never_silent"]


def test_the_command_prints_one_document_and_fails_where_something_is_missing() -> None:
    """`--json` holds the lists and, by code, the scenarios that open and clear it."""
    file = str(SCENARIOS / "sc1-gp-never-learns.toml")
    said = CliRunner().invoke(app, ["policy", "coverage", file, "--json"])
    found = json.loads(said.stdout)
    assert 1 == said.exit_code
    assert (1, False) == (found["scenarios"], found["complete"])
    assert ["sc1-gp-never-learns.toml"] == found["gaps"]["G01"]["opened_by"]


def test_a_scenario_that_cannot_be_played_is_named(tmp_path: Path) -> None:
    """What cannot be played proves nothing, and the words say how to look at it."""
    text = (SCENARIOS / "status.changed.toml").read_text(encoding="utf-8")
    (tmp_path / "slip.toml").write_text(text.replace("P37.status", "P99.none"), encoding="utf-8")
    with pytest.raises(CannotAnswerError, match="try `hub simulate"):
        Coverage(policy(), stories_below([tmp_path]))
    said = CliRunner().invoke(app, ["policy", "coverage", str(tmp_path / "absent")])
    assert (3, True) == (said.exit_code, "absent" in said.stderr)
