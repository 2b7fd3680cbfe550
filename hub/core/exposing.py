"""What would expose her: a notice that whoever harms her, or somebody close, could read (G40).

An enquiry about domestic abuse names the organisations that are linked with whoever harms her: the
same practice, a relative who works there.  What carries a label that exposes her is not sent there
until a safeguarding lead has chosen whom there may know.  The duty stands, and its block is a gap
at once, because a block that tells nobody leaves her with people who know nothing.

Readers in her family need none of this: what carries such a label never reaches them at all.
Everything here reads a draft and changes nothing.
"""

from hub.core.draft import Draft, unpack_body
from hub.core.episode import Obligation

UNSAFE_DISCLOSURE = "G40"
UNSAFE = "unsafe"
"""The doubt about a recipient to whom a notice would expose her."""

ENQUIRY, PREFERENCE = "enquiry.domestic-abuse", "sharing.preference"
LEADS = ("SG_MIDWIFE", "NAMED_NURSE_SG", "GP_SG_LEAD", "DESIGNATED")
"""Who may choose a safe route (domain G40)."""


def exposes(draft: Draft, obligation: Obligation) -> bool:
    """Whether the next notice of a duty would expose her to whoever harms her."""
    if obligation.rule not in draft.policy.tells or not _carries(draft, obligation.trigger):
        return False
    place = obligation.organisation
    return place in _linked(draft) and (place, obligation.role) not in _routes(draft)


def _carries(draft: Draft, trigger: str) -> bool:
    """Whether an event carries a label that exposes her."""
    event = draft.remembered(trigger)
    labels = [draft.policy.labels.get(label) for label in event.labels] if event else []
    return any(rule is not None and rule.exposes for rule in labels)


def _linked(draft: Draft) -> set[str]:
    """The organisations that are linked with whoever harms her (E15)."""
    bodies = [unpack_body(r) for r in draft.history if r.type == ENQUIRY and not r.retracted]
    return {str(place) for body in bodies for place in body.get("linked_organisations") or ()}


def _routes(draft: Draft) -> set[tuple[str, str]]:
    """Where a safeguarding lead has chosen who may know all the same (E49)."""
    chosen = [
        unpack_body(r)
        for r in draft.history
        if r.type == PREFERENCE and not r.retracted and r.actor_role in LEADS
    ]
    return {
        (str(body["safe_route_organisation"]), str(body["safe_route_role"]))
        for body in chosen
        if body.get("safe_route_organisation") and body.get("safe_route_role")
    }
