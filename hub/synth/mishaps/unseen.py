"""A woman whom nobody sees for months, and what parents are not told when the time has come."""

from datetime import datetime, timedelta

from hub.synth.calendar import close, day_of, midnight
from hub.synth.family import Family, Happening
from hub.synth.mishaps.kinds import mishap

PLANNED_PERCENT = 150
"""How much longer than was planned she may go unseen (domain G10)."""
LEAVES_OFF = ("contact-25", "contact-28")


@mishap("first_baby", "not:mental_health_history", "not:mental_health_positive",
        "not:mental_health_red_flag", "not:booked_after_twenty_weeks", "not:concealed",
        "not:missed_appointment", "not:domestic_abuse", "not:unborn_child_plan",
        "not:social_care_referral", "not:early_help_need", "not:removal_at_birth")  # fmt: skip
def nobody_sees_her(family: Family) -> None:
    """F22: after 16 weeks her appointments pass, and nobody writes that she did not come."""
    last, made = family.find("held-contact-16"), family.find("made-contact-25")
    if last is None or made is None:
        return
    planned = (day_of(made.body["contact_at"]) - day_of(last.at)).days
    due = midnight(day_of(last.at) + timedelta(days=-(-planned * PLANNED_PERCENT // 100)))
    over = family.ended_at or family.born_at
    if over is None or over <= due:
        return
    away = [h for h in family.happenings if _of_those_weeks(h, last.at)]
    again = min(
        (h.at for h in family.of("contact.completed") if h.at > last.at and h not in away),
        default=over,
    )
    if again <= due:
        return
    family.drop(*away)
    family.wrong("nobody-sees-her", "G10", "unseen since 16 weeks", "COMM_MIDWIFE", 2, due=due,
                 mended_at=again)  # fmt: skip
    family.allowed |= {"G38", "G52"}


def _of_those_weeks(happening: Happening, since: datetime) -> bool:
    """Whether something happens at one of the contacts that do not take place."""
    kept = happening.key.startswith(("made-", "cancelled-"))
    return not kept and happening.at > since and happening.key.endswith(LEAVES_OFF)


@mishap("not:neonatal_death")
def shaking_is_not_spoken_of(family: Family) -> None:
    """F41: at the new birth visit not a word is said of the harm that shaking does."""
    told, visited = family.find("told-AHT-nbv"), family.find("held-nbv")
    if told is None or visited is None:
        return
    day, due = day_of(visited.at), close(day_of(visited.at), 2)
    others = [h for h in family.of("information.given", topic="AHT") if h is not told]
    later = [h.at for h in others if day_of(h.at) >= day]
    if later and min(later) <= due:
        return
    family.drop(told)
    family.wrong("shaking-is-not-spoken-of", "G52", "no word of shaking", "NAMED_HV", 1, due=due,
                 mended_at=min(later, default=None))  # fmt: skip
