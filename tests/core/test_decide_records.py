"""Duplicates, late events, corrections and retractions: what is on record, and what follows."""

import pytest

from hub.core.faults import FaultReason, HubFault
from hub.core.model import GapState
from hub.core.outcomes import (
    EventRecorded,
    GapClosed,
    GapOpened,
)
from tests.core.stage import Family, discharge, local, summary

GP = "P02.gp"


def test_an_event_that_comes_twice_changes_nothing_that_anybody_sees() -> None:
    """The id decides; the second is noted as a duplicate and nothing else follows."""
    family = Family()
    family.book()
    before = family.episode
    family.book(at="2026-03-23 10:05", edd="2026-12-24")
    assert ["duplicate"] == [o.how for o in family.just_said(EventRecorded)]
    assert 1 == len(family.last)
    assert before.obligations == family.episode.obligations
    assert (before.edd, before.seq + 1) == (family.episode.edd, family.episode.seq)


def test_two_reports_are_two_events() -> None:
    """Another id is another event, and its duties are its own."""
    family = Family()
    family.book()
    family.book(id="booking-2")
    assert 2 == len([o for o in family.episode.obligations if o.rule == GP])


def test_time_never_runs_backwards() -> None:
    """An input from before is decided at the later time; its event keeps its own."""
    family = Family()
    family.book()
    decision = family.hear("concern.raised", "2026-03-22 09:00", code="DA", severity="low")
    assert local("2026-03-23 10:00") == decision.at == family.episode.at
    (recorded,) = family.just_said(EventRecorded)
    assert local("2026-03-22 09:00") == recorded.occurred_at


def test_a_type_without_policy_is_our_fault() -> None:
    """The sender is not blamed for what we do not know."""
    family = Family()
    with pytest.raises(HubFault) as refused:
        family.hear("pregnancy.imagined", "2026-03-23 10:00")
    assert FaultReason.POLICY_ERROR is refused.value.reason
    assert 0 == family.episode.seq


# --- late events ----------------------------------------------------------------------------


def test_a_late_booking_does_not_undo_the_scan_s_due_date() -> None:
    """What happened last stands, whatever came last (S8)."""
    family = Family()
    family.hear("pregnancy.dated", "2026-04-20 10:00", edd="2026-11-01", basis="scan")
    family.book(at="2026-04-21 10:00", occurred="2026-03-23 10:00")
    assert ("2026-11-01", True) == (family.episode.edd, family.episode.booked)


def test_a_late_assignment_does_not_undo_the_present_holder() -> None:
    """The health visitor of May is not replaced by news of the one of April."""
    family = Family()
    family.book()
    for person, at, since in (
        ("hv-may", "2026-05-02 10:00", "2026-05-01 09:00"),
        ("hv-april", "2026-05-03 10:00", "2026-04-01 09:00"),
    ):
        family.hear(
            "assignment.changed", at, occurred=since, role="NAMED_HV", organisation="RYV",
            practitioner=person, accepted="y", source="RYV:HV", **{"from": local(since)},
        )  # fmt: skip
    (holder,) = [h for h in family.episode.team if h.role == "NAMED_HV" and h.until is None]
    assert "hv-may" == holder.person
    (former,) = [h for h in family.episode.team if h.role == "NAMED_HV" and h.until is not None]
    assert ("hv-april", local("2026-05-01 09:00")) == (former.person, former.until)


def test_a_deadline_that_had_passed_on_arrival_opens_at_once_and_says_so() -> None:
    """Late-informed: the hub could not have been in time (ground rule 1.2)."""
    family = Family()
    family.book(at="2026-04-10 10:00", occurred="2026-03-23 10:00")
    (opened,) = family.said(GapOpened, code="G01")
    assert opened.late_informed
    assert local("2026-04-10 10:00") == opened.opened_at
    assert local("2026-03-25 17:00") == opened.due_at


def test_an_answer_that_came_before_its_question_counts() -> None:
    """The summary arrives before the news of the discharge."""
    family = Family()
    family.hear("discharge.summary", "2026-10-22 13:00", **summary())
    family.hear(
        "encounter.updated", "2026-10-22 14:00", occurred="2026-10-22 12:00", kind="discharged",
        subject="mother", baby_id=None, encounter_id="e1", destination=None,
    )  # fmt: skip
    assert [] == [e for e in family.episode.expectations if e.rule == "P29.summary"]


def test_an_answer_in_time_whose_news_is_late_clears_without_blame() -> None:
    """Trap 30: cleared, not cleared late; only the evidence was late."""
    family = Family()
    discharge(family)
    family.wake("2026-10-23 12:00")
    assert ["G12"] == family.open_gaps()
    family.hear("discharge.summary", "2026-10-23 15:00", occurred="2026-10-22 20:00", **summary())
    assert GapState.CLEARED is family.gaps("G12")[0].state


def test_an_answer_that_was_late_clears_late() -> None:
    """Trap 30, the other half."""
    family = Family()
    discharge(family)
    family.wake("2026-10-23 12:00")
    family.hear("discharge.summary", "2026-10-23 15:00", **summary())
    assert GapState.CLEARED_LATE is family.gaps("G12")[0].state


def test_a_condition_in_time_whose_news_is_late_clears_without_blame() -> None:
    """She was given a health visitor in time; we heard of it after."""
    family = Family()
    family.book()
    family.wake("2026-07-15 09:00")
    assert "G17" in family.open_gaps()
    family.hear(
        "assignment.changed", "2026-07-16 10:00", occurred="2026-07-10 10:00", role="NAMED_HV",
        organisation="RYV", practitioner="hv-1", accepted="y", source="RYV:HV",
        **{"from": local("2026-07-10 10:00")},
    )  # fmt: skip
    assert GapState.CLEARED is family.gaps("G17")[0].state


def test_a_list_for_one_conference_says_nothing_of_another() -> None:
    """Conference `c1` is not conference `c10`, although its name begins so."""
    family = Family()
    family.book()
    everybody = [
        {"role": role, "org": "X", "person": None, "required": "n"}
        for role in ("GP_PRACTICE", "NAMED_HV", "NAMED_MW", "PAEDIATRICIAN")
    ]
    for conference, invited in (("c10", []), ("c1", everybody)):
        family.hear(
            "conference.scheduled", "2026-03-24 10:00", id=conference, source="L97:CSC",
            conference_id=conference, kind="ICPC", conference_at=local("2026-04-10 10:00"),
            place="x", invitees=invited,
        )  # fmt: skip
    assert {"c10"} == {g.subject.split("/")[0] for g in family.gaps("G25")}
    assert "G25" in family.open_gaps()


def test_a_content_gap_closes_late_by_its_correction() -> None:
    """Ruling 27: what opened at once can only clear late, whatever time the summary bears."""
    family = Family()
    family.hear("discharge.summary", "2026-10-22 13:00", id="s1", **summary("not_completed"))
    assert ["G13"] == family.open_gaps()
    family.correct(
        "s1", "discharge.summary", "2026-10-22 18:00", occurred="2026-10-22 13:00", **summary()
    )
    (closed,) = family.said(GapClosed, code="G13")
    assert (GapState.CLEARED_LATE, local("2026-10-22 18:00")) == (closed.state, closed.closed_at)


def test_a_correction_that_is_still_incomplete_closes_nothing() -> None:
    """The gap stays the one gap that it was."""
    family = Family()
    family.hear("discharge.summary", "2026-10-22 13:00", id="s1", **summary("not_completed"))
    family.correct(
        "s1", "discharge.summary", "2026-10-22 18:00", occurred="2026-10-22 13:00",
        **summary("not_completed"),
    )  # fmt: skip
    assert ["G13"] == [g.code for g in family.gaps()]
