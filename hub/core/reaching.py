"""Whom a notice can reach, and why somebody cannot be reached or named (G17, G60).

A holder who has left, an organisation that has closed and a notice that nobody opens are each a
reason of their own, because each is mended by somebody else.  Everything here reads a draft and
changes nothing.
"""

from datetime import datetime

from msgspec.structs import replace

from hub.core.draft import Draft, unpack_body
from hub.core.episode import Obligation
from hub.core.facts.people import CLOSES
from hub.core.holding import had_ended, in_force, one_post
from hub.core.model import GapReason, Holder, Level, ObligationState

UNREACHABLE = "G60"
ORGANISATION_CHANGED = "organisation.changed"

_SAME_POST = {"NAMED_HV": "HV_TEAM", "NAMED_MW": "COMM_MIDWIFE"}
"""The team behind a named person, which holds the role while nobody is named."""

RETURNED_AS = {
    ObligationState.BOUNCED: GapReason.BOUNCED,
    ObligationState.NOT_OURS: GapReason.NOT_OURS,
    ObligationState.REFUSED: GapReason.REFUSED,
}


def left(draft: Draft, role: str, person: str | None, at: datetime) -> bool:
    """Whether a person's time in a post had ended by an instant (rule 1.1 b): by an assignment, or
    by the dates of the directory.

    Whoever was named of a team and has left takes up nothing for the team either.  Somebody whom
    neither names was never known to hold it, and so has not left: a colleague covers.
    """
    if not person:
        return False
    known = (*draft.team, *draft.former)
    periods = [h for h in known if h.person == person and one_post(h.role, role)]
    return bool(periods) and all(had_ended(h, at) for h in periods)


def _closings(draft: Draft) -> list[tuple[str, str]]:
    """Organisations that have closed by the moment looked at, each with its successor (E62)."""
    bodies = [
        unpack_body(r) for r in draft.history if r.type == ORGANISATION_CHANGED and not r.retracted
    ]
    return [
        (str(body.get("ods")), str(body.get("successor_ods") or ""))
        for body in bodies
        if body.get("kind") in CLOSES and body["effective"] <= draft.moment
    ]


def closed(draft: Draft, organisation: str) -> bool:
    """Whether an organisation has closed by the moment looked at, as E62 told the episode."""
    return any(ods == organisation for ods, _ in _closings(draft))


def succeeded(draft: Draft, organisation: str) -> bool:
    """Whether an organisation has taken the families of a closed one on, as E62 told."""
    return any(successor == organisation for _, successor in _closings(draft))


def candidates(draft: Draft, role: str) -> tuple[Holder, ...]:
    """Those who hold a role with equal right: one, unless the directory names two."""
    holder = draft.holder(role)
    if holder is None:
        return ()
    alike: dict[str, Holder] = {}
    for other in draft.team:
        same = other.role == role and other.found_by == holder.found_by
        if same and in_force(other, draft.moment):
            alike.setdefault(other.organisation, other)
    return tuple(alike.values())


def doubt(draft: Draft, role: str, organisation: str) -> str:
    """Why the recipient of a new duty is in doubt although there is one; empty when it is not."""
    rivals = [holder.organisation for holder in candidates(draft, role)]
    return GapReason.TWO_CANDIDATES if len(rivals) > 1 and organisation in rivals else ""


def reason_unheld(draft: Draft, role: str, formerly: str = "") -> GapReason:
    """Why nobody holds a role, or nobody by name; `formerly` is where a duty was aimed last."""
    known = [h for h in draft.team if h.role in (role, _SAME_POST.get(role))]
    places = [h.organisation for h in known] + ([formerly] if formerly else [])
    if any(succeeded(draft, h.organisation) for h in known if in_force(h, draft.moment)):
        return GapReason.ORGANISATION_SUCCEEDED
    # The episode is told only of closings that concern it: one that nobody followed explains it.
    unfollowed = not known and any(not successor for _, successor in _closings(draft))
    if unfollowed or any(closed(draft, place) for place in places):
        return GapReason.ORGANISATION_CLOSED
    if any(left(draft, h.role, h.person, draft.moment) for h in known):
        return GapReason.HOLDER_LEFT
    now = {h.organisation for h in known if in_force(h, draft.moment)}
    return GapReason.TWO_CANDIDATES if len(now) > 1 else GapReason.NO_HOLDER


def reason_unreached(draft: Draft, obligation: Obligation) -> str:
    """Why the recipient of a duty is not reached, in the order in which it can be mended."""
    if obligation.state in RETURNED_AS:
        return RETURNED_AS[obligation.state]
    if not obligation.organisation:
        before = obligation.told[-1].organisation if obligation.told else draft.practice or ""
        return reason_unheld(draft, obligation.role, before)
    if obligation.doubt:
        return obligation.doubt
    if succeeded(draft, obligation.organisation):
        return GapReason.ORGANISATION_SUCCEEDED
    if left(draft, obligation.role, obligation.person, draft.moment):
        return GapReason.HOLDER_LEFT
    return GapReason.UNREAD


# --- notices that nobody opens ---------------------------------------------------------------


def watched_from(draft: Draft, obligation: Obligation, at: datetime) -> tuple[datetime, ...]:
    """When a notice that goes out at `at` will have been unread too long, and again (G60).

    Only what must be opened can go unread, and a rule whose own gap is G60 has its own time.
    """
    rule = draft.policy.tells.get(obligation.rule)
    gap = draft.policy.gaps.get(UNREACHABLE)
    if rule is None or gap is None or rule.gap == UNREACHABLE:
        return ()
    if max((m.level for m in obligation.milestones), default=Level.OWED) < Level.OPENED:
        return ()
    times = (draft.due(span, at) for span in gap.unread)
    return tuple(time for time in times if time is not None)


def watched(draft: Draft, obligation: Obligation) -> Obligation:
    """The duty with the times at which an unopened notice to its present holder is looked at."""
    return replace(obligation, unread=watched_from(draft, obligation, draft.moment))


def waits_to_be_read(obligation: Obligation) -> datetime | None:
    """When an unopened notice is next looked at; None when it was opened or never watched."""
    waiting = obligation.unread and obligation.level < Level.OPENED
    return obligation.unread[0] if waiting else None


def inbox_opened(draft: Draft, obligation: Obligation) -> bool:
    """Whether anything for the same role at the same place was ever opened."""
    return any(
        told.level >= Level.OPENED and told.organisation == obligation.organisation
        for other in draft.obligations.values()
        if other.role == obligation.role
        for told in other.told
    )
