"""How far a notice got, what counts, and whom it is turned to."""

import pytest

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import GapState, Level, NoticeReason, ObligationState, Signal
from hub.core.outcomes import (
    Escalated,
    GapClosed,
    GapOpened,
    LevelReached,
    NoticeIssued,
    ObligationMet,
)
from tests.core.stage import TEAM, Family, local, team

GP, HV = "P02.gp", "P03.health-visiting"


def discharged(family: Family, at: str = "2026-10-22 12:00", **changes: object) -> None:
    """A summary of the mother, complete; its notices to midwife and health visitor are
    safeguarding notices.
    """
    section = {"state": "none_checked", "text": None, "checked_by": "mw-1"}
    body = {
        "subject": "mother",
        "baby_id": None,
        "discharged_at": local(at),
        "sections": {
            "safeguarding_concerns": section,
            "social_circumstances": section,
            "mental_health_history": section,
        },
    }
    family.hear("discharge.summary", at, id="summary", **(body | changes))


def test_each_role_gets_one_notice_and_levels_rise() -> None:
    """Sent, delivered, opened, accepted: each is said once, and the last meets the duty."""
    family = Family()
    family.book()
    notice = family.notice(GP)
    for signal in ("sent", "delivered", "opened", "accepted"):
        family.answer(notice, signal, "2026-03-24 09:00")
    levels = [(r.level, r.counts) for r in family.said(LevelReached)]
    assert [(level, True) for level in (1, 2, 3, 4)] == levels
    (met,) = family.said(ObligationMet)
    assert (Level.ACCEPTED, False) == (met.level, met.late)
    assert [] == family.gaps("G01")


def test_evidence_that_comes_twice_or_late_moves_nothing() -> None:
    """What is known already is not said again."""
    family = Family()
    family.book()
    notice = family.notice(GP)
    family.answer(notice, "accepted", "2026-03-24 09:00")
    for signal in ("sent", "opened", "accepted"):
        assert () == family.answer(notice, signal, "2026-03-24 09:05").outcomes
    assert ObligationState.ACCEPTED is family.obligation(GP).state


@pytest.mark.parametrize("signal", ["sent", "delivered", "opened", "accepted", "acted"])
def test_another_organisation_never_counts(signal: str) -> None:
    """It is noted, meets nothing, and does not stand in the way of the right one."""
    family = Family()
    family.book()
    notice = family.notice(GP)
    family.answer(notice, signal, "2026-03-24 09:00", organisation="Y9")
    (noted,) = family.said(LevelReached)
    assert (False, "Y9") == (noted.counts, noted.organisation)
    assert Level.OWED is family.obligation(GP).level
    family.answer(notice, "accepted", "2026-03-24 10:00")
    assert Level.ACCEPTED is family.obligation(GP).level
    assert 1 == len(family.said(ObligationMet))


def test_another_organisation_cannot_hand_a_notice_back() -> None:
    """'Not ours' is for those who have it to say."""
    family = Family()
    family.book()
    family.answer(family.notice(GP), "not_ours", "2026-03-24 09:00", organisation="Y9")
    assert ObligationState.OWED is family.obligation(GP).state
    assert [] == family.gaps()


def test_safeguarding_without_a_named_person_is_only_opened() -> None:
    """Whoever takes a safeguarding notice has a name (domain 1.1)."""
    family = Family()
    family.book()
    discharged(family)
    for signal in ("accepted", "acted"):
        family.answer(family.notice("P29.midwife"), signal, "2026-10-22 13:00", person=None)
        assert Level.OPENED is family.obligation("P29.midwife").level
    assert "no_named_person" == family.said(LevelReached)[-1].detail
    family.answer(family.notice("P29.midwife"), "accepted", "2026-10-22 14:00", person="mw-1")
    assert Level.ACCEPTED is family.obligation("P29.midwife").level


def test_an_unknown_notice_is_refused() -> None:
    """Nothing is decided about a notice that this family never had."""
    family, other = Family(), Family()
    family.book()
    other.book(id="another booking")
    before = family.episode
    with pytest.raises(SenderFault) as refused:
        family.answer(other.notice(GP), "opened", "2026-03-24 09:00")
    assert FaultReason.UNKNOWN_NOTICE is refused.value.reason
    assert before is family.episode


@pytest.mark.parametrize(
    "order", ["withdraw", "waive", "retract", "suppress", "decline", "reissue"]
)
def test_a_receipt_cannot_order(order: str) -> None:
    """A recipient tells what became of a notice; what becomes of the duty is not hers to say."""
    family = Family()
    family.book()
    with pytest.raises(SenderFault, match="cannot order"):
        family.answer(family.notice(GP), order, "2026-03-24 09:00")


@pytest.mark.parametrize("signal", ["bounced", "not_ours", "refused"])
def test_what_comes_back_is_a_gap_and_turns_to_the_present_holder(signal: str) -> None:
    """G60 opens, the duty goes to who holds the role now, and only that place can meet it."""
    family = Family()
    family.book()
    first = family.notice(GP)
    family.answer(first, signal, "2026-03-24 09:00", holders=team(GP_PRACTICE="Y2"))
    assert ["G60"] == family.open_gaps()
    second = family.notice(GP)
    assert ("Y2", NoticeReason.REROUTED, first.notice_id) == (
        second.organisation, second.reason, second.in_reply_to,
    )  # fmt: skip
    family.answer(first, "accepted", "2026-03-24 10:00")
    assert Level.OWED is family.obligation(GP).level, "the old practice counts for nothing"
    family.answer(second, "opened", "2026-03-24 11:00")
    (closed,) = family.said(GapClosed)
    assert ("G60", GapState.CLEARED_LATE) == (closed.code, closed.state)


def test_not_ours_after_opening_leaves_nobody_told() -> None:
    """A wrong practice finds out by opening; until the right one has it, the gap stays open."""
    family = Family()
    family.book()
    family.answer(family.notice(GP), "opened", "2026-03-24 09:00")
    family.answer(family.notice(GP), "not_ours", "2026-03-24 09:10")
    assert ["G60"] == family.open_gaps()
    assert (ObligationState.NOT_OURS, Level.OWED) == (
        family.obligation(GP).state,
        family.obligation(GP).level,
    )
    family.wake("2026-03-25 17:00")
    assert {"G01", "G60"} <= set(family.open_gaps()), "it was due to be opened, and is not"


def test_not_ours_after_filing_is_owed_again() -> None:
    """Even a notice that was accepted counts for nothing at the wrong practice (ruling 21)."""
    family = Family()
    family.book()
    family.answer(family.notice(GP), "accepted", "2026-03-24 09:00")
    family.answer(family.notice(GP), "not_ours", "2026-03-24 16:00")
    assert [None, None] == [m.met_at for m in family.obligation(GP).milestones]
    family.hear("encounter.updated", "2026-03-24 16:30", kind="admitted", subject="mother",
                holders=team(GP_PRACTICE="Y2"))  # fmt: skip
    assert "Y2" == family.notice(GP).organisation


def test_a_reminder_that_bounces_does_not_undo_the_notice_before_it() -> None:
    """The first notice did arrive; when it is opened, that counts."""
    family = Family()
    family.book()
    first = family.notice(HV)
    family.answer(first, "sent", "2026-03-24 09:00")
    family.wake("2026-03-30 17:00")
    reminder = family.notice(HV)
    assert NoticeReason.REMINDER is reminder.reason
    family.answer(reminder, "bounced", "2026-03-30 17:05")
    family.answer(first, "opened", "2026-03-31 09:00")
    assert ["GP_PRACTICE"] == family.open_about("G02", "G60")


def test_stale_recipient_re_aims_without_a_gap() -> None:
    """The delivery role found another holder at the last moment (trap 31)."""
    family = Family()
    family.book()
    family.answer(
        family.notice(GP), Signal.STALE_RECIPIENT, "2026-03-24 09:00",
        holders=team(GP_PRACTICE="Y2"),
    )  # fmt: skip
    assert [] == family.gaps()
    assert "Y2" == family.notice(GP).organisation


def test_nobody_holds_the_role() -> None:
    """G60 at once, no notice to nobody; the holder who appears gets a first notice."""
    family = Family()
    family.book(holders=team(GP_PRACTICE=None))
    assert ["G60"] == family.open_gaps()
    assert [] == family.said(NoticeIssued, rule=GP)
    (opened,) = family.said(GapOpened, code="G60")
    assert local("2026-03-23 10:00") == opened.opened_at
    assert "SERVICE_MANAGER" == opened.role
    family.hear("encounter.updated", "2026-03-24 09:00", kind="admitted", subject="mother")
    notice = family.notice(GP)
    assert ("Y1", NoticeReason.FIRST) == (notice.organisation, notice.reason)
    assert ["G60"] == family.open_gaps(), "told is not sent"
    family.answer(notice, "opened", "2026-03-24 10:00")
    assert GapState.CLEARED_LATE is family.gaps("G60")[0].state


def test_no_notice_is_ever_addressed_to_nobody() -> None:
    """With an empty team every duty is a gap, and not one notice leaves for nowhere."""
    family = Family()
    family.book(holders=())
    family.wake("2026-05-20 10:00")
    assert [] == [n for n in family.said(NoticeIssued) if not n.organisation]
    assert "G60" in family.open_gaps()


def test_a_change_of_practice_turns_an_open_duty_and_gives_it_a_day() -> None:
    """Ruling 6: due at the later of the old time and one working day after the change."""
    family = Family()
    family.book()
    family.hear(
        "demographics.changed", "2026-03-25 15:00", id="moved", kind="gp", to="Y2",
        effective="2026-03-25", holders=team(GP_PRACTICE="Y2"), **{"from": "Y1"},
    )  # fmt: skip
    opened, accepted = family.obligation(GP).milestones
    assert local("2026-03-26 17:00") == opened.due_at, "the old time was the 25th"
    assert local("2026-03-30 17:00") == accepted.due_at, "the old time is later and stays"
    assert ("Y2", NoticeReason.REROUTED) == (
        family.notice(GP).organisation,
        family.notice(GP).reason,
    )
    family.wake("2026-03-25 17:00")
    assert [] == family.gaps("G01")


def test_a_duty_met_at_the_old_practice_is_owed_to_the_new_one() -> None:
    """Ruling 6: owed anew, with the gap of the original duty if it is not met."""
    family = Family()
    family.book()
    family.answer(family.notice(GP), "accepted", "2026-03-24 09:00")
    family.hear(
        "demographics.changed", "2026-05-04 15:00", id="moved", kind="gp", to="Y2",
        effective="2026-05-04", holders=team(GP_PRACTICE="Y2"), **{"from": "Y1"},
    )  # fmt: skip
    assert "Y2" == family.notice(GP).organisation
    assert 2 == len([o for o in family.episode.obligations if o.rule == GP])
    family.wake("2026-05-20 17:00")
    assert "G01" in family.open_gaps()


def test_who_leaves_is_told_and_never_re_aimed() -> None:
    """The notice that she has left belongs to the practice she left."""
    family = Family()
    family.book()
    family.hear(
        "demographics.changed", "2026-03-25 15:00", kind="gp", to="Y2",
        effective="2026-03-25", holders=team(GP_PRACTICE="Y2"), **{"from": "Y1"},
    )  # fmt: skip
    family.hear("encounter.updated", "2026-03-26 09:00", kind="admitted", subject="mother",
                holders=team(GP_PRACTICE="Y2"))  # fmt: skip
    assert {"Y1"} == {n.organisation for n in family.said(NoticeIssued, rule="P45.left")}


def test_a_subject_that_contains_left_is_still_re_aimed() -> None:
    """A conference called `cleft-1` is no departure."""
    family = Family()
    family.book(holders=team(GP_PRACTICE=None))
    family.hear(
        "conference.attendance", "2026-04-10 12:00", conference_id="cleft-1", quorate="y",
        presented_by=[], attendance=[{"role": "NAMED_HV", "org": "RYV", "state": "absent_none"}],
        holders=team(CP_CHAIR="L1"), source="L1:CSC",
    )  # fmt: skip
    family.hear("encounter.updated", "2026-04-10 13:00", kind="admitted", subject="mother",
                holders=team(CP_CHAIR="L2"))  # fmt: skip
    assert "L2" == family.notice("P36.chair").organisation


def test_a_follow_on_event_proves_the_action() -> None:
    """An invitation is answered by the reply, not by a click (level 5)."""
    family = Family()
    invite(family)
    notice = family.notice("P34.invitation", "NAMED_HV")
    family.answer(notice, "accepted", "2026-03-25 09:00", person="hv-1")
    reply(family, "2026-03-25 10:00")
    obligation = family.obligation("P34.invitation", "NAMED_HV")
    assert (ObligationState.ACTED, Level.ACTED) == (obligation.state, obligation.level)
    family.wake("2026-03-28 10:00")
    assert [] == [g for g in family.gaps("G76") if g.subject == "c1"]


def test_the_reply_may_come_before_the_invitation() -> None:
    """Events come in any order: the proof counts although it came first."""
    family = Family()
    family.book(at="2026-03-23 10:00")
    reply(family, "2026-03-24 10:00")
    invite(family, "2026-03-24 12:00")
    assert Level.ACTED is family.obligation("P34.invitation", "NAMED_HV").level


def invite(family: Family, at: str = "2026-03-24 12:00") -> None:
    """An invitation to a conference for the health visitor."""
    family.hear(
        "conference.scheduled", at, id="invitation", source="L97:CSC", conference_id="c1",
        kind="ICPC", conference_at=local("2026-04-10 10:00"), place="Civic Centre",
        invitees=[{"role": "NAMED_HV", "org": "RYV", "person": "hv-1", "required": "y"}],
        holders=TEAM,
    )  # fmt: skip


def reply(family: Family, at: str) -> None:
    """The health visitor will come."""
    family.hear(
        "conference.response", at, source="RYV:HV", conference_id="c1", role="NAMED_HV",
        reply="attending",
    )  # fmt: skip


def test_an_escalation_that_comes_back_climbs_and_never_blocks_its_own_gap() -> None:
    """A G60 whose escalation was 'not ours' waited for that escalation, and never closed."""
    family = Family()
    family.book()
    family.answer(family.notice("P03.health-visiting"), Signal.NOT_OURS, "2026-03-24 09:00")
    (escalation,) = family.said(NoticeIssued, role="SERVICE_MANAGER", organisation="RYV")
    family.answer(escalation, Signal.NOT_OURS, "2026-03-24 10:00")
    assert len(family.gaps("G60")) == 1
    assert len(family.gaps("G60")[0].duty_ids) == 1
    assert "G63" in family.open_gaps()
    assert family.just_said(Escalated, role="QUALITY_LEAD")
