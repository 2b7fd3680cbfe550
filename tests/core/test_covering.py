"""Who stands in for whom: the dates, the roles, and everything that leads to the team inbox."""

from datetime import datetime, timedelta

import pytest

from hub.core.covering import (
    Absence,
    Delegation,
    DelegationReason,
    HeldBy,
    NotArranged,
    Roster,
    StandIn,
    absence_refused,
    covers,
    delegation_refused,
    given_to,
    present,
    stand_in,
    weakest,
)
from tests.store.records import T0

DAY = timedelta(days=1)
LONGEST = 30 * DAY
HOLDS = {"ada": {"HV_TEAM", "NAMED_HV"}, "bea": {"HV_TEAM", "NAMED_HV"}, "cis": {"HV_TEAM"}}


def absent(
    person: str = "ada", cover: str | None = "bea", since: datetime = T0, days: int = 7
) -> Absence:
    """An absence of a week that begins now."""
    return Absence(
        absence_id=f"ab-{person}",
        organisation="RYX",
        person=person,
        since=since,
        until=since + days * DAY,
        cover=cover,
    )


def given(to: str = "bea", since: datetime = T0, days: int = 2) -> Delegation:
    """One notice of Ada's, given away."""
    return Delegation(
        delegation_id=f"dg-{to}",
        notice_id="n-1",
        organisation="RYX",
        giver="ada",
        to=to,
        reason=DelegationReason.WORKLOAD,
        since=since,
        until=since + days * DAY,
    )


def roster(*periods: Absence | Delegation) -> Roster:
    """What is arranged, among three colleagues."""
    return Roster(
        absences=tuple(each for each in periods if isinstance(each, Absence)),
        delegations=tuple(each for each in periods if isinstance(each, Delegation)),
        holds=HOLDS,
    )


def held(found: StandIn | None) -> tuple[str, str | None, HeldBy] | None:
    """For whom, by whom, and how."""
    return None if found is None else (found.for_whom, found.by, found.held_by)


@pytest.mark.parametrize(
    ("periods", "role", "expected"),
    [
        ((), "NAMED_HV", None),
        ((absent(),), "NAMED_HV", ("ada", "bea", HeldBy.COVER)),
        ((absent(cover=None),), "NAMED_HV", ("ada", None, HeldBy.NOBODY_NAMED)),
        ((absent(cover="cis"),), "NAMED_HV", ("ada", None, HeldBy.NOT_IN_ROLE)),
        ((absent(cover="cis"),), "HV_TEAM", ("ada", "cis", HeldBy.COVER)),
        ((absent(cover="gone"),), "HV_TEAM", ("ada", None, HeldBy.NOT_IN_ROLE)),
        ((absent(), absent("bea", "cis")), "HV_TEAM", ("ada", None, HeldBy.COVER_AWAY)),
        ((given(),), "NAMED_HV", ("ada", "bea", HeldBy.DELEGATE)),
        ((given("cis"),), "NAMED_HV", None),
        ((given(), absent("bea", None)), "NAMED_HV", ("bea", None, HeldBy.NOBODY_NAMED)),
        ((given(), absent("bea", "ada")), "NAMED_HV", ("bea", "ada", HeldBy.COVER)),
    ],
)
def test_who_looks_after_a_notice(
    periods: tuple[Absence | Delegation, ...], role: str, expected: tuple[str, str, HeldBy] | None
) -> None:
    """By name only somebody who is there and holds the role; else it is with the team."""
    assert expected == held(stand_in(roster(*periods), "n-1", role, ("ada",), T0))


@pytest.mark.parametrize(
    ("at", "expected"), [(-1, None), (0, "bea"), (7 * 24 - 1, "bea"), (7 * 24, None)]
)
def test_the_dates_begin_and_end_it(at: int, expected: str | None) -> None:
    """The first instant belongs to an absence, the last one does not."""
    found = stand_in(roster(absent()), "n-1", "HV_TEAM", ("ada",), T0 + timedelta(hours=at))
    assert expected == (found.by if found else None)


def test_nobody_covers_for_a_cover() -> None:
    """Bea stands in for Ada and is away: Cis, who stands in for Bea, has nothing of Ada's."""
    chain = roster(absent(), absent("bea", "cis"))
    assert (("HV_TEAM", "bea"),) == covers(chain, "cis", T0)
    assert () == covers(chain, "bea", T0)


def test_a_cover_stands_in_only_for_the_roles_that_both_have() -> None:
    """Cis is no named health visitor, so nothing that only such a one may accept is hers."""
    assert (("HV_TEAM", "ada"),) == covers(roster(absent(cover="cis")), "cis", T0)


def test_a_notice_that_is_given_again_is_with_the_last() -> None:
    """One notice is with one colleague."""
    twice = roster(given("bea"), given("cis", since=T0 + DAY, days=5))
    at = T0 + DAY
    assert ((), ("n-1",)) == (given_to(twice, "bea", at), given_to(twice, "cis", at))


def test_whoever_is_away_is_not_there_to_read_the_team_inbox() -> None:
    """What counts is who could read it now."""
    assert ("cis",) == present(roster(absent(), absent("bea", None)), "HV_TEAM", T0)
    assert () == present(roster(absent(), absent("bea", None)), "NAMED_HV", T0)


def test_an_absence_is_as_well_covered_as_at_its_worst_moment() -> None:
    """A cover who goes away in the middle shows before the middle has come."""
    alone, later = absent(), absent("bea", None, since=T0 + 3 * DAY, days=1)
    assert HeldBy.COVER is weakest(roster(alone), alone, "HV_TEAM", T0)
    assert HeldBy.COVER_AWAY is weakest(roster(alone, later), alone, "HV_TEAM", T0)
    assert HeldBy.COVER is weakest(roster(alone, later), alone, "HV_TEAM", T0 + 5 * DAY)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (absent(), None),
        (absent(cover=None), None),
        (absent(cover="cis"), None),
        (absent(days=-1), NotArranged.ENDS_FIRST),
        (absent(since=T0 - 9 * DAY), NotArranged.OVER_ALREADY),
        (absent(days=31), NotArranged.TOO_LONG),
        (absent("bea", "ada"), NotArranged.OVERLAPS),
        (absent(cover="ada"), NotArranged.HERSELF),
        (absent(cover="zoe"), NotArranged.NO_COLLEAGUE),
        (absent("zoe", None), NotArranged.NO_COLLEAGUE),
        (absent(cover="gil"), NotArranged.OTHER_ROLE),
    ],
)
def test_what_may_be_recorded(asked: Absence, expected: NotArranged | None) -> None:
    """Bea is away for a day in the middle already: that hinders her own absence only."""
    stands = Roster(
        absences=(absent("bea", None, since=T0 + DAY, days=1),),
        holds={**HOLDS, "gil": {"GP_PRACTICE"}},
    )
    assert expected == absence_refused(stands, asked, T0, LONGEST)


@pytest.mark.parametrize(
    ("to", "days", "expected"),
    [
        ("bea", 2, None),
        ("bea", 31, NotArranged.TOO_LONG),
        ("bea", 0, NotArranged.ENDS_FIRST),
        ("cis", 2, NotArranged.OTHER_ROLE),
        ("ada", 2, NotArranged.HERSELF),
        ("zoe", 2, NotArranged.NO_COLLEAGUE),
    ],
)
def test_to_whom_a_notice_may_be_given(to: str, days: int, expected: NotArranged | None) -> None:
    """A colleague of the role that the notice is for."""
    asked = given(to, days=days)
    assert expected == delegation_refused(roster(), asked, "NAMED_HV", T0, LONGEST)


def test_nothing_is_given_to_whoever_is_away() -> None:
    """It would lie where nobody looks."""
    stands = roster(absent("bea", "cis"))
    assert NotArranged.IS_AWAY is delegation_refused(stands, given(), "HV_TEAM", T0, LONGEST)
