"""Deadlines, gaps and ladders: what opens when, how grave it is, who hears, and what closes it."""

from hub.core.deadlines import LOCAL
from hub.core.model import GapState, NoticeReason
from hub.core.outcomes import (
    ExpectationEnded,
    GapClosed,
    GapOpened,
    NoticeIssued,
    WakeWanted,
)
from tests.core.stage import EDD, Family, local, team

GP, HV = "P02.gp", "P03.health-visiting"


def named(family: Family, at: str, person: str | None = "hv-1", **changes: object) -> None:
    """A health visitor is named, or leaves."""
    usual = {
        "role": "NAMED_HV",
        "organisation": "RYV",
        "practitioner": person,
        "accepted": "y",
        "from": local(at),
    }
    family.hear("assignment.changed", at, source="RYV:HV", **(usual | changes))


# --- opening ------------------------------------------------------------------------------------


def test_a_gap_opens_at_its_due_time_and_not_before() -> None:
    """Inclusive: at the very instant of the deadline it is missed."""
    family = Family()
    family.book()
    family.wake("2026-03-25 16:59:59")
    assert [] == family.gaps()
    family.wake("2026-03-25 17:00")
    (opened,) = family.just_said(GapOpened)
    assert ("G01", local("2026-03-25 17:00"), False) == (
        opened.code,
        opened.opened_at,
        opened.late_informed,
    )


def test_what_is_done_at_the_very_deadline_is_in_time() -> None:
    """The input of that instant is heard before the instant's deadlines."""
    family = Family()
    family.book()
    family.answer(family.notice(GP), "opened", "2026-03-25 17:00")
    assert [] == family.gaps()


def test_one_absence_is_one_gap() -> None:
    """A second wake, and a second level missed, add nothing (ruling 25)."""
    family = Family()
    family.book()
    for at in ("2026-03-25 17:00", "2026-03-25 17:01", "2026-03-30 17:00"):
        family.wake(at)
    assert 1 == len(family.gaps("G01"))


def test_two_duties_for_one_thing_share_a_gap_until_both_are_done() -> None:
    """Two bookings, one practice that does not know: one gap with two duties."""
    family = Family()
    family.book()
    family.book(at="2026-03-23 11:00", id="booking-2")
    family.wake("2026-03-25 17:00")
    (gap,) = family.gaps("G01")
    assert 2 == len(gap.duty_ids)
    notices = family.said(NoticeIssued, rule=GP, reason=NoticeReason.FIRST)
    family.answer(notices[0], "accepted", "2026-03-26 09:00")
    assert "G01" in family.open_gaps()
    family.answer(notices[1], "accepted", "2026-03-26 10:00")
    assert GapState.CLEARED_LATE is family.gaps("G01")[0].state


def test_the_same_absence_again_is_the_next_cycle() -> None:
    """A closed gap is history; what is missed anew has another id."""
    family = Family()
    family.book()
    family.wake("2026-03-25 17:00")
    family.answer(family.notice(GP), "accepted", "2026-03-26 09:00")
    family.book(at="2026-04-13 10:00", id="booking-2")
    family.wake("2026-04-15 17:00")
    first, second = family.gaps("G01")
    assert (1, 2) == (first.cycle, second.cycle)
    assert first.gap_id != second.gap_id


def test_a_wake_after_a_long_sleep_opens_each_gap_at_its_own_time() -> None:
    """The hub was down for a quarter: nothing is lost, and nothing is dated to the restart."""
    family = Family()
    family.book()
    family.wake("2026-07-20 09:00")
    opened = {o.code: o.opened_at for o in family.just_said(GapOpened)}
    assert {
        "G01": local("2026-03-25 17:00"),
        "G02": local("2026-03-30 17:00"),
        "G05": local("2026-03-30 17:00"),
        "G17": local("2026-07-14 23:59:59"),
    }.items() <= opened.items()
    order = [o.opened_at for o in family.just_said(GapOpened)]
    assert sorted(order) == order


def test_many_small_wakes_or_one_late_wake_open_the_same_gaps() -> None:
    """Whatever the clock agent did, the same gaps opened at the same times."""
    patient, late = Family(), Family()
    for family in (patient, late):
        family.book()
    while (wake := patient.episode.next_wake) and wake <= local("2026-05-01 09:00"):
        patient.wake(wake.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M:%S"))
    for family in (patient, late):
        family.wake("2026-05-01 09:00")
    found = [
        {(g.gap_id, g.opened_at, g.due_at, g.severity, g.rung) for g in family.gaps()}
        for family in (patient, late)
    ]
    assert found[0] == found[1]


def test_the_next_wake_is_the_earliest_of_all_that_waits() -> None:
    """It is said when it changes, and only then."""
    family = Family()
    family.book()
    assert local("2026-03-25 17:00") == family.episode.next_wake
    family.answer(family.notice(HV), "sent", "2026-03-23 11:00")
    assert [] == family.just_said(WakeWanted)
    family.answer(family.notice(GP), "accepted", "2026-03-23 12:00")
    assert [local("2026-03-30 17:00")] == [o.at for o in family.just_said(WakeWanted)]


# --- closing ------------------------------------------------------------------------------------


def test_filed_in_time_but_known_late_clears_without_blame() -> None:
    """Trap 30: the practice had accepted; the news was slow."""
    family = Family()
    family.book()
    family.wake("2026-03-25 17:00")
    family.answer(family.notice(GP), "accepted", "2026-03-25 18:00", happened="2026-03-25 16:00")
    (closed,) = family.said(GapClosed, code="G01")
    assert GapState.CLEARED is closed.state


def test_late_acceptance_closes_late() -> None:
    """A late acknowledgement always closes its gap, as late."""
    family = Family()
    family.book()
    family.wake("2026-03-25 17:00")
    family.answer(family.notice(GP), "accepted", "2026-03-25 17:01")
    assert GapState.CLEARED_LATE is family.gaps("G01")[0].state


def test_a_gap_of_two_levels_waits_for_both_and_is_late_if_either_was() -> None:
    """Ruling 27: opened late, filed in time: late."""
    family = Family()
    family.book()
    family.wake("2026-03-25 17:00")
    family.answer(family.notice(GP), "opened", "2026-03-26 09:00")
    assert "G01" in family.open_gaps()
    family.answer(family.notice(GP), "accepted", "2026-03-27 09:00")
    assert GapState.CLEARED_LATE is family.gaps("G01")[0].state


# --- moving clocks ------------------------------------------------------------------------------


def test_redating_moves_what_is_counted_in_gestation() -> None:
    """The named health visitor is due by 26+0 of the new due date."""
    family = Family()
    family.book()
    family.hear("pregnancy.dated", "2026-04-20 10:00", edd="2026-11-03", basis="scan")
    named = family.expectation("P03.named-health-visitor")
    assert local("2026-07-28 23:59:59") == named.due_at
    moved = family.just_said(ExpectationEnded, reason="recomputed")
    assert [named.due_at] == [m.due_at for m in moved if m.expectation_id == named.expectation_id]


def test_redating_withdraws_a_gap_that_is_not_due_yet() -> None:
    """26+0 is still to come after all; when it comes, the gap opens anew."""
    family = Family()
    family.book()
    family.wake("2026-07-15 09:00")
    assert "G17" in family.open_gaps()
    family.hear("pregnancy.dated", "2026-07-16 10:00", edd="2026-11-03", basis="scan")
    assert GapState.WITHDRAWN is family.gaps("G17")[0].state
    family.wake("2026-07-29 09:00")
    assert [1, 2] == [g.cycle for g in family.gaps("G17")]


def test_redating_to_an_earlier_day_that_has_passed_opens_at_once_and_says_so() -> None:
    """Nobody could have known that 26+0 was last week."""
    family = Family()
    family.book()
    family.hear("pregnancy.dated", "2026-07-10 10:00", edd="2026-10-06", basis="scan")
    (opened,) = family.just_said(GapOpened, code="G17")
    assert opened.late_informed
    assert (local("2026-07-10 10:00"), local("2026-06-30 23:59:59")) == (
        opened.opened_at,
        opened.due_at,
    )


def test_without_a_due_date_a_gestation_clock_waits() -> None:
    """No date, no deadline; when the date comes, so does the deadline."""
    family = Family()
    family.book(edd=None)
    assert family.expectation("P03.named-health-visitor").due_at is None
    family.hear("pregnancy.dated", "2026-04-20 10:00", edd=EDD, basis="scan")
    assert local("2026-07-14 23:59:59") == family.expectation("P03.named-health-visitor").due_at


def test_redating_takes_one_duty_from_a_shared_gap_and_leaves_the_other() -> None:
    """Two rules want a named health visitor; the one that follows the birth is still overdue."""
    family = Family()
    family.book()
    family.hear("birth.recorded", "2026-06-01 10:00", baby_id="b1", alive="y",
                born_at=local("2026-06-01 04:00"))  # fmt: skip
    family.wake("2026-07-15 09:00")
    assert 2 == len(family.gaps("G17")[0].duty_ids)
    family.hear("pregnancy.dated", "2026-07-16 10:00", edd="2026-11-03", basis="scan")
    assert [GapState.OPEN] == [g.state for g in family.gaps("G17")]


# --- holders ------------------------------------------------------------------------------------


def test_a_named_health_visitor_answers_the_question_in_time() -> None:
    """No gap, and nothing more to wait for."""
    family = Family()
    family.book()
    named(family, "2026-05-01 10:00")
    family.wake("2026-07-20 09:00")
    assert [] == family.gaps("G17")


def test_who_is_to_begin_next_month_does_not_hold_the_role_today() -> None:
    """Her period has not begun; the one before her goes on until then."""
    family = Family()
    family.book()
    named(family, "2026-05-01 10:00", "hv-1")
    named(family, "2026-05-02 10:00", "hv-2", **{"from": local("2026-06-01 09:00")})
    periods = {h.person: (h.since, h.until) for h in family.episode.team if h.role == "NAMED_HV"}
    assert {
        "hv-1": (local("2026-05-01 10:00"), local("2026-06-01 09:00")),
        "hv-2": (local("2026-06-01 09:00"), None),
    } == periods


def test_a_health_visitor_who_leaves_must_have_a_successor() -> None:
    """Ruling 10: five working days after she left, though she told us long before."""
    family = Family()
    family.book()
    named(family, "2026-05-01 10:00", "hv-1")
    leaves = local("2026-06-01 17:00")
    named(family, "2026-05-11 10:00", "hv-1", to=leaves, **{"from": local("2026-05-01 10:00")})
    family.wake("2026-06-08 16:59")
    assert [] == family.gaps("G17")
    family.wake("2026-06-08 17:00")
    assert ["G17"] == [g.code for g in family.gaps("G17")]


def test_a_successor_in_time_is_enough() -> None:
    """She is named between the leaving and the deadline."""
    family = Family()
    family.book()
    named(family, "2026-05-01 10:00", "hv-1")
    leaves = local("2026-06-01 17:00")
    named(family, "2026-05-11 10:00", "hv-1", to=leaves, **{"from": local("2026-05-01 10:00")})
    named(family, "2026-06-03 10:00", "hv-2")
    family.wake("2026-07-20 09:00")
    assert [] == family.gaps("G17")


def test_a_successor_who_had_begun_by_the_deadline_is_enough_though_nobody_looked() -> None:
    """The hub was down from before she began until after the deadline: no gap, no escalation."""
    family = Family()
    family.book()
    named(family, "2026-05-01 10:00", "hv-1")
    leaves = local("2026-06-01 17:00")
    named(family, "2026-05-11 10:00", "hv-1", to=leaves, **{"from": local("2026-05-01 10:00")})
    named(family, "2026-05-12 10:00", "hv-2", **{"from": leaves})
    family.wake("2026-07-20 09:00")
    assert [] == family.gaps("G17")


def test_a_duplicate_does_not_bring_an_old_team_back() -> None:
    """It is as old as its input: what was learnt since stands."""
    family = Family()
    family.book()
    family.hear("encounter.updated", "2026-03-24 09:00", kind="admitted", subject="mother",
                holders=team(GP_PRACTICE="Y2"))  # fmt: skip
    family.book()
    assert ["Y2"] == [h.organisation for h in family.episode.team if h.role == "GP_PRACTICE"]
