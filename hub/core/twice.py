"""What is silent because another system's report of the same fact has said it (ruling 23)."""

from hub.core.compose import look_up
from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Expectation, Obligation, Remembered
from hub.core.grounds import asks
from hub.core.lifecycle import ENDED, RETURNED
from hub.core.model import NoticeReason
from hub.core.policy import Requirement, TellRule
from hub.core.reports import adds, of_one_fact, together, too
from hub.core.silences import Silence


def told_by_another(draft: Draft, rule: TellRule, duty: Obligation, reason: NoticeReason) -> bool:
    """Whether a duty that is to be raised stands already, for another report of the same fact.

    It does where the same recipient is told by the same rule, and was told everything.
    """
    if reason is not NoticeReason.FIRST:
        return False
    alike = {
        o.trigger
        for o in draft.obligations.values()
        if (o.rule, o.role, o.subject, o.organisation)
        == (duty.rule, duty.role, duty.subject, duty.organisation)
        and o.trigger != duty.trigger
        and o.state not in ENDED | RETURNED
    }
    trigger = draft.remembered(duty.trigger) if alike else None
    told = trigger is not None and any(
        earlier.id in alike and not _news(draft, rule, trigger, earlier)
        for earlier in of_one_fact(draft, trigger)
    )
    if told:
        draft.stay_silent(rule.basis, Silence.ONE_FACT, duty.role)
    return told


def complete_together(draft: Draft, rule: Requirement, question: Expectation) -> bool:
    """Whether a report lacks nothing, read together with the others of the same fact."""
    trigger = draft.remembered(question.trigger)
    if trigger is None or not too(draft, trigger.id):
        return False
    return not asks(rule, Context(draft, trigger, together(draft, trigger)), question)


def _news(draft: Draft, rule: TellRule, event: Remembered, earlier: Remembered) -> bool:
    """Whether a report says something that the notice of an earlier one left open.

    What a label kept back of the earlier one, and does not of this, was not told.
    """
    if not set(earlier.labels) <= set(event.labels):
        return True
    said, known = unpack_body(event), unpack_body(earlier)
    return any(
        adds(look_up(row.path, draft, said), look_up(row.path, draft, known))
        for row in draft.policy.events[event.type].fields
        if row.group in rule.groups and row.path[0] == "event"
    )
