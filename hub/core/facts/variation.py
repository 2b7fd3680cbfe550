"""Facts about who it was each time, and how far one professional or practice is from the others."""

from collections.abc import Iterable
from math import sqrt
from typing import Any

from hub.core.draft import Context, unpack_body
from hub.core.episode import Remembered
from hub.core.facts.contacts import contacts_held
from hub.core.facts.register import fact, of_type
from hub.core.kinds import NUMBER, TEXT, TRUTH
from hub.core.model import Event, GapState

HEALTH_VISITING = frozenset({"HV_TEAM", "NAMED_HV"})
MIDWIFERY = frozenset({"COMM_MIDWIFE", "NAMED_MW"})
"""Roles that report a contact which is one of their own."""

KINDS = {
    HEALTH_VISITING: frozenset({"NBV", "HV_antenatal", "HV_6_8"}),
    MIDWIFERY: frozenset({"antenatal", "booking", "MW_postnatal"}),
}
"""Kinds of contact that are theirs whoever reports them."""

ENOUGH_CONTACTS = 4
"""With fewer contacts nobody can have missed half of them."""

ENOUGH_COUNTED = 10
"""Counted of one unit, and of all others together, before a rate says anything (funnel plots,
Spiegelhalter 2005: the limits are wide where numbers are small)."""

REVIEWED = (GapState.CLEARED, GapState.CLEARED_LATE)
"""How a gap ends when somebody has looked; one that was withdrawn was looked at by nobody."""

type_of_contact = tuple[Remembered, dict[str, Any]]
"""A contact that was held, and what is said of it."""


def _held_by(post: frozenset[str], contact: Event | Remembered, body: dict[str, Any]) -> bool:
    """Whether a contact is one of some roles: by its kind, or by whoever reports it."""
    if isinstance(contact, Remembered):
        role = contact.actor_role
    else:
        role = contact.actor.role if contact.actor else None
    return body.get("kind") in KINDS[post] or role in post


def _faces(contacts: Iterable[type_of_contact], post: frozenset[str]) -> list[str]:
    """Who held each contact of a post, in the order of time."""
    held = sorted(contacts, key=lambda each: each[0].occurred_at)
    return [
        str(body["practitioner"])
        for contact, body in held
        if body.get("practitioner") and _held_by(post, contact, body)
    ]


def _all_contacts(c: Context) -> list[type_of_contact]:
    """Every contact that the episode knows of now."""
    return [(r, unpack_body(r)) for r in of_type(c.episode, "contact.completed")]


@fact(NUMBER, contacts=NUMBER)
def health_visitors_in_first(c: Context, contacts: int) -> int:
    """Different health visitors in the first so many contacts; 0 unless the event is the last
    of just these (G65).
    """
    if c.event is None or not _held_by(HEALTH_VISITING, c.event, c.body):
        return 0
    faces = _faces(contacts_held(c), HEALTH_VISITING)
    return len(set(faces)) if len(faces) == contacts else 0


@fact(NUMBER)
def same_midwife_percent(c: Context) -> int | None:
    """Contacts with the midwife she saw most often, in percent of those with any (G65).

    Nothing before four contacts.
    """
    faces = _faces(_all_contacts(c), MIDWIFERY)
    if len(faces) < ENOUGH_CONTACTS:
        return None
    return max(map(faces.count, faces)) * 100 // len(faces)


@fact(TRUTH)
def awaited_by_known_face(c: Context) -> bool:
    """Whether whoever held the awaited contact had seen the family before (G65)."""
    if c.awaited is None:
        return False
    earlier = [each for each in _all_contacts(c) if each[0].occurred_at < c.awaited.occurred_at]
    known = _faces(earlier, HEALTH_VISITING)
    who = c.awaited_body.get("practitioner")
    return bool(who) and who in known


@fact(TRUTH, role=TEXT)
def handed_over_by_another(c: Context, role: str) -> bool:
    """Whether somebody else held a role by name until the event gave it to its holder (G65)."""
    return any(
        h.role == role and h.found_by == "assignment" and h.person != c.body.get("practitioner")
        for h in c.episode.start.team
    )


@fact(TRUTH)
def heading_not_asked(c: Context) -> bool:
    """Whether the assessment leaves any of its headings unasked (F15)."""
    return any(each.get("state") == "not_asked" for each in c.body.get("headings") or ())


@fact(TRUTH)
def headings_asked(c: Context) -> bool:
    """Whether the assessment says of any heading how far it was asked."""
    return bool(c.body.get("headings"))


@fact(TEXT, measure=TEXT)
def among_colleagues(c: Context, measure: str) -> str:
    """A measure within the reporting service, so that its own people are compared (G66)."""
    return f"{measure}/{c.event.organisation}" if c.event is not None else measure


@fact(TEXT, measure=TEXT)
def among_alike(c: Context, measure: str) -> str:
    """A measure among events with the same code, so that like is held against like (G66)."""
    return f"{measure}/{c.body.get('code')}"


@fact(TEXT)
def referring_organisation(c: Context) -> str | None:
    """The organisation that made the referral of which the event speaks."""
    wanted = c.body.get("referral_id")
    for made in of_type(c.episode, "referral.made"):
        if unpack_body(made).get("referral_id") == wanted:
            return str(made.organisation)
    return None


@fact(NUMBER)
def deviations(c: Context) -> int:
    """Standard deviations, whole ones, between the rate of the unit counted and all others' (G66).

    What was counted before the last review of the unit counts no more.
    """
    unit = str(c.body.get("unit"))
    reviews = [
        gap.closed_at
        for gap in c.episode.gaps.values()
        if gap.subject == unit and gap.state in REVIEWED and gap.closed_at is not None
    ]
    reviewed = max(reviews, default=None)
    counted = [
        unpack_body(r)
        for r in of_type(c.episode, "rate.counted")
        if reviewed is None or r.occurred_at > reviewed
    ]
    mine = [body.get("hit") == "y" for body in counted if body["unit"] == unit]
    others = [body.get("hit") == "y" for body in counted if body["unit"] != unit]
    if min(len(mine), len(others)) < ENOUGH_COUNTED:
        return 0
    # One of each more, so that a rate of nothing or of everything has limits too.
    rate = (sum(others) + 1) / (len(others) + 2)
    return int(abs(sum(mine) / len(mine) - rate) / sqrt(rate * (1 - rate) / len(mine)))
