"""Letters that nobody reads, that come back, or that went to the wrong place."""

from datetime import timedelta

from hub.synth.calendar import at, close, day_of, midnight, visit, working_day
from hub.synth.family import Family, Unread
from hub.synth.mishaps.kinds import mishap
from hub.synth.mishaps.tools import noon_or, not_done, soon, unread
from hub.synth.place import other_practice


@mishap()
def practice_never_reads_of_the_booking(family: Family) -> None:
    """F20: a practice that does not know that its patient is pregnant."""
    booking = family.find("booking")
    if booking is None:
        return
    due = close(day_of(booking.at), 2)
    late = unread(family, "GP_PRACTICE", booking, due)
    family.wrong("practice-never-reads-of-the-booking", "G01", "the booking letter lay unread",
                 "GP_PRACTICE", 2, due=due, mended_at=late)  # fmt: skip
    family.allowed.add("G60")


@mishap()
def visitors_never_read_of_the_booking(family: Family) -> None:
    """F48: health visitors are routinely told of pregnancies."""
    booking = family.find("booking")
    if booking is None:
        return
    due = close(day_of(booking.at), 5)
    late = unread(family, "HV_TEAM", booking, due)
    family.wrong("visitors-never-read-of-the-booking", "G02", "the booking letter lay unread",
                 "HV_TEAM", 2, due=due, mended_at=late)  # fmt: skip
    if booking.body["vulnerabilities"]:
        family.wrong("visitors-never-read-of-the-booking", "G76", "nor did they read how late",
                     "HV_TEAM", 2, due=close(day_of(booking.at), 1), mended_at=late)  # fmt: skip
    family.allowed.add("G60")


@mishap("referred_by_practice", "not:unscheduled_unbooked", "not:concealed",
        "not:booked_after_twenty_weeks")  # fmt: skip
def midwifery_is_not_told(family: Family) -> None:
    """F21: the practice knows, and its letter to midwifery is lost; she books herself later."""
    word, booking = family.find("first-word"), family.find("booking")
    if word is None or booking is None:
        return
    weeks = int(word.body["gestation"]["weeks"])
    due = close(day_of(word.at), 1 if weeks >= 10 else 2)
    if booking.at <= due + timedelta(days=1):
        return
    family.drop(*[h for h in family.happenings if h.key in ("referral", "made-booking")])
    family.unread.append(Unread("COMM_MIDWIFE", "first-word", "never"))
    family.wrong("midwifery-is-not-told", "G03", "the practice's letter never reached midwifery",
                 "COMM_MIDWIFE", 2, due=due, mended_at=booking.at)  # fmt: skip
    family.allowed |= {"G60", "G05"}


@mishap("not:referred_by_practice", "not:concealed", "not:unscheduled_unbooked",
        "not:mental_health_history", "not:booked_after_twenty_weeks",
        "not:redated_by_scan", "not:under_twenty_first_baby")  # fmt: skip
def nobody_is_told(family: Family) -> None:
    """F19: after five working days nobody but the hospital knows."""
    booking, history = family.find("booking"), family.find("history")
    if booking is None or history is None:
        return
    day = day_of(booking.at)
    name = "nobody-is-told"
    family.drop(history)
    late = visit(family.chance, working_day(day, 8))
    for role in ("GP_PRACTICE", "HV_TEAM"):
        family.unread.append(Unread(role, "booking", "late", late))
    for code, count, role in (("G01", 2, "GP_PRACTICE"), ("G02", 5, "HV_TEAM"), ("G05", 5, "*")):
        family.wrong(name, code, "no letter of the booking was read", role, 2,
                     due=close(day, count), mended_at=late)  # fmt: skip
    family.wrong(name, "G77", "no history was sent", "GP_PRACTICE", 1, due=close(day, 10))
    family.allowed.add("G60")


@mishap("concealed")
def one_of_the_four_does_not_join(family: Family) -> None:
    """F3: four services plan together; the health visitors never take it up."""
    told = family.find("concealed")
    if told is None:
        return
    due = noon_or(4, told)
    late = unread(family, "HV_TEAM", told, due)
    family.wrong("one-of-the-four-does-not-join", "G06", "the disclosure lay unread", "HV_TEAM", 3,
                 due=due, mended_at=late)  # fmt: skip
    family.allowed.add("G60")


@mishap("not:neonatal_death")
def visitors_do_not_read_the_summary(family: Family) -> None:
    """F45: the summary lies in an inbox while the mother is at home."""
    summary = family.find("summary-mother")
    if summary is None:
        return
    due = close(day_of(summary.body["discharged_at"]), 1)
    late = unread(family, "HV_TEAM", summary, due)
    family.wrong("visitors-do-not-read-the-summary", "G14", "the summary lay unread", "HV_TEAM", 2,
                 due=due, mended_at=late)  # fmt: skip
    family.allowed.add("G60")


@mishap("not:neonatal_death")
def midwife_does_not_read_the_summary(family: Family) -> None:
    """F45: the community midwife visits without having read it."""
    summary = family.find("summary-mother")
    if summary is None:
        return
    due = summary.body["discharged_at"] + timedelta(hours=24)
    late = unread(family, "COMM_MIDWIFE", summary, due)
    family.wrong("midwife-does-not-read-the-summary", "G14", "the summary lay unread",
                 "COMM_MIDWIFE", 2, due=due, mended_at=late)  # fmt: skip
    family.allowed.add("G60")


@mishap("not:miscarriage_after_booking", "not:stillbirth", "not:termination")
def assessment_lies_unread(family: Family) -> None:
    """F32: what an assessment found goes no further."""
    found = family.find("assessment-midwife")
    if found is None or (family.born_at is not None and found.at > family.born_at):
        return
    due = close(day_of(found.at), 5)
    late = unread(family, "HV_TEAM", found, due)
    family.wrong("assessment-lies-unread", "G18", "what was found lay unread", "HV_TEAM", 2,
                 since=close(day_of(found.at), 2), due=due, mended_at=late)  # fmt: skip
    family.allowed.add("G60")


@mishap("unborn_child_plan")
def plan_does_not_reach_the_practice(family: Family) -> None:
    """F25: the decision of the conference lies unread at the practice."""
    outcome = family.find("outcome-initial")
    if outcome is None:
        return
    due = close(day_of(outcome.at), 1)
    late = unread(family, "GP_SG_LEAD", outcome, due)
    family.wrong("plan-does-not-reach-the-practice", "G30", "the decision lay unread",
                 "GP_SG_LEAD", 3, due=due, mended_at=late)  # fmt: skip
    family.allowed.add("G60")


@mishap("social_care_referral")
def decision_is_not_heard(family: Family) -> None:
    """F17: social care decides, and whoever referred does not hear of it."""
    decision = family.find("decision-substance")
    if decision is None:
        return
    due = close(day_of(decision.at), 1)
    late = unread(family, "*", decision, due, org=family.place.provider)
    family.wrong("decision-is-not-heard", "G32", "the decision lay unread", "COMM_MIDWIFE", 3,
                 due=due, mended_at=late)  # fmt: skip
    family.allowed.add("G60")


@mishap("domestic_abuse")
def disclosure_is_not_taken_up(family: Family) -> None:
    """F10: she told, and the safeguarding midwife does not take it."""
    told = family.find("safety-contact-16")
    if told is None:
        return
    due = told.at + timedelta(hours=4)
    late = unread(family, "SG_MIDWIFE", told, due)
    family.wrong("disclosure-is-not-taken-up", "G39", "a disclosure of abuse lay unread",
                 "SG_MIDWIFE", 4, due=due, mended_at=late)  # fmt: skip
    family.allowed |= {"G60", "G35"}


@mishap("mental_health_red_flag")
def red_flag_is_not_taken(family: Family) -> None:
    """S58: a red flag, and nobody takes it within the hour."""
    flag = family.find("red-flag")
    if flag is None:
        return
    late = flag.at + timedelta(hours=1, minutes=45)
    family.unread.append(Unread("CRISIS", "red-flag", "late", late))
    for state in ("accepted", "assessed"):
        step = family.find(f"crisis-{state}")
        if step is not None:
            step.at = late + timedelta(minutes=10)
    family.wrong("red-flag-is-not-taken", "G44", "nobody took a red flag", "CRISIS", 4,
                 due=flag.at + timedelta(hours=1), mended_at=late)  # fmt: skip


@mishap("stillbirth")
def practice_is_not_told_of_the_loss(family: Family) -> None:
    """F68: the practice goes on as if she were pregnant."""
    loss = family.find("loss")
    if loss is None:
        return
    due = noon_or(24, loss)
    late = unread(family, "GP_PRACTICE", loss, due)
    family.wrong("practice-is-not-told-of-the-loss", "G48", "the notice of a loss lay unread",
                 "GP_PRACTICE", 3, due=due, mended_at=late)  # fmt: skip
    family.allowed.add("G60")


@mishap()
def letter_comes_back(family: Family) -> None:
    """F46: the practice's inbox is dead; the letter bounces until the address is put right."""
    booking = family.find("booking")
    if booking is None:
        return
    back_at = soon(booking) + timedelta(minutes=5)
    due = close(day_of(booking.at), 2)
    mended = close(day_of(booking.at), 2) - timedelta(minutes=1)
    family.unread.append(Unread("GP_PRACTICE", "booking", "bounced", mended))
    family.wrong("letter-comes-back", "G60", "the booking letter bounced", "GP_PRACTICE", 2,
                 due=back_at, mended_at=mended)  # fmt: skip
    family.wrong("letter-comes-back", "G01", "so the practice did not know", "GP_PRACTICE", 2,
                 due=due, mended_at=mended)  # fmt: skip


@mishap("not:moves_practice", "not:referred_by_practice")
def wrong_practice(family: Family) -> None:
    """F20: the register still names her former practice, which says that she is not its patient."""
    booking = family.find("booking")
    if booking is None:
        return
    right, wrong = family.place.practice, other_practice(family.chance, family.place)
    moved = visit(family.chance, working_day(day_of(booking.at), 4))
    family.registrations = [
        family.registrations[0] | {"practice": wrong},
    ]
    family.add("practice-found", "demographics.changed", moved, family.place.body("C"), "CHIS",
               kind="gp", to=right, effective=day_of(moved), **{"from": wrong})  # fmt: skip
    family.unread.append(Unread("GP_PRACTICE", "booking", "not_ours", moved, organisation=wrong))
    due = close(day_of(booking.at), 2)
    family.wrong("wrong-practice", "G60", "the letter went to a practice she had left", wrong, 2,
                 due=soon(booking) + timedelta(minutes=5), slack=timedelta(days=4),
                 mended_at=moved)  # fmt: skip
    family.wrong("wrong-practice", "G01", "her own practice did not know", right, 2, due=due,
                 mended_at=moved)  # fmt: skip


@mishap("not:neonatal_death")
def child_health_never_reads_of_the_birth(family: Family) -> None:
    """P13: child health is told of a birth within a day."""
    if not family.babies or (born := family.find(f"born-{family.babies[0]}")) is None:
        return
    due = noon_or(24, born)
    late = unread(family, "CHIS", born, due)
    family.wrong("child-health-never-reads-of-the-birth", "G76", "the notice of birth lay unread",
                 "CHIS", 2, due=due, mended_at=late)  # fmt: skip
    family.allowed.add("G60")


@mishap("early_weight_loss")
def midwife_does_not_take_up_the_weight(family: Family) -> None:
    """F13: more than a tenth lost, and the midwife does not take it up that day."""
    weight = next(iter(family.of("measurement.infant", loss_percent=11)), None)
    if weight is None:
        return
    due = midnight(day_of(weight.at))
    late = at(day_of(weight.at) + timedelta(days=1), 11)
    family.unread.append(Unread("COMM_MIDWIFE", weight.key, "late", late))
    family.wrong("midwife-does-not-take-up-the-weight", "G24", "a lost tenth lay unread",
                 "COMM_MIDWIFE", 2, due=due, mended_at=late)  # fmt: skip


@mishap("faltering_growth")
def visitors_do_not_take_up_slow_growth(family: Family) -> None:
    """F13: two centile spaces lost, and the health visitor does not take it up."""
    weight = next(iter(family.of("measurement.infant", spaces_from_birth=2)), None)
    if weight is None:
        return
    due = close(day_of(weight.at), 1)
    late = unread(family, "NAMED_HV", weight, due)
    family.wrong("visitors-do-not-take-up-slow-growth", "G24", "slow growth lay unread",
                 "NAMED_HV", 2, due=due, mended_at=late)  # fmt: skip
    family.allowed.add("G60")


@mishap("not:neonatal_death")
def telling_of_a_gap_is_ignored(family: Family) -> None:
    """F55: no summary is written for the baby, and no superior answers either."""
    if not family.babies or (home := family.find(f"discharged-{family.babies[0]}")) is None:
        return
    due = home.at + timedelta(hours=24)
    late = not_done(family, due, family.find(f"summary-{family.babies[0]}"))
    family.unread.append(Unread("*", "gap", "never"))
    name = "telling-of-a-gap-is-ignored"
    family.wrong(name, "G12", "no summary for the baby", "POSTNATAL_WARD", 2, due=due,
                 mended_at=late)  # fmt: skip
    ignored = close(day_of(due), 1)
    if late is None or late > ignored:
        family.wrong(name, "G63", "nobody answered for it", "TEAM_LEAD", 3, since=due,
                     due=ignored, slack=timedelta(hours=1))  # fmt: skip
    family.allowed |= {"G63", "G14", "G76"}
