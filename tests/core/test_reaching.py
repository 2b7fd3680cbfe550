"""Whom a duty reaches when people leave, teams change and nobody reads (G17, G60, ruling 6)."""

import pytest
from msgspec.structs import replace

from hub.core.model import GapReason, GapState, Holder, Level, NoticeReason, Severity
from hub.core.outcomes import GapOpened, GapRaised, LevelReached, NoticeIssued
from tests.core.stage import TEAM, Family, local, team

HV, GP = "P03.health-visiting", "P02.gp"


def assign(
    family: Family,
    person: str | None,
    at: str,
    *,
    role: str = "NAMED_HV",
    holders: tuple[Holder, ...] = TEAM,
    **changes: object,
) -> None:
    """A person takes a role on, or with `to` leaves it."""
    body = {
        "role": role,
        "organisation": "RYV",
        "practitioner": person,
        "accepted": "y",
        "from": local(at),
        "to": None,
        "handover_from": None,
    }
    family.hear("assignment.changed", at, source="RYV:HV", holders=holders, **(body | changes))


def held(person: str | None, role: str = "HV_TEAM", place: str = "RYV") -> tuple[Holder, ...]:
    """The usual team, with one role held by a person whom the directory names."""
    others = tuple(h for h in TEAM if h.role != role)
    return (*others, Holder(role=role, organisation=place, person=person))


def g60(family: Family, about: str) -> list[GapOpened]:
    """Every opening of G60 for one role."""
    return [g for g in family.said(GapOpened, code="G60") if g.subject.split("/")[-1] == about]


# --- people ----------------------------------------------------------------------------------


def test_a_change_of_person_within_one_organisation_turns_open_duties() -> None:
    """Who has left reads nothing any more; her successor is told by name, by the old due time."""
    family = Family()
    family.book(holders=held("hv-1"))
    assert "hv-1" == family.notice(HV).person
    assign(family, "hv-2", "2026-03-24 10:00", role="HV_TEAM")
    again = family.notice(HV)
    assert ("RYV", "hv-2") == (again.organisation, again.person)
    assert NoticeReason.REROUTED is again.reason
    assert local("2026-03-30 17:00") == again.due_at


def test_a_duty_to_a_team_stays_with_the_team_when_one_of_it_is_named() -> None:
    """Nobody has left: the notice that went to the team is the same notice."""
    family = Family()
    family.book()
    assign(family, "hv-1", "2026-03-24 10:00", role="HV_TEAM")
    assert 1 == len(family.said(NoticeIssued, rule=HV))


def test_what_somebody_says_after_leaving_counts_for_nothing() -> None:
    """Rule 1.1 b: noted, with the reason, and nobody is told by it."""
    family = Family()
    family.book(holders=held("hv-1"))
    assign(family, "hv-1", "2026-03-23 11:00", role="HV_TEAM")
    assign(
        family, "hv-1", "2026-03-24 10:00", role="HV_TEAM", to=local("2026-03-24 10:00"),
        **{"from": local("2026-03-23 11:00")},
    )  # fmt: skip
    family.answer(family.notice(HV), "opened", "2026-03-24 11:00", person="hv-1")
    noted = family.said(LevelReached)[-1]
    assert (False, "assignment_ended") == (noted.counts, noted.detail)
    family.answer(family.notice(HV), "opened", "2026-03-24 12:00", person="hv-2")
    assert Level.OPENED is family.obligation(HV).level


def test_a_holder_who_leaves_without_a_successor_is_a_gap_at_once() -> None:
    """G60 says who is missing the moment she leaves, not when somebody follows her."""
    family, nobody = Family(), team(HV_TEAM=None)
    assign(family, "hv-1", "2026-03-20 09:00", role="HV_TEAM", holders=nobody)
    family.book(holders=nobody)
    family.answer(family.notice(HV), "sent", "2026-03-23 10:05")
    assign(
        family, "hv-1", "2026-03-24 10:00", role="HV_TEAM", holders=nobody,
        to=local("2026-03-26 12:00"), **{"from": local("2026-03-20 09:00")},
    )  # fmt: skip
    assert [] == g60(family, "HV_TEAM")
    family.wake("2026-03-26 12:00")
    (opened,) = g60(family, "HV_TEAM")
    assert GapReason.HOLDER_LEFT == opened.reason
    assert local("2026-03-26 12:00") == opened.opened_at
    family.answer(family.notice(HV), "opened", "2026-03-26 13:00", person="hv-1")
    assert "G60" in family.open_gaps()
    assign(family, "hv-2", "2026-03-27 10:00", role="HV_TEAM", holders=nobody)
    family.answer(family.notice(HV), "opened", "2026-03-27 11:00", person="hv-2")
    assert "HV_TEAM" not in {g.subject for g in family.gaps("G60") if g.state is GapState.OPEN}


def test_a_successor_who_begins_later_is_told_when_she_begins() -> None:
    """Time alone changes the holder; nothing needs to be heard on that day."""
    family = Family()
    family.book(holders=held("hv-1"))
    assign(family, "hv-1", "2026-03-23 11:00", role="HV_TEAM")
    assign(
        family, "hv-2", "2026-03-24 10:00", role="HV_TEAM", **{"from": local("2026-03-26 09:00")}
    )
    assert 1 == len(family.said(NoticeIssued, rule=HV))
    assert local("2026-03-26 09:00") >= (family.episode.next_wake or local("2027-01-01 00:00"))
    family.wake("2026-03-25 17:00")
    family.wake("2026-03-26 09:00")
    assert "hv-2" == family.notice(HV).person
    assert NoticeReason.REROUTED is family.notice(HV).reason


# --- reasons ---------------------------------------------------------------------------------


def test_two_candidates_are_said_and_one_of_them_is_told() -> None:
    """A silent choice between two is how nobody comes to feel responsible."""
    family = Family()
    two = (*TEAM, Holder(role="HV_TEAM", organisation="RYW"))
    family.book(holders=two)
    assert "RYV" == family.notice(HV).organisation
    (opened,) = g60(family, "HV_TEAM")
    assert GapReason.TWO_CANDIDATES == opened.reason
    assert "two holders" in opened.explanation
    family.answer(family.notice(HV), "opened", "2026-03-24 09:00")
    assert "G60" not in family.open_gaps()


def test_a_link_goes_before_an_address_without_any_doubt() -> None:
    """Both are kept; only equals are rivals."""
    family = Family()
    ranked = tuple(replace(h, found_by="gp_link") if h.role == "HV_TEAM" else h for h in TEAM)
    family.book(holders=(*ranked, Holder(role="HV_TEAM", organisation="RYW", found_by="address")))
    assert [] == g60(family, "HV_TEAM")


@pytest.mark.parametrize("signal", ["bounced", "not_ours", "refused"])
def test_each_way_of_coming_back_is_its_own_reason(signal: str) -> None:
    """Whoever mends it must know what to mend."""
    family = Family()
    family.book()
    family.answer(family.notice(GP), signal, "2026-03-24 09:00")
    (opened,) = g60(family, "GP_PRACTICE")
    assert signal == opened.reason


def test_nobody_is_a_reason() -> None:
    """Never held is another thing than left."""
    family = Family()
    family.book(holders=team(GP_PRACTICE=None))
    assert [GapReason.NO_HOLDER] == [g.reason for g in g60(family, "GP_PRACTICE")]


# --- unread ----------------------------------------------------------------------------------


def test_a_notice_unread_for_five_working_days_is_a_gap() -> None:
    """Delivered to an inbox is not read (domain G60); reading it late clears it late."""
    family = Family()
    family.book()
    family.answer(family.notice(HV), "delivered", "2026-03-23 10:05")
    family.wake("2026-03-30 16:59")
    assert [] == g60(family, "HV_TEAM")
    family.wake("2026-03-30 17:00")
    (opened,) = g60(family, "HV_TEAM")
    assert (GapReason.UNREAD, Severity.ATTENTION) == (opened.reason, opened.severity)
    family.answer(family.notice(HV), "opened", "2026-03-31 09:00")
    (gap,) = [g for g in family.gaps("G60") if g.subject == "HV_TEAM"]
    assert GapState.CLEARED_LATE is gap.state


def test_an_inbox_in_which_nobody_opens_anything_for_ten_days_is_graver() -> None:
    """The second time that the row states (ruling 28)."""
    family = Family()
    family.book()
    family.wake("2026-04-08 16:59")
    assert [] == family.said(GapRaised, code="G60")
    family.wake("2026-04-08 17:00")
    raised = family.said(GapRaised, code="G60")
    assert {(Severity.SAFEGUARDING, GapReason.INBOX_UNOPENED.value)} == {
        (g.severity, g.reason) for g in raised
    }


def test_an_inbox_that_is_read_is_not_dead() -> None:
    """One notice is unread, another was opened there: no second alarm."""
    family = Family()
    family.book()
    family.hear("concern.raised", "2026-03-24 10:00", code="DA", severity="low")
    family.hear("pregnancy.dated", "2026-03-24 11:00", edd="2026-10-25", basis="scan",
                previous_edd="2026-10-20")  # fmt: skip
    family.answer(family.notice("P07.redated", "HV_TEAM"), "opened", "2026-03-25 09:00")
    family.wake("2026-04-09 17:00")
    about = {g.gap_id for g in family.gaps("G60") if g.subject == "HV_TEAM"}
    assert about
    assert not about & {g.gap_id for g in family.said(GapRaised, code="G60")}


def test_a_reminder_does_not_start_the_wait_again_and_a_new_holder_does() -> None:
    """Five days belong to whoever has the notice, however often she is reminded."""
    family = Family()
    family.book()
    family.wake("2026-03-25 17:00")
    assert NoticeReason.REMINDER is family.notice(GP).reason
    assert local("2026-03-30 17:00") == family.obligation(GP).unread[0]
    family.hear(
        "demographics.changed", "2026-03-26 10:00", kind="gp", to="Y2", baby_id=None,
        holders=team(GP_PRACTICE="Y2"), **{"from": None},
    )  # fmt: skip
    assert local("2026-04-02 17:00") == family.obligation(GP).unread[0]


def test_what_need_only_be_delivered_is_never_unread() -> None:
    """A child health system files; nobody opens anything there."""
    family = Family()
    family.hear(
        "discharge.summary", "2026-10-22 13:00", subject="mother", baby_id=None,
        discharged_at=local("2026-10-22 12:00"), sections={},
    )  # fmt: skip
    assert () == family.obligation("P29.child-health").unread


# --- organisations that close ------------------------------------------------------------------


def close(family: Family, at: str, successor: str | None, *, place: str = "Y1") -> None:
    """The practice closes, perhaps with a successor (E62)."""
    family.hear(
        "organisation.changed", at, source="ODS:DIR", ods=place, kind="closed",
        successor_ods=successor, effective=local(at), holders=team(GP_PRACTICE=successor),
    )  # fmt: skip


def test_a_closed_practice_with_a_successor_turns_open_duties_and_says_why() -> None:
    """The successor has the notice at once; left unread, the gap says that it was taken over."""
    family = Family()
    family.book()
    close(family, "2026-03-24 09:00", "Y2")
    assert ("Y2", NoticeReason.REROUTED) == (
        family.notice(GP).organisation,
        family.notice(GP).reason,
    )
    assert "Y2" == family.episode.practice
    family.wake("2026-03-25 17:00")
    (opened,) = g60(family, "GP_PRACTICE")
    assert GapReason.ORGANISATION_SUCCEEDED == opened.reason


def test_a_closed_practice_without_a_successor_is_a_gap_at_once() -> None:
    """Nobody reads the notice that went there, whatever its due time."""
    family = Family()
    family.book()
    close(family, "2026-03-24 09:00", None)
    (opened,) = g60(family, "GP_PRACTICE")
    assert GapReason.ORGANISATION_CLOSED == opened.reason
    assert local("2026-03-24 09:00") == opened.opened_at


def test_another_organisation_that_closes_changes_nothing() -> None:
    """Only the family's own practice moves it."""
    family = Family()
    family.book()
    family.hear(
        "organisation.changed", "2026-03-24 09:00", source="ODS:DIR", ods="Y9", kind="merged",
        successor_ods="Y2", effective=local("2026-03-24 09:00"),
    )  # fmt: skip
    assert "Y1" == family.episode.practice
    assert 1 == len(family.said(NoticeIssued, rule=GP))


def test_what_is_handed_back_does_not_turn_to_whoever_struck_her_off() -> None:
    """The directory may have her there still: a receipt brings what it says, and nobody has her."""
    family, alone = Family(), tuple(h for h in TEAM if not h.role.startswith("GP_"))
    family.book()
    struck_off = {"kind": "gp_deducted", "from": "Y1", "effective": "2026-03-24"}
    family.hear("demographics.changed", "2026-03-24 10:00", holders=alone, **struck_off)
    assert [GapReason.NO_HOLDER] == [g.reason for g in g60(family, "GP_PRACTICE")]
    family.answer(family.notice(HV), "not_ours", "2026-03-24 11:00", holders=TEAM)
    assert {"Y1"} == {n.organisation for n in family.said(NoticeIssued, rule=GP)}
    assert 1 == len(family.said(NoticeIssued, rule=GP))
