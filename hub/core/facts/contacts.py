"""Facts about contacts: who was seen alone, what was asked, what was promised and kept."""

from typing import Any

from hub.core.deadlines import local_date
from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Remembered
from hub.core.facts.register import Recipient, fact, moment, of_type
from hub.core.holding import role_now
from hub.core.kinds import NUMBER, RECIPIENTS, TEXT, TRUTH
from hub.core.minds import TELLING, tells_of_need

"""A team stands in for a named person until one is named (domain section 6, short forms)."""

ANTENATAL = ("antenatal", "booking")
MISSED = ("DNA", "cancelled_by_person", "moved", "refused")
"""How a contact is missed that she was asked to come to."""

DEPRESSION_ONLY = frozenset({"depression"})


@fact(RECIPIENTS, role=TEXT)
def named_or_team(c: Context, role: str) -> tuple[Recipient, ...]:
    """The named professional of a post, or her team until one is named and has accepted."""
    found = c.episode.holder(role)
    now = role_now(role, found)
    if found is not None and now == role:
        return (Recipient(role, found.organisation, found.person),)
    return (Recipient(now),)


@fact(TRUTH, role=TEXT)
def covered(c: Context, role: str) -> bool:
    """Whether anybody is on the rota for a role at this moment (G47)."""
    return c.episode.holder(role) is not None


def contacts_held(c: Context) -> list[tuple[Remembered, dict[str, Any]]]:
    """The contacts held up to the event, the latest first."""
    until = moment(c)
    held = [r for r in of_type(c.episode, "contact.completed") if r.occurred_at <= until]
    held.sort(key=lambda r: r.occurred_at, reverse=True)
    return [(r, unpack_body(r)) for r in held]


@fact(NUMBER)
def contacts_in_a_row_not_alone(c: Context) -> int:
    """Contacts with the mother in a row, up to the event, at which she was not seen alone (G38).

    An enquiry about domestic abuse that was made alone begins the count again.
    """
    asked = [
        r.occurred_at
        for r in of_type(c.episode, "enquiry.domestic-abuse")
        if unpack_body(r).get("alone") == "y"
    ]
    count = 0
    for contact, body in contacts_held(c):
        if any(at >= contact.occurred_at for at in asked):
            break
        if "mother" not in (body.get("seen") or ()):
            continue
        if body.get("seen_alone") == "y":
            break
        count += 1
    return count


@fact(NUMBER, outcome=TEXT, days=NUMBER)
def missed(c: Context, outcome: str, days: int) -> int:
    """Contacts of the same baby, or of the mother, with an outcome in the days up to the event."""
    until = moment(c)
    bodies = [
        unpack_body(r)
        for r in of_type(c.episode, "contact.missed")
        if r.occurred_at <= until and (local_date(until) - local_date(r.occurred_at)).days <= days
    ]
    alike = [b for b in bodies if b.get("outcome") == outcome]
    return len({b["contact_id"] for b in alike if b.get("baby_id") == c.body.get("baby_id")})


@fact(NUMBER)
def missed_in_a_row(c: Context) -> int:
    """Antenatal contacts missed in a row, by the publisher's count or by the hub's own (P14).

    Two services that count apart each say one.  The hub counts from the last time that she was
    seen, and leaves out visits that found nobody, which are attempts to reach her (ruling 7).
    """
    seen = [r.occurred_at for r, body in contacts_held(c) if "mother" in (body.get("seen") or ())]
    since, until = max(seen, default=None), moment(c)
    counted = {
        body["contact_id"]
        for r in of_type(c.episode, "contact.missed")
        if r.occurred_at <= until and (since is None or r.occurred_at > since)
        for body in [unpack_body(r)]
        if body.get("kind") in ANTENATAL and body.get("outcome") in MISSED
    }
    said = c.body.get("series_count")
    return max(len(counted), said if isinstance(said, int) else 0)


@fact(NUMBER)
def empty_infant_sections_in_a_row(c: Context) -> int:
    """Contacts in a row, up to the event, whose part about the same baby was left empty (G69)."""
    count = 0
    for _, body in contacts_held(c):
        if body.get("infant_section") is None or body.get("baby_id") != c.body.get("baby_id"):
            continue
        if body["infant_section"] != "empty":
            break
        count += 1
    return count


def booking_of(draft: Draft) -> dict[str, Any]:
    """What the latest booking says; nothing where there is none."""
    booked = of_type(draft, "pregnancy.booked")
    return unpack_body(max(booked, key=lambda r: r.occurred_at)) if booked else {}


@fact(TRUTH)
def interpreter_needed(c: Context) -> bool:
    """Whether the booking says that she needs an interpreter (G75)."""
    return (booking_of(c.episode).get("interpreter") or {}).get("needed") == "y"


@fact(TEXT, what=TEXT)
def of_baby(c: Context, what: str) -> str:
    """The event's baby and what is due for it as one thing, so that each has its own gap."""
    return f"{c.body.get('baby_id') or ''}/{what}"


@fact(TEXT)
def language_needed(c: Context) -> str | None:
    """The language in which she must be spoken to, where an interpreter is needed (G75)."""
    interpreter = booking_of(c.episode).get("interpreter") or {}
    if interpreter.get("needed") != "y":
        return None
    spoken: str | None = interpreter.get("lang") or booking_of(c.episode).get("language")
    return spoken


@fact(TRUTH)
def mental_health_flag(c: Context) -> bool:
    """Whether a history, a positive answer, a concern or a red flag of mental health is known."""
    return any(
        tells_of_need(remembered.type, unpack_body(remembered))
        for event_type in TELLING
        for remembered in of_type(c.episode, event_type)
    )


@fact(TRUTH)
def own_history(c: Context) -> bool:
    """Whether she has told of mental health trouble of her own before; her word counts (F107), at
    the booking as well.
    """
    return "MH" in (booking_of(c.episode).get("vulnerabilities") or ()) or any(
        body.get("history_self_reported") == "y"
        for body in map(unpack_body, of_type(c.episode, "screening.mental-health"))
    )


@fact(TRUTH, setting=TEXT)
def screened(c: Context, setting: str) -> bool:
    """Whether mental health was asked about in a setting, such as `ward` (G41)."""
    return any(
        unpack_body(r).get("setting") == setting
        for r in of_type(c.episode, "screening.mental-health")
    )


@fact(TRUTH)
def only_depression_asked(c: Context) -> bool:
    """Whether the screening says what it asked about, and that was depression alone (F115)."""
    asked = c.body.get("conditions") or ()
    return bool(asked) and set(asked) <= DEPRESSION_ONLY


@fact(TRUTH)
def awaited_asks_more(c: Context) -> bool:
    """Whether the awaited screening asked about more than depression, or does not say (F115)."""
    asked = c.awaited_body.get("conditions") or ()
    return not asked or not set(asked) <= DEPRESSION_ONLY


@fact(NUMBER)
def awaited_age_days(c: Context) -> int | None:
    """Age of the first baby in days at the awaited event; the day of birth is day 0, and that of
    a stillbirth whose birth nobody recorded.
    """
    ended = c.episode.ended_at
    born = c.episode.born or (local_date(ended) if ended is not None else None)
    if c.awaited is None or born is None:
        return None
    age: int = (local_date(c.awaited.occurred_at) - born).days
    return age


@fact(TRUTH, kind=TEXT)
def appointment_made(c: Context, kind: str) -> bool:
    """Whether an appointment of a kind stands in the diary, or was kept (G46)."""
    cancelled = {unpack_body(r).get("contact_id") for r in of_type(c.episode, "contact.missed")}
    made = (*of_type(c.episode, "contact.scheduled"), *of_type(c.episode, "contact.completed"))
    return any(
        body.get("kind") == kind and body.get("contact_id") not in cancelled
        for body in map(unpack_body, made)
    )


@fact(NUMBER)
def referral_misses(c: Context) -> int:
    """How often she did not attend on the referral that the event speaks of (G45)."""
    wanted = c.body.get("referral_id")
    return sum(
        body.get("referral_id") == wanted and body.get("state") == "DNA"
        for body in map(unpack_body, of_type(c.episode, "referral.updated"))
    )


@fact(TRUTH)
def wishes_no_contact(c: Context) -> bool:
    """Whether she asked, after a loss, that nobody should seek contact with her (G75)."""
    lost = of_type(c.episode, "pregnancy.ended")
    if not lost:
        return False
    latest = max(lost, key=lambda r: r.occurred_at)
    return unpack_body(latest).get("contact_wishes") == "no_contact"
