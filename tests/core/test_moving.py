"""A family moves, or its professional does: what the ones before knew, the ones after are told."""

from typing import Any

import pytest

from hub.core.model import GapState, Holder, Level, NoticeReason
from hub.core.outcomes import NoticeIssued
from tests.core.stage import Family, local, team

ABUSE, PLAN = "P21.disclosed", "P37.outcome"
MOVED_AT = "2026-04-20 10:00"
NEXT_DAY = "2026-04-21 17:00"


def holders(practice: str, visitors: str, **more: str | None) -> tuple[Holder, ...]:
    """The usual team, with practice and health visiting where she lives."""
    places = {"GP_PRACTICE": practice, "GP_SG_LEAD": practice, "HV_TEAM": visitors}
    return team(**(places | more))


HERE, THERE = holders("Y1", "RYV"), holders("Y2", "RYW")


def move(family: Family, at: str = MOVED_AT, **changes: Any) -> None:
    """She registers with another practice, whose health visitors are others."""
    body = {"kind": "gp", "to": "Y2", "effective": at[:10], "id": "moved", "holders": THERE}
    family.hear("demographics.changed", at, **(body | changes))


def assign(family: Family, person: str, at: str, **changes: Any) -> None:
    """A person takes a role on."""
    body = {
        "role": "NAMED_HV",
        "organisation": "RYV",
        "practitioner": person,
        "from": local(at),
        "to": None,
        "accepted": "y",
        "handover_from": None,
        "holders": HERE,
    }
    family.hear("assignment.changed", at, source="RYV:HV", **(body | changes))


def disclosed(family: Family, at: str = "2026-04-01 10:00", **more: Any) -> None:
    """She tells her midwife of abuse."""
    body = {"alone": "y", "asked": "y", "answer": "disclosed", "risk_level": "standard"}
    family.hear("enquiry.domestic-abuse", at, **({"holders": HERE} | body | more))


def plan(family: Family, at: str = "2026-04-10 10:00", **more: Any) -> None:
    """The conference decides for a plan."""
    body = {"conference_id": "c-1", "decision": "CPP", "category": "neglect"}
    family.hear("conference.outcome", at, **({"holders": HERE} | body | more))


def accept_all(family: Family, at: str) -> None:
    """Everybody accepts everything by name."""
    for notice in family.said(NoticeIssued):
        duty = next(
            o for o in family.episode.obligations if o.obligation_id == notice.obligation_id
        )
        if notice.notice_id == duty.told[-1].notice_id and duty.level < Level.ACCEPTED:
            family.answer(notice, "accepted", at, person=notice.person or f"p-{notice.role}")


def told_since(family: Family, before: int, *rules: str) -> set[tuple[str, str, str]]:
    """Rule, role and place of the notices of some rules issued since there were so many."""
    return {
        (n.why.rule, n.role, n.organisation)
        for n in family.said(NoticeIssued)[before:]
        if n.why.rule in rules
    }


@pytest.fixture
def family() -> Family:
    """A booking, a disclosure and a plan, told to practice and health visitors."""
    story = Family()
    story.book(holders=HERE)
    disclosed(story)
    plan(story)
    return story


def test_what_was_known_where_she_lived_is_told_where_she_lives(family: Family) -> None:
    """Ruling 6: within a working day, to be accepted there, by the gap of the original duty."""
    accept_all(family, "2026-04-10 15:00")
    before = len(family.said(NoticeIssued))
    move(family)
    assert {
        (ABUSE, "GP_SG_LEAD", "Y2"),
        (ABUSE, "HV_TEAM", "RYW"),
        (PLAN, "GP_SG_LEAD", "Y2"),
        (PLAN, "HV_TEAM", "RYW"),
    } == told_since(family, before, ABUSE, PLAN)
    for notice in family.said(NoticeIssued)[before:]:
        if notice.why.rule in (ABUSE, PLAN):
            assert (Level.ACCEPTED, local(NEXT_DAY)) == (notice.level_needed, notice.due_at)
            assert notice.content
    family.wake("2026-04-21 17:01")
    late = {g.role for g in family.gaps() if g.state is GapState.OPEN and g.rule in (ABUSE, PLAN)}
    assert late


def test_what_was_open_turns_and_is_not_told_twice(family: Family) -> None:
    """Also what went to everybody active, who were found by the posts that they hold."""
    before = len(family.said(NoticeIssued))
    move(family, "2026-04-10 11:00")
    turned = [n for n in family.said(NoticeIssued)[before:] if n.why.rule in (ABUSE, PLAN)]
    assert {NoticeReason.REROUTED} == {n.reason for n in turned}
    assert told_since(family, before, PLAN) == {
        (PLAN, "GP_SG_LEAD", "Y2"),
        (PLAN, "HV_TEAM", "RYW"),
    }


def test_nothing_is_told_again_by_what_comes_later(family: Family) -> None:
    """Each event brings the directory's answer: once is enough."""
    accept_all(family, "2026-04-10 15:00")
    move(family)
    before = len(family.said(NoticeIssued))
    family.hear("encounter.updated", "2026-04-22 09:00", kind="admitted", subject="mother",
                holders=THERE)  # fmt: skip
    move(family, "2026-04-23 10:00", id="again")
    assert set() == told_since(family, before, ABUSE, PLAN)


def test_the_routine_is_not_told_again(family: Family) -> None:
    """Besides the booking, which a practice must have: her old notes go another way."""
    accept_all(family, "2026-04-10 15:00")
    before = len(family.said(NoticeIssued))
    move(family)
    again = {n.why.rule for n in family.said(NoticeIssued)[before:] if n.purpose == "direct_care"}
    assert {"P02.gp", "P03.health-visiting"} == {r for r in again if not r.startswith("P45.")}


def test_a_directory_that_is_late_carries_it_all_the_same(family: Family) -> None:
    """The move was heard, and the team's new place only with the event after it."""
    accept_all(family, "2026-04-10 15:00")
    move(family, holders=HERE)
    before = len(family.said(NoticeIssued))
    family.hear("encounter.updated", "2026-04-22 09:00", kind="admitted", subject="mother",
                holders=THERE)  # fmt: skip
    assert (PLAN, "HV_TEAM", "RYW") in told_since(family, before, PLAN)
    due = {n.due_at for n in family.said(NoticeIssued)[before:] if n.why.rule == PLAN}
    assert {local("2026-04-23 17:00")} == due


# --- whoever was named where she lived ---------------------------------------------------------


def test_whoever_was_named_before_the_move_is_not_told_in_the_new_team_s_place() -> None:
    """Nobody said that she left: the family has left her."""
    family = Family()
    family.book(holders=HERE)
    assign(family, "hv-1", "2026-04-01 09:00")
    move(family)
    before = len(family.said(NoticeIssued))
    plan(family, "2026-04-27 10:00", holders=THERE)
    assert (PLAN, "HV_TEAM", "RYW") in told_since(family, before, PLAN)
    assert "NAMED_HV" not in {role for _, role, _ in told_since(family, before, PLAN)}


@pytest.mark.parametrize("accepted", [False, True])
def test_what_she_had_passes_to_the_new_team(accepted: bool) -> None:
    """Open or accepted; an open duty stays one duty, with its time."""
    family = Family()
    family.book(holders=HERE)
    assign(family, "hv-1", "2026-04-01 09:00")
    plan(family)
    assert "hv-1" == family.notice(PLAN, "NAMED_HV").person
    if accepted:
        accept_all(family, "2026-04-10 15:00")
    before = len(family.said(NoticeIssued))
    move(family)
    assert (PLAN, "HV_TEAM", "RYW") in told_since(family, before, PLAN)
    duties = [o for o in family.episode.obligations if o.rule == PLAN and o.organisation == "RYW"]
    assert 1 == len(duties)
    assert "HV_TEAM" == duties[0].role
    family.answer(family.notice(PLAN, "HV_TEAM"), "accepted", "2026-04-20 15:00", person="hv-9")
    assert Level.ACCEPTED == family.obligation(PLAN, "HV_TEAM").level


def test_a_move_that_is_taken_back_gives_her_back() -> None:
    """The team is where it was, and so is she."""
    family = Family()
    family.book(holders=HERE)
    assign(family, "hv-1", "2026-04-01 09:00")
    move(family)
    family.hear("event.retracted", "2026-04-22 09:00", target_id="moved",
                reason="entered_in_error", holders=HERE)  # fmt: skip
    plan(family, "2026-04-27 10:00")
    assert "hv-1" == family.notice(PLAN, "NAMED_HV").person


def test_one_whom_another_organisation_named_knew_of_holds_it() -> None:
    """The directory expected RYV; RYW says that its health visitor has the family."""
    family = Family()
    family.book(holders=HERE)
    assign(family, "hv-7", "2026-04-01 09:00", organisation="RYW")
    family.hear("demographics.changed", "2026-04-05 10:00", kind="address", to="LS6",
                effective="2026-04-05", holders=HERE)  # fmt: skip
    plan(family)
    assert ("hv-7", "RYW") == (
        family.notice(PLAN, "NAMED_HV").person,
        family.notice(PLAN, "NAMED_HV").organisation,
    )


def test_one_whom_the_old_team_names_after_the_move_holds_it() -> None:
    """She goes on seeing the family until the new team has somebody: said by name, it counts."""
    family = Family()
    family.book(holders=HERE)
    move(family)
    assign(family, "hv-1", "2026-04-22 09:00", holders=THERE)
    plan(family, "2026-04-27 10:00", holders=THERE)
    assert "hv-1" == family.notice(PLAN, "NAMED_HV").person


def test_a_successor_accepts_what_her_predecessor_had_accepted() -> None:
    """An acceptance ends with whoever gave it: a plan is known to who holds the family now."""
    family = Family()
    family.book(holders=HERE)
    assign(family, "hv-1", "2026-04-01 09:00")
    plan(family)
    accept_all(family, "2026-04-10 15:00")
    before = len(family.said(NoticeIssued))
    assign(family, "hv-2", "2026-04-20 09:00", handover_from="hv-1")
    assert {(PLAN, "NAMED_HV", "RYV")} == told_since(family, before, PLAN)
    again = family.notice(PLAN, "NAMED_HV")
    assert ("hv-2", local(NEXT_DAY)) == (again.person, again.due_at)
    assert (
        "hv-2"
        == [n for n in family.said(NoticeIssued) if n.why.rule == "P43.replacement"][-1].person
    )
    before = len(family.said(NoticeIssued))
    family.hear("encounter.updated", "2026-04-22 09:00", kind="admitted", subject="mother",
                holders=HERE)  # fmt: skip
    assert set() == told_since(family, before, PLAN)


def test_social_care_hears_that_a_family_under_a_plan_has_moved(family: Family) -> None:
    """Where she lived and where she lives now; without a plan there is nobody to tell."""
    family.hear("status.changed", "2026-04-11 10:00", kind="CPP_unborn", source="L97:CSC",
                holders=HERE)  # fmt: skip
    before = len(family.said(NoticeIssued))
    there = tuple(h for h in THERE if h.role not in ("SOCIAL_WORKER", "CP_CHAIR"))
    move(family, holders=(*there, Holder(role="CSC_FRONT_DOOR", organisation="L98")))
    assert told_since(family, before, "P45.social-care") == {
        ("P45.social-care", "SOCIAL_WORKER", "L97"),
        ("P45.social-care", "CSC_FRONT_DOOR", "L98"),
    }
    calm = Family()
    calm.book(holders=HERE)
    move(calm)
    assert [] == calm.said(NoticeIssued, rule="P45.social-care")
