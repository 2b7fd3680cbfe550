"""A report is taken back by somebody who knows whom it was about, and no id of it."""

import pytest

from hub.core.faults import FaultReason, SenderFault
from hub.core.outcomes import NoticeIssued
from tests.core.stage import Family

DEATH = {"kind": "death", "baby_id": None, "from": None, "to": None, "effective": "2026-04-01"}


def take_back_the_death(family: Family, at: str, whose: str = "mother") -> None:
    """A national removal, which names the person and nothing else."""
    family.hear(
        "event.retracted",
        at,
        target_id=f"latest:death:{whose}",
        target_type="demographics.changed",
        reason="wrong_person",
    )


def test_the_removal_of_a_death_takes_back_the_one_that_is_known() -> None:
    """Everybody who was told that she died confirms within the hour that it is destroyed."""
    family = Family()
    family.book()
    family.hear("demographics.changed", "2026-04-01 10:00", id="death", **DEATH)
    told = {n.role for n in family.just_said(NoticeIssued) if n.why.policy == "P46"}
    assert told
    for notice in [n for n in family.said(NoticeIssued) if n.why.policy == "P46"]:
        family.answer(notice, "sent", "2026-04-01 10:01")
    take_back_the_death(family, "2026-04-02 10:00")
    recalled = {n.role for n in family.just_said(NoticeIssued) if n.why.rule == "P48.wrong-person"}
    assert told == recalled
    assert [r.retracted for r in family.episode.history if r.id == "death"] == [True]


@pytest.mark.parametrize("deaths", [0, 2])
def test_a_removal_that_could_mean_none_or_two_is_refused(deaths: int) -> None:
    """To take the wrong one back would be worse than to ask."""
    family = Family()
    family.book()
    for n in range(deaths):
        family.hear("demographics.changed", f"2026-04-01 10:0{n}", id=f"death-{n}", **DEATH)
    with pytest.raises(SenderFault) as refused:
        take_back_the_death(family, "2026-04-02 10:00")
    assert FaultReason.UNKNOWN_TARGET is refused.value.reason


def test_the_removal_of_a_baby_s_death_is_not_of_its_mother_s() -> None:
    """Each is told apart by whom the report was about."""
    family = Family()
    family.book()
    family.hear("demographics.changed", "2026-04-01 10:00", id="death", **DEATH)
    with pytest.raises(SenderFault):
        take_back_the_death(family, "2026-04-02 10:00", "baby")
