"""Her agreement that comes after the event: what it lets through is told from then on (P12).

Some things are told with her agreement alone, and some in part without it.  She may agree later,
and take it back: then the rules that rest on it (tag `by_agreement`) are asked again about what
happened before, and whoever was told less gets the whole.  The notice is that of the event itself,
with its labels; only the clock begins with her agreement.
"""

from hub.core import requirements, retiming, tell
from hub.core.compose import Composer
from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Expectation, Obligation, Remembered
from hub.core.facts import Recipient
from hub.core.lifecycle import ENDED
from hub.core.model import Event, NoticeReason, ObligationState, Signal
from hub.core.policy import Requirement, TellRule
from hub.core.redaction import ALL_ROUTINE, PREFERENCE, SCOPES, agreed_within, scope_of

BY_AGREEMENT = "by_agreement"
"""The tag of a rule whose condition rests on her agreement."""
CHANGES = ("event.corrected", "event.retracted")
TAKEN_BACK = "agreement_taken_back"
"""Why a duty ended that had rested on her agreement."""

type_of_granted = frozenset[str] | None


def granted(draft: Draft, event_type: str) -> type_of_granted:
    """The scopes within which she agrees now; None where an event type has no word on that."""
    if event_type != PREFERENCE:
        return None
    every = dict.fromkeys((*SCOPES.values(), ALL_ROUTINE))
    return frozenset(scope for scope in every if agreed_within(draft, scope))


def follow(draft: Draft, because: Event, before: type_of_granted) -> None:
    """Do what follows from a change of her agreement; `before` is what stood until now."""
    now = granted(draft, PREFERENCE)
    if before is None or now is None or now == before:
        return
    _end_what_rested_on_it(draft, because)
    latest = {
        (o.rule, o.trigger, o.role, o.subject, o.organisation): o
        for o in draft.obligations.values()
        if scope_of(draft, o.role) in now - before and not _new(draft, o)
    }
    for obligation in latest.values():
        _tell_the_whole(draft, obligation, because)
    _owe_what_had_ended(draft, because)
    for earlier in [r for r in draft.history if not r.retracted and not r.followed]:
        _ask_again(draft, earlier, because)


def _new(draft: Draft, obligation: Obligation) -> bool:
    """Whether a duty was raised in this very decision: then its notice knows of her agreement."""
    identity = obligation.obligation_id
    return identity in draft.before and draft.before[identity] is None


def _ask_again(draft: Draft, earlier: Remembered, because: Event) -> None:
    """Let the rules that rest on her agreement speak again about an earlier event."""
    rule = draft.policy.events.get(earlier.type)
    if rule is None:
        return
    context = Context(draft, earlier, unpack_body(earlier))
    for tell_rule in rule.tells:
        if BY_AGREEMENT in tell_rule.tags:
            tell.raise_for(draft, tell_rule, context, earlier, because.occurred_at)
    for requirement in rule.requirements:
        if BY_AGREEMENT in requirement.tags:
            requirements.raise_for(draft, requirement, context, earlier, because.occurred_at)


def _end_what_rested_on_it(draft: Draft, because: Event) -> None:
    """End what is still owed by a rule whose condition no longer holds."""
    for obligation in list(draft.obligations.values()):
        rule = draft.policy.tells.get(obligation.rule)
        owed = obligation.state not in ENDED and not all(m.met_at for m in obligation.milestones)
        if rule is not None and owed and fallen(draft, rule, obligation):
            tell.end(draft, obligation, Signal.WITHDRAW, TAKEN_BACK, ended_by=because.id)
    for expectation in list(draft.expectations.values()):
        asked = draft.policy.requirements[expectation.rule]
        if requirements.running(expectation) and fallen(draft, asked, expectation):
            requirements.withdraw(draft, expectation, TAKEN_BACK, ended_by=because.id)


def _owe_what_had_ended(draft: Draft, because: Event) -> None:
    """She agrees again: what had ended because she did not is owed and asked anew."""
    known = list(draft.obligations.values())
    withdrawn = ObligationState.WITHDRAWN
    alive = {(o.rule, o.trigger, o.role, o.subject) for o in known if o.state is not withdrawn}
    for obligation in [o for o in known if o.state is withdrawn]:
        rule = draft.policy.tells.get(obligation.rule)
        same = (obligation.rule, obligation.trigger, obligation.role, obligation.subject)
        if rule is None or same in alive or not _ended_by_a_wish(draft, obligation.ended_by):
            continue
        if _stands(draft, rule, obligation):
            again = Recipient(obligation.role, part=because.id)
            trigger, about = obligation.trigger, obligation.subject
            tell.raise_one(draft, rule, again, trigger, about, because.occurred_at)
    for expectation in list(draft.expectations.values()):
        asked = draft.policy.requirements[expectation.rule]
        if not expectation.withdrawn or not _ended_by_a_wish(draft, expectation.met_by):
            continue
        trigger_event = draft.remembered(expectation.trigger)
        if trigger_event is not None and _stands(draft, asked, expectation):
            requirements.ask_again(draft, expectation)
            due = retiming.due_of(draft, asked, trigger_event, because.occurred_at)
            requirements.move(draft, draft.expectations[expectation.expectation_id], due)


def _ended_by_a_wish(draft: Draft, event_id: str) -> bool:
    """Whether what ended a duty was a word about her agreement, or took one back."""
    said = draft.remembered(event_id) if event_id else None
    return said is not None and said.type in (PREFERENCE, *CHANGES)


def _stands(draft: Draft, rule: TellRule | Requirement, duty: Obligation | Expectation) -> bool:
    """Whether a duty rests on her agreement, and there is one."""
    trigger = draft.remembered(duty.trigger)
    there = trigger is not None and not trigger.retracted
    return there and BY_AGREEMENT in rule.tags and not fallen(draft, rule, duty)


def fallen(draft: Draft, rule: TellRule | Requirement, duty: Obligation | Expectation) -> bool:
    """Whether a duty rested on her agreement, and it is gone."""
    trigger = draft.remembered(duty.trigger)
    if BY_AGREEMENT not in rule.tags or rule.when is None or trigger is None:
        return False
    return not rule.when(Context(draft, trigger, unpack_body(trigger)))


def _tell_the_whole(draft: Draft, obligation: Obligation, because: Event) -> None:
    """Whoever was told less than she now agrees to gets the rest, as a correction of the notice."""
    rule = draft.policy.tells.get(obligation.rule)
    trigger = draft.remembered(obligation.trigger)
    if rule is None or trigger is None or obligation.state in ENDED or not obligation.told:
        return
    role, place = obligation.role, obligation.organisation
    less = Composer(draft, rule, trigger, role, agreed=False).compose()
    if less.lines == Composer(draft, rule, trigger, role).compose().lines:
        return
    if all(m.met_at for m in obligation.milestones):
        again = Recipient(role, place, obligation.person, part=because.id)
        tell.raise_one(
            draft,
            rule,
            again,
            trigger.id,
            obligation.subject,
            because.occurred_at,
            reason=NoticeReason.CORRECTED,
            answers_to=obligation.told[-1].notice_id,
        )
        return
    tell.re_aim(draft, obligation, place, obligation.person, NoticeReason.CORRECTED, keep_met=True)
