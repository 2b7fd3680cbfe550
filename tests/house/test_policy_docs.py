"""docs/policy-format.md and docs/scenarios.md name every word there is, and their examples work."""

import re
from pathlib import Path

import msgspec
import pytest

from hub.core.silences import Silence
from hub.demo.rows import Row, Then
from hub.demo.scenario import Given, Scenario
from hub.demo.simulate import simulate
from hub.governance.why_not import NotTold
from hub.policy import files
from hub.policy.findings import Finding
from hub.policy.vocabulary import with_facts
from tests.core.stage import policy
from tests.house.tree import ROOT

POLICY = ROOT / "docs" / "policy-format.md"
TOOLS = ROOT / "docs" / "policy-tools.md"
SCENARIOS = ROOT / "docs" / "scenarios.md"
WORKED = ROOT / "tests" / "acceptance" / "new_event_type" / "policy" / "contact.weighed.toml"


def words_of(document: Path) -> set[str]:
    """Every word that a document sets as code, outside its longer examples."""
    prose = re.sub(r"```.*?```", "", document.read_text(encoding="utf-8"), flags=re.DOTALL)
    return {word for code in re.findall(r"`([^`]+)`", prose) for word in re.findall(r"\w+", code)}


def example(document: Path) -> str:
    """The example of a document."""
    found = re.search(r"```toml\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found.group(1)


@pytest.mark.parametrize(
    "table",
    [
        files.EventFile,
        files.TellTable,
        files.RequirementTable,
        files.WithdrawTable,
        files.FieldTable,
        files.LevelTable,
        files.RaiseTable,
        files.GapTable,
        files.LadderTable,
        files.RungTable,
        files.RoleTable,
        files.GroupTable,
        files.GroupsFile,
        files.CalendarFile,
    ],
    ids=lambda table: table.__name__,
)
def test_every_word_of_a_policy_table_is_documented(table: type[msgspec.Struct]) -> None:
    """Whoever writes a policy file finds every word in the document."""
    assert set() == set(table.__struct_fields__) - words_of(POLICY)


def test_every_word_of_a_finding_is_documented() -> None:
    """Whoever owns the table of findings finds its words in the document."""
    assert set() == set(Finding.__struct_fields__) - words_of(TOOLS)


@pytest.mark.parametrize("table", [Scenario, Given, Row, Then], ids=lambda table: table.__name__)
def test_every_word_of_a_scenario_is_documented(table: type[msgspec.Struct]) -> None:
    """Whoever writes a scenario finds every key in the document."""
    assert set() == set(table.__struct_fields__) - {"line"} - words_of(SCENARIOS)


def test_the_facts_are_up_to_date() -> None:
    """After a new fact: `python -m hub.policy.vocabulary`."""
    document = POLICY.read_text(encoding="utf-8")
    assert with_facts(document) == document


def test_the_worked_example_is_the_one_that_works() -> None:
    """The policy in the document is the file that the acceptance test runs."""
    assert WORKED.read_text(encoding="utf-8") == example(POLICY)


def test_the_small_scenario_goes_as_told(tmp_path: Path) -> None:
    """The example of docs/scenarios.md can be copied out and played."""
    path = tmp_path / "example.toml"
    path.write_text(example(SCENARIOS), encoding="utf-8")
    found = simulate(path, policy())
    assert ([], []) == (found["missing"], found["unexpected"])


def test_every_reason_for_not_being_told_is_documented() -> None:
    """Whoever reads an explanation finds its closed lists in the document."""
    assert set() == {each.value for each in (*Silence, *NotTold)} - words_of(TOOLS)
