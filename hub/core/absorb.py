"""What an event changes in the episode itself, as its policy file says under `[sets]`.

Only non-clinical book-keeping is here: names of slots, not rules.  A correction or a retraction
folds the remembered events again, so that what is known follows from what still stands.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from hub.core.apart import apart
from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Baby, Remembered
from hub.core.holding import ASSIGNMENT, FORMER, PRACTICE_ROLES, left_after
from hub.core.model import Event, Holder, Input
from hub.core.policy import EventRule

SLOTS = (
    "edd",
    "provider",
    "practice",
    "booked",
    "ended_at",
    "outcome",
    "mother_died_at",
    "baby_id",
    "baby_born_at",
    "baby_ended_at",
    "plan_begins",
    "plan_ends",
    "objects_to",
    "agrees_to",
    "holder_role",
    "holder_organisation",
    "holder_person",
    "holder_from",
    "holder_to",
    "holder_accepted",
)
"""Everything a policy file may set in an episode."""

_PLAIN: dict[str, Callable[[Draft, Any], None]] = {
    "edd": lambda d, v: setattr(d, "edd", v),
    "provider": lambda d, v: setattr(d, "provider", v),
    "practice": lambda d, v: setattr(d, "practice", v),
    "booked": lambda d, v: setattr(d, "booked", bool(v)),
    "ended_at": lambda d, v: setattr(d, "ended_at", v),
    "outcome": lambda d, v: setattr(d, "outcome", v),
    "mother_died_at": lambda d, v: setattr(d, "mother_died_at", v),
    "plan_begins": lambda d, v: setattr(d, "plans", (*dict.fromkeys((*d.plans, v)),)),
    "objects_to": lambda d, v: _object(d, str(v)),
    "agrees_to": lambda d, v: _agree(d, str(v)),
}

ALL_ROUTINE = "all_routine"
"""The scope that stands for every other."""


def _object(draft: Draft, scope: str) -> None:
    """She objects to routine sharing within a scope."""
    every = sorted({rule.objection for rule in draft.policy.roles.values() if rule.objection})
    scopes = every if scope == ALL_ROUTINE else [scope]
    draft.objections = tuple(dict.fromkeys((*draft.objections, *scopes)))


def _agree(draft: Draft, scope: str) -> None:
    """She agrees, or it is shared against her wish because somebody is at risk."""
    kept = draft.objections if scope != ALL_ROUTINE else ()
    draft.objections = tuple(one for one in kept if one != scope)


def absorb_in_turn(draft: Draft, rule: EventRule, event: Event) -> None:
    """Set what a new event says; one that happened before others must not undo what they said."""
    if any(r.occurred_at > event.occurred_at and not r.retracted for r in draft.history):
        refold(draft)
    else:
        absorb(draft, rule, event, event.body)


def absorb(draft: Draft, rule: EventRule, event: Event | Remembered, body: dict[str, Any]) -> None:
    """Set what an event says of the episode."""
    context = Context(draft, event, body)
    found = {slot: expression(context) for slot, expression in rule.sets.items()}
    given = {slot: value for slot, value in found.items() if value is not None}
    for slot, value in given.items():
        if slot in _PLAIN:
            _PLAIN[slot](draft, value)
    if given.get("plan_ends"):
        draft.plans = ()
    if "baby_id" in given:
        merge_baby(
            draft.babies,
            str(given["baby_id"]),
            born_at=given.get("baby_born_at"),
            ended_at=given.get("baby_ended_at"),
        )
    if "holder_role" in given:
        _assign(draft, given, event.occurred_at)


def merge_baby(babies: list[Baby], baby_id: str, **changes: datetime | None) -> None:
    """Set what is known of a baby, adding the baby when it is new."""
    known = {name: value for name, value in changes.items() if value is not None}
    for index, baby in enumerate(babies):
        if baby.baby_id == baby_id:
            babies[index] = replace(baby, **known)
            return
    babies.append(Baby(baby_id=baby_id, **known))


def _assign(draft: Draft, given: dict[str, Any], occurred_at: datetime) -> None:
    """Take an assignment in: the former holder's period ends where the new one's begins.

    The former holder stays known as one who has left, so that nothing she says counts any more.
    """
    holder = Holder(
        role=str(given["holder_role"]),
        organisation=str(given.get("holder_organisation") or ""),
        person=given.get("holder_person"),
        since=given.get("holder_from"),
        until=given.get("holder_to"),
        accepted=given.get("holder_accepted", True) in (True, "y"),
        found_by=ASSIGNMENT,
    )
    others = []
    for other in draft.team:
        same_role = other.role == holder.role and other.found_by == ASSIGNMENT
        if not same_role or (other.person != holder.person and other.until is not None):
            others.append(other)
        elif other.person != holder.person:
            others.append(replace(other, until=holder.since or occurred_at))
    draft.team = (holder, *others)


def refold(draft: Draft) -> None:
    """Work the episode's facts out again from the events that still stand."""
    start = draft.start
    draft.edd = draft.outcome = draft.ended_at = draft.mother_died_at = None
    draft.booked = False
    draft.babies, draft.plans, draft.objections = [], (), ()
    draft.provider, draft.practice = start.provider, start.practice
    draft.team = tuple(h for h in draft.team if h.found_by != ASSIGNMENT)
    # What happened last stands, whatever came last: a scan's due date outlives the booking's
    # although the booking came, or was corrected, after it (S8).
    for remembered in sorted(draft.history, key=lambda r: r.occurred_at):
        rule = draft.policy.events.get(remembered.type)
        if rule is not None and not remembered.retracted:
            absorb(draft, rule, remembered, unpack_body(remembered))


def take_surroundings(draft: Draft, given: Input) -> None:
    """Take the directory's answer in: who holds which role (accepted assignments stand beside
    it), and the area whose settings hold from now on.
    """
    if given.team:
        at = draft.at if given.event is None else min(given.event.occurred_at, draft.at)
        former = tuple(h for h in given.team if h.found_by == FORMER)
        team, elsewhere = apart(h for h in given.team if h.found_by != FORMER)
        if given.receipt is not None and draft.practice == "":
            team = _still_without_a_practice(draft, team)
        draft.left = left_after(draft.left, draft.team, team, at)
        assigned = tuple(h for h in draft.team if h.found_by == ASSIGNMENT)
        draft.team = (*assigned, *team)
        # What a receipt brings is asked of the read model, which knows of the mother alone.
        if given.receipt is None:
            draft.elsewhere, draft.former = elsewhere, former
    draft.area = given.area or draft.area


def _still_without_a_practice(draft: Draft, team: tuple[Holder, ...]) -> tuple[Holder, ...]:
    """The team that a receipt brings to a family whose practice struck it off, or closed.

    The directory may have her there still, and the read model cannot tell when she left: who
    holds the practice's roles stays as the last event left it.
    """
    known = tuple(h for h in draft.team if h.role in PRACTICE_ROLES and h.found_by != ASSIGNMENT)
    return (*known, *(h for h in team if h.role not in PRACTICE_ROLES))


def forget(draft: Draft, event_id: str) -> None:
    """Mark a remembered event as retracted."""
    draft.history = [replace(r, retracted=True) if r.id == event_id else r for r in draft.history]
