"""What proves something, and what follows when a proof is taken back, moves or comes by itself."""

import pytest

from hub.core.model import GapState, Level, ObligationState, Signal
from hub.core.outcomes import GapClosed, GapOpened, LevelReached
from tests.core.stage import Family, discharge, local, summary

INVITATION, REPORT = "P34.invitation", "P35.report-initial"
PLAN = {"conference_id": "cf-1", "kind": "ICPC", "place": "Town Hall", "strategy_at": None}
GP = {"role": "GP_PRACTICE", "org": "Y1", "person": None, "required": "y"}
HV = {"role": "NAMED_HV", "org": "RYV", "person": "hv-1", "required": "y"}
MW = {"role": "NAMED_MW", "org": "RXA", "person": "mw-1", "required": "y"}


def schedule(family: Family, at: str, on: str, **changes: object) -> None:
    """A conference gets a date, or another one."""
    body = PLAN | {"conference_at": local(on), "invitees": [GP, HV, MW]} | changes
    family.hear("conference.scheduled", at, source="L97:CSC", **body)


def reply(family: Family, at: str, **changes: object) -> None:
    """The practice says that it will come."""
    body = {"conference_id": "cf-1", "role": "GP_PRACTICE", "reply": "attending"} | changes
    family.hear("conference.response", at, id="reply", source="Y1:GP", **body)


def invited() -> Family:
    """A conference on 10 April to which the practice has replied."""
    family = Family()
    family.book()
    schedule(family, "2026-03-24 10:00", "2026-04-10 10:00")
    family.answer(family.notice(INVITATION, "GP_PRACTICE"), "opened", "2026-03-24 11:00")
    reply(family, "2026-03-24 12:00")
    assert Level.ACTED is family.obligation(INVITATION, "GP_PRACTICE").level
    return family


def test_a_retracted_proof_counts_no_more() -> None:
    """The reply was somebody else's: the invitation is unanswered, by its old due time."""
    family = invited()
    family.retract("reply", "2026-03-25 10:00")
    duty = family.obligation(INVITATION, "GP_PRACTICE")
    assert (ObligationState.OPENED, Level.OPENED) == (duty.state, duty.level)
    assert all(m.met_at is None for m in duty.milestones)
    said = family.said(LevelReached)[-1]
    found = (said.signal, said.level, said.state, said.counts, said.detail)
    assert (Signal.REISSUE, Level.OPENED, ObligationState.OPENED, False, "reply") == found
    family.wake("2026-03-27 17:00")
    assert duty.obligation_id in {i for g in family.gaps("G76") for i in g.duty_ids}


def test_a_proof_that_was_corrected_away_counts_no_more() -> None:
    """As corrected, the reply is about another conference."""
    family = invited()
    other = {"conference_id": "cf-2", "role": "GP_PRACTICE", "reply": "attending"}
    family.correct(
        "reply", "conference.response", "2026-03-25 10:00", occurred="2026-03-24 12:00", **other
    )
    assert Level.OPENED is family.obligation(INVITATION, "GP_PRACTICE").level


def test_a_corrected_proof_that_still_proves_goes_on_counting() -> None:
    """Only a word of it changed."""
    family = invited()
    same = {"conference_id": "cf-1", "role": "GP_PRACTICE", "reply": "deputy"}
    family.correct(
        "reply", "conference.response", "2026-03-25 10:00", occurred="2026-03-24 12:00", **same
    )
    assert Level.ACTED is family.obligation(INVITATION, "GP_PRACTICE").level


def test_an_answer_that_was_corrected_away_is_asked_for_again() -> None:
    """The report, as corrected, is not first-hand: none has come."""
    family = Family()
    family.book()
    schedule(family, "2026-03-24 10:00", "2026-04-10 10:00")
    report = {"conference_id": "cf-1", "role": "GP_PRACTICE", "first_hand": "y"}
    family.hear("conference.report", "2026-04-01 10:00", id="report", source="Y1:GP", **report)
    family.correct(
        "report", "conference.report", "2026-04-02 10:00", occurred="2026-04-01 10:00",
        **(report | {"first_hand": "n"}),
    )  # fmt: skip
    family.wake("2026-04-08 10:00")
    assert "GP_PRACTICE" in {g.role for g in family.gaps("G27") if g.state is GapState.OPEN}


def test_a_conference_with_a_new_date_has_new_deadlines_only() -> None:
    """The old date asks nothing more: no report, no reply, no gap."""
    family = Family()
    family.book()
    schedule(family, "2026-03-24 10:00", "2026-04-10 10:00")
    schedule(family, "2026-04-07 10:00", "2026-04-24 10:00")
    family.wake("2026-04-09 16:59")
    assert [] == [g for g in family.gaps("G27") if g.state is GapState.OPEN]
    running = [e for e in family.episode.expectations if e.rule == REPORT and not e.withdrawn]
    assert {local("2026-04-22 10:00")} == {e.due_at for e in running}
    assert 3 == len(running)
    open_still = [
        o
        for o in family.episode.obligations
        if o.rule == INVITATION and o.state is not ObligationState.WITHDRAWN
    ]
    assert {"conference.scheduled@2026-04-07 10:00"} == {o.trigger for o in open_still}


def test_another_conference_keeps_its_deadlines() -> None:
    """Only the same conference is moved."""
    family = Family()
    family.book()
    schedule(family, "2026-03-24 10:00", "2026-04-10 10:00")
    schedule(family, "2026-03-25 10:00", "2026-04-24 10:00", conference_id="cf-2")
    running = [e for e in family.episode.expectations if e.rule == REPORT and not e.withdrawn]
    assert 6 == len(running)


# --- a summary without news of the discharge -------------------------------------------------


def test_a_late_summary_is_late_by_its_own_time_of_discharge() -> None:
    """No message told of the discharge: the summary tells both, and that it was late (G12)."""
    family = Family()
    family.book()
    family.hear("discharge.summary", "2026-10-23 13:00", **summary())
    (opened,) = family.said(GapOpened, code="G12")
    assert local("2026-10-23 12:00") == opened.due_at
    (closed,) = family.said(GapClosed, code="G12")
    assert GapState.CLEARED_LATE is closed.state


def test_a_summary_in_time_is_no_gap() -> None:
    """Twenty-three hours."""
    family = Family()
    family.book()
    family.hear("discharge.summary", "2026-10-23 11:00", **summary())
    assert [] == family.gaps("G12")


def test_a_discharge_that_was_reported_counts_by_itself() -> None:
    """One gap for one absence, not two."""
    family = Family()
    family.book()
    discharge(family)
    family.wake("2026-10-23 12:00")
    family.hear("discharge.summary", "2026-10-23 13:00", **summary())
    assert 1 == len(family.said(GapOpened, code="G12"))


@pytest.mark.parametrize("level", ["opened", "accepted"])
def test_what_the_recipient_said_still_stands_when_a_proof_falls(level: str) -> None:
    """Only the proof was taken back."""
    family = Family()
    family.book()
    schedule(family, "2026-03-24 10:00", "2026-04-10 10:00")
    notice = family.notice(INVITATION, "GP_PRACTICE")
    family.answer(notice, level, "2026-03-24 11:00", person="dr-elm")
    reply(family, "2026-03-24 12:00")
    family.retract("reply", "2026-03-25 10:00")
    assert level == family.obligation(INVITATION, "GP_PRACTICE").state.value
    assert family.said(LevelReached)


def test_a_late_proof_taken_back_opens_its_gap_again() -> None:
    """The reply came after its time and closed the gap; it was somebody else's."""
    family = Family()
    family.book()
    schedule(family, "2026-03-24 10:00", "2026-04-10 10:00")
    family.answer(family.notice(INVITATION, "GP_PRACTICE"), "opened", "2026-03-24 11:00")
    family.wake("2026-03-27 17:00")
    reply(family, "2026-03-30 12:00")
    duty = family.obligation(INVITATION, "GP_PRACTICE").obligation_id
    family.retract("reply", "2026-03-31 10:00")
    mine = [g.state for g in family.gaps("G76") if duty in g.duty_ids]
    assert sorted([GapState.CLEARED_LATE, GapState.OPEN]) == sorted(mine)
