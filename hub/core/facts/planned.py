"""Facts about what is planned: when she is next to be seen, and what she is to be told by then."""

from datetime import date, timedelta

from hub.core.deadlines import gestation_days, local_date
from hub.core.draft import Context, Draft, unpack_body
from hub.core.facts.contacts import booking_of
from hub.core.facts.register import fact, moment, of_type
from hub.core.kinds import LIST, NUMBER, TEXT, TRUTH

FIRST_BABY = (16, 25, 28, 31, 34, 36, 38, 40, 41)
LATER_BABY = (16, 28, 34, 36, 38, 41)
"""Weeks of the antenatal contacts after the booking (NICE NG201): ten contacts and seven."""

AFTER_BIRTH = ((10, 14), (42, 56), (270, 365))
"""The healthy child programme: seen before the one day of age, the next visit is by the other."""

CANCELLED = ("cancelled_by_service", "cancelled_by_person")
"""Outcomes by which an appointment is out of the diary (ruling 14), until one is taken back."""

EARLY_DAYS = 14
"""Somebody who comes so much before a planned week has come for it."""


def _weeks(draft: Draft) -> tuple[int, ...]:
    """The schedule that she follows: the denser one where nobody has said."""
    planned = booking_of(draft).get("planned_contacts")
    few = isinstance(planned, int) and 0 < planned < len(FIRST_BABY) + 1
    return LATER_BABY if few else FIRST_BABY


def _in_the_diary(draft: Draft, seen: date) -> tuple[int | None, int | None]:
    """Days from when she was seen to the first contact after it: that stands, and cancelled.

    After the birth that is one for the baby: she is seen with it.
    """
    with_baby = draft.born is not None and seen >= draft.born
    missed = map(unpack_body, of_type(draft, "contact.missed"))
    out = {body.get("contact_id") for body in missed if body.get("outcome") in CANCELLED}
    days: dict[bool, list[int]] = {True: [], False: []}
    for body in map(unpack_body, of_type(draft, "contact.scheduled")):
        if body.get("contact_at") and (body.get("baby_id") or not with_baby):
            day = (local_date(body["contact_at"]) - seen).days
            days[body.get("contact_id") in out] += [day] if day > 0 else []
    return min(days[False], default=None), min(days[True], default=None)


def _by_schedule(draft: Draft, seen: date) -> int | None:
    """Days from when she was seen to the next contact of the national schedule."""
    if draft.born is not None and seen >= draft.born:
        age = (seen - draft.born).days
        return next((by - age for before, by in AFTER_BIRTH if age < before), None)
    if draft.due_date is None:
        return None
    days = gestation_days(draft.due_date, seen)
    return next((w * 7 - days for w in _weeks(draft) if w * 7 > days + EARLY_DAYS), None)


@fact(NUMBER, percent=NUMBER, least=NUMBER)
def seen_again_days(c: Context, percent: int, least: int) -> int:
    """Days in which she is to be seen again: a share of the planned gap, and at least so many.

    The planned gap is that of the diary, else that of the national schedule (ruling 11, G10).  A
    contact that was cancelled and has none in its place was planned all the same: it leaves no
    more time than the schedule does, and no less than it had.
    """
    seen = local_date(moment(c))
    standing, cancelled = _in_the_diary(c.episode, seen)
    without = min(filter(None, (cancelled, _by_schedule(c.episode, seen))), default=0)
    planned = standing or without
    return max(least, -(-planned * percent // 100))


@fact(NUMBER, week=NUMBER)
def contacts_held_percent(c: Context, week: int) -> int | None:
    """Contacts held with her, in percent of those planned from the booking up to a week (G10).

    The booking is one of both.  What is planned follows the national schedule, in proportion where
    another number of contacts was planned (ruling 11).
    """
    draft = c.episode
    booked = [r.occurred_at for r in of_type(draft, "pregnancy.booked")]
    planned = booking_of(draft).get("planned_contacts")
    if not booked or draft.due_date is None or not isinstance(planned, int) or not planned:
        return None
    weeks = _weeks(draft)
    days = gestation_days(draft.due_date, local_date(max(booked)))
    due = 1 + sum(days + EARLY_DAYS < w * 7 <= week * 7 for w in weeks)
    held = 1 + sum(
        "mother" in (body.get("seen") or ()) and body.get("kind") != "booking"
        for body in map(unpack_body, of_type(draft, "contact.completed"))
    )
    return int(100 * held * (len(weeks) + 1) // (planned * due))


@fact(TRUTH)
def baby_with_her(c: Context) -> bool:
    """Whether she and a baby of hers live, as far as is known, and it was not taken into care."""
    draft = c.episode
    dead = [
        body.get("baby_id")
        for body in map(unpack_body, of_type(draft, "demographics.changed"))
        if body.get("kind") == "death"
    ]
    taken = [
        body.get("baby_id") or _only_child(draft)
        for body in map(unpack_body, of_type(draft, "status.changed"))
        if body.get("kind") == "removal"
    ]
    here = [b for b in draft.babies if b.born_at is not None and b.ended_at is None]
    return None not in dead and any(b.baby_id not in (*dead, *taken) for b in here)


def _only_child(draft: Draft) -> str | None:
    """The baby that is meant where none is named; nobody where there are several."""
    return draft.babies[0].baby_id if len(draft.babies) == 1 else None


@fact(TRUTH, topics=LIST, to=TEXT, back=NUMBER)
def informed(c: Context, topics: list[str], to: str = "mother", back: int = 0) -> bool:
    """Whether each topic was given to mother or partner, from so many days before the event on."""
    since = local_date(moment(c)) - timedelta(days=back)
    given = {
        body.get("topic")
        for body, at in (
            (unpack_body(r), r.occurred_at) for r in of_type(c.episode, "information.given")
        )
        if body.get("to") in (to, "both") and local_date(at) >= since
    }
    return given.issuperset(topics)
