"""Whoever held a post by the dates of the directory, and holds it no longer (rule 1.1 b)."""

from hub.core.holding import FORMER
from hub.core.model import Holder
from hub.core.outcomes import LevelReached
from tests.core.stage import Family, local
from tests.core.test_reaching import HV, held


def test_what_somebody_says_whom_the_directory_has_as_gone_counts_for_nothing() -> None:
    """Her row has ended; one who is to follow her and has not begun may stand in for her."""
    family = Family()
    gone = Holder(role="HV_TEAM", organisation="RYV", person="hv-1", found_by=FORMER,
                  until=local("2026-03-20 00:00"))  # fmt: skip
    to_come = Holder(role="HV_TEAM", organisation="RYV", person="hv-3", found_by="gp_link",
                     since=local("2026-04-20 00:00"))  # fmt: skip
    family.book(holders=(*held("hv-2"), to_come, gone))
    family.answer(family.notice(HV), "opened", "2026-03-24 11:00", person="hv-1")
    noted = family.said(LevelReached)[-1]
    assert (False, "assignment_ended") == (noted.counts, noted.detail)
    family.answer(family.notice(HV), "opened", "2026-03-24 12:00", person="hv-3")
    assert family.said(LevelReached)[-1].counts
