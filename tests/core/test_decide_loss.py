"""A loss stops everything routine at once; twins are one pregnancy and two babies."""

import pytest

from hub.core.draft import Draft
from hub.core.episode import Gap
from hub.core.model import GapState, ObligationState, Severity
from hub.core.outcomes import EventRecorded, NoticeIssued, ObligationEnded
from tests.core.stage import BOOKING, Family, local

GP, HV, LOSS = "P02.gp", "P03.health-visiting", "P11.loss"


def lose(family: Family, at: str = "2026-04-01 10:00", **changes: object) -> None:
    """The pregnancy, or one baby, is lost."""
    usual = {"id": "loss", "outcome": "miscarriage", "baby_id": None, "ended_on": at[:10]}
    family.hear("pregnancy.ended", at, **(usual | changes))


def born(family: Family, baby: str, at: str = "2026-07-01 04:00", **changes: object) -> None:
    """A baby is born."""
    usual = {"id": f"birth-{baby}", "baby_id": baby, "born_at": local(at), "alive": "y"}
    family.hear("birth.recorded", at, **(usual | changes))


def test_a_loss_withdraws_what_is_routine_and_tells_everybody() -> None:
    """Open routine duties end and are recalled; four roles hear of the loss within the day."""
    family = Family()
    family.book()
    family.wake("2026-04-01 09:59")
    assert {"G01", "G02", "G05"} <= set(family.open_gaps())
    lose(family)
    assert {ObligationState.WITHDRAWN} == {family.obligation(r).state for r in (GP, HV)}
    ended = {o.why.rule: o.notice_ids for o in family.just_said(ObligationEnded)}
    assert all(ended[rule] for rule in (GP, HV))
    assert {GapState.WITHDRAWN} == {g.state for g in family.gaps()}
    told = {n.role for n in family.just_said(NoticeIssued)}
    assert {"GP_PRACTICE", "COMM_MIDWIFE", "HV_TEAM", "BEREAVEMENT_MW"} == told
    assert {LOSS} == {n.why.rule for n in family.just_said(NoticeIssued)}


def test_nothing_routine_is_sent_after_a_loss() -> None:
    """No reminder and no escalation, however long the hub waits."""
    family = Family()
    family.book()
    lose(family)
    family.wake("2027-01-01 10:00")
    after = {n.why.rule for n in family.just_said(NoticeIssued)}
    assert set() == after & {GP, HV, "EL-R.0", "EL-R.1", "EL-R.2"}
    # Nobody has offered support either: that is what is owed after a loss (G50); and nobody has
    # opened the notices of the loss (G60).
    assert {"G48", "G50", "G60"} == {g.code for g in family.gaps() if g.state is GapState.OPEN} - {
        "G63"
    }


def test_a_loss_keeps_what_is_not_routine() -> None:
    """A child protection notice is still owed after the loss."""
    family = Family()
    family.book()
    family.hear("status.changed", "2026-03-24 10:00", kind="CPP_unborn", source="L97:CSC")
    lose(family)
    assert ObligationState.OWED is family.obligation("P37.status").state


@pytest.mark.parametrize(
    ("event_type", "body", "rule"),
    [
        ("pregnancy.booked", BOOKING | {"gp_ods": "Y1"}, GP),
        ("pregnancy.dated", {"edd": "2026-11-01", "basis": "scan"}, "P07.redated"),
        ("pregnancy.notified", {"booked_status": "not_booked"}, "P01.early"),
    ],
)
def test_a_routine_event_that_comes_late_is_not_told_after_the_loss(
    event_type: str, body: dict[str, object], rule: str
) -> None:
    """It happened before the loss and arrives after it: on record, and nobody is written to."""
    family = Family()
    lose(family)
    family.hear(event_type, "2026-04-02 10:00", occurred="2026-03-20 10:00", **body)
    assert [] == family.said(NoticeIssued, rule=rule)
    family.wake("2026-12-01 10:00")
    assert {"G48", "G50", "G60", "G63"} >= set(family.open_gaps())


def test_an_event_after_the_end_says_so() -> None:
    """The record shows that it came after the loss."""
    family = Family()
    family.book()
    lose(family)
    family.hear("pregnancy.dated", "2026-04-03 10:00", edd="2026-11-01", basis="scan")
    assert ["after_end"] == [o.how for o in family.just_said(EventRecorded)]


def test_a_met_routine_duty_is_not_owed_to_the_next_practice_after_a_loss() -> None:
    """She moves house in her grief; the new practice is not sent a booking."""
    family = Family()
    family.book()
    family.answer(family.notice(GP), "accepted", "2026-03-24 09:00")
    lose(family)
    family.hear(
        "demographics.changed", "2026-04-20 10:00", kind="gp", to="Y2", effective="2026-04-20",
        **{"from": "Y1"},
    )  # fmt: skip
    assert ["Y1"] == [n.organisation for n in family.said(NoticeIssued, rule=GP)]


def test_a_correction_after_the_loss_sends_no_routine_notice() -> None:
    """The booking's due date was wrong; nobody is written to about it now."""
    family = Family()
    family.book()
    family.answer(family.notice(GP), "accepted", "2026-03-24 09:00")
    lose(family)
    body = BOOKING | {"edd": "2026-10-25"}
    family.correct(
        "booking", "pregnancy.booked", "2026-04-02 10:00", occurred="2026-03-23 10:00", **body
    )
    assert [] == family.just_said(NoticeIssued, rule=GP)


def only(family: Family, code: str) -> Gap:
    """The one gap of a code."""
    (gap,) = family.gaps(code)
    return gap


def test_a_routine_notice_sent_after_the_loss_is_a_gap_that_nothing_clears() -> None:
    """G49: its channel took it after the loss; only people can put that right."""
    family = Family()
    family.book()
    lose(family)
    family.answer(family.said(NoticeIssued, rule=GP)[0], "sent", "2026-04-01 10:30")
    gap = only(family, "G49")
    assert (Severity.SAFEGUARDING, "SERVICE_MANAGER") == (gap.severity, gap.role)
    family.answer(family.said(NoticeIssued, rule=GP)[0], "opened", "2026-04-01 11:00")
    assert GapState.OPEN is only(family, "G49").state


def test_a_routine_notice_sent_before_the_loss_is_none() -> None:
    """It left in good time and was only delivered after."""
    family = Family()
    family.book()
    notice = family.notice(GP)
    family.answer(notice, "sent", "2026-03-23 10:01")
    lose(family)
    family.answer(notice, "delivered", "2026-04-01 10:30")
    assert [] == family.gaps("G49")


def test_what_was_sent_before_the_loss_was_known_is_reviewed_too() -> None:
    """The loss was in the night; the booking went out in the morning; the news came at noon."""
    family = Family()
    family.book(at="2026-04-01 09:00")
    family.answer(family.notice(GP), "sent", "2026-04-01 09:01")
    lose(family, "2026-04-01 12:00", occurred="2026-04-01 03:00")
    gap = only(family, "G49")
    assert (True, local("2026-04-01 12:00")) == (gap.late_informed, gap.opened_at)


# --- babies ---------------------------------------------------------------------------------


def test_twins_are_two_babies_and_one_mother() -> None:
    """Each birth is told for itself; the family needs one named health visitor."""
    family = Family()
    family.book()
    born(family, "b1")
    born(family, "b2", "2026-07-01 04:20")
    assert ["b1", "b2"] == [b.baby_id for b in family.episode.babies]
    assert 6 == len(family.said(NoticeIssued, rule="P13.birth"))
    family.wake("2026-07-15 09:00")
    assert 1 == len(family.gaps("G17"))


def test_one_twin_lost_stops_only_what_concerns_that_baby() -> None:
    """Trap 8: the duties for the mother and the other baby go on."""
    family = Family()
    family.book()
    born(family, "b1")
    born(family, "b2", "2026-07-01 04:20")
    lose(family, "2026-07-01 09:00", baby_id="b1", outcome="neonatal_death")
    births = [o for o in family.episode.obligations if o.rule == "P13.birth"]
    states = {(o.subject, o.state) for o in births}
    assert {("b1", ObligationState.WITHDRAWN), ("b2", ObligationState.OWED)} == states
    assert not family.expectation("P13.named-health-visitor").withdrawn
    assert (None, None) == (family.episode.ended_at, family.episode.outcome)
    assert [True, False] == [b.ended_at is not None for b in family.episode.babies]


def test_a_lost_twin_s_late_birth_report_is_not_told() -> None:
    """The death came first; the routine notice of that birth must not follow it."""
    family = Family()
    family.book()
    born(family, "b1")
    lose(family, "2026-07-01 09:00", baby_id="b2", outcome="stillbirth")
    born(family, "b2", "2026-07-01 10:00", born_at=local("2026-07-01 04:20"))
    subjects = {o.subject for o in family.episode.obligations if o.rule == "P13.birth"}
    assert {"b1"} == subjects


def test_the_end_of_a_pregnancy_in_a_live_birth_is_no_loss() -> None:
    """`live_birth_see_E08` withdraws nothing, tells nobody of a loss and ends no baby."""
    family = Family()
    family.book()
    lose(family, "2026-07-01 09:00", baby_id="b1", outcome="live_birth_see_E08")
    assert [] == family.said(NoticeIssued, rule=LOSS)
    assert ObligationState.OWED is family.obligation(GP).state
    assert [None] == [b.ended_at for b in family.episode.babies]


def test_the_day_of_birth_is_the_local_day() -> None:
    """Half past midnight in summer is already the next day: age counts from there."""
    family = Family()
    family.book()
    born(family, "b1", "2026-07-02 00:30")
    born(family, "b2", "2026-07-02 00:50")
    draft = Draft(family.episode, family.rules, local("2026-07-02 12:00"))
    assert "2026-07-02" == str(draft.born)


def test_the_record_of_a_stillbirth_says_how_the_pregnancy_ended() -> None:
    """Nobody else has told of it: the family's page says so all the same."""
    family = Family()
    family.book()
    born(family, "b1", alive="n")
    assert "stillbirth" == family.episode.outcome
    assert local("2026-07-01 04:00") == family.episode.ended_at
