"""What is expected and does not come, from the first word to the fourth month."""

from datetime import date, datetime, timedelta

from hub.synth.calendar import close, day_of, midnight, visit, working_day
from hub.synth.family import Family
from hub.synth.mishaps.kinds import mishap
from hub.synth.mishaps.tools import not_done, shift, soon


@mishap("not:known_after_nine_weeks", "not:booked_after_twenty_weeks", "not:concealed",
        "not:unscheduled_unbooked", "not:miscarriage_after_booking")  # fmt: skip
def booked_too_late(family: Family) -> None:
    """S1: known at five weeks, booked at twelve."""
    booking = family.find("booking")
    if booking is None:
        return
    due = midnight(family.on(10) if not family.has("redated_by_scan") else _first_ten(family))
    late = timedelta(weeks=2)
    for happening in family.happenings:
        at_booking = "booking" in happening.key and happening.key != "made-booking"
        if at_booking or happening.key in ("agreement", "history"):
            happening.at += late
    booking.body["booked_on"] = day_of(booking.at)
    dated, history = family.find("dated"), family.find("history")
    if history is not None:
        history.at = min(history.at, close(day_of(booking.at), 9))
    if dated is not None and dated.at < booking.at + timedelta(days=1):
        dated.at = visit(family.chance, working_day(day_of(booking.at), 2))
    if booking.at > due:
        family.wrong("booked-too-late", "G08", "no booking by ten weeks", "COMM_MIDWIFE", 1,
                     due=due, mended_at=booking.at)  # fmt: skip


def _first_ten(family: Family) -> date:
    """Ten weeks by the last period, whatever a scan said afterwards."""
    booking = family.find("booking")
    assert booking is not None, "a booking"
    first: date = booking.body["edd"] - timedelta(days=210)
    return first


@mishap("unscheduled_unbooked")
def seen_twice_and_not_booked(family: Family) -> None:
    """F29: a second visit to an emergency department, and still not booked."""
    first, booking = family.find("attended-unbooked"), family.find("booking")
    if first is None or booking is None:
        return
    again = first.at + timedelta(days=2)
    if again > booking.at - timedelta(hours=2):
        return
    made = family.add("attended-again", first.type, again, first.org, first.role, **first.body)
    family.wrong("seen-twice-and-not-booked", "G04", "seen twice, unbooked", "COMM_MIDWIFE", 3,
                 since=again, due=soon(made), mended_at=booking.at)  # fmt: skip


@mishap("missed_appointment")
def nobody_looks_for_her(family: Family) -> None:
    """F22: a missed contact, and nobody tries to reach her until the week after."""
    missed, again = family.find("missed-28"), family.find("made-contact-28b")
    if missed is None or again is None:
        return
    called = family.find("held-called-28")
    family.drop(again)
    if called is not None:
        family.drop(called)
        family.allowed.add("G46")
    due = close(day_of(missed.at), 1)
    seen = family.find("held-contact-28b")
    family.wrong("nobody-looks-for-her", "G09", "nobody tried to reach her", "COMM_MIDWIFE", 2,
                 due=due, mended_at=seen.at if seen else None)  # fmt: skip


@mishap("infant_not_brought")
def baby_is_not_looked_for(family: Family) -> None:
    """F22: a baby is not brought, and no other contact is made."""
    missed, made = family.find("not-brought"), family.find("made-six-weeks-b")
    seen = family.find("held-six-weeks-b")
    if missed is None or made is None or seen is None:
        return
    due = close(day_of(missed.at), 5)
    family.drop(made)
    before = visit(family.chance, working_day(day_of(missed.at), -1))
    for happening in family.happenings:
        if happening.key.startswith(("held-gp-", "review-gp-")):
            happening.at = before
    late = visit(family.chance, working_day(day_of(missed.at), 6))
    seen.at = late
    family.wrong("baby-is-not-looked-for", "G11", "no other contact was made", "HV_TEAM", 2,
                 due=due, mended_at=late)  # fmt: skip
    family.allowed |= {"G19", "G10", "G52"}


@mishap("not:neonatal_death")
def missed_blood_spot_is_forgotten(family: Family) -> None:
    """S27: the blood spot is missed, and not made up for in five working days."""
    if not family.babies or (test := family.find(f"NBS-{family.babies[0]}")) is None:
        return
    test.body["outcome"] = "missed"
    due = close(day_of(test.at), 5)
    later = visit(family.chance, working_day(day_of(test.at), 7))
    for visit_made in family.of("contact.scheduled"):
        if test.at <= visit_made.at <= later and visit_made.body.get("baby_id"):
            visit_made.body["baby_id"] = None
    family.by_midwife("NBS-again", test.type, later, baby_id=family.babies[0], test="NBS",
                      outcome="done")  # fmt: skip
    family.wrong("missed-blood-spot-is-forgotten", "G11", "no new date for a missed test",
                 "HV_TEAM", 2, due=due, mended_at=later)  # fmt: skip


@mishap("not:neonatal_death")
def no_summary_for_the_mother(family: Family) -> None:
    """S20: she goes home and no summary is written."""
    home = family.find("discharged-mother")
    if home is None:
        return
    due = home.at + timedelta(hours=24)
    late = not_done(family, due, family.find("summary-mother"))
    family.wrong("no-summary-for-the-mother", "G12", "no summary", "POSTNATAL_WARD", 2, due=due,
                 mended_at=late)  # fmt: skip
    family.allowed |= {"G14", "G76"}


@mishap("not:neonatal_death")
def no_summary_for_the_baby(family: Family) -> None:
    """S20: the baby goes home and no summary is written for it."""
    if not family.babies or (home := family.find(f"discharged-{family.babies[-1]}")) is None:
        return
    due = home.at + timedelta(hours=24)
    late = not_done(family, due, family.find(f"summary-{family.babies[-1]}"))
    family.wrong("no-summary-for-the-baby", "G12", "no summary", "POSTNATAL_WARD", 2, due=due,
                 mended_at=late)  # fmt: skip
    family.allowed |= {"G14", "G76"}


@mishap("not:booked_after_twenty_weeks", "not:concealed")
def no_health_visitor_is_named(family: Family) -> None:
    """F48: nobody is named by 26 weeks."""
    named, told = family.find("visitor-named"), family.find("told-HV_name")
    if named is None or told is None:
        return
    due = midnight(family.on(26))
    if family.ended_at is not None and family.ended_at < due:
        return
    late = not_done(family, due, named)
    if late is None:
        family.drop(told)
    else:
        named.body["from"] = late
        told.at = late + timedelta(hours=1)
    family.wrong("no-health-visitor-is-named", "G17", "nobody was named", "TEAM_LEAD_HV", 2,
                 due=due, mended_at=late)  # fmt: skip
    family.allowed |= {"G52", "G31"}


def _age(family: Family, days: int) -> datetime:
    assert family.born_at is not None, "a baby was born"
    return midnight(day_of(family.born_at) + timedelta(days=days))


@mishap("not:neonatal_death")
def new_birth_visit_is_late(family: Family) -> None:
    """S23: the health visitor comes in the third week."""
    visit_held = family.find("held-nbv")
    if visit_held is None:
        return
    shift(family, timedelta(days=7), named="nbv")
    for key in ("assessment-visitor", "genogram"):
        if (found := family.find(key)) is not None:
            found.at += timedelta(days=7)
    family.wrong("new-birth-visit-is-late", "G19", "no new birth visit by day 14", "NAMED_HV", 1,
                 due=_age(family, 14), mended_at=visit_held.at)  # fmt: skip
    family.allowed |= {"G36", "G37", "G38", "G41", "G52", "G10"}


@mishap("not:neonatal_death")
def mothers_check_is_not_done(family: Family) -> None:
    """F12: the practice does not see the mother by eight weeks."""
    check = family.find("review-gp-mother")
    if check is None or family.born_at is None:
        return
    late = not_done(family, _age(family, 56), check, family.find("held-gp-mother"))
    family.wrong("mothers-check-is-not-done", "G20", "no check of the mother", "GP_PRACTICE", 1,
                 due=_age(family, 56), mended_at=late)  # fmt: skip


@mishap("not:neonatal_death")
def babys_check_is_not_done(family: Family) -> None:
    """F12: the practice does not see the baby by eight weeks."""
    if not family.babies or family.born_at is None:
        return
    check = family.find(f"review-gp-{family.babies[0]}")
    late = not_done(family, _age(family, 56), check, family.find(f"held-gp-{family.babies[0]}"))
    family.wrong("babys-check-is-not-done", "G20", "no check of the baby", "GP_PRACTICE_BABY", 1,
                 due=_age(family, 56), mended_at=late)  # fmt: skip


@mishap("not:referred_by_practice")
def no_history_is_sent(family: Family) -> None:
    """F21: the practice keeps her history to itself."""
    booking, history = family.find("booking"), family.find("history")
    if booking is None or history is None:
        return
    due = close(day_of(booking.at), 10)
    late = not_done(family, due, history)
    family.wrong("no-history-is-sent", "G77", "no history came", "GP_PRACTICE", 1, due=due,
                 mended_at=late)  # fmt: skip


@mishap("not:neonatal_death")
def nobody_notifies_the_birth(family: Family) -> None:
    """S18: no statutory notification within 36 hours."""
    if not family.babies or family.born_at is None:
        return
    born = family.find(f"born-{family.babies[0]}")
    told = family.find(f"notified-{family.babies[0]}")
    if born is None or told is None:
        return
    due = born.at + timedelta(hours=36)
    late = not_done(family, due, told)
    family.wrong("nobody-notifies-the-birth", "G72", "no notification", "COMM_MIDWIFE", 2, due=due,
                 mended_at=late)  # fmt: skip


def _test_forgotten(family: Family, name: str, test: str, due: datetime) -> None:
    if not family.babies or (done := family.find(f"{test}-{family.babies[0]}")) is None:
        return
    late = not_done(family, due, done)
    family.wrong(name, "G78", f"nothing is known of {test}", done.role, 2, due=due,
                 mended_at=late)  # fmt: skip


@mishap("not:neonatal_death")
def examination_is_forgotten(family: Family) -> None:
    """S26: the newborn examination has no outcome within 72 hours."""
    if family.born_at is not None:
        due = family.born_at + timedelta(hours=72)
        _test_forgotten(family, "examination-is-forgotten", "NIPE", due)


@mishap("not:neonatal_death")
def blood_spot_is_forgotten(family: Family) -> None:
    """S27: the blood spot has no outcome by day eight."""
    if family.born_at is not None:
        _test_forgotten(family, "blood-spot-is-forgotten", "NBS", _age(family, 8))


@mishap("not:neonatal_death")
def hearing_is_forgotten(family: Family) -> None:
    """S28: the hearing screen has no outcome by five weeks."""
    if family.born_at is not None:
        _test_forgotten(family, "hearing-is-forgotten", "hearing", _age(family, 35))


@mishap("under_twenty_first_baby", "first_baby")
def family_nurse_is_not_offered(family: Family) -> None:
    """F78: nineteen, a first baby, and no family nurse is offered by 24 weeks."""
    made = [h for h in family.happenings if "family-nurse" in h.key]
    due = midnight(family.on(24))
    if not made or (family.ended_at is not None and family.ended_at < due):
        return
    family.drop(*made)
    family.wrong("family-nurse-is-not-offered", "G53", "no family nurse was offered",
                 "COMM_MIDWIFE", 1, due=due)  # fmt: skip


@mishap()
def no_leaflet_at_booking(family: Family) -> None:
    """F67: nothing is said of mental health at the booking."""
    told, booking = family.find("told-PMH-booking"), family.find("booking")
    if told is None or booking is None:
        return
    family.drop(told)
    family.wrong("no-leaflet-at-booking", "G52", "no word of mental health", "COMM_MIDWIFE", 1,
                 due=close(day_of(booking.at), 2))  # fmt: skip
