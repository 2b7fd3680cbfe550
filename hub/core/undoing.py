"""What an event had ended, once that event is put right or taken back.

A loss or a death that was reported of the wrong woman ended duties, and what came after it was
silent.  Both must be owed again, and nothing of it while another report of a loss still stands.
"""

from hub.core import agreeing, concerning, naming, requirements, tell
from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Expectation, Obligation, Remembered
from hub.core.facts import Recipient
from hub.core.lifecycle import ENDED
from hub.core.model import Event, NoticeReason, ObligationState, Signal
from hub.core.policy import TellRule

BECAUSE_OF_LOSS = "because_of_loss"
"""The tag of what is asked about an event of its own because of a loss: whoever makes an
appointment for a baby that was lost is to take it out of the diary."""


def owe_again(
    draft: Draft, rule: TellRule, obligation: Obligation, because: Event, reason: NoticeReason
) -> None:
    """Raise a duty anew, counted from the event that makes it owed again."""
    again = Recipient(obligation.role, obligation.organisation, obligation.person, part=because.id)
    again = naming.each_place(draft, rule, again, obligation.trigger, obligation.subject)
    corrects = obligation.told[-1].notice_id if reason is NoticeReason.CORRECTED else None
    tell.raise_one(
        draft,
        rule,
        again,
        obligation.trigger,
        obligation.subject,
        because.occurred_at,
        reason=reason,
        answers_to=corrects,
    )


def owe_what_it_had_ended(draft: Draft, target: str, because: Event) -> None:
    """Owe and ask again what an event had ended that was taken back, or ends it no more.

    Of a duty that was owed more than once only the last is looked at.
    """
    latest = {(o.rule, o.trigger, o.role, o.subject): o for o in draft.obligations.values()}
    for obligation in latest.values():
        rule = draft.policy.tells.get(obligation.rule)
        if rule is None or obligation.state is not ObligationState.WITHDRAWN:
            continue
        held = draft.remembered(obligation.ended_by)
        if held is None or not _asked_for(draft, obligation):
            continue
        gone = _taken_back(draft, held, target) or _ends_no_more(draft, held, rule, obligation)
        if gone and not agreeing.fallen(draft, rule, obligation):
            owe_again(draft, rule, obligation, because, NoticeReason.FIRST)
    for expectation in list(draft.expectations.values()):
        asked = draft.policy.requirements[expectation.rule]
        held = draft.remembered(expectation.met_by)
        if held is None or not _asked_for(draft, expectation):
            continue
        over = expectation.withdrawn or held.id == target
        gone = over and _taken_back(draft, held, target)
        if gone and not agreeing.fallen(draft, asked, expectation):
            requirements.ask_again(draft, expectation)


def take_away(draft: Draft, obligation: Obligation, because: Event) -> None:
    """End a duty that nothing asks for any more; whoever was told hears that first.

    The notice that takes the earlier one back is the one that an ended duty does not keep from
    going out.
    """
    if obligation.told and obligation.told[-1].reason is not NoticeReason.WITHDRAWN:
        obligation = tell.issue(draft, obligation, NoticeReason.WITHDRAWN)
    reason, by = requirements.CORRECTED_AWAY, because.id
    tell.end(draft, obligation, Signal.WITHDRAW, reason, ended_by=by)


def take_away_because_of_loss(draft: Draft, because: Event) -> None:
    """Whoever was asked to act because of a loss hears that there was none.

    Whoever has acted hears it too: what came out of the diary is the appointment of a baby who
    lives.
    """
    for obligation in list(draft.obligations.values()):
        rule = draft.policy.tells.get(obligation.rule)
        if rule is not None and BECAUSE_OF_LOSS in rule.tags and obligation.state not in ENDED:
            trigger = draft.remembered(obligation.trigger)
            if trigger is not None and not trigger.retracted and not _still_lost(draft, trigger):
                take_away(draft, obligation, because)


def _still_lost(draft: Draft, trigger: Remembered) -> bool:
    """Whether any of the rules that speak because of a loss would speak on an event now."""
    rule, context = draft.policy.events[trigger.type], Context(draft, trigger, unpack_body(trigger))
    speaking = (t for t in rule.tells if BECAUSE_OF_LOSS in t.tags)
    return any(t.when is None or t.when(context) for t in speaking)


def _asked_for(draft: Draft, duty: Obligation | Expectation) -> bool:
    trigger = draft.remembered(duty.trigger)
    return trigger is None or not trigger.retracted


def _taken_back(draft: Draft, held: Remembered, target: str) -> bool:
    """Whether what ended a duty was taken back, now or while another loss stood in for it."""
    return held.retracted and (held.id == target or _ends_by_tags(draft, held))


def _ends_no_more(draft: Draft, held: Remembered, rule: TellRule, duty: Obligation) -> bool:
    """Whether what ended a duty by its tags stands, and as it was put right does so no more."""
    stands = _ends_by_tags(draft, held) and not held.retracted
    return stands and not concerning.ends(draft, held, rule.tags, duty)


def _ends_by_tags(draft: Draft, held: Remembered) -> bool:
    rule = draft.policy.events.get(held.type)
    return rule is not None and bool(rule.withdraws)
