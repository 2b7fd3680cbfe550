"""What she does not want shared: her objection is honoured where nobody is at risk (P47).

An objection stops routine sharing for her own care, and is shown as declined.  Safeguarding and
statutory notices, what a rule tells in spite of it, and whatever is about a baby go on.  It is
lifted when she agrees, or when somebody records why it is shared against her wish.
"""

from hub.core import agreeing, objections, tell
from hub.core.draft import Draft
from hub.core.episode import Obligation
from hub.core.facts import Recipient
from hub.core.lifecycle import ENDED
from hub.core.model import Event, ObligationState, Signal


def follow(draft: Draft, event: Event, before: tuple[str, ...]) -> None:
    """Apply a new objection to what is pending; owe again what an objection had stopped.

    `before` are the objections that stood before the event.
    """
    if draft.objections == before:
        return
    for obligation in list(draft.obligations.values()):
        rule = draft.policy.tells.get(obligation.rule)
        if rule is None:
            continue
        role, subject = obligation.role, obligation.subject
        if objections.declined(draft, rule, role, subject):
            if obligation.state not in ENDED and not all(m.met_at for m in obligation.milestones):
                tell.end(draft, obligation, Signal.DECLINE, objections.OBJECTION, ended_by=event.id)
        elif (
            obligation.state is ObligationState.DECLINED
            and objections.scope_of(draft, role) in before
            and not agreeing.fallen(draft, rule, obligation)
        ):
            _owe_again(draft, obligation, event)


def _owe_again(draft: Draft, obligation: Obligation, event: Event) -> None:
    """What an objection had stopped is owed from the event that lifts it."""
    rule = draft.policy.tells[obligation.rule]
    recipient = Recipient(obligation.role, part=event.id)
    trigger, subject = obligation.trigger, obligation.subject
    tell.raise_one(draft, rule, recipient, trigger, subject, event.occurred_at)
