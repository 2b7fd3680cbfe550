"""Mental health, needs and injuries: what is not answered, not started, not seen."""

from datetime import timedelta

from hub.synth.calendar import close, day_of, midnight, visit, working_day
from hub.synth.family import Family
from hub.synth.mishaps.kinds import mishap
from hub.synth.mishaps.tools import MENDED, not_done, soon, unread


@mishap("mental_health_positive", "not:social_care_referral")
def two_worries_and_no_second_look(family: Family) -> None:
    """F35, F36: low mood and drink in one pregnancy, and nobody looks at both."""
    screen, lead = family.find("Whooley-contact-16"), family.find("lead-MH")
    if screen is None or lead is None:
        return
    drink = family.by_midwife("concern-drink", "concern.raised", screen.at, code="substance",
                      severity="low", about="mother", basis_text="as said",
                      action="none")  # fmt: skip
    due = close(day_of(screen.at), 2)
    late = not_done(family, due, lead)
    unread(family, "SG_MIDWIFE", drink, due, how="late" if late else "never")
    family.wrong("two-worries-and-no-second-look", "G35", "no second look at two worries",
                 "SG_MIDWIFE", 3, due=due, mended_at=late)  # fmt: skip
    # Two worries without a second look, and a week on without a decision: one code, told twice.
    family.allowed |= {"G31", "G35", "G60", "G70"}


@mishap("mental_health_positive")
def positive_answer_leads_to_nothing(family: Family) -> None:
    """F27: she says that she is low, and nothing follows."""
    screen = family.find("Whooley-contact-16")
    made = family.find("referral-mood")
    if screen is None or made is None:
        return
    due = close(day_of(screen.at), 2)
    late = visit(family.chance, working_day(day_of(due), 2))
    for number, step in enumerate(("accepted", "assessed", "started")):
        if (found := family.find(f"mood-{step}")) is not None:
            days = working_day(day_of(late), (2, 7, 20)[number])
            found.at = visit(family.chance, days)
    made.at = late
    family.wrong("positive-answer-leads-to-nothing", "G42", "no referral", "COMM_MIDWIFE", 2,
                 due=due, mended_at=late)  # fmt: skip
    family.allowed.add("G46")


@mishap("mental_health_positive")
def therapists_do_not_answer(family: Family) -> None:
    """F28: a referral, and not a word in five working days."""
    made, answer = family.find("referral-mood"), family.find("mood-accepted")
    seen = family.find("mood-assessed")
    if made is None or answer is None or seen is None:
        return
    due = close(day_of(made.at), 5)
    seen_at = visit(family.chance, working_day(day_of(made.at) + timedelta(days=11), 0))
    if seen_at <= due or seen_at > made.at + timedelta(days=14):
        return
    seen.at = seen_at
    family.drop(answer)
    family.wrong("therapists-do-not-answer", "G43", "no answer to a referral", "TALKING_THERAPIES",
                 2, due=due, mended_at=seen.at)  # fmt: skip


@mishap("mental_health_positive")
def she_is_not_assessed(family: Family) -> None:
    """S56: taken, and not assessed within fourteen days."""
    made, seen = family.find("referral-mood"), family.find("mood-assessed")
    start = family.find("mood-started")
    if made is None or seen is None or start is None:
        return
    family.drop(seen)
    due = midnight(day_of(made.at) + timedelta(days=14))
    family.wrong("she-is-not-assessed", "G43", "not assessed", "TALKING_THERAPIES", 2, due=due,
                 mended_at=start.at)  # fmt: skip


@mishap("mental_health_positive", "not:preterm")
def treatment_does_not_start(family: Family) -> None:
    """S56: assessed, and nothing started within 42 days."""
    made, start = family.find("referral-mood"), family.find("mood-started")
    if made is None or start is None:
        return
    due = midnight(day_of(made.at) + timedelta(days=42))
    late = not_done(family, due, start)
    family.wrong("treatment-does-not-start", "G45", "nothing started", "COMM_MIDWIFE", 2, due=due,
                 mended_at=late)  # fmt: skip
    # The catalogue names the same forty-two days under two codes.
    family.allowed.add("G43")


@mishap("mental_health_red_flag")
def she_is_not_seen(family: Family) -> None:
    """S58: a red flag is taken, and she is not seen for a day."""
    flag, seen = family.find("red-flag"), family.find("crisis-assessed")
    if flag is None or seen is None:
        return
    seen.at = flag.at + timedelta(hours=26)
    family.wrong("she-is-not-seen", "G44", "not seen in four hours", "CRISIS", 4,
                 due=flag.at + timedelta(hours=4), mended_at=seen.at)  # fmt: skip


@mishap("mental_health_history", "not:neonatal_death", "not:stillbirth", "not:termination",
        "not:miscarriage_after_booking", "not:mental_health_positive")  # fmt: skip
def history_and_no_appointment(family: Family) -> None:
    """F107: a history, and no appointment after the birth."""
    made, held = family.find("made-extra"), family.find("held-extra")
    home = family.find("discharged-mother")
    if made is None or held is None or home is None:
        return
    family.drop(made, held)
    family.wrong("history-and-no-appointment", "G46", "no extra appointment", "GP_PRACTICE", 2,
                 due=home.at, slack=timedelta(days=29))  # fmt: skip


@mishap("early_help_need")
def need_has_no_owner(family: Family) -> None:
    """F6: help with housing or money is asked for, and no service says that it gives it."""
    need = family.find("concern-need")
    gone = [h for h in family.happenings if "need-help" in h.key]
    if need is None or not gone:
        return
    family.drop(*gone)
    family.wrong("need-has-no-owner", "G70", "a need went to nobody", "EARLY_HELP", 2,
                 due=close(day_of(need.at), 10))  # fmt: skip


@mishap("domestic_abuse")
def practice_is_not_safe_for_her(family: Family) -> None:
    """F10: somebody close to him works at her practice, and nobody decides whom there to tell."""
    told = family.find("safety-contact-16")
    if told is None:
        return
    place = family.place
    told.body["linked_organisations"] = [place.practice]
    late = soon(told) + timedelta(hours=family.chance.randint(2, 20))
    mended = late if family.chance.random() < MENDED else None
    if mended is not None:
        family.add(
            "safe-route", "sharing.preference", mended, place.provider, "SG_MIDWIFE",
            scope="GP", agrees="y", review_on=day_of(mended) + timedelta(days=90),
            recorded_by="sg-1", safe_route_organisation=place.practice,
            safe_route_role="GP_SG_LEAD",
        )  # fmt: skip
    family.wrong("practice-is-not-safe-for-her", "G40", "her practice is not safe for her",
                 "SG_MIDWIFE", 4, due=soon(told), mended_at=mended)  # fmt: skip
    # Not told in four hours is a gap of its own, and so is what is not told of what follows.
    family.allowed |= {"G32", "G39", "G40", "G60", "G76", "G35", "G45"}


@mishap("injury_not_mobile")
def injury_is_not_referred(family: Family) -> None:
    """S36: a bruise on a baby who cannot move, and three hours until somebody refers."""
    injury, made = family.find("injury"), family.find("csc-injury")
    if injury is None or made is None:
        return
    made.at = injury.at + timedelta(hours=2, minutes=40)
    family.wrong("injury-is-not-referred", "G68", "not referred in an hour", "NAMED_HV", 4,
                 due=injury.at + timedelta(hours=1), mended_at=made.at)  # fmt: skip
    family.allowed |= {"G33", "G31"}


@mishap("injury_not_mobile")
def injured_baby_is_not_examined(family: Family) -> None:
    """S36: no paediatrician sees the baby that day."""
    injury, seen = family.find("injury"), family.find("injury-seen")
    if injury is None or seen is None:
        return
    seen.at = visit(family.chance, working_day(day_of(injury.at), 1))
    family.wrong("injured-baby-is-not-examined", "G68", "not examined that day", "NAMED_HV", 4,
                 due=midnight(day_of(injury.at)), mended_at=seen.at)  # fmt: skip


@mishap("mental_health_red_flag")
def liaison_does_not_answer(family: Family) -> None:
    """F69: liaison psychiatry is asked for the ward, and nobody answers."""
    home = family.find("discharged-mother")
    if home is None:
        return
    asked = home.at - timedelta(hours=8)
    family.by_midwife("referral-liaison", "referral.made", asked,
                      referral_id=f"{family.reference()}/liaison", service="LIAISON",
                      urgency="immediate", minimum_set_complete="y")  # fmt: skip
    family.wrong("liaison-does-not-answer", "G47", "no answer from liaison", "LIAISON_PSYCH", 3,
                 due=asked + timedelta(hours=4))  # fmt: skip
    family.allowed.add("G43")


@mishap()
def refusal_is_never_taken_up_again(family: Family) -> None:
    """F21: she does not agree to sharing, and nobody asks again on the day that was set."""
    asked = family.find("agreement")
    if asked is None:
        return
    review = working_day(day_of(asked.at) + timedelta(days=60), 0)
    if family.ended_at is not None and family.ended_at < midnight(review):
        return
    # Nobody decides again when a new risk appears either: the same code by another day.
    family.allowed.add("G73")
    asked.body |= {"scope": "VCS", "agrees": "n", "review_on": review}
    family.wrong("refusal-is-never-taken-up-again", "G73", "a refusal was not asked about again",
                 "COMM_MIDWIFE", 2, due=midnight(review))  # fmt: skip
