"""Facts about people and organisations: who holds a role, who reported, who knows."""

from collections.abc import Iterator
from datetime import datetime

from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Remembered
from hub.core.facts.register import fact, of_type
from hub.core.holding import one_post
from hub.core.kinds import LIST, NUMBER, TEXT, TRUTH
from hub.core.model import Event, Level

CLOSES = ("closed", "merged")
"""Kinds of change after which an organisation is no longer there (E62)."""

MIDWIFERY = ("COMM_MIDWIFE", "NAMED_MW", "SG_MIDWIFE")
"""Roles of a maternity provider that book, or know of a booking."""

WRITERS = {
    "midwifery": MIDWIFERY,
    "health_visiting": ("HV_TEAM", "NAMED_HV", "LINK_HV", "TEAM_LEAD_HV", "FNP", "NAMED_NURSE_SG"),
    "general_practice": ("GP_PRACTICE", "GP_PRACTICE_BABY", "GP_SG_LEAD"),
    "social_care": ("CSC_FRONT_DOOR", "SOCIAL_WORKER", "CP_CHAIR"),
}
"""Who writes each part of the joint record of a concealed pregnancy: nobody writes for another."""

ELSEWHERE = "booked_elsewhere"
"""What is said of a woman whom another provider looks after."""
REFERRAL = "pregnancy.referral-received"
SAYS_WHETHER_BOOKED = ("pregnancy.notified", "unscheduled.attendance", REFERRAL)


@fact(TRUTH, role=TEXT)
def held(c: Context, role: str) -> bool:
    """Whether a role is held now by a named person who has accepted it (G17)."""
    found = c.episode.holder(role)
    return found is not None and found.accepted and found.person is not None


@fact(TRUTH)
def visitor_held(c: Context) -> bool:
    """Whether a health visitor holds the family by name and has accepted, or in her place a family
    nurse has (G17; domain section 5).
    """
    return any(held(c, role) for role in ("NAMED_HV", "FNP"))


@fact(TEXT)
def practice_after_closing(c: Context) -> str | None:
    """The practice that follows the family's own one, empty where none does; none when another
    organisation closed, or nothing closed (E62).
    """
    before, gone = c.episode.start, c.body.get("ods")
    if c.body.get("kind") not in CLOSES:
        return None
    held_by = {h.organisation for h in before.team if h.role == "GP_PRACTICE"}
    if gone != before.practice and gone not in held_by:
        return None
    return str(c.body.get("successor_ods") or "")


@fact(TEXT)
def reporter_role(c: Context) -> str | None:
    """The role of whoever reported the event."""
    return _role_of(c.event)


def _role_of(event: Event | Remembered | None) -> str | None:
    if isinstance(event, Remembered):
        return event.actor_role
    return event.actor.role if event is not None and event.actor else None


@fact(TEXT)
def reporting_organisation(c: Context) -> str | None:
    """The organisation that reported the event."""
    return c.event.organisation if c.event is not None else None


@fact(TRUTH)
def reported_by_midwifery(c: Context) -> bool:
    """Whether a midwifery role reported the event."""
    return reporter_role(c) in MIDWIFERY


@fact(TRUTH)
def awaited_by_midwifery(c: Context) -> bool:
    """Whether a midwifery role reported what was awaited: her own word alone proves no booking."""
    return _role_of(c.awaited) in MIDWIFERY


@fact(TRUTH, roles=LIST)
def awaited_by(c: Context, roles: list[str]) -> bool:
    """Whether somebody in one of these roles reported what was awaited (ruling 13)."""
    return _role_of(c.awaited) in roles


@fact(TRUTH, section=TEXT)
def section_written(c: Context, section: str) -> bool:
    """Whether the awaited event is one part of the joint record, written by its own service, of a
    concealment of this pregnancy, whoever told of it (F26, ground rule 1.1 d).
    """
    said = c.awaited_body
    if said.get("section") != section or _role_of(c.awaited) not in WRITERS[section]:
        return False
    told = of_type(c.episode, "pregnancy.concealment")
    return said.get("concealment_ref") in {event.id for event in told}


@fact(TRUTH)
def booked_elsewhere(c: Context) -> bool:
    """Whether midwifery has said that she is booked elsewhere, and neither 'not booked' nor a
    referral has come since; what others say of it is her own word (G08).
    """
    said = sorted(_words_of_booking(c.episode), key=lambda word: word[0])
    return bool(said) and said[-1][1]


def _words_of_booking(draft: Draft) -> Iterator[tuple[datetime, bool]]:
    """When somebody said whether she is booked elsewhere, and whether she is."""
    for event in draft.history:
        if event.retracted or event.type not in SAYS_WHETHER_BOOKED:
            continue
        stated = unpack_body(event).get("booked_status")
        if stated == ELSEWHERE and _role_of(event) in MIDWIFERY:
            yield event.occurred_at, True
        elif event.type == REFERRAL or stated == "not_booked":
            yield event.occurred_at, False


@fact(NUMBER)
def organisations_informed(c: Context) -> int:
    """Organisations that know: those that reported, and those where a notice was opened (G05).

    A superior who acknowledges an escalation reads of a gap, not of a pregnancy.
    """
    draft = c.episode
    knowing = {r.organisation for r in draft.history if not r.retracted}
    for obligation in draft.obligations.values():
        if obligation.rule in draft.policy.tells:
            knowing |= {t.organisation for t in obligation.told if t.level >= Level.OPENED}
    return len(knowing)


@fact(NUMBER, rule=TEXT, role=TEXT)
def level_reached(c: Context, rule: str, role: str) -> int:
    """The highest level a rule's notices reached for a post, 0 to 5: of a team or its named one."""
    told = (o for o in c.episode.obligations.values() if o.rule == rule)
    levels = [o.level for o in told if one_post(o.role, role)]
    return int(max(levels, default=Level.OWED))
