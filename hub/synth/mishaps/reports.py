"""Reports that come without the part that matters."""

from datetime import datetime, timedelta
from typing import Any

from hub.synth.calendar import close, day_of, midnight
from hub.synth.family import Family, Happening
from hub.synth.mishaps.kinds import mishap
from hub.synth.mishaps.tools import correct, mended_at, soon


def _incomplete(
    family: Family, name: str, wrong: Happening, code: str, severity: int, what: str,
    spoilt: dict[str, Any], *, due: datetime | None = None, slack: timedelta | None = None,
) -> None:  # fmt: skip
    """Spoil a report, and let its sender correct it late, or never."""
    right = {key: wrong.body[key] for key in spoilt}
    wrong.body |= spoilt
    noticed = due or soon(wrong)
    late = mended_at(family, noticed)
    if late is not None:
        correct(family, wrong, late, **right)
    family.wrong(name, code, what, wrong.role, severity, since=wrong.at, due=noticed,
                 slack=slack or timedelta(minutes=1), mended_at=late)  # fmt: skip


def _spoilt_summary(family: Family, **sections: Any) -> tuple[Happening, dict[str, Any]] | None:
    summary = family.find("summary-mother")
    if summary is None:
        return None
    return summary, {"sections": summary.body["sections"] | sections}


@mishap("not:neonatal_death", "not:unborn_child_plan", "not:domestic_abuse",
        "not:social_care_referral")  # fmt: skip
def safeguarding_part_is_left_empty(family: Family) -> None:
    """F45: a summary whose safeguarding part nobody filled in."""
    empty = {"state": "not_completed", "checked_by": None, "text": None}
    if (found := _spoilt_summary(family, safeguarding_concerns=empty)) is not None:
        _incomplete(family, "safeguarding-part-is-left-empty", found[0], "G13", 2,
                    "the safeguarding part was empty", found[1])  # fmt: skip


@mishap("unborn_child_plan")
def plan_is_called_none_known(family: Family) -> None:
    """F45: 'none known' while a plan is in force."""
    none = {"state": "none_checked", "checked_by": family.midwife, "text": None}
    found = _spoilt_summary(family, safeguarding_concerns=none)
    if found is not None:
        _incomplete(family, "plan-is-called-none-known", found[0], "G13", 3,
                    "'none known' against a plan", found[1])  # fmt: skip


@mishap("mental_health_history", "not:neonatal_death", "not:unborn_child_plan",
        "not:domestic_abuse", "not:social_care_referral")  # fmt: skip
def history_is_left_out(family: Family) -> None:
    """F45: her history of mental illness, told at booking, is not in the summary."""
    empty = {"state": "not_completed", "checked_by": None, "text": None}
    if (found := _spoilt_summary(family, mental_health_history=empty)) is not None:
        _incomplete(family, "history-is-left-out", found[0], "G13", 2,
                    "her history was left out", found[1])  # fmt: skip


@mishap("not:neonatal_death")
def nothing_said_of_mental_health(family: Family) -> None:
    """F75: she goes home without a word on where to find help."""
    found = _spoilt_summary(family, mental_health_info_given="n")
    told = family.find("told-PMH-ward")
    if found is None or told is None:
        return
    family.drop(told)
    _incomplete(family, "nothing-said-of-mental-health", found[0], "G15", 1,
                "no information on mental health", found[1], slack=timedelta(days=6))  # fmt: skip
    family.allowed.add("G52")


@mishap("booked_after_twenty_weeks")
def nobody_asks_why_so_late(family: Family) -> None:
    """F4: booked after twenty weeks, and no reason is written down."""
    booking = family.find("booking")
    if booking is not None:
        _incomplete(family, "nobody-asks-why-so-late", booking, "G07", 2, "no reason for a late "
                    "booking", {"late_reason": []}, due=close(day_of(booking.at), 2))  # fmt: skip


@mishap("not:neonatal_death")
def check_is_ticked(family: Family) -> None:
    """F12: a check without a thought."""
    check = family.find("review-gp-mother")
    if check is not None:
        _incomplete(family, "check-is-ticked", check, "G21", 2, "findings without analysis",
                    {"analysis": "absent"}, due=close(day_of(check.at), 2))  # fmt: skip


@mishap("not:neonatal_death", "not:faltering_growth")
def weight_is_not_plotted(family: Family) -> None:
    """F43: a weight, and no line on the chart."""
    weights = family.of("measurement.infant", measured_by="professional")
    if not weights:
        return
    last = weights[-1]
    _incomplete(family, "weight-is-not-plotted", last, "G22", 1, "a weight without a plot",
                {"plotted": "n", "centile": None}, due=close(day_of(last.at), 1))  # fmt: skip


@mishap("faltering_growth")
def weighed_in_clothes(family: Family) -> None:
    """F42: the weight that matters is taken with the nappy on."""
    weight = next(iter(family.of("measurement.infant", spaces_from_birth=2)), None)
    if weight is None:
        return
    weight.body["clothing"] = "nappy"
    again = [h for h in family.of("measurement.infant") if h.at > weight.at]
    for happening in [h for h in family.happenings if "growth" in h.key] + again:
        if happening.at > weight.at:
            happening.at += timedelta(days=7)
    family.wrong("weighed-in-clothes", "G23", "weighed with the nappy on", "HV_TEAM", 1,
                 since=weight.at, due=soon(weight), slack=timedelta(days=9),
                 mended_at=again[0].at if again else None)  # fmt: skip
    family.allowed |= {"G24"}


@mishap("not:miscarriage_after_booking", "not:stillbirth", "not:termination")
def partner_is_left_out(family: Family) -> None:
    """F34: an assessment that leaves somebody out and does not say why."""
    found = family.find("assessment-midwife")
    if found is None or (family.born_at is not None and found.at > family.born_at):
        return
    _incomplete(family, "partner-is-left-out", found, "G37", 2, "a member was not assessed",
                {"members": [{"relation": "partner", "assessed": "n"}]})  # fmt: skip


@mishap("not:miscarriage_after_booking", "not:stillbirth", "not:termination", "not:preterm")
def household_is_not_asked_about(family: Family) -> None:
    """F5, F30: nobody asks who lives there until the baby is there."""
    found = family.find("assessment-midwife")
    due = midnight(family.on(28))
    if found is None or (family.born_at is not None and due > family.born_at):
        return
    before = [one for one in family.of(found.type) if one.at <= due]
    for row in [row for one in before for row in one.body["headings"]]:
        if row["heading"] in ("males_in_household", "birth_father"):
            row["state"] = "not_asked"
    family.wrong("household-is-not-asked-about", "G36", "men in the household were not asked about",
                 "NAMED_HV", 1, due=due)  # fmt: skip


@mishap("not:neonatal_death")
def baby_is_out_of_sight(family: Family) -> None:
    """F11: a hostile visit, and not a word on the baby."""
    held = family.find("held-six-weeks")
    if held is None:
        return
    held.body |= {"hostility": "y", "infant_section": "empty"}
    family.wrong("baby-is-out-of-sight", "G69", "nothing is said of the baby", "NAMED_HV", 2,
                 since=held.at, due=soon(held))  # fmt: skip


@mishap("interpreter")
def family_interprets(family: Family) -> None:
    """F40, S80: her partner interprets at a contact."""
    held = family.find("held-contact-16")
    if held is None:
        return
    held.body["interpreter"] = "family"
    family.wrong("family-interprets", "G75", "a relative interpreted", "COMM_MIDWIFE", 2,
                 since=held.at, due=soon(held))  # fmt: skip


@mishap("not:domestic_abuse", "not:miscarriage_after_booking", "not:termination")
def never_seen_alone(family: Family) -> None:
    """F39: three contacts running at which somebody was always with her."""
    held = family.of("contact.completed")[:3]
    if len(held) < 3 or (family.born_at is not None and held[2].at > family.born_at):
        return
    for happening in [h for h in family.happenings if h.at <= held[2].at + timedelta(hours=2)]:
        if happening.type == "contact.completed":
            happening.body["seen_alone"] = "n"
        if happening.type == "enquiry.domestic-abuse":
            happening.body |= {"alone": "n", "asked": "unsafe"}
    family.wrong("never-seen-alone", "G38", "never seen alone", "COMM_MIDWIFE", 2,
                 since=held[2].at, due=soon(held[2]))  # fmt: skip


@mishap("not:miscarriage_after_booking")
def no_questionnaire_at_booking(family: Family) -> None:
    """F108: no questions on mood at the booking."""
    asked = [h for h in family.happenings if h.key in ("Whooley-booking", "GAD_2-booking")]
    booking = family.find("booking")
    if not asked or booking is None or family.has("mental_health_history"):
        return
    family.drop(*asked)
    family.wrong("no-questionnaire-at-booking", "G41", "mood was not asked about", "COMM_MIDWIFE",
                 1, due=close(day_of(booking.at), 2))  # fmt: skip


@mishap("not:neonatal_death")
def number_is_mistyped(family: Family) -> None:
    """F46: a report under an NHS number that cannot be one; nobody knows whose it is."""
    told = family.find("told-DA_safe-booking")
    if told is None:
        return
    number = str(family.mother["nhs_number"])
    spoilt = number[:-1] + str((int(number[-1]) + 1) % 10)
    told.subject = family.mother | {"nhs_number": spoilt}
    family.wrong("number-is-mistyped", "G62", "a report under a wrong number", "HUB_OPERATOR", 2,
                 due=close(day_of(soon(told)), 1))  # fmt: skip
    family.allowed.add("G52")
