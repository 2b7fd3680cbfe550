"""What the rules ask of an event as it stands now, so that a correction can take it away.

A duty rests on what its event said: the rule's condition held, and named whoever owes it.  Before
and after a correction the same is asked; what was so and is so no more the correction itself took
away.  What something else has made untrue since was not so before either, and goes on.
"""

from collections.abc import Iterable

from hub.core.addressing import recipients
from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Expectation, Obligation, Remembered
from hub.core.facts import Recipient
from hub.core.holding import one_post
from hub.core.model import Event
from hub.core.policy import Requirement, TellRule

CORRECTED, RETRACTED = "event.corrected", "event.retracted"
CHANGES = (CORRECTED, RETRACTED)
"""What puts an event right, or takes it back."""


def asked_for(draft: Draft, event: Event | Remembered) -> frozenset[str]:
    """Ids of the duties that an event raised and still asks for, by what it says now."""
    body = event.body if isinstance(event, Event) else unpack_body(event)
    context = Context(draft, event, body)
    tells, asked = draft.policy.tells, draft.policy.requirements
    told = (
        o.obligation_id
        for o in draft.obligations.values()
        if o.trigger == event.id and o.rule in tells and _told(tells[o.rule], context, o)
    )
    questions = (
        e.expectation_id
        for e in draft.expectations.values()
        if e.trigger == event.id and asks(asked[e.rule], context, e)
    )
    return frozenset((*told, *questions))


def taken_by_correction(draft: Draft, duty: Obligation | Expectation) -> bool:
    """Whether an earlier correction of its own event had ended a duty."""
    identity = duty.ended_by if isinstance(duty, Obligation) else duty.met_by
    by = draft.remembered(identity) if identity else None
    if by is None or by.type != CORRECTED:
        return False
    return bool(unpack_body(by).get("target_id") == duty.trigger)


def _told(rule: TellRule, context: Context, duty: Obligation) -> bool:
    """Whether a rule tells this recipient."""
    if rule.when is not None and not rule.when(context):
        return False
    # The team may have been told, and somebody of it been named since.
    by_post = rule.each is None or rule.by_post
    return any(
        (r.role == duty.role or (by_post and one_post(r.role, duty.role)))
        and (not r.organisation or r.organisation == duty.organisation)
        for r, _ in recipients(rule, context, duty.subject)
    )


def asks(rule: Requirement, context: Context, duty: Expectation) -> bool:
    """Whether a rule asks this owner about this subject."""
    if rule.when is not None and not rule.when(context):
        return False
    named: Iterable[Recipient] = (
        rule.each(context) if rule.each is not None else (Recipient(rule.owner or ""),)
    )
    subject = str(rule.subject(context) or "") if rule.subject is not None else ""
    return any(
        (rule.owner or r.role) == duty.role
        and not r.elsewhere(duty.role, duty.organisation)
        and duty.subject in abouts(subject, r)
        for r in named
    )


def abouts(subject: str, owner: Recipient) -> tuple[str, str]:
    """What a question to an owner is about: alone, and beside another of the same role."""
    alone = "/".join(filter(None, (subject, owner.part)))
    return alone, "/".join(filter(None, (alone, owner.organisation)))
