"""What is no acceptance: said in the wrong role, by nobody, or faster than anybody reads."""

import pytest

from hub.core.acceptance import ACCEPTANCE_GIVEN
from hub.core.draft import unpack_fields
from hub.core.model import (
    Holder,
    Level,
)
from hub.core.outcomes import LevelReached, ObligationMet
from tests.core.stage import TEAM, Family, local

LEAD = "P05.safeguarding"
ROUTINE = "P02.gp"
START = local("2026-06-01 15:00")


@pytest.fixture
def family() -> Family:
    """A late booking: the safeguarding leads are told, and the practice as ever."""
    story = Family()
    lead = Holder(role="SG_MIDWIFE", organisation="RXA", found_by="provider")
    story.book("2026-06-01 10:00", edd="2026-09-10", holders=(*TEAM, lead))
    return story


def last(family: Family) -> tuple[str, bool, str | None]:
    """Kind, weight and reason of the evidence heard last."""
    said = family.said(LevelReached)[-1]
    return str(said.signal), said.counts, said.detail


def test_after_the_time_it_takes_to_read_it_counts(family: Family) -> None:
    """Six seconds after it was issued, by somebody by name, in the role it is for."""
    notice = family.notice(LEAD, "SG_MIDWIFE")
    family.answer(notice, "accepted", "2026-06-01 10:00:06", person="sgm-1")
    assert ("accepted", True, None) == last(family)
    assert family.just_said(ObligationMet)


def test_faster_than_anybody_reads_it_was_opened(family: Family) -> None:
    """Four seconds: the duty stays open, and each try begins the time anew."""
    notice = family.notice(LEAD, "SG_MIDWIFE")
    for second in (4, 8, 12):
        at = f"2026-06-01 10:00:{second:02}"
        family.answer(notice, "accepted", at, person="sgm-1")
        assert ("opened", second == 4, "faster_than_read") == last(family)
    assert Level.OPENED == family.obligation(LEAD, "SG_MIDWIFE").level
    family.answer(notice, "accepted", "2026-06-01 10:00:18", person="sgm-1")
    assert ("accepted", True, None) == last(family)


@pytest.mark.parametrize("seen", ["delivered", "opened"])
def test_the_time_runs_from_when_it_could_be_read(family: Family, seen: str) -> None:
    """It lay in a queue for a day; its arrival is what counts."""
    notice = family.notice(LEAD, "SG_MIDWIFE")
    family.answer(notice, seen, "2026-06-02 10:00:00", person="sgm-1")
    family.answer(notice, "accepted", "2026-06-02 10:00:03", person="sgm-1")
    assert ("opened", seen == "delivered", "faster_than_read") == last(family)


def test_a_clock_that_runs_behind_proves_nothing(family: Family) -> None:
    """Their clock is two minutes slow: that is no robot."""
    notice = family.notice(LEAD, "SG_MIDWIFE")
    at, happened = "2026-06-01 10:01:00", "2026-06-01 09:59:00"
    family.answer(notice, "accepted", at, person="sgm-1", happened=happened)
    assert ("accepted", True, None) == last(family)


def test_what_is_no_safeguarding_may_be_filed_at_once(family: Family) -> None:
    """A practice's system files what is routine, and nobody need be named."""
    family.answer(family.notice(ROUTINE), "accepted", "2026-06-01 10:00:01", person=None)
    assert ("accepted", True, None) == last(family)


@pytest.mark.parametrize(
    ("rule", "role", "said_in", "counts"),
    [
        (ROUTINE, "GP_PRACTICE", "GP_PRACTICE", True),
        (ROUTINE, "GP_PRACTICE", "GP_SG_LEAD", True),
        (ROUTINE, "GP_PRACTICE", "HV_TEAM", False),
        (ROUTINE, "GP_PRACTICE", "RECEPTION", False),
        (LEAD, "GP_SG_LEAD", "GP_PRACTICE", False),
        ("P05.health-visiting", "HV_TEAM", "NAMED_HV", True),
    ],
)
def test_an_acceptance_counts_in_the_role_it_is_for(
    family: Family, rule: str, role: str, said_in: str, *, counts: bool
) -> None:
    """Or in one that may stand in for it, as roles.toml says."""
    notice = family.notice(rule, role)
    family.answer(notice, "accepted", "2026-06-01 10:30", person="somebody", role=said_in)
    signal, _, detail = last(family)
    assert ("accepted" if counts else "delivered") == signal
    reached = family.obligation(rule, role).level
    assert (Level.ACCEPTED if counts else Level.DELIVERED) == reached
    assert (None if counts else "wrong_role") == detail


def test_what_was_accepted_stays_so_whoever_says_it_again(family: Family) -> None:
    """An acceptance in a wrong role after a right one takes nothing back."""
    notice = family.notice(ROUTINE)
    family.answer(notice, "accepted", "2026-06-01 10:30", person="dr-elm")
    family.answer(notice, "accepted", "2026-06-01 10:40", person="clerk", role="RECEPTION")
    assert ("delivered", False, "wrong_role") == last(family)
    assert Level.ACCEPTED == family.obligation(ROUTINE).level
    assert Level.ACCEPTED == family.obligation(ROUTINE).told[0].level


@pytest.mark.parametrize(
    ("said_in", "heard"),
    [
        ("GP_SG_LEAD", ("opened", True, None)),
        ("RECEPTION", ("delivered", True, "wrong_role")),
        ("SERVICE_MANAGER", ("delivered", True, "wrong_role")),
        (None, ("opened", True, None)),
    ],
)
def test_it_is_opened_in_the_role_it_is_for(
    family: Family, said_in: str | None, heard: tuple[str, bool, str | None]
) -> None:
    """A clerk or a manager who opens it proves that it has arrived; no role at all is believed."""
    notice = family.notice(LEAD, "GP_SG_LEAD")
    family.answer(notice, "opened", "2026-06-01 10:30", person="somebody", role=said_in)
    assert heard == last(family)
    opened = Level.OPENED if heard[0] == "opened" else Level.DELIVERED
    assert opened == family.obligation(LEAD, "GP_SG_LEAD").level


@pytest.mark.parametrize("signal", ["opened", "accepted", "acted"])
def test_what_the_right_role_has_opened_stays_so(family: Family, signal: str) -> None:
    """Whatever somebody in another role says of it afterwards is noted, and moves nothing."""
    notice = family.notice(ROUTINE)
    family.answer(notice, "opened", "2026-06-01 10:30", person="dr-elm")
    family.answer(notice, signal, "2026-06-01 10:40", person="clerk", role="RECEPTION")
    assert ("delivered", False, "wrong_role") == last(family)
    assert Level.OPENED == family.obligation(ROUTINE).level


def test_why_is_said_where_it_had_been_opened_already(family: Family) -> None:
    """An acceptance without a name after an opening is noted, though it changes nothing."""
    notice = family.notice(LEAD, "SG_MIDWIFE")
    family.answer(notice, "opened", "2026-06-01 10:30", person="sgm-1")
    family.answer(notice, "accepted", "2026-06-01 10:40", person=None)
    assert ("opened", False, "no_named_person") == last(family)


def test_safeguarding_accepted_by_name_is_counted_for_whoever_did(family: Family) -> None:
    """Tries that were too fast count as well; routine, openings and nobody's do not."""
    lead, practice = family.notice(LEAD, "SG_MIDWIFE"), family.notice(ROUTINE)
    counted = [
        family.answer(notice, signal, at, person=person).counted
        for notice, signal, at, person in (
            (practice, "accepted", "2026-06-01 10:20", "dr-elm"),
            (lead, "opened", "2026-06-01 10:30", "sgm-1"),
            (lead, "accepted", "2026-06-01 10:30", "sgm-1"),
            (lead, "accepted", "2026-06-01 10:40", None),
            (lead, "accepted", "2026-06-01 10:50", "sgm-1"),
        )
    ]
    assert [0, 0, 1, 0, 1] == [len(each) for each in counted]
    (one,) = counted[-1]
    assert (ACCEPTANCE_GIVEN, "acceptance") == (one.note.event_type, one.kind)
    assert {
        "who": f"{lead.organisation}/sgm-1",
        "family": "ep-1",
        "notice": lead.notice_id,
    } == unpack_fields(one.note.fields)
