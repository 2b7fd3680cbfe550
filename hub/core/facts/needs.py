"""Facts about what a family needs: who answers for a need, and whether somebody has taken it."""

from typing import Any

from hub.core.draft import Context, unpack_body
from hub.core.facts.register import Recipient, fact, of_type
from hub.core.kinds import RECIPIENTS, TEXT, TRUTH
from hub.core.model import Level

EARLY_HELP = "EARLY_HELP"

OWNER_OF = {
    "housing": EARLY_HELP,
    "money": EARLY_HELP,
    "MH": "PMH_TEAM",
    "substance": "SUBSTANCE_SVC",
}
"""Who answers for a need that an assessment found (domain P23, F6, F31).  Abuse, neglect and
violence are no needs for a service to wait on: P21, P24 and P25 tell of them."""

TAKEN_BY = {
    EARLY_HELP: ("EARLY_HELP", "VCS"),
    "PMH_TEAM": ("PMH", "MMHS", "TT", "AMHS", "CAMHS"),
    "SUBSTANCE_SVC": ("SUBST",),
}
"""The services of E37 and E38 whose word answers a need with that owner (F92)."""

TAKEN = ("accepted", "assessed", "started", "completed")
OVER = ("rejected", "completed", "withdrawn")


def _owners_of(body: dict[str, Any]) -> set[str]:
    """Who answers for the needs that an assessment or a concern writes down.

    A concern is a need where whoever raised it wants early help (F1); P24 and P25 tell of others.
    """
    found = [OWNER_OF.get(str(risk)) for risk in body.get("risks") or ()]
    if body.get("action") == "early_help":
        found.append(EARLY_HELP)
    return {owner for owner in found if owner is not None}


def _new_owners(c: Context) -> list[str]:
    """The owners of needs that this event found and the one before it of its type had not."""
    if c.event is None:
        return []
    before = [r for r in of_type(c.episode, c.event.type) if r.occurred_at < c.event.occurred_at]
    last = max(before, key=lambda r: r.occurred_at, default=None)
    known = _owners_of(unpack_body(last)) if last is not None else set()
    return sorted(_owners_of(c.body) - known)


@fact(RECIPIENTS)
def need_owners(c: Context) -> tuple[Recipient, ...]:
    """Who answers for the needs that an assessment or a concern newly found, each once (G70)."""
    return tuple(Recipient(role) for role in _new_owners(c))


@fact(TRUTH, role=TEXT)
def need_found(c: Context, role: str) -> bool:
    """Whether an assessment or a concern newly found a need for which a role answers (P23)."""
    return role in _new_owners(c)


@fact(TRUTH)
def need_routed(c: Context) -> bool:
    """Whether the owner of a need has accepted what the duty's own event told of it, or somebody
    has referred her to a service that answers it (G70).
    """
    accepted = any(
        o.trigger == c.duty.trigger and o.role == c.duty.role and o.level >= Level.ACCEPTED
        for o in c.episode.obligations.values()
    )
    return accepted or any(
        c.event is not None
        and made.occurred_at >= c.event.occurred_at
        and unpack_body(made).get("service") in TAKEN_BY[c.duty.role]
        for made in of_type(c.episode, "referral.made")
    )


@fact(TRUTH)
def need_taken(c: Context) -> bool:
    """Whether the awaited word says that a service has the need of the duty, or that she does not
    want it (G70).  A service that had her already when the need was found counts too.
    """
    said, awaited = c.awaited_body, c.awaited
    if awaited is None or c.event is None or said.get("service") not in TAKEN_BY[c.duty.role]:
        return False
    taken = said.get("state") in TAKEN or said.get("onward_accepted") == "y"
    if awaited.occurred_at >= c.event.occurred_at:
        return taken or said.get("informed_decline") == "y"
    return taken and not any(
        body.get("referral_id") == said.get("referral_id") and body.get("state") in OVER
        for body in map(unpack_body, of_type(c.episode, "referral.updated"))
    )
