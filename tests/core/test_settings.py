"""What an area has decided for itself: read, refused with its line, and used where she lives."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from hub.core.deadlines import Span, Unit
from hub.core.draft import Draft
from hub.core.milestones import keeps_office_hours
from hub.core.model import Severity
from hub.core.outcomes import GapRaised, NoticeIssued
from hub.core.settings import LocalSpan
from hub.core.silences import Silence, Silent
from hub.policy.loader import HERE, load_policy
from hub.policy.source import PolicyFaults
from tests.core.stage import Family, local, policy

BOOKED = "events/pregnancy.booked.toml"
LATE, THERE = "AREA241", "AREA242"


def edited(tmp_path: Path, file: str, old: str, new: str) -> str:
    """The first fault of the shipped policy with one edit."""
    folder = tmp_path / "policy"
    shutil.copytree(HERE, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PolicyFaults) as caught:
        load_policy(folder)
    return str(caught.value.faults[0])


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (BOOKED, "{antenatal_visit}", "{antenatal_vist}", "unknown setting 'antenatal_vist'"),
        (BOOKED, "{antenatal_visit}", "{quorum}", "and a span is wanted here"),
        (BOOKED, "setting.late_booking", "setting.late_boking", "did you mean 'late_booking'?"),
        (BOOKED, "setting.late_booking", "setting.first_core_group", "stands in spans only"),
        (BOOKED, "setting.late_booking", "setting.day_and_night", "cannot be compared"),
        ("areas.toml", 'default = "20+0"', 'default = "20"', "'20' is no value"),
        ("areas.toml", 'default = "20+0"', "default = 140", "140 is no value"),
        ("areas.toml", 'default = "28d"', 'default = "28+0g"', "'28+0g' is no value"),
        ("areas.toml", "default = 3", 'default = "three"', "'three' is no value"),
        ("areas.toml", 'kind = "number"', 'kind = "numbr"', "'numbr' is no settingkind"),
        ("areas.toml", '"DA_SERVICE"', '"DA_SERVCE"', "unknown role 'DA_SERVCE'"),
        ("areas.toml", "quorum = 2", "quorm = 2", "unknown setting 'quorm'"),
        ("areas.toml", '"AREA242"', '"AREA241"', "area AREA241 stands 2 times"),
        ("areas.toml", 'name = "quorum"', 'name = "late_booking"', "stands 2 times"),
        ("events/conference.attendance.toml", "setting.quorum", "3", "it changes nothing"),
        ("events/feed.heartbeat.toml", "of = ", 'of = "setting.quorum" # ', "before its area"),
    ],
)
def test_what_is_wrong_with_a_setting_is_said(
    tmp_path: Path, file: str, old: str, new: str, words: str
) -> None:
    """Unknown names, values of another kind, settings that nobody asks for: file, line, remedy."""
    fault = edited(tmp_path, file, old, new)
    assert words in fault
    assert fault.startswith(("areas.toml:", "events/"))
    assert not fault.startswith("areas.toml:1:")


def test_a_policy_without_settings_is_one() -> None:
    """Numbers in the rules are as good as ever: a span without a name is a plain span."""
    rule = policy().requirements["P18.at-booking"]
    assert Span(Unit.WORKING_DAYS, 2) == rule.by


def test_a_span_with_a_limit_is_worked_out_for_each_area() -> None:
    """`10wd by {family_nurse_enrolment}` is one span wherever nobody has set another."""
    (_, accepted) = policy().tells["P04.family-nurse"].milestones
    assert isinstance(accepted.within, LocalSpan)
    assert "10wd by 28+0g" == str(accepted.within.at(LATE)) == str(accepted.within.usual)
    assert "10wd by {family_nurse_enrolment}" == str(accepted.within)


@pytest.mark.parametrize(("area", "told"), [("", True), ("E1", True), (LATE, False)])
def test_a_booking_is_late_by_the_threshold_of_her_area(area: str, *, told: bool) -> None:
    """22+4 is late at 20+0 and not at 24+0; an area that has set nothing is as usual."""
    family = Family()
    decision = family.book("2026-06-01 10:00", edd="2026-10-01", area=area)
    rules = [o.why.rule for o in decision.outcomes if isinstance(o, NoticeIssued)]
    assert told == ("P05.safeguarding" in rules)
    assert area == family.episode.area


def test_an_explanation_says_how_the_area_has_set_it() -> None:
    """The setting by its name, its value, and whose it is."""
    family = Family()
    decision = family.book("2026-06-01 10:00", edd="2026-09-10", area=LATE)
    (why,) = {
        o.why.because
        for o in decision.outcomes
        if isinstance(o, NoticeIssued) and o.why.rule == "P05.safeguarding"
    }
    said = "A booking counts as late from: 24+0 (setting late_booking of area AREA241)."
    assert why.endswith(said)


def test_what_is_graver_later_is_so_by_the_area_she_lives_in_then() -> None:
    """She moved after the gap had opened: it rises at the threshold of her new area."""
    family = Family()
    gestation = {"weeks": 12, "days": 3, "basis": "stated"}
    family.hear("pregnancy.referral-received", "2026-06-01 09:00", gestation=gestation)
    due = family.expectation("P01.booking-after-late-referral").due_at
    family.hear(
        "demographics.changed", "2026-06-02 09:00", area=LATE, kind="address", to="ZZ99|AREA241"
    )
    assert due == family.expectation("P01.booking-after-late-referral").due_at
    family.wake("2026-08-20 12:00")
    family.wake("2026-08-22 12:00")
    raised = [o.at.date() for o in family.said(GapRaised) if o.severity == Severity(3)]
    assert [date(2026, 8, 21)] == raised


def test_an_area_says_who_works_at_night() -> None:
    """One office role is on call there, one role of day and night is not."""
    family = Family()
    family.book("2026-06-01 10:00")
    for area, role, office in (
        ("", "DA_SERVICE", True),
        (THERE, "DA_SERVICE", False),
        ("", "PAEDIATRICIAN", False),
        (THERE, "PAEDIATRICIAN", True),
        (THERE, "NOBODY_KNOWS", False),
    ):
        draft = Draft(family.episode, policy(), local("2026-06-02 10:00"))
        draft.area = area
        assert office == keeps_office_hours(draft, role)


def test_a_rule_that_stays_silent_says_how_the_area_has_set_it() -> None:
    """Whoever asks why nobody was told reads the threshold that was not reached."""
    family = Family()
    family.book("2026-06-01 10:00", edd="2026-10-01", area=LATE)
    said: list[Silent] = []
    rule = policy().tells["P05.safeguarding"]
    draft = Draft(family.episode, policy(), local("2026-06-01 11:00"))
    draft.silences = said
    draft.stay_silent(rule.basis, Silence.CONDITION, when="x")
    assert ["A booking counts as late from: 24+0 (setting late_booking of area AREA241)."] == [
        one.set_here for one in said
    ]
