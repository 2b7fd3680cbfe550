"""Ladders, severity, quarantine and bounds: who hears of a gap, and how grave it is."""

import pytest

from hub.core.draft import HISTORY_LIMIT
from hub.core.model import GapState, InputKind, NoticeReason, ObligationState, Severity
from hub.core.outcomes import (
    Escalated,
    GapOpened,
    GapRaised,
    NoticeIssued,
    ObligationEnded,
)
from tests.core.stage import Family, local, team

GP, HV = "P02.gp", "P03.health-visiting"

# --- ladders ------------------------------------------------------------------------------------


def test_every_wait_of_a_ladder_counts_from_the_opening() -> None:
    """EL-R: reminder at once, then 2, 5 and 10 working days; Easter is skipped."""
    family = Family()
    family.book()
    family.answer(family.notice(HV), "opened", "2026-03-24 09:00")
    for at in ("2026-03-25 17:00", "2026-03-27 17:00", "2026-04-01 17:00", "2026-04-10 17:00"):
        family.wake(at)
        acknowledge(family, at)
    climbed = [(o.rung, o.role, o.at) for o in family.said(Escalated, code="G01")]
    assert [
        (0, "GP_PRACTICE", local("2026-03-25 17:00")),
        (1, "TEAM_LEAD", local("2026-03-27 17:00")),
        (2, "SERVICE_MANAGER", local("2026-04-01 17:00")),
        (3, "BOARD_REPORT", local("2026-04-10 17:00")),
    ] == climbed
    others = ("G60", "G77")
    unacknowledged = [g for g in family.gaps("G63") if not g.subject.startswith(others)]
    assert [] == unacknowledged


def acknowledge(family: Family, at: str) -> None:
    """Whoever was told of a gap says that she has it."""
    for notice in family.just_said(NoticeIssued, reason=NoticeReason.ESCALATED):
        family.answer(notice, "accepted", at, person="lead")


def test_an_unacknowledged_rung_is_a_gap_and_climbs_early() -> None:
    """G63 names the next rung, which is told at once and not at its own time."""
    family = Family()
    family.book()
    family.answer(family.notice(HV), "opened", "2026-03-24 09:00")
    family.wake("2026-03-25 17:00")
    family.wake("2026-03-27 17:00")
    family.wake("2026-03-30 17:00")
    (gap,) = family.gaps("G63")
    assert ("SERVICE_MANAGER", local("2026-03-30 17:00")) == (gap.role, gap.opened_at)
    early = family.said(Escalated, code="G01", rung=2)
    assert [local("2026-03-30 17:00")] == [o.at for o in early]
    lead = family.said(NoticeIssued, rule="EL-R.1")[0]
    family.answer(lead, "accepted", "2026-03-31 09:00", person="lead")
    assert GapState.CLEARED_LATE is family.gaps("G63")[0].state


def test_escalating_never_closes_a_gap() -> None:
    """Everybody up the ladder has it, and still the practice does not know."""
    family = Family()
    family.book()
    for at in ("2026-03-25 17:00", "2026-03-27 17:00", "2026-04-01 17:00", "2026-04-10 17:00"):
        family.wake(at)
        acknowledge(family, at)
    assert "G01" in family.open_gaps()


def test_when_a_gap_closes_its_escalations_end() -> None:
    """Those nobody has acknowledged are withdrawn, the rungs not reached never come."""
    family = Family()
    family.book()
    family.answer(family.notice(HV), "opened", "2026-03-24 09:00")
    family.wake("2026-03-27 17:00")
    family.answer(family.notice(GP), "accepted", "2026-03-27 17:30")
    ended = [o.why.rule for o in family.just_said(ObligationEnded)]
    assert ["EL-R.1"] == ended
    assert ObligationState.WITHDRAWN is family.obligation("EL-R.1").state
    family.wake("2026-06-01 09:00")
    assert [] == family.just_said(Escalated, code="G01")


def test_a_reminder_goes_to_whoever_owes_it_now() -> None:
    """At the deadline the practice is reminded with a notice of its own round."""
    family = Family()
    family.book()
    family.wake("2026-03-25 17:00")
    reminder = family.notice(GP)
    assert (NoticeReason.REMINDER, 2, "Y1") == (
        reminder.reason,
        reminder.round,
        reminder.organisation,
    )


def test_an_acknowledged_rung_stays_so_when_its_holder_moves() -> None:
    """She took it, and her place was filled by another since: nothing is unacknowledged."""
    family = Family()
    family.book()
    family.answer(family.notice(HV), "opened", "2026-03-24 09:00")
    family.wake("2026-03-27 17:00")
    notice = family.notice("EL-R.1")
    family.answer(notice, "accepted", "2026-03-27 17:30", person="lead")
    family.answer(notice, "stale_recipient", "2026-03-27 18:00")
    assert [] == family.gaps("G63")


# --- severity -----------------------------------------------------------------------------------


def test_a_gap_is_raised_in_place_by_a_risk_flag_and_never_lowered() -> None:
    """Ruling 28: an outcome of its own; the same gap goes on."""
    family = Family()
    family.book(holders=team(GP_PRACTICE=None))
    assert Severity.ATTENTION is family.gaps("G60")[0].severity
    family.hear("concern.raised", "2026-03-24 10:00", id="c1", code="DA", severity="medium",
                holders=team(GP_PRACTICE=None))  # fmt: skip
    (raised,) = family.just_said(GapRaised)
    assert ("G60", Severity.SAFEGUARDING) == (raised.code, raised.severity)
    family.retract("c1", "2026-03-25 10:00")
    assert Severity.SAFEGUARDING is family.gaps("G60")[0].severity
    assert 1 == len(family.gaps("G60"))


def test_a_gap_is_raised_by_time() -> None:
    """No booking: information at 10+0, attention at 16+0, safeguarding at 20+0."""
    family = Family()
    family.hear("pregnancy.notified", "2026-03-12 10:00", booked_status="unknown", reporter="GP",
                gestation={"weeks": 8, "days": 2}, source="Y1:GP")  # fmt: skip
    family.wake("2026-06-10 10:00")
    (gap,) = family.gaps("G08")
    assert local("2026-03-24 23:59:59") == gap.opened_at
    raised = [(r.severity, r.at) for r in family.said(GapRaised, code="G08")]
    assert [(2, local("2026-05-05 23:59:59")), (3, local("2026-06-02 23:59:59"))] == raised
    assert Severity.SAFEGUARDING is gap.severity


def test_two_severities_open_at_the_graver_when_the_flag_is_there_already() -> None:
    """The concern came first."""
    family = Family()
    family.hear("concern.raised", "2026-03-20 10:00", code="DA", severity="high")
    family.book(holders=team(GP_PRACTICE=None))
    assert Severity.SAFEGUARDING is family.gaps("G60")[0].severity


# --- quarantine and bounds ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family_topic", "opened_at"),
    [("safeguarding", "2026-03-23 10:00"), ("pregnancy", "2026-03-24 17:00")],
)
def test_what_cannot_be_decided_is_a_gap_until_it_is_redriven(
    family_topic: str, opened_at: str
) -> None:
    """At once where it is about safeguarding, after a working day where it is not."""
    family = Family()
    family.quarantined("2026-03-23 10:00", family_topic)
    family.wake("2026-03-24 17:00")
    (opened,) = family.said(GapOpened, code="G62")
    assert (local(opened_at), "HUB_OPERATOR") == (opened.opened_at, opened.role)
    family.quarantined("2026-03-25 10:00", family_topic, InputKind.REDRIVEN)
    assert GapState.CLEARED_LATE is family.gaps("G62")[0].state


@pytest.mark.parametrize("family_topic", ["safeguarding", "pregnancy"])
def test_a_quarantine_that_is_told_twice_is_one(family_topic: str) -> None:
    """The same input in quarantine is the same gap."""
    family = Family()
    for _ in range(2):
        family.quarantined("2026-03-23 10:00", family_topic)
    family.wake("2026-03-25 17:00")
    assert 1 == len(family.gaps("G62"))


def test_an_original_redriven_in_vain_is_a_gap_again() -> None:
    """A redrive answers the refusals up to the one it is of, whichever reaches the hub first."""
    family = Family()
    family.quarantined("2026-03-23 10:00", "safeguarding")
    family.quarantined("2026-03-25 10:01", "safeguarding")
    family.quarantined(
        "2026-03-25 10:02", "safeguarding", InputKind.REDRIVEN, refused="2026-03-23 10:00"
    )
    (gap,) = family.gaps("G62")
    assert GapState.OPEN is gap.state
    family.quarantined(
        "2026-03-26 10:00", "safeguarding", InputKind.REDRIVEN, refused="2026-03-25 10:01"
    )
    (gap,) = family.gaps("G62")
    assert GapState.CLEARED_LATE is gap.state


def test_history_is_bounded_and_keeps_what_duties_rest_on() -> None:
    """The booking that began it all stays; small events go, the oldest first."""
    family = Family()
    family.book()
    for number in range(HISTORY_LIMIT + 10):
        family.hear("concern.raised", f"2026-04-{number % 28 + 1:02} 10:00", id=f"c{number}",
                    code="DA", severity="low")  # fmt: skip
    kept = [r.id for r in family.episode.history]
    assert HISTORY_LIMIT == len(kept)
    assert "booking" in kept
    assert f"c{HISTORY_LIMIT + 9}" == kept[-1]


def test_a_recall_that_is_only_opened_stays_a_gap() -> None:
    """Whoever was told must say that it is destroyed; to have read the recall is not enough."""
    family = Family()
    family.book()
    family.answer(family.notice(GP), "sent", "2026-03-23 10:01")
    family.retract("booking", "2026-03-24 09:00", reason="wrong_person")
    family.wake("2026-03-25 12:00")
    recall = family.notice("P48.wrong-person")
    family.answer(recall, "opened", "2026-03-25 13:00")
    assert "G60" in family.open_gaps()
    family.answer(recall, "accepted", "2026-03-25 14:00")
    assert GapState.CLEARED_LATE is family.gaps("G60")[0].state
