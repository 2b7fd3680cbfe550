"""Two reports of one fact are one duty with two pieces of evidence (ruling 23)."""

import pytest
from msgspec.structs import replace

from hub.core.draft import Draft
from hub.core.lifecycle import ENDED
from hub.core.model import NoticeReason
from hub.core.outcomes import NoticeIssued
from hub.core.reports import adds, contradicts, too
from tests.core.stage import Family, local, summary

OTHER = "RXA:EPR"
GP = "P29.gp"
NEXT_DAY = "2026-10-23 12:01"


def summarised(family: Family, at: str, name: str, **changes: object) -> None:
    """A summary of one discharge; the second comes from another system."""
    source = {"source": OTHER} if name == "second" else {}
    said = {"issued_at": local(at)} | changes
    family.hear("discharge.summary", at, id=name, **source, **summary(**said))  # type: ignore[arg-type]  # a body has fields of any kind


def two_summaries(at: str = "2026-10-22 14:00", **changes: object) -> Family:
    """A family of which a hospital's two systems have reported one discharge."""
    family = Family()
    family.book()
    summarised(family, "2026-10-22 13:00", "first")
    summarised(family, at, "second", **changes)
    return family


def seen_together(family: Family, one: str = "first") -> tuple[str, ...]:
    """What is taken for reports of the same fact."""
    return too(Draft(family.episode, family.rules, local(NEXT_DAY)), one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "b"),
        (1, 2),
        (["a"], "a"),
        ({"state": "content"}, {"state": "none_checked"}),
        (local("2026-10-22 12:00"), local("2026-10-23 12:01")),
        ({"ended_on": "2026-10-22"}, {"ended_on": "2026-10-24"}),
        ({"edd": "2026-10-22"}, {"edd": "2026-10-23"}),
    ],
)
def test_what_cannot_both_be_true_contradicts(one: object, other: object) -> None:
    """In either order."""
    assert contradicts(one, other)
    assert contradicts(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "a"),
        ("a", None),
        ("booked", "unknown"),
        ({"state": "content", "text": "x"}, {"state": "content", "text": None}),
        ({"state": "content"}, {"state": "not_completed"}),
        ([{"role": "GP_PRACTICE"}], [{"role": "HV_TEAM"}]),
        (local("2026-10-22 12:00"), local("2026-10-23 12:00")),
        ({"ended_on": "2026-10-22"}, {"ended_on": "2026-10-23"}),
    ],
)
def test_what_only_one_of_them_says_contradicts_nothing(one: object, other: object) -> None:
    """Nor do two lists, which are put together."""
    assert not contradicts(one, other)
    assert not contradicts(other, one)


def test_what_the_other_left_open_is_news() -> None:
    """A part of a section, or one more of a list; what says nothing never is."""
    assert adds("a", None)
    assert adds({"state": "content"}, {"state": "not_completed"})
    assert adds(["GP_PRACTICE", "HV_TEAM"], ["GP_PRACTICE"])
    assert not adds("unknown", None)
    assert not adds({"state": "not_completed"}, {"state": "content"})
    assert not adds(["HV_TEAM"], ["GP_PRACTICE", "HV_TEAM"])
    assert not adds({"state": "content"}, {"state": "content", "text": "x"})


def test_the_second_report_asks_nobody_again() -> None:
    """Accepted once, and nobody waits for the answer to a second notice."""
    family = two_summaries()
    assert ["first"] == [o.trigger for o in family.episode.obligations if o.rule == GP]
    assert ("second",) == seen_together(family)
    family.answer(family.notice(GP), "accepted", "2026-10-22 15:00")
    summarised(family, "2026-10-22 16:00", "third", discharged_at=local("2026-10-22 12:30"))
    assert "third" not in seen_together(family), "the same system reports twice: two facts"
    assert 2 == len(family.said(NoticeIssued, rule=GP))


def test_both_reports_are_evidence_of_the_gap() -> None:
    """The gap board shows what there is to look at."""
    family = two_summaries()
    family.wake(NEXT_DAY)
    gap = family.gaps("G76")[0]
    assert ("first", "second") == gap.evidence


def test_about_somebody_else_is_something_else() -> None:
    """A report that names no baby is about the mother."""
    family = Family()
    family.book()
    for name, baby, source in (("first", None, OTHER), ("second", "b1", "RXA:MAT_PAS")):
        family.hear(
            "unscheduled.attendance", "2026-10-22 13:00", id=name, source=source, site="ED",
            baby_id=baby, pregnant="n", booked_status="booked", cpis_checked="y", next_step="none",
        )  # fmt: skip
    assert () == seen_together(family)


def test_two_hospitals_report_one_fact_but_not_one_visit() -> None:
    """Where a visit is a visit to a place, another organisation's is another after an hour."""
    visit = {"site": "ED", "pregnant": "y", "booked_status": "booked", "cpis_checked": "y"}
    for event_type, body, together in (
        ("discharge.summary", summary(), ("second",)),
        ("unscheduled.attendance", visit | {"next_step": "none"}, ()),
    ):
        family = Family()
        family.book()
        family.hear(event_type, "2026-10-22 13:00", id="first", **body)  # type: ignore[arg-type]  # a body has fields of any kind
        family.hear(event_type, "2026-10-22 14:01", id="second", source="RXB", **body)  # type: ignore[arg-type]  # as above
        assert together == seen_together(family)


@pytest.mark.parametrize(
    ("source", "reporter", "one"),
    [("RXA:EPR", "COMM_MIDWIFE", True), ("RXB", "COMM_MIDWIFE", False), (OTHER, "ED", False)],
)
def test_a_worry_is_one_only_where_it_is_hers(source: str, reporter: str, *, one: bool) -> None:
    """Two systems may hold what one midwife said; two who say the same are two."""
    family = Family()
    family.book()
    said = {"code": "neglect", "severity": "high", "about": "unborn", "action": "refer"}
    family.hear("concern.raised", "2026-10-22 13:00", id="first", reporter="COMM_MIDWIFE", **said)  # type: ignore[arg-type]  # a body has fields of any kind
    family.hear("concern.raised", "2026-10-22 14:00", source=source, reporter=reporter, **said)  # type: ignore[arg-type]  # as above
    assert one == bool(seen_together(family))


def test_an_event_from_before_systems_were_kept_stands_alone() -> None:
    """A duplicate is better than a silence: nobody knows whether it was the same system."""
    family = two_summaries()
    unknown = tuple(replace(r, source="") if r.id == "first" else r for r in family.episode.history)
    family.episode = replace(family.episode, history=unknown)
    assert () == seen_together(family)


def test_the_summary_of_an_earlier_stay_is_another() -> None:
    """One after the birth is late although one of the summer came in time."""
    family = Family()
    family.book()
    summarised(family, "2026-07-01 15:00", "summer", discharged_at=local("2026-07-01 12:00"))
    assert [] == family.gaps("G12")
    summarised(family, "2026-10-23 12:01", "first")
    assert 1 == len(family.gaps("G12"))
    summarised(family, "2026-10-24 13:00", "addendum")
    assert 1 == len(family.gaps("G12")), "a word more is no later summary"


def test_a_report_that_is_taken_back_is_none() -> None:
    """The other speaks, from the time of the retraction; and nobody is late because of it."""
    family = two_summaries()
    family.retract("first", "2026-10-23 16:00")
    assert () == seen_together(family, "second")
    duty = family.obligation(GP)
    assert ("second", local("2026-10-24 16:00")) == (duty.trigger, duty.milestones[0].due_at)
    family.retract("second", "2026-10-23 16:30")
    assert duty.trigger == family.obligation(GP).trigger
    assert family.obligation(GP).state in ENDED


def test_of_an_ended_duty_nobody_is_told_by_the_other_report() -> None:
    """What was ended and is reported again is a duty of its own."""
    family = Family()
    family.book()
    family.hear("sharing.preference", "2026-10-22 09:00", scope="GP", agrees="n")
    summarised(family, "2026-10-22 13:00", "first")
    duties = len(family.episode.obligations)
    summarised(family, "2026-10-22 14:00", "second")
    declined = [o.role for o in family.episode.obligations[duties:]]
    assert "GP_PRACTICE" in declined


def test_a_correction_is_told_although_the_other_says_the_same() -> None:
    """Whoever read the wrong words must read the right ones."""
    family = two_summaries(discharged_at=local("2026-10-25 12:00"))
    assert 2 == len(family.said(NoticeIssued, rule=GP))
    family.answer(family.notice(GP), "accepted", "2026-10-22 15:00")
    family.correct(
        "second",
        "discharge.summary",
        "2026-10-22 16:00",
        occurred="2026-10-22 14:00",
        source=OTHER,
        **summary(),
    )
    assert 1 == len(family.just_said(NoticeIssued, rule=GP, reason=NoticeReason.CORRECTED))


def test_what_one_report_lacks_the_other_may_have() -> None:
    """A gap in the content opens only where neither has it, and of what either knew of."""
    family = two_summaries(sections=summary("not_completed")["sections"])
    assert [] == family.gaps("G13")
    family = two_summaries(sections=summary("none_checked")["sections"])
    assert () == seen_together(family), "one looked and found nothing: they contradict each other"


def test_each_report_may_have_a_part_of_what_is_asked() -> None:
    """What both together say is complete, in whichever order they come."""
    parts = summary()["sections"]
    assert isinstance(parts, dict)
    lacking = {"state": "not_completed", "text": None, "checked_by": None}
    one = parts | {"safeguarding_concerns": lacking}
    other = parts | {"social_circumstances": lacking, "feeding": "breast"}
    family = Family()
    family.book()
    summarised(family, "2026-10-22 13:00", "first", sections=one)
    assert ["mother"] == family.open_about("G13")
    summarised(family, "2026-10-22 14:00", "second", sections=other)
    assert [] == family.open_about("G13")
    assert 1 == len(family.gaps("G13"))


def test_what_a_label_kept_back_the_other_report_may_tell() -> None:
    """Of a labelled report the practice was only pointed to the sender: it was not told in full."""
    family = Family()
    family.book()
    said = summary(issued_at=local("2026-10-22 13:00"))
    family.hear("discharge.summary", "2026-10-22 13:00", id="first", labels=("UNHEARD_OF",), **said)  # type: ignore[arg-type]  # a body has fields of any kind
    summarised(family, "2026-10-22 14:00", "second")
    assert ("second",) == seen_together(family)
    assert 2 == len(family.said(NoticeIssued, rule=GP))
