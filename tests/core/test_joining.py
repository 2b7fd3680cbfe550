"""One pregnancy under two episodes: one decides, the other hears, and no duty is lost."""

from typing import Any

from msgspec.structs import replace

from hub.core.model import Event, Input, InputKind, Person
from hub.core.outcomes import (
    Decision,
    EventRecorded,
    ExpectationRaised,
    NoticeIssued,
    ObligationRaised,
)
from tests.core.stage import BOOKING, MOTHER, Family, local

FOLLOWED = InputKind.FOLLOWED


def joined(family: Family, at: str, other: str = "ep-2") -> Decision:
    """The episode learns that another one is of the same pregnancy."""
    return family.decide(
        Input(
            input_id=f"joined@{at}",
            kind=InputKind.JOINED,
            at=local(at),
            episode_id="ep-1",
            other=other,
        )
    )


def birth(family: Family, at: str, **more: Any) -> Decision:
    """A birth that the other episode decides."""
    body = {"baby_id": "b", "born_at": local(at), "alive": "y"}
    return family.hear("birth.recorded", at, kind_of_input=FOLLOWED, **(body | more))


def duties(family: Family) -> list[str]:
    """Every duty that an event raised; escalations come with time alone."""
    raised = [o.why.rule for o in family.said(ObligationRaised)]
    return [rule for rule in raised if not rule.startswith("EL-")]


def test_what_is_followed_is_heard_and_asks_nothing() -> None:
    """The same birth in an episode of its own raises duties; followed, it raises none."""
    alone, follower = Family(), Family()
    for family in (alone, follower):
        family.book()
    body = {"baby_id": "b", "born_at": local("2026-10-20 10:00"), "alive": "y"}
    alone.hear("birth.recorded", "2026-10-20 10:00", **body)
    assert alone.just_said(ObligationRaised)
    birth(follower, "2026-10-20 10:00")
    assert ["followed"] == [o.how for o in follower.just_said(EventRecorded)]
    mine = {o.why.rule for o in follower.just_said(ObligationRaised)}
    assert not {rule for rule in mine if rule.startswith("P13")}
    assert ("b", local("2026-10-20 10:00")) == (
        follower.episode.babies[0].baby_id,
        follower.episode.babies[0].born_at,
    )


def test_what_is_followed_answers_what_waits_here() -> None:
    """A duty of this episode is met by an event that the other one decides."""
    family = Family()
    family.hear("pregnancy.notified", "2026-03-02 10:00", booked_status="not_booked")
    waiting = {e.rule for e in family.episode.expectations if e.met_at is None}
    family.hear("pregnancy.booked", "2026-03-04 10:00", kind_of_input=FOLLOWED, **BOOKING)
    still = {e.rule for e in family.episode.expectations if e.met_at is None}
    assert waiting - still
    assert not family.just_said(ExpectationRaised)


def test_a_loss_that_is_followed_withdraws_what_is_routine_here() -> None:
    """Nothing cheerful may go out from either episode."""
    family = Family()
    family.book()
    lost = {"outcome": "miscarriage", "baby_id": None, "ended_on": "2026-04-01"}
    family.hear("pregnancy.ended", "2026-03-30 10:00", kind_of_input=FOLLOWED, **lost)
    family.wake("2026-12-01 10:00")
    assert not [n for n in family.just_said(NoticeIssued) if n.why.rule.startswith("EL-R")]
    assert family.episode.ended_at is not None


def test_both_tell_what_they_remember_once() -> None:
    """What was only followed, taken back or is a correction itself is not passed on."""
    family = Family()
    family.book()
    family.hear("pregnancy.notified", "2026-03-24 10:00", id="gone", booked_status="unknown")
    family.retract("gone", "2026-03-25 10:00")
    birth(family, "2026-10-20 10:00")
    decision = joined(family, "2026-10-21 10:00")
    booked = [one.type for one in decision.shared if one.type == "pregnancy.booked"]
    assert ["pregnancy.booked"] == booked
    assert not {"birth.recorded", "event.retracted"} & {one.type for one in decision.shared}
    assert "gone" not in {one.id for one in decision.shared}
    assert "ep-2" == decision.shared_with


def test_a_correction_of_what_was_followed_asks_nothing_either() -> None:
    """And a retraction of something unknown here is no fault: the other episode answers it."""
    family = Family()
    family.book()
    birth(family, "2026-10-20 10:00", id="birth")
    before = duties(family)
    family.hear(
        "event.retracted",
        "2026-10-20 12:00",
        kind_of_input=FOLLOWED,
        target_id="birth",
        target_type="birth.recorded",
        reason="entered_in_error",
    )
    assert [] == list(family.episode.babies)
    family.hear(
        "event.retracted",
        "2026-10-20 13:00",
        kind_of_input=FOLLOWED,
        target_id="never heard of",
        target_type="birth.recorded",
        reason="entered_in_error",
    )
    assert before == duties(family)


def test_the_same_event_followed_twice_is_a_duplicate() -> None:
    """It may have been shared and followed."""
    family = Family()
    birth(family, "2026-10-20 10:00", id="birth")
    birth(family, "2026-10-20 10:00", id="birth")
    assert ["duplicate"] == [o.how for o in family.just_said(EventRecorded)]


def test_what_was_another_woman_s_is_taken_back_and_asked_again() -> None:
    """A merge by mistake: her birth had answered what is still waited for here."""
    family = Family()
    family.book()
    before = {e.expectation_id for e in family.episode.expectations if e.met_at is None}
    birth(family, "2026-03-25 10:00")
    assert family.episode.babies
    family.decide(
        Input(
            input_id="parted",
            kind=InputKind.PARTED,
            at=local("2026-03-26 10:00"),
            episode_id="ep-1",
        )
    )
    after = {e.expectation_id for e in family.episode.expectations if e.met_at is None}
    assert () == family.episode.babies
    assert before <= after
    assert not [r for r in family.episode.history if r.followed]


def test_what_a_matter_said_of_her_stays_hers() -> None:
    """Supervision named her family: it came from no other episode."""
    family = Family()
    family.book()
    session: dict[str, Any] = {"staff_ref": "st-1", "nq": "n", "case_refs": ["REF"], "final": "y"}
    family.hear("supervision.held", "2026-03-25 10:00", kind_of_input=FOLLOWED, **session)
    birth(family, "2026-03-25 11:00")
    family.decide(
        Input(
            input_id="parted",
            kind=InputKind.PARTED,
            at=local("2026-03-26 10:00"),
            episode_id="ep-1",
        )
    )
    followed = [(r.type, r.retracted) for r in family.episode.history if r.followed]
    assert [("supervision.held", False)] == followed


def test_what_another_episode_decides_changes_nothing_known_of_the_mother() -> None:
    """It may turn out to be another woman's; only what is not known yet is filled in."""
    family = Family()
    family.book()
    hers = Person(reference="X", nhs_number="9990000026", family_name="Testwood")
    heard = Event(
        id="birth",
        type="birth.recorded",
        source="RXA:MAT_PAS",
        occurred_at=local("2026-03-25 10:00"),
        received_at=local("2026-03-25 10:00"),
        subject=hers,
        body={"baby_id": "b", "born_at": local("2026-03-25 10:00"), "alive": "y"},
    )
    for kind, number in ((FOLLOWED, MOTHER.nhs_number), (InputKind.EVENT, hers.nhs_number)):
        given = Input(
            input_id=f"{kind}",
            kind=kind,
            at=local("2026-03-25 10:00"),
            episode_id="ep-1",
            event=replace(heard, id=f"birth-{kind}"),
        )
        mother = family.decide(given).episode.mother
        assert mother is not None
        assert (number, "Testwood") == (mother.nhs_number, mother.family_name)
