"""Facts about what a family needs: who answers for a need, and whether somebody has taken it."""

from hub.core.draft import Context, unpack_body
from hub.core.facts.register import Recipient, fact, moment, of_type
from hub.core.kinds import RECIPIENTS, TEXT, TRUTH
from hub.core.model import Level

ASSESSMENT = "assessment.family"

OWNER_OF = {
    "housing": "EARLY_HELP",
    "money": "EARLY_HELP",
    "MH": "PMH_TEAM",
    "substance": "SUBSTANCE_SVC",
}
"""Who answers for a need that an assessment found (domain P23, F6, F31).  Abuse, neglect and
violence are no needs for a service to wait on: P21, P24 and P25 tell of them."""

TAKEN_BY = {
    "EARLY_HELP": ("EARLY_HELP", "VCS"),
    "PMH_TEAM": ("PMH", "MMHS", "TT", "AMHS", "CAMHS"),
    "SUBSTANCE_SVC": ("SUBST",),
}
"""The services of E37 and E38 whose word answers a need with that owner (F92)."""

TAKEN = ("accepted", "assessed", "started", "completed")
OVER = ("rejected", "completed", "withdrawn")


def _owners_of(risks: object) -> set[str]:
    found = risks if isinstance(risks, list | tuple) else ()
    return {OWNER_OF[str(risk)] for risk in found if str(risk) in OWNER_OF}


def _new_owners(c: Context) -> list[str]:
    """The owners of needs that this assessment found and the one before it had not."""
    now = moment(c)
    before = [r for r in of_type(c.episode, ASSESSMENT) if r.occurred_at < now]
    last = max(before, key=lambda r: r.occurred_at, default=None)
    known = _owners_of(unpack_body(last).get("risks")) if last is not None else set()
    return sorted(_owners_of(c.body.get("risks")) - known)


@fact(RECIPIENTS)
def need_owners(c: Context) -> tuple[Recipient, ...]:
    """Who answers for the needs that an assessment newly found, each once (G70)."""
    return tuple(Recipient(role) for role in _new_owners(c))


@fact(TRUTH, role=TEXT)
def need_found(c: Context, role: str) -> bool:
    """Whether an assessment newly found a need for which a role answers (P23)."""
    return role in _new_owners(c)


@fact(TRUTH)
def need_accepted(c: Context) -> bool:
    """Whether the owner of a need has accepted what the duty's own event told of it (G70)."""
    return any(
        o.trigger == c.duty.trigger and o.role == c.duty.role and o.level >= Level.ACCEPTED
        for o in c.episode.obligations.values()
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
