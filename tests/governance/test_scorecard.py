"""`hub scorecard` and `hub card`, as they are called."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from hub.cli import app
from hub.core.scorecard import overall
from hub.governance.stories import SCENARIOS
from hub.ops.settings import PACKAGE
from hub.policy.findings import FindingKind, read_findings
from hub.policy.scorecard import FILE, FOLDER, read_scorecard
from hub.policy.source import PolicyFaults
from hub.store.engine import migrate

ASSESSMENT = {
    "specversion": "1.0",
    "id": "assessed-2",
    "source": "RC89:PATHWAY",
    "type": "pathway.assessment",
    "time": "2026-11-01T10:00:00+00:00",
    "subject": {"reference": "E10000289"},
    "data": {
        "tool": "Pathway tool 2026",
        "assessed_on": "2026-10-30T12:00:00+00:00",
        "area": "E10000289",
        "rows": [
            {"service": "Care pathway", "score": 4},
            {"service": "Doulas", "score": 1},
            {"service": "Commissioning"},
        ],
    },
}
ENTRIES = SCENARIOS / "pathway.assessment.toml"
AREA = "E10000289"


def hub(*asked: str) -> Result:
    """Call the command."""
    return CliRunner().invoke(app, asked)


@pytest.fixture
def empty_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub whose read model has every table and nothing in it."""
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))
    migrate(f"sqlite:///{tmp_path / 'hub.db'}")
    return tmp_path


def test_the_assessed_scores_are_those_of_april_2023() -> None:
    """Fifteen rows, sum 41, mean 2.7, printed as 3."""
    stated = read_scorecard()
    found = overall(stated.assessed.values())
    assert [2, 3, 3, 2, 3, 2, 3, 3, 4, 4, 4, 2, 1, 3, 2] == [*stated.assessed.values()]
    assert (15, 2.7, 3, 3.0) == (found.rated, found.mean, found.rounded, found.median)
    assert "2023-04" == stated.assessed_in


def test_every_listed_gap_stands_in_its_row() -> None:
    """The gaps of the assessment are F61 to F87 but for the two rows that list none."""
    listed = [gap.finding for row in read_scorecard().row for gap in row.gaps]
    assert [f"F{n}" for n in range(61, 88) if n not in (78, 79)] == listed
    known = {f.id for f in read_findings(PACKAGE / "policy")[1] if f.kind != FindingKind.BACKGROUND}
    assert set(listed) <= known


@pytest.mark.usefixtures("empty_hub")
def test_an_empty_hub_rates_nothing_and_shows_the_assessed() -> None:
    """Nothing computed, nothing nought."""
    answer = hub("scorecard", "--json")
    found: dict[str, Any] = json.loads(answer.stdout)
    assert 0 == answer.exit_code
    assert {None} == {row["computed"] for row in found["rows"]}
    assert (15, 0) == tuple(found["overall"][kind]["rated"] for kind in ("assessed", "computed"))
    assert "not rated" in hub("scorecard").stdout


def test_a_later_assessment_stands_in_place_of_the_packaged_one(empty_hub: Path) -> None:
    """Its own rows, its own month; what it does not rate has no old score carried over."""
    file = empty_hub / "assessed.json"
    file.write_text(json.dumps(ASSESSMENT), encoding="utf-8")
    asked = ("--assessment", str(file), "--at", "2026-11-28 10:00", "--json")
    found: dict[str, Any] = json.loads(hub("scorecard", *asked).stdout)
    scores = {row["name"]: row["assessed"] for row in found["rows"] if row["assessed"] is not None}
    assert {"Care pathway": 4, "Doulas": 1} == scores
    assert ("2026-10", 16, 2) == (
        found["assessed_in"],
        len(found["rows"]),
        found["overall"]["assessed"]["rated"],
    )


def test_without_a_read_model_the_command_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And leaves no empty database behind."""
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path))
    answer = hub("scorecard")
    assert 3 == answer.exit_code
    assert "run `hub up` once" in answer.output
    assert not (tmp_path / "hub.db").exists()


def test_a_faulty_standard_names_its_line(tmp_path: Path) -> None:
    """A standard that would be met by nothing at all is refused, and so is a score of six."""
    text = (FOLDER / FILE).read_text(encoding="utf-8")
    text = text.replace(
        'not_measured = "no event reports a meeting of the network"', "target = 1.0"
    )
    (tmp_path / FILE).write_text(text.replace("assessed = 1\n", "assessed = 6\n"), encoding="utf-8")
    with pytest.raises(PolicyFaults) as caught:
        read_scorecard(tmp_path)
    assert ["0 to 5", "in one way"] == sorted(
        words
        for fault in caught.value.faults
        for words in ("0 to 5", "in one way")
        if words in fault.message
    )


def test_the_card_is_made_of_the_directory_and_carries_no_codes(tmp_path: Path) -> None:
    """From a folder too; the role, the owner and the area's code stay inside."""
    shutil.copy(ENTRIES, tmp_path)
    text = hub("card", str(tmp_path), "--area", AREA).stdout
    assert "WHEN A BABY HAS DIED" in text
    assert "Service s89-1" in text
    assert "call 999" in text
    assert [] == [word for word in ("VCS_PARTNER", "RC89", AREA) if word in text]


def test_an_area_without_entries_is_said() -> None:
    """An empty card would tell parents that there is nothing."""
    answer = hub("card", str(ENTRIES), "--area", "E99999999")
    assert 3 == answer.exit_code
    assert "serves area" in answer.output
