"""Who is active around a family: the posts that everybody has, and the services that have her.

A service has her once it took a referral on, saw or assessed her, or has somebody named in an
accepted assignment, and until it says that it has ended.  One that has never heard of her has no
role, and is told nothing (domain S61: only those with a role).
"""

from collections.abc import Sequence
from datetime import datetime

from hub.core.draft import Context, Draft, unpack_body
from hub.core.facts.referrals import ANSWERING_ROLE
from hub.core.facts.register import Recipient, fact, of_type, same_post
from hub.core.holding import ASSIGNMENT
from hub.core.kinds import LIST, RECIPIENTS

AT_WORK = frozenset({"accepted", "assessed", "started", "DNA", "hold"})
"""What a service says of a referral that it has taken on and not ended."""
ENDED = frozenset({"rejected", "completed", "withdrawn"})
SEEING = {"contact.completed": ("mother", "baby"), "assessment.family": ()}
"""Events of a service that show that it knows her; a contact, where one of these was seen."""

POSTS = ("NAMED_MW", "COMM_MIDWIFE", "NAMED_HV", "HV_TEAM", "GP_SG_LEAD")
"""Who is around every family, the named one before her team."""
HEALTH_SERVICES = (
    "PMH_TEAM",
    "MMHS",
    "TALKING_THERAPIES",
    "AMHS",
    "CAMHS",
    "LIAISON_PSYCH",
    "SUBSTANCE_SVC",
    "PARENT_INFANT",
    "FNP",
    "INFANT_FEEDING",
    "PAEDIATRICIAN",
)
OTHER_SERVICES = ("DA_SERVICE", "EARLY_HELP")
"""Services that are active and not of health; a voluntary one has no payload (domain 5)."""


def with_her(draft: Draft) -> frozenset[str]:
    """The roles of the services that have her now."""
    latest: dict[str, tuple[datetime, str, str]] = {}
    ended: dict[str, datetime] = {}
    for word in of_type(draft, "referral.updated"):
        body = unpack_body(word)
        role, at = ANSWERING_ROLE.get(body["service"], ""), word.occurred_at
        known = latest.get(body["referral_id"])
        if known is None or known[0] <= at:
            latest[body["referral_id"]] = (at, role, body["state"])
        if body["state"] in ENDED:
            ended[role] = max(at, ended.get(role, at))
    have = {role for _, role, state in latest.values() if state in AT_WORK}
    have |= {role for role, at in _seen(draft).items() if role not in ended or ended[role] < at}
    return frozenset(have | {h.role for h in draft.team if _assigned(draft, h.role)})


def _seen(draft: Draft) -> dict[str, datetime]:
    """When somebody in a role last saw or assessed her or her baby."""
    last: dict[str, datetime] = {}
    for event_type, whom in SEEING.items():
        for event in of_type(draft, event_type):
            seen = unpack_body(event).get("seen") or ()
            if event.actor_role and (not whom or any(one in seen for one in whom)):
                before = last.get(event.actor_role, event.occurred_at)
                last[event.actor_role] = max(before, event.occurred_at)
    return last


def _assigned(draft: Draft, role: str) -> bool:
    """Whether somebody named holds a role now, and has accepted it."""
    holder = draft.holder(role)
    return holder is not None and holder.found_by == ASSIGNMENT and holder.accepted


def _active(
    draft: Draft, services: tuple[str, ...], besides: frozenset[str] = frozenset()
) -> tuple[Recipient, ...]:
    """Whoever holds the posts of every family, one for each post, and those services that have
    her, or that are told although they have not.
    """
    chosen: dict[str, Recipient] = {}
    for role in POSTS:
        holder = draft.holder(role)
        if holder is not None and same_post(role) not in chosen:
            found = Recipient(role, holder.organisation, holder.person)
            chosen[same_post(role)] = found
    have = with_her(draft) | besides
    return (*chosen.values(), *(Recipient(role) for role in services if role in have))


@fact(RECIPIENTS, roles=LIST)
def services_with_her(c: Context, roles: list[str]) -> tuple[Recipient, ...]:
    """Those of some services that have her: they took a referral on, saw her, or are named."""
    have = with_her(c.episode)
    return tuple(Recipient(role) for role in roles if role in have)


@fact(RECIPIENTS, besides=LIST)
def active_health_roles(c: Context, besides: list[str]) -> tuple[Recipient, ...]:
    """Every health role active around the family, and services that a row names besides (P37)."""
    held = frozenset(role for role in besides if c.episode.holder(role) is not None)
    return _active(c.episode, HEALTH_SERVICES, held)


@fact(RECIPIENTS, but=LIST)
def active_roles(c: Context, but: Sequence[str] = ()) -> tuple[Recipient, ...]:
    """Everybody active around the family, of health or not, but for some roles (P24, P33, P40)."""
    everybody = _active(c.episode, (*HEALTH_SERVICES, *OTHER_SERVICES))
    return tuple(one for one in everybody if one.role not in but)
