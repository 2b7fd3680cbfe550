"""`hub policy mutants`: what is taken away is missed, or is on the list of what is not."""

import json
import re
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

import hub.core.facts
from hub.cli import app
from hub.governance.faults import CannotAnswerError
from hub.governance.mutants import Trial, fates_of, main
from hub.governance.mutations import Mutant
from hub.governance.stories import SCENARIOS
from hub.governance.survivors import LIST, explained
from hub.ops.settings import Settings
from hub.policy.source import PolicyFaults
from tests.effort import cases

SEED, SAMPLE = 20261128, cases(40)

CODES = {
    "FACTS",
    "DUTY",
    "CIN",
    "CPP",
    "DA",
    "DNA",
    "GP",
    "ICPC",
    "LAC",
    "NBV",
    "HV",
    "MH",
    "MW",
    "NFA",
    "PAEDS",
    "PMH",
    "SUBST",
    "TT",
    "VCS",
}
"""Codes in the facts that are names, statuses, concerns or services, and no roles."""


@cache
def trial(*names: str) -> Trial:
    """A trial with some scenarios, by the names of their files; with all when none is named."""
    return Trial(Settings(), [SCENARIOS / n for n in names] or [SCENARIOS])


def numbered(name: str) -> int:
    """The number of the mutant with a label."""
    mutants = trial("sc1-gp-never-learns.toml").mutations.all
    return next(n for n, mutant in enumerate(mutants) if mutant.label == name)


def mutant(name: str) -> Mutant:
    """The mutant with a label."""
    return trial("sc1-gp-never-learns.toml").mutations.all[numbered(name)]


def test_every_mutant_has_a_name_of_its_own() -> None:
    """Otherwise one entry of the list would explain two survivors."""
    labels = [each.label for each in trial("sc1-gp-never-learns.toml").mutations.all]
    assert sorted(set(labels)) == sorted(labels)


def test_a_rule_that_is_gone_is_missed() -> None:
    """Without P02 the practice is told nothing, and SC1 fails."""
    gone = mutant("events/pregnancy.booked.toml: P02.gp")
    without = trial("sc1-gp-never-learns.toml").mutations.without(gone)
    assert "P02.gp" not in without.tells
    assert "P02.gp" not in {t.basis.rule for t in without.events["pregnancy.booked"].tells}
    assert "P02.gp" in trial("sc1-gp-never-learns.toml").mutations.policy.tells
    assert "sc1-gp-never-learns.toml" == trial("sc1-gp-never-learns.toml").fate(gone).killed_by


def test_a_level_that_is_gone_is_missed() -> None:
    """The gap would open three days later, when nobody has filed it."""
    gone = mutant("events/pregnancy.booked.toml: P02.gp levels opened")
    assert "sc1-gp-never-learns.toml" == trial("sc1-gp-never-learns.toml").fate(gone).killed_by


def test_what_leaves_no_policy_is_caught_by_the_check() -> None:
    """A gap that rules name cannot be taken away by mistake."""
    gone = mutant("gaps.toml: G01")
    with pytest.raises(PolicyFaults):
        trial("sc1-gp-never-learns.toml").mutations.without(gone)
    assert "hub check" == trial("sc1-gp-never-learns.toml").fate(gone).killed_by


def test_what_no_scenario_uses_survives() -> None:
    """SC1 holds no discharge: it cannot miss the rules of one."""
    gone = mutant("events/discharge.summary.toml: P29.child-health")
    assert "" == trial("sc1-gp-never-learns.toml").fate(gone).killed_by


@pytest.mark.long
def test_two_processes_find_what_one_does() -> None:
    """The fates do not depend on who looked."""
    alone = trial("sc1-gp-never-learns.toml")
    numbers = range(0, len(alone.mutations.all), 12)
    assert fates_of(alone, numbers, workers=1) == fates_of(alone, numbers, workers=2)


def test_a_sample_of_rows_is_missed_or_explained(capsys: pytest.CaptureFixture[str]) -> None:
    """Some rows by a fixed seed; `make mutants` takes them all."""
    main(Settings(), sample=SAMPLE, seed=SEED, as_json=True)
    found = json.loads(capsys.readouterr().out)
    assert (SAMPLE, []) == (found["mutants"], found["unexplained"])


def test_every_role_that_a_fact_names_has_a_row() -> None:
    """A role that only facts name is known by no rule, so that `hub check` cannot miss its row."""
    named: set[str] = set()
    for path in Path(hub.core.facts.__path__[0]).glob("*.py"):
        text = path.read_text(encoding="utf-8")
        named |= set(re.findall(r'"([A-Z]+(?:_[A-Z]+)+|[A-Z]{2,5})"', text))
    assert set() == named - set(trial("sc1-gp-never-learns.toml").mutations.policy.roles) - CODES


def test_the_list_of_survivors_names_rows_that_exist() -> None:
    """An entry for a row that is gone explains nothing."""
    labels = {each.label for each in trial("sc1-gp-never-learns.toml").mutations.all}
    assert set() == set(explained()) - labels
    assert LIST.exists()


def test_a_list_in_another_form_is_refused(tmp_path: Path) -> None:
    """The causes are a closed list."""
    path = tmp_path / "survivors.toml"
    path.write_text('[[survivor]]\nmutant = "x"\ncause = "lazy"\nbecause = "y"\n', "utf-8")
    with pytest.raises(CannotAnswerError, match="lazy"):
        explained(path)


def test_the_command_names_survivors_and_says_when_nothing_is_called_so() -> None:
    """One document; a name that no row has is a question that cannot be answered."""
    file = str(SCENARIOS / "sc1-gp-never-learns.toml")
    asked = ["policy", "mutants", file, "--only", "P29.child-health", "--json"]
    said = CliRunner().invoke(app, asked)
    found = json.loads(said.stdout)
    assert 1 == said.exit_code
    assert "events/discharge.summary.toml: P29.child-health" in found["unexplained"]
    nothing = CliRunner().invoke(app, ["policy", "mutants", file, "--only", "P99"])
    assert (3, True) == (nothing.exit_code, "name a rule" in nothing.stderr)
