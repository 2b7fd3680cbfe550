"""Corrections and retractions: what is put in place of what, and what is owed again."""

import pytest

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Event, GapState, Level, NoticeReason, ObligationState, Person
from hub.core.outcomes import (
    EpisodeChanged,
    EventRecorded,
    ExpectationRaised,
    NoticeIssued,
    ObligationEnded,
    ObligationRaised,
)
from tests.core.stage import BOOKING, Family, discharge, local, summary

GP = "P02.gp"

# --- corrections ----------------------------------------------------------------------------


def correct_booking(family: Family, at: str = "2026-03-24 15:00", **changes: object) -> None:
    """The booking was really otherwise."""
    body = BOOKING | changes
    family.correct("booking", "pregnancy.booked", at, occurred="2026-03-23 10:00", **body)


def test_a_correction_to_a_met_duty_owes_it_again() -> None:
    """Whoever had filed the original gets the correction, counted from the correction."""
    family = Family()
    family.book()
    first = family.notice(GP)
    family.answer(first, "accepted", "2026-03-24 09:00")
    correct_booking(family, edd="2026-10-25")
    notice = family.notice(GP)
    assert (NoticeReason.CORRECTED, "Y1") == (notice.reason, notice.organisation)
    assert first.notice_id == notice.in_reply_to
    assert local("2026-03-26 17:00") == notice.due_at
    assert 2 == len([o for o in family.episode.obligations if o.rule == GP])
    assert "2026-10-25" == family.episode.edd
    family.wake("2026-03-26 17:00")
    assert ["G01"] == family.open_gaps()


def test_a_correction_to_an_open_duty_goes_on_with_new_words() -> None:
    """One duty, a second notice in place of the first; its due times stay."""
    family = Family()
    family.book()
    first = family.notice(GP)
    family.answer(first, "sent", "2026-03-23 10:01")
    correct_booking(family, edd="2026-10-25")
    second = family.notice(GP)
    assert (NoticeReason.CORRECTED, first.notice_id) == (second.reason, second.in_reply_to)
    assert first.due_at == second.due_at
    assert 1 == len([o for o in family.episode.obligations if o.rule == GP])


def test_a_notice_still_on_its_way_is_corrected_too() -> None:
    """It leaves with the old words in it, whether or not its channel has reported yet."""
    family = Family()
    family.book()
    correct_booking(family, edd="2026-10-25")
    assert NoticeReason.CORRECTED is family.notice(GP).reason


def test_accepting_the_old_words_proves_nothing_about_the_new() -> None:
    """After a correction only the corrected notice counts."""
    family = Family()
    family.book()
    first = family.notice(GP)
    family.answer(first, "sent", "2026-03-23 10:01")
    correct_booking(family, edd="2026-10-25")
    family.answer(first, "accepted", "2026-03-24 16:00")
    assert Level.OWED is family.obligation(GP).level
    family.answer(family.notice(GP), "accepted", "2026-03-24 17:00")
    assert Level.ACCEPTED is family.obligation(GP).level


def test_two_corrections_owe_one_duty_at_a_time() -> None:
    """The second correction goes on with the duty that the first has raised."""
    family = Family()
    family.book()
    family.answer(family.notice(GP), "accepted", "2026-03-24 09:00")
    correct_booking(family, edd="2026-10-25")
    correct_booking(family, at="2026-03-24 16:00", edd="2026-10-26")
    assert 1 == len(family.just_said(NoticeIssued, rule=GP))
    assert 2 == len([o for o in family.episode.obligations if o.rule == GP])


def test_a_correction_of_an_early_event_does_not_undo_a_later_one() -> None:
    """A corrected booking does not bring the booking's due date back after the scan."""
    family = Family()
    family.book()
    family.hear("pregnancy.dated", "2026-04-20 10:00", edd="2026-11-01", basis="scan")
    correct_booking(family, at="2026-04-21 10:00", provider="RXB")
    assert ("2026-11-01", "RXB") == (family.episode.edd, family.episode.provider)


def test_a_corrected_time_moves_what_is_counted_from_it() -> None:
    """The conference is a week later, and so are the reports."""
    family = Family()
    family.book()
    body = {
        "conference_id": "c1",
        "kind": "ICPC",
        "place": "x",
        "invitees": [{"role": "NAMED_HV", "org": "RYV", "person": "hv-1", "required": "y"}],
    }
    at = local("2026-04-10 10:00")
    family.hear(
        "conference.scheduled", "2026-03-24 12:00", id="c", conference_at=at, source="L97:CSC",
        **body,
    )  # fmt: skip
    family.correct(
        "c", "conference.scheduled", "2026-03-25 12:00", occurred="2026-03-24 12:00",
        conference_at=local("2026-04-17 10:00"), **body,
    )  # fmt: skip
    assert local("2026-04-15 10:00") == family.expectation("P35.report-initial").due_at


def test_a_correction_that_takes_the_ground_away_ends_the_question() -> None:
    """She was not discharged but admitted: no summary is owed."""
    family = Family()
    discharge(family)
    family.wake("2026-10-23 12:00")
    family.correct(
        "discharge", "encounter.updated", "2026-10-23 13:00", occurred="2026-10-22 12:00",
        kind="admitted", subject="mother", baby_id=None, encounter_id="e1", destination=None,
    )  # fmt: skip
    assert GapState.WITHDRAWN is family.gaps("G12")[0].state


@pytest.mark.parametrize(
    ("target", "event_type", "reason"),
    [
        ("nothing", "pregnancy.booked", FaultReason.UNKNOWN_TARGET),
        ("booking", "pregnancy.dated", FaultReason.SCHEMA_VIOLATION),
    ],
)
def test_a_correction_of_what_is_not_there_is_refused(
    target: str, event_type: str, reason: FaultReason
) -> None:
    """Unknown, or of another type: the sender is told, and nothing has changed."""
    family = Family()
    family.book()
    before = family.episode
    with pytest.raises(SenderFault) as refused:
        family.correct(
            target, event_type, "2026-03-24 10:00", occurred="2026-03-23 10:00", edd="2026-10-25"
        )
    assert reason is refused.value.reason
    assert before is family.episode


# --- retractions ----------------------------------------------------------------------------


def test_a_retraction_recalls_every_notice() -> None:
    """Duties end retracted, gaps withdrawn, and whoever was sent something must destroy it."""
    family = Family()
    family.book()
    family.answer(family.notice(GP), "sent", "2026-03-23 10:01")
    family.wake("2026-03-25 17:00")
    assert ["G01"] == family.open_gaps()
    family.retract("booking", "2026-03-26 09:00", reason="wrong_person")
    assert ["retracted"] == [o.how for o in family.just_said(EventRecorded)]
    assert ObligationState.RETRACTED is family.obligation(GP).state
    assert GapState.WITHDRAWN is family.gaps("G01")[0].state
    recalled = family.said(NoticeIssued, rule="P48.wrong-person")
    assert ["Y1"] == [n.organisation for n in recalled], "nobody else had been sent anything"
    ended = family.just_said(ObligationEnded, rule=GP)
    assert family.said(NoticeIssued, rule=GP)[0].notice_id in ended[0].notice_ids
    (changed,) = family.just_said(EpisodeChanged)[-1:]
    assert (None, False) == (changed.edd, family.episode.booked)


def test_nothing_is_sent_about_a_retracted_event_any_more() -> None:
    """No reminder, no escalation of its gaps."""
    family = Family()
    family.book()
    family.retract("booking", "2026-03-24 09:00")
    family.wake("2026-08-01 09:00")
    assert [] == family.just_said(NoticeIssued, rule=GP)
    assert [] == family.open_gaps()


def test_what_a_retracted_event_had_answered_is_asked_again() -> None:
    """The summary was of somebody else: hers is still owed, and that is seen at once."""
    family = Family()
    discharge(family)
    family.hear("discharge.summary", "2026-10-22 20:00", id="s1", **summary())
    family.retract("s1", "2026-10-23 10:00", reason="wrong_person")
    assert family.just_said(ExpectationRaised, rule="P29.summary")
    assert "G12" not in family.open_gaps()
    family.wake("2026-10-23 12:00")
    assert "G12" in family.open_gaps()


def test_a_gap_that_a_retracted_event_had_cleared_opens_again() -> None:
    """Its second cycle: the hub knows only now, and says so."""
    family = Family()
    discharge(family)
    family.wake("2026-10-23 12:00")
    family.hear("discharge.summary", "2026-10-23 15:00", id="s1", **summary())
    family.retract("s1", "2026-10-26 10:00", reason="wrong_person")
    first, second = family.gaps("G12")
    assert (GapState.CLEARED_LATE, GapState.OPEN) == (first.state, second.state)
    assert (2, True, local("2026-10-26 10:00")) == (
        second.cycle,
        second.late_informed,
        second.opened_at,
    )


def test_a_condition_that_a_retracted_event_had_met_is_asked_again() -> None:
    """The named health visitor was named by mistake."""
    family = Family()
    family.book()
    family.hear(
        "assignment.changed", "2026-05-01 10:00", id="a1", role="NAMED_HV", organisation="RYV",
        practitioner="hv-1", accepted="y", source="RYV:HV", **{"from": local("2026-05-01 10:00")},
    )  # fmt: skip
    assert family.expectation("P03.named-health-visitor").met_at is not None
    family.retract("a1", "2026-05-02 10:00")
    assert family.expectation("P03.named-health-visitor").met_at is None
    family.wake("2026-07-15 09:00")
    assert "G17" in family.open_gaps()


def test_a_retracted_loss_owes_again_what_it_had_withdrawn() -> None:
    """She has not lost the baby: practice and health visitor must know of the pregnancy."""
    family = Family()
    family.book()
    family.hear(
        "pregnancy.ended", "2026-03-24 09:00", id="loss", outcome="miscarriage", baby_id=None,
        ended_on="2026-03-24",
    )  # fmt: skip
    assert ObligationState.WITHDRAWN is family.obligation(GP).state
    family.retract("loss", "2026-03-25 09:00", reason="wrong_person")
    raised = family.just_said(ObligationRaised, rule=GP)
    assert [local("2026-03-27 17:00")] == [o.milestones[0].due_at for o in raised]
    assert family.notice(GP).organisation == "Y1"
    assert not family.expectation("P03.named-health-visitor").withdrawn
    family.wake("2026-07-15 09:00")
    assert {"G01", "G17"} <= set(family.open_gaps())


@pytest.mark.parametrize("event_type", ["event.corrected", "event.retracted"])
def test_what_was_retracted_cannot_be_taken_back_or_mended(event_type: str) -> None:
    """It is gone; a new event must be sent in its place."""
    family = Family()
    family.book()
    family.retract("booking", "2026-03-24 09:00")
    whole = Event(
        id="w",
        type="pregnancy.booked",
        source="RXA:MAT_PAS",
        occurred_at=local("2026-03-23 10:00"),
        received_at=local("2026-03-24 10:00"),
        subject=Person(reference="MAT-1"),
        body=dict(BOOKING),
    )
    with pytest.raises(SenderFault) as refused:
        family.hear(
            event_type, "2026-03-24 10:00", target_id="booking", reason="x", replacement=whole
        )
    assert FaultReason.UNKNOWN_TARGET is refused.value.reason


def test_a_retraction_of_what_is_not_there_is_refused() -> None:
    """The sender hears that this family has no such event."""
    family = Family()
    family.book()
    with pytest.raises(SenderFault) as refused:
        family.retract("nothing", "2026-03-24 09:00")
    assert FaultReason.UNKNOWN_TARGET is refused.value.reason
