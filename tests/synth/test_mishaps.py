"""Every mishap is noticed, in time, and raises nothing else; the score would say so if not."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub.core.policy import Policy
from hub.edges.schemas import default_schemas
from hub.synth.account import account_of, read_part, read_truth
from hub.synth.command import reaches_its_mark
from hub.synth.injector import with_the_mishap
from hub.synth.mishaps import MISHAPS, Mishap
from hub.synth.play import FamilyRig, Gap
from hub.synth.score import Score, pieces, score_family, score_part
from hub.synth.year import make_year, part_path
from tests.core import stage
from tests.effort import cases

SCHEMAS = default_schemas()
FAMILIES = cases(3, fewest=1)
TRIED = 40
"""A few mishaps find nothing to befall in most families, such as a letter overtaken by events."""


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The packaged policy."""
    return stage.policy()


@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda m: m.name)
def test_a_mishap_is_noticed_and_nothing_else_is(mishap: Mishap, policy: Policy) -> None:
    """For codes that the hub has: found in time, and no false alarm beside it."""
    score, befallen = Score(), 0
    for number in range(TRIED):
        if befallen == FAMILIES:
            break
        told = account_of(with_the_mishap(5, number, mishap))
        befallen += bool(told.truths)
        gaps = FamilyRig(told.account, policy, SCHEMAS).run_through()
        known = [t for t in told.truths if t.code in policy.gaps]
        score_family(told.account, gaps, known, told.allowed, score)
    assert befallen, "a mishap that befalls nobody proves nothing"
    assert ([], []) == (score.misses, score.alarms)


def test_every_wrong_has_a_name_of_its_own() -> None:
    """The name in the truth file is the name of the mishap."""
    assert not [name for name, n in Counter(m.name for m in MISHAPS).items() if n > 1]
    for mishap in MISHAPS:
        for number in range(FAMILIES):
            wrongs = with_the_mishap(5, number, mishap).wrongs
            assert {w.mishap for w in wrongs} <= {mishap.name}


def test_some_wrongs_are_mended_late_and_some_never(policy: Policy) -> None:
    """So gaps that clear and gaps that never do are both seen."""
    ends: Counter[str] = Counter()
    chosen = next(m for m in MISHAPS if m.name == "no-summary-for-the-mother")
    for number in range(12):
        account = account_of(with_the_mishap(5, number, chosen)).account
        ends.update(g.state for g in FamilyRig(account, policy, SCHEMAS).run_through())
    assert ends["open"] > 0
    assert ends["cleared_late"] > 0


def test_a_year_with_faults_is_scored_from_its_files(tmp_path: Path) -> None:
    """Two hundred families, or fewer of them, written, read and scored."""
    many = cases(200, fewest=50)
    list(make_year(tmp_path, many, 11, faults=True))
    score = Score()
    for piece in pieces(tmp_path):
        score.add(score_part(piece))
    assert many == score.families
    assert sum(score.found.values()) > many // 5
    assert reaches_its_mark(score), (score.misses, score.alarms)


def test_a_miss_and_a_false_alarm_are_told(tmp_path: Path) -> None:
    """A score that could not see them would be worth nothing."""
    list(make_year(tmp_path, 100, 11, faults=True))
    truth = read_truth(tmp_path / "truth.jsonl")
    account = next(a for a in read_part(part_path(tmp_path, 0)) if a.family in truth)
    truths, allowed = truth[account.family]
    gap = Gap(truths[0].code, 2, "r", "role", "org", "", truths[0].due, late_informed=False)
    right, late, silent = Score(), Score(), Score()
    score_family(account, [gap], truths[:1], allowed, right)
    score_family(account, [], truths[:1], allowed, silent)
    too_late = replace(gap, opened_at=truths[0].latest + timedelta(minutes=2))
    score_family(account, [too_late], truths[:1], [], late)
    assert (1.0, 1.0) == (right.recall(), right.precision())
    assert (0.0, 0.0) == (late.recall(), late.precision())
    assert 0.0 == silent.recall()
    assert not reaches_its_mark(silent)
    assert late.misses[0].code == late.alarms[0].code == truths[0].code
