"""A rule may speak on more event types than its own file's, if its words mean something there."""

import shutil
from pathlib import Path

import pytest

from hub.policy.loader import HERE, load_policy
from hub.policy.source import PolicyFaults

FILE = "events/pregnancy.booked.toml"
RULE = 'rule = "P03.named-health-visitor"'


def edited(folder: Path, words: str) -> Path:
    """The shipped policy, with these words under the rule for a named health visitor."""
    shutil.copytree(HERE, folder / "policy", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    path = folder / "policy" / FILE
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(RULE, f"{RULE}\n{words}"), encoding="utf-8")
    return folder / "policy"


def test_it_stands_under_both_types_as_one_rule(tmp_path: Path) -> None:
    """Both types raise the same rule, so that its gap is one gap."""
    policy = load_policy(edited(tmp_path, 'also_on = ["pregnancy.dated"]'))
    rule = policy.requirements["P03.named-health-visitor"]
    for name in ("pregnancy.booked", "pregnancy.dated"):
        assert rule in policy.events[name].requirements


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('also_on = ["pregnancy.datd"]', "'pregnancy.datd' too, which no schema describes"),
        (
            'also_on = ["pregnancy.dated"]\nsubject = "event.hv_team_hint"',
            "unknown field 'hv_team_hint'",
        ),
    ],
    ids=["no such type", "words that mean nothing there"],
)
def test_what_cannot_be_shared_is_a_fault(tmp_path: Path, words: str, said: str) -> None:
    """The fault names the file of the rule."""
    with pytest.raises(PolicyFaults) as found:
        load_policy(edited(tmp_path, words))
    assert any(said in f.message and f.file == FILE for f in found.value.faults)
