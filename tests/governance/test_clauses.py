"""`hub trace` by clause: every row is held by rules that are there and reach whom it names."""

import shutil
from pathlib import Path

import pytest

from hub.governance.clauses import Clauses
from hub.ops.settings import PACKAGE
from hub.policy.clauses import FOLDER, read_clauses
from hub.policy.source import PolicyFaults
from tests.core import stage

OF_P02 = '[[clause]]\nof = "P02"\nsays = "The practice hears of it."\n'
OF_G02 = '[[clause]]\nof = "G02"\nsays = "Nobody opened it."\n'


def follow(folder: Path) -> Clauses:
    """The account of a folder's clauses by the packaged rules."""
    return Clauses(folder, stage.policy())


def test_every_clause_is_held_and_no_row_or_rule_is_left_out() -> None:
    """Nothing is wrong with what is packaged, and each clause is counted."""
    found = follow(PACKAGE / "policy")
    assert [] == [str(fault) for fault in found.faults]
    assert len(found.rows) == found.accounted + found.owed > 400


def test_no_clause_stands_twice() -> None:
    """Two clauses in the same words would be counted as two."""
    told = [(each.of, each.says) for _, file in read_clauses(PACKAGE / "policy") for each in file]
    assert len(told) == len(set(told))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (OF_P02 + 'rules = ["P02.nobody"]', "no rule is called P02.nobody"),
        (OF_P02 + 'to = ["HV_TEAM"]\nrules = ["P02.gp"]', "none of its rules reaches HV_TEAM"),
        (OF_P02, "no rule holds it"),
        (OF_P02 + 'held_by = "engine"', "names one or does not say why"),
        (OF_P02 + 'rules = ["P02.gp"]\nheld_by = "ruling"\nbecause = "So."', "names one or does"),
        (OF_P02 + 'part = "opens"\nrules = ["P02.gp"]', "a policy's has none"),
        (OF_P02.replace("P02", "P99") + 'rules = ["P02.gp"]', "no such policy or gap"),
        (OF_G02 + 'rules = ["P02.gp"]', "a gap's clause has a part"),
        (OF_G02 + 'part = "opens"\nrules = ["P02.gp"]', "one of its rules opens another gap"),
    ],
)
def test_a_clause_that_leads_nowhere_fails(tmp_path: Path, text: str, words: str) -> None:
    """The fault says which clause, and stands at its line; the clause is not accounted for."""
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "one.toml").write_text("# A table.\n\n" + text + "\n", encoding="utf-8")
    found = follow(tmp_path)
    own = [fault for fault in found.faults if fault.file == f"{FOLDER}/one.toml"]
    assert [words in fault.message and fault.line for fault in own] == [5]
    assert 0 == found.accounted


def test_a_rule_and_a_row_that_no_clause_speaks_of_are_told(tmp_path: Path) -> None:
    """So a new rule asks for its clause."""
    shutil.copytree(PACKAGE / "policy" / FOLDER, tmp_path / FOLDER)
    for path in (tmp_path / FOLDER).glob("*.toml"):
        text = path.read_text(encoding="utf-8").split("\n[[clause]]\n")
        kept = [each for each in text if '"P02.gp"' not in each and 'of = "G02"' not in each]
        path.write_text("\n[[clause]]\n".join(kept), encoding="utf-8")
    told = {fault.message for fault in follow(tmp_path).faults}
    assert "rule P02.gp is held by no clause of P02" in told
    assert {"no clause says when G02 opens", "no clause says when G02 clears"} <= told


def test_a_folder_without_clauses_is_refused(tmp_path: Path) -> None:
    """Nothing to account for is no account."""
    with pytest.raises(PolicyFaults, match="there are no clauses"):
        follow(tmp_path)
