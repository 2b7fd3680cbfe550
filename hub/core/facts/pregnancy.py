"""Facts about the pregnancy and its risks."""

from datetime import date, datetime, timedelta
from typing import Any

from hub.core.deadlines import TERM_DAYS, estimated_due_date, local_date
from hub.core.deadlines import gestation_days as days_between
from hub.core.draft import Context, unpack_body
from hub.core.facts.register import fact, moment, of_type, same_post
from hub.core.kinds import INSTANT, NUMBER, TEXT, TRUTH
from hub.core.reports import ONE_FACT

UNSAID = frozenset(("", "none", "not_asked"))
"""Codes that say nothing."""

STAYS = ("admitted", "transferred", "transfer_cancelled", "discharge_cancelled")
"""Words of a hospital after which somebody is on one of its wards (E58)."""


@fact(NUMBER)
def gestation_days(c: Context) -> int | None:
    """Days of pregnancy at the event, by the due date in force (domain 1.2, unit g)."""
    due = c.episode.due_date
    return days_between(due, local_date(moment(c))) if due else None


@fact(TRUTH)
def goes_on(c: Context) -> bool:
    """Whether the whole pregnancy has not ended in a loss by the event, as far as is known."""
    ended = c.episode.ended_at
    return ended is None or moment(c) < ended


@fact(NUMBER)
def gestation_then(c: Context) -> int | None:
    """Days of pregnancy when the awaited event happened, by the due date in force."""
    due = c.episode.due_date
    if due is None or c.awaited is None:
        return None
    return days_between(due, local_date(c.awaited.occurred_at))


@fact(TRUTH)
def vulnerable(c: Context) -> bool:
    """Whether a booking says what makes her or the baby vulnerable (P05)."""
    return any(code not in UNSAID for code in c.body.get("vulnerabilities") or ())


@fact(TRUTH)
def late_reason_recorded(c: Context) -> bool:
    """Whether a booking says why it came late (G07); a woman who declined is asked again on a day.

    'Declined' without that day is no reason, and 'not asked' never is.
    """
    said = {str(code) for code in c.body.get("late_reason") or ()} - UNSAID
    if said - {"declined"}:
        return True
    return "declined" in said and c.body.get("late_reason_revisit_on") is not None


def _years(birth_date: str | None, on: date) -> int | None:
    """Whole years between a date of birth and a day."""
    if birth_date is None:
        return None
    born_on = date.fromisoformat(birth_date)
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


@fact(NUMBER)
def age(c: Context) -> int | None:
    """Age of the mother in years at the event, by the date of birth that any event has brought."""
    mother = c.episode.mother
    return _years(mother.birth_date, local_date(moment(c))) if mother else None


@fact(TRUTH)
def number_known(c: Context) -> bool:
    """Whether any event has brought the mother's NHS number."""
    mother = c.episode.mother
    return mother is not None and mother.nhs_number is not None


@fact(NUMBER)
def age_at_conception(c: Context) -> int | None:
    """Age of the mother in years at her last period, 280 days before the due date (S14)."""
    due, mother = c.episode.due_date, c.episode.mother
    if mother is not None and mother.birth_date is not None and due is not None:
        return _years(mother.birth_date, due - timedelta(days=TERM_DAYS))
    stated = [unpack_body(r).get("age_at_lmp") for r in of_type(c.episode, "pregnancy.notified")]
    return next((int(years) for years in stated if years is not None), None)


@fact(NUMBER, weeks=NUMBER, days=NUMBER)
def weeks(c: Context, weeks: int, days: int = 0) -> int:
    """Weeks and days of pregnancy as days, so that a rule can say `weeks(20)`."""
    return weeks * 7 + days


@fact(TEXT)
def due_date_from_gestation(c: Context) -> str | None:
    """The due date reckoned from a gestation that the event states; none when a date is known.

    Due date = date of the event + 280 days less the days of pregnancy (S8).
    """
    known: str | None = c.episode.edd
    if known:
        return known
    return estimated_due_date(c.body.get("gestation"), moment(c))


@fact(TRUTH)
def born(c: Context) -> bool:
    """Whether a baby of this episode has been born."""
    return c.episode.born is not None


@fact(NUMBER)
def infant_age_days(c: Context) -> int | None:
    """Age of the first baby in days at the event; the day of birth is day 0."""
    day = c.episode.born
    return (local_date(moment(c)) - day).days if day else None


@fact(NUMBER)
def mother_age_years(c: Context) -> int | None:
    """Her age in years at the event, from whichever event carried her date of birth (ruling 29)."""
    known = c.episode.mother.birth_date if c.episode.mother is not None else None
    if known is None:
        return None
    born_on, today = date.fromisoformat(known), local_date(moment(c))
    return today.year - born_on.year - ((today.month, today.day) < (born_on.month, born_on.day))


@fact(TRUTH, role=TEXT, other=TEXT)
def is_same_post(c: Context, role: str, other: str) -> bool:
    """Whether two role names mean one post: a team stands in for its named person."""
    return role is not None and same_post(role) == same_post(other)


@fact(INSTANT)
def occurred_at(c: Context) -> datetime:
    """When the event happened."""
    return moment(c)


@fact(TEXT, condition=TRUTH, value=TEXT)
def only_if(c: Context, condition: bool, value: str | None) -> str | None:  # noqa: FBT001  a fact's arguments are written by name in policy
    """A value, where a condition holds."""
    return value if condition else None


@fact(TEXT)
def subject_of_care(c: Context) -> str:
    """Whom a hospital document is about: the baby's id, or the mother."""
    return str(c.body.get("baby_id") or "mother")


@fact(TRUTH)
def discharge_reported(c: Context) -> bool:
    """Whether the discharge of whom a summary is about was reported before: on its own, or by
    another summary of the same stay (G12).
    """
    about, at = subject_of_care(c), c.body.get("discharged_at")
    return any(
        r.subject == about and unpack_body(r).get("kind") == "discharged"
        for r in of_type(c.episode, "encounter.updated")
    ) or any(
        r.subject == about and r.occurred_at < moment(c) and _of_one_stay(unpack_body(r), at)
        for r in of_type(c.episode, "discharge.summary")
    )


def _of_one_stay(summary: dict[str, Any], discharged_at: Any) -> bool:
    """Whether a summary is of a stay that ended within a day of a time."""
    ended_at = summary.get("discharged_at")
    known = isinstance(ended_at, datetime) and isinstance(discharged_at, datetime)
    return known and abs(ended_at - discharged_at) <= ONE_FACT


@fact(TRUTH)
def in_hospital(c: Context) -> bool:
    """Whether the mother is on a ward, by the last message of her stay (P19)."""
    stay = [r for r in of_type(c.episode, "encounter.updated") if r.subject == "mother"]
    last = max(stay, key=lambda r: r.occurred_at, default=None)
    said = unpack_body(last) if last is not None else {}
    return said.get("kind") in STAYS or said.get("destination") == "52"


@fact(TRUTH)
def plan_in_force(c: Context) -> bool:
    """Whether a child-protection plan, for the baby or the unborn, is in force."""
    return any(code.startswith("CPP") for code in c.episode.plans)


@fact(NUMBER, days=NUMBER)
def concern_flags(c: Context, days: int) -> int:
    """Distinct codes of concern in the days up to the event (G35 counts over 84 days)."""
    since = moment(c) - timedelta(days=days)
    return len(
        {
            unpack_body(r).get("code")
            for r in of_type(c.episode, "concern.raised")
            if r.occurred_at >= since
        }
    )


@fact(NUMBER, days=NUMBER)
def concern_organisations(c: Context, days: int) -> int:
    """Organisations that raised a concern in the days up to the event."""
    since = moment(c) - timedelta(days=days)
    return len(
        {r.organisation for r in of_type(c.episode, "concern.raised") if r.occurred_at >= since}
    )
