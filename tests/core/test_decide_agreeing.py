"""Her agreement that comes after the event, is taken back, and comes again."""

from typing import Any

from hub.core.model import Event, GapState, NoticeReason, ObligationState
from hub.core.outcomes import NoticeIssued, ObligationEnded
from tests.core.stage import MOTHER, Family, local, team

PRACTICE, LOSS, SUPPORT = "P12.practice", "P11.loss", "P11.support-offered"
TOLD = {"GP_PRACTICE", "COMM_MIDWIFE", "HV_TEAM", "BEREAVEMENT_MW"}


def ended(outcome: str = "termination") -> Family:
    """A pregnancy that ended, of which she has agreed to share nothing."""
    family = Family()
    family.hear(
        "pregnancy.ended", "2026-06-03 09:00", id="loss", outcome=outcome, baby_id=None,
        ended_on="2026-06-03", partner_involved="n",
    )  # fmt: skip
    return family


def says(family: Family, at: str, agrees: str = "y", scope: str = "GP", **said: Any) -> None:
    """She says whether she agrees to sharing."""
    body = {"scope": scope, "agrees": agrees, "review_on": "2026-12-01", "recorded_by": "mw"}
    family.hear("sharing.preference", at, **(body | said))


def notices(family: Family, rule: str) -> list[str]:
    """To whom a rule's notices went."""
    return [n.role for n in family.said(NoticeIssued, rule=rule)]


def test_what_she_agrees_to_later_is_told_from_then_on() -> None:
    """The notice is that of the loss, with its label; the day runs from her agreement."""
    family = ended()
    assert [] == notices(family, PRACTICE)
    says(family, "2026-06-10 10:00")
    (notice,) = family.just_said(NoticeIssued)
    assert (PRACTICE, "GP_PRACTICE", local("2026-06-11 10:00")) == (
        notice.why.rule, notice.role, notice.due_at,
    )  # fmt: skip
    assert "event.outcome" in {line.field for line in notice.content}
    assert "loss" == family.obligation(PRACTICE).trigger


def test_her_agreement_is_asked_of_what_rests_on_it_alone() -> None:
    """A miscarriage was told at once, and is not told again."""
    family = ended("miscarriage")
    before = notices(family, LOSS)
    assert TOLD == set(before)
    says(family, "2026-06-10 10:00", scope="all_routine")
    assert [] == [n for n in family.just_said(NoticeIssued) if n.why.rule == LOSS]


def test_with_everybody_s_sharing_support_is_owed_from_then_on() -> None:
    """Five working days after she agreed."""
    family = ended()
    says(family, "2026-06-10 10:00", scope="all_routine")
    assert TOLD == set(notices(family, LOSS))
    (asked,) = [e for e in family.episode.expectations if e.rule == SUPPORT]
    assert local("2026-06-17 17:00") == asked.due_at


def test_agreement_taken_back_ends_what_is_still_owed_and_given_again_owes_it_anew() -> None:
    """By retraction, which leaves no objection behind."""
    family = ended()
    for at, again in (("2026-06-10", "2026-06-11"), ("2026-06-12", "2026-06-15")):
        says(family, f"{at} 10:00", id=f"yes-{at}", scope="all_routine")
        family.retract(f"yes-{at}", f"{at} 11:00")
        assert {ObligationState.WITHDRAWN} == {
            o.state for o in family.episode.obligations if o.rule == LOSS
        }
        assert TOLD == {o.role for o in family.just_said(ObligationEnded) if o.why.rule == LOSS}
        assert all(e.withdrawn for e in family.episode.expectations if e.rule == SUPPORT)
        says(family, f"{again} 10:00", id=f"again-{again}", scope="all_routine")
        assert TOLD == {n.role for n in family.just_said(NoticeIssued) if n.why.rule == LOSS}
        (asked,) = [e for e in family.episode.expectations if e.rule == SUPPORT]
        assert not asked.withdrawn
        family.retract(f"again-{again}", f"{again} 11:00")
    family.wake("2026-12-01 10:00")
    assert [] == [g.code for g in family.gaps() if g.state is GapState.OPEN]


def test_support_asked_anew_has_its_days_from_the_new_word() -> None:
    """What was due while she did not agree is nobody's failure."""
    family = ended()
    says(family, "2026-06-10 10:00", id="yes", scope="all_routine")
    family.retract("yes", "2026-06-10 11:00")
    says(family, "2026-07-01 10:00", scope="all_routine")
    (asked,) = [e for e in family.episode.expectations if e.rule == SUPPORT]
    assert local("2026-07-08 17:00") == asked.due_at
    assert [] == family.gaps("G50")


def test_a_word_that_is_corrected_into_agreement_is_one() -> None:
    """It was written down as a refusal."""
    family = ended()
    says(family, "2026-06-10 10:00", "n", id="wish")
    assert [] == notices(family, PRACTICE)
    body = {"scope": "GP", "agrees": "y", "review_on": "2026-12-01", "recorded_by": "mw"}
    family.correct(
        "wish", "sharing.preference", "2026-06-11 10:00", occurred="2026-06-10 10:00", **body
    )
    assert ["GP_PRACTICE"] == notices(family, PRACTICE)


def test_a_safe_route_is_no_agreement() -> None:
    """What a safeguarding lead chooses opens nothing."""
    family = ended()
    says(family, "2026-06-10 10:00", safe_route_organisation="Y1", safe_route_role="GP_PRACTICE")
    assert [] == notices(family, PRACTICE)


def test_whoever_was_told_less_gets_the_whole() -> None:
    """Of a termination a midwife reads nothing without agreement; with it, she reads it."""
    family = Family()
    event = {"outcome": "miscarriage", "baby_id": None, "ended_on": "2026-06-03"}
    family.hear(
        "pregnancy.ended", "2026-06-03 09:00", id="loss", labels=("TOP",),
        partner_involved="n", holders=team(SG_MIDWIFE="RXA"), **event,
    )  # fmt: skip
    family.answer(family.notice(LOSS, "GP_PRACTICE"), "accepted", "2026-06-03 10:00")
    says(family, "2026-06-10 10:00")
    (notice,) = [n for n in family.just_said(NoticeIssued) if n.why.rule == LOSS]
    assert ("GP_PRACTICE", NoticeReason.CORRECTED) == (notice.role, notice.reason)
    assert "event.outcome" in {line.field for line in notice.content}
    says(family, "2026-06-11 10:00")
    assert [] == [n for n in family.just_said(NoticeIssued) if n.why.rule == LOSS]


def test_a_word_told_again_after_a_correction_of_the_loss_is_the_loss_as_corrected() -> None:
    """The trigger is the loss as it stands."""
    family = ended()
    body = {"outcome": "miscarriage", "baby_id": None, "ended_on": "2026-06-03"}
    when = local("2026-06-03 09:00")
    whole = Event(
        id="whole",
        type="pregnancy.ended",
        source="RXA:MAT_PAS",
        occurred_at=when,
        received_at=when,
        subject=MOTHER,
        body=body | {"partner_involved": "n"},
    )
    family.hear("event.corrected", "2026-06-04 09:00", replacement=whole, target_id="loss")
    assert TOLD == set(notices(family, LOSS))
    says(family, "2026-06-10 10:00", scope="all_routine")
    assert TOLD == set(notices(family, LOSS))
    assert len(TOLD) == len(notices(family, LOSS))
