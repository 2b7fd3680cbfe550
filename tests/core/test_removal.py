"""A report is taken back by somebody who knows whom it was about, and no id of it."""

import pytest

from hub.core.corrections import latest
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


SCREENED = {"test": "NIPE", "outcome": "done"}


def take_back_a_test(family: Family, at: str, baby_id: str, test: str = "NIPE") -> None:
    """A national deletion of a test, which repeats whose and which."""
    family.hear(
        "event.retracted",
        at,
        target_id=latest("", baby_id=baby_id, fields=(("test", test),)),
        target_type="screening.newborn",
        reason="entered_in_error",
    )


def test_a_deletion_takes_back_the_test_of_the_right_twin() -> None:
    """Two babies, one test each: what the deletion repeats tells them apart."""
    family = Family()
    family.book()
    for baby in ("b1", "b2"):
        family.hear(
            "screening.newborn", "2026-04-01 10:00", id=f"nipe-{baby}", baby_id=baby, **SCREENED
        )
    take_back_a_test(family, "2026-04-02 10:00", "b2")
    assert {"nipe-b1": False, "nipe-b2": True} == {
        r.id: r.retracted for r in family.episode.history if r.id.startswith("nipe")
    }


@pytest.mark.parametrize(("baby", "test"), [("b2", "NIPE"), ("b1", "hearing")])
def test_a_deletion_of_what_is_not_remembered_is_refused(baby: str, test: str) -> None:
    """Neither the twin's test nor another of hers is taken back instead."""
    family = Family()
    family.book()
    family.hear("screening.newborn", "2026-04-01 10:00", id="nipe", baby_id="b1", **SCREENED)
    with pytest.raises(SenderFault) as refused:
        take_back_a_test(family, "2026-04-02 10:00", baby, test)
    assert FaultReason.UNKNOWN_TARGET is refused.value.reason


@pytest.mark.parametrize("named", ["latest:", "latest:x", "latest:death:mother:odd", "latest:::"])
def test_a_target_that_is_written_badly_is_refused(named: str) -> None:
    """It is a sender's text like any other."""
    family = Family()
    family.book()
    family.hear("demographics.changed", "2026-04-01 10:00", id="death", **DEATH)
    with pytest.raises(SenderFault):
        family.hear(
            "event.retracted",
            "2026-04-02 10:00",
            target_id=named,
            target_type="demographics.changed",
            reason="wrong_person",
        )


def test_no_number_stands_in_a_target() -> None:
    """A target is an id, and ids are shown."""
    assert "9990000042" not in latest("", baby_id="nhs:9990000042")
