"""`hub trace`: every finding is followed to rules, gaps and scenarios that exist."""

import json
import shutil
from functools import cache
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.core.policy import Policy
from hub.edges.schemas import Schemas, default_schemas
from hub.governance.stories import SCENARIOS, Story, stories_below
from hub.governance.trace import Trace, main
from hub.ops.settings import PACKAGE, Settings
from hub.policy.findings import read_findings
from tests.core import stage


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings that point at a copy of the policy, to be spoilt."""
    shutil.copytree(PACKAGE / "policy", tmp_path / "policy")
    return Settings(data_dir=tmp_path / "data", policy_dir=tmp_path / "policy")


def spoil(settings: Settings, old: str, new: str) -> None:
    """Replace a text of the findings once."""
    path = settings.policy_dir / "findings.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@cache
def packaged() -> tuple[Policy, Schemas, tuple[Story, ...]]:
    """What the findings lead to, read once; only the table itself is spoilt."""
    return stage.policy(), default_schemas(), tuple(stories_below([SCENARIOS]))


def follow(settings: Settings, stories: tuple[Story, ...] | None = None) -> Trace:
    """The account of a table that may be spoilt."""
    policy, schemas, told = packaged()
    return Trace(settings.policy_dir, policy, schemas, told if stories is None else stories)


def test_there_are_one_hundred_and_eighteen_findings_in_order() -> None:
    """F1 to F118, each once (domain section 2)."""
    _, findings = read_findings(PACKAGE / "policy")
    assert [f"F{number}" for number in range(1, 119)] == [finding.id for finding in findings]


def test_a_finding_is_followed_to_its_rules_gaps_and_scenarios(settings: Settings) -> None:
    """F20: the practice that does not know; its rule is named with file and line."""
    row = next(row for row in follow(settings).rows if row.id == "F20")
    booked = settings.policy_dir / "events" / "pregnancy.booked.toml"
    line = booked.read_text(encoding="utf-8").splitlines().index('rule = "P02.gp"') + 1
    assert f"P02.gp (events/pregnancy.booked.toml:{line})" in row.rules
    assert ("G01",) == row.gaps
    assert "sc1-gp-never-learns.toml" in row.scenarios
    assert ("pregnancy.notified", "pregnancy.booked") == row.events


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('gaps = ["G01"]', 'gaps = ["G99"]', "F20 names gap G99, which does not exist"),
        ('policies = ["P02"]', 'policies = ["P99"]', "F20 names policy P99, which does not exist"),
        ('"E01", "E03"]\npolicies = ["P02"]', '"E99"]\npolicies = ["P02"]', "names event E99"),
        ('stories = ["SC1"]', 'stories = ["SC99"]', "F20 names story SC99"),
        ('policies = ["P02"]\ngaps = ["G01"]\n', "", "nothing answers F20"),
        ('no_gap = "further_reading"', 'gaps = ["G01"]', "nothing answers F57"),
        ('because = "It lists reports', 'note = "It lists reports', "F57 says that it has no gap"),
        ('id = "F57"', 'id = "F58"', "finding F58 stands twice"),
    ],
)
def test_a_finding_that_leads_nowhere_fails(
    settings: Settings, old: str, new: str, words: str
) -> None:
    """The fault says which finding, and stands at its line; the finding is not accounted for."""
    before = follow(settings)
    spoil(settings, old, new)
    after = follow(settings)
    fresh = {str(f) for f in after.faults} - {str(f) for f in before.faults}
    assert any(words in fault and fault.startswith("findings.toml:") for fault in fresh), fresh
    assert before.accounted >= after.accounted


def test_an_unknown_reason_is_refused_with_its_line(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reasons are a closed list, and the command says where the wrong one stands."""
    spoil(settings, '"further_reading"', '"too_hard"')
    monkeypatch.setenv("HUB_POLICY_DIR", str(settings.policy_dir))
    said = CliRunner().invoke(app, ["trace"])
    assert 3 == said.exit_code
    assert "findings.toml:" in said.stderr
    assert "too_hard" in said.stderr


def test_a_gap_that_no_scenario_opens_is_no_answer(settings: Settings) -> None:
    """Without the scenario that opens its gap a finding is not accounted for."""
    found = follow(settings, tuple(stories_below([SCENARIOS / "status.changed.toml"])))
    assert any("no scenario shows F20: none opens G01" in str(fault) for fault in found.faults)


def test_a_scenario_that_answers_an_unknown_finding_is_told(
    settings: Settings, tmp_path: Path
) -> None:
    """A slip in `finding` would otherwise be a claim that nobody checks."""
    text = (SCENARIOS / "conference.scheduled.toml").read_text("utf-8")
    slip = tmp_path / "slip.toml"
    slip.write_text(text.replace('"F24"', '"F119"', 1), encoding="utf-8")
    faults = follow(settings, tuple(stories_below([slip]))).faults
    assert any("'F119', which is no finding" in str(fault) for fault in faults)


def test_the_command_counts_in_json(capsys: pytest.CaptureFixture[str], settings: Settings) -> None:
    """One document: the count, the faults, and a row for each finding."""
    code = main(settings, as_json=True)
    said = json.loads(capsys.readouterr().out)
    assert (118, 118) == (said["findings"], len(said["rows"]))
    assert code == (1 if said["faults"] else 0)


def test_whatever_is_packaged_is_accounted_for(settings: Settings) -> None:
    """Nothing is at fault: every finding leads somewhere, and every clause is held."""
    assert [] == [str(fault) for fault in follow(settings).faults]
