"""The circumstances of a notice: what a filter may go by, and no more than its reader may know."""

from typing import Any

import pytest
from msgspec.structs import replace

from hub.core.circumstances import Circumstances, district_of
from hub.core.model import Holder
from hub.core.outcomes import NoticeIssued
from tests.core.stage import MOTHER, Family, local, team

ENQUIRY = {"answer": "disclosed", "risk_level": "standard", "safe_contact": "text after nine"}
AT = "2026-05-04 10:00"


def last(family: Family, role: str, rule: str | None = None) -> Circumstances:
    """The circumstances of the newest notice to a role."""
    found = [
        each
        for each in family.outcomes
        if isinstance(each, NoticeIssued) and each.role == role and rule in (None, each.why.rule)
    ]
    assert found[-1].circumstances is not None
    return found[-1].circumstances


def booked(**more: Any) -> Family:
    """A woman who booked."""
    family = Family()
    family.book(**more)
    return family


def test_a_booking_is_told_with_what_ties_her_to_the_practice() -> None:
    """Registered there, so many days pregnant, and nothing hangs over her."""
    known = last(booked(area="E08000035"), "GP_PRACTICE", "P02.gp")
    assert (
        Circumstances(
            event="pregnancy.booked",
            audience="gp",
            stage="pregnancy",
            gestation_days=69,
            practice="Y1",
            provider="RXA",
            area="E08000035",
            relations=("registered",),
        )
        == known
    )


def test_a_birth_ends_the_weeks_and_begins_the_days() -> None:
    """The age of the baby; there are no weeks of pregnancy any more."""
    family = booked()
    born = {"baby_id": "b1", "born_at": local("2026-10-18 04:00"), "outcome": "live"}
    family.hear("birth.recorded", "2026-10-20 10:00", occurred="2026-10-18 04:00", **born)
    known = last(family, "GP_PRACTICE")
    assert ("birth", None, 2) == (known.stage, known.gestation_days, known.baby_age_days)


def test_what_a_role_may_not_have_is_not_known_to_its_filters() -> None:
    """A manager may have neither pregnancy nor address in full: no filter finds either out."""
    family = booked(area="E08000035")
    for day in range(24, 31):
        family.wake(f"2026-03-{day} 10:00")
    known = last(family, "TEAM_LEAD")
    assert ("manager", "", 2) == (known.audience, known.event, known.gap_severity)
    assert (None, "", "", "") == (
        known.gestation_days,
        known.area,
        known.practice,
        known.provider,
    )
    # The practice is reminded of the same: it knows of its gap, and of her weeks by then.
    reminded = last(family, "GP_PRACTICE")
    assert (72, 2) == (reminded.gestation_days, reminded.gap_severity)


def test_a_flag_is_open_only_for_those_who_were_told() -> None:
    """After a disclosure the lead's notices are flagged and the practice's are not."""
    family = booked()
    family.hear("enquiry.domestic-abuse", AT, holders=team(SG_MIDWIFE="RXA"), **ENQUIRY)
    lead = last(family, "GP_SG_LEAD", "P21.disclosed")
    assert (("safeguarding",), ("DA",)) == (lead.flags, lead.labels)
    family.hear("pregnancy.dated", "2026-05-05 10:00", edd="2026-10-21", basis="scan")
    practice = last(family, "GP_PRACTICE")
    assert ((), ()) == (practice.flags, practice.labels)


def test_a_caseload_is_an_assignment_that_stands() -> None:
    """From when she was taken on until that ends."""
    taken = Holder(
        role="HV_TEAM",
        organisation="RYV",
        person="hv-1",
        since=local("2026-03-01 09:00"),
        until=local("2026-04-01 09:00"),
        found_by="assignment",
    )
    by_address = Holder(role="HV_TEAM", organisation="RYV", found_by="address")
    family = Family()
    family.book(holders=(taken, by_address, *team(HV_TEAM=None)))
    assert ("caseload", "resident") == last(family, "HV_TEAM").relations


def test_a_practice_is_on_the_caseload_of_whoever_links_it() -> None:
    """The team of the link health visitor picks out what concerns the practices that it links."""
    family = booked()
    link = {"gp_ods": "Y1", "hv_team": "RYV", "link_hv": "hv-1", "from": local(AT)}
    family.hear("link.changed", AT, **link)
    assert ("caseload",) == last(family, "HV_TEAM", "P44.link").relations
    assert ("registered",) == last(family, "GP_SG_LEAD", "P44.link").relations


def living_at(postcode: str) -> Family:
    """A woman of whom a postcode is known."""
    family = Family()
    family.episode = replace(family.episode, mother=replace(MOTHER, postcode=postcode))
    return family


def test_of_a_postcode_only_the_district_is_known() -> None:
    """To those who may have her address; to a manager nothing is."""
    family = living_at("ls6 9zz")
    family.book()
    assert "LS6" == last(family, "GP_PRACTICE").district
    assert "9ZZ" not in repr(last(family, "GP_PRACTICE"))
    for day in range(24, 31):
        family.wake(f"2026-03-{day} 10:00")
    assert "" == last(family, "TEAM_LEAD").district


def test_a_restricted_address_has_no_district() -> None:
    """A road that went by it would say where she went."""
    family = living_at("LS6 9ZZ")
    family.book()
    family.hear("enquiry.domestic-abuse", AT, labels=("ADDR_RESTRICTED",), **ENQUIRY)
    family.hear("pregnancy.dated", "2026-05-05 10:00", edd="2026-10-21", basis="scan")
    assert "" == last(family, "GP_PRACTICE").district


@pytest.mark.parametrize(
    ("postcode", "district"),
    [
        ("LS6 9ZZ", "LS6"),
        ("w1a0ax", "W1A"),
        ("M1 9ZZ", "M1"),
        ("ZZ99 3CZ", ""),
        ("LS6", ""),
        ("no fixed abode", ""),
        ("", ""),
    ],
)
def test_a_district_is_that_of_a_whole_postcode(postcode: str, district: str) -> None:
    """Of anything else, and of the postcodes that mean nowhere, it is unknown."""
    assert district == district_of(postcode)
