"""What rests on more of the record than one event, once something of that is no longer so.

A rule may read beside its own event what came before or since: two earlier concerns, the weight of
last week, the referral behind a decision.  When one of those is put right or taken back, every
condition behind an open duty is asked twice, of the record as it was and as it is now.  What held
and holds no more ends *withdrawn*, with its gap (ruling 26); where another event asks for the same
as the record stands now, it is owed by that one instead.  Only what the correction itself changed
counts: a condition that time or another event has made untrue was so before as well.
"""

from collections.abc import Container, Iterator
from copy import copy
from dataclasses import dataclass
from functools import partial

from msgspec.structs import replace

from hub.core import answers, grounds, requirements, undoing
from hub.core.agreeing import BY_AGREEMENT
from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Expectation, Obligation, Remembered
from hub.core.hearing import speak_on
from hub.core.hindsight import Question, question
from hub.core.lifecycle import ENDED
from hub.core.model import Event, NoticeReason
from hub.core.policy import Requirement, TellRule
from hub.core.settle import settle

type_of_rule = TellRule | Requirement


@dataclass(frozen=True, slots=True)
class Ground:
    """The record before a correction or a retraction, and which event that is about."""

    before: Draft
    target: str


def ground(draft: Draft, target: str) -> Ground:
    """The record as it is, to be held against what a correction makes of it."""
    before = copy(draft)
    before.history, before.babies = list(draft.history), list(draft.babies)
    before.obligations = dict(draft.obligations)
    before.expectations, before.gaps = dict(draft.expectations), dict(draft.gaps)
    return Ground(before, target)


# --- what holds no more --------------------------------------------------------------------


def end_groundless(draft: Draft, ground: Ground, because: Event) -> None:
    """End every open duty of another event whose condition held until now and holds no more."""
    for obligation in list(draft.obligations.values()):
        rule = draft.policy.tells.get(obligation.rule)
        if rule is not None and _owed(obligation) and _fell(draft, ground, rule, obligation):
            undoing.take_away(draft, obligation, because)
    for expectation in list(draft.expectations.values()):
        asked = draft.policy.requirements[expectation.rule]
        if requirements.running(expectation) and _fell(draft, ground, asked, expectation):
            reason, by = requirements.CORRECTED_AWAY, because.id
            requirements.withdraw(draft, expectation, reason, ended_by=by)


def _owed(obligation: Obligation) -> bool:
    """Whether something is still owed; whoever has done it all knew what was so then."""
    return obligation.state not in ENDED and not all(m.met_at for m in obligation.milestones)


def _fell(draft: Draft, ground: Ground, rule: type_of_rule, duty: Obligation | Expectation) -> bool:
    """Whether the condition of a duty fell with what was put right or taken back.

    What rests on her agreement has words of its own for that (`hub.core.agreeing`).
    """
    trigger = draft.remembered(duty.trigger)
    other = trigger is not None and trigger.id != ground.target and not trigger.retracted
    if trigger is None or not other or rule.when is None or BY_AGREEMENT in rule.tags:
        return False
    return _asks(ground.before, rule, trigger) and not _asks(draft, rule, trigger)


def _asks(draft: Draft, rule: type_of_rule, event: Remembered) -> bool:
    """Whether a rule asks for something of an event, by the whole record or by that up to it.

    What came later may say the same again, so that the event is no news on the whole record and
    was when it came.
    """
    if rule.when is None:
        return True
    body = unpack_body(event)
    if rule.when(Context(draft, event, body)):
        return True
    then = copy(draft)
    then.history = [r for r in draft.history if r.occurred_at <= event.occurred_at]
    return bool(rule.when(Context(then, event, body)))


# --- what stands instead -------------------------------------------------------------------


def stand_instead(draft: Draft, ground: Ground, because: Event) -> None:
    """Owe what stands in the place of duties without ground, and what has its ground again."""
    instead = _instead(draft, ground, because)
    speak_on(draft, instead)
    _owe_again(draft, ground, because)
    at_last = _silent_until_now(draft, ground, because)
    speak_on(draft, at_last)
    if instead or at_last:
        # What is overdue already joins the gap that is still open: that one goes on.
        answers.hear_conditions(draft)
        settle(draft, draft.at, inclusive=True)


def _instead(draft: Draft, ground: Ground, because: Event) -> list[Question]:
    """What other events ask for now, in the place of duties that have just ended without ground.

    It is what was silent before because the duty stood, or because its event was no news then.
    Where all had done what was asked the clock begins anew; what was late is late still.
    """
    lost = list(_just_ended(draft, ground))
    owed = {rule for rule, _, done in lost if not done}
    at_last = {rule for rule, _, _ in lost} - owed
    others = frozenset(trigger for _, trigger, _ in lost) - {ground.target}
    found: list[Question] = []
    for earlier in list(draft.history):
        for rules, since in ((owed, None), (at_last, because.occurred_at)):
            speaks = partial(_speaks_now, draft, ground, rules, earlier)
            found += question(draft, earlier, ground.target, speaks, since)
        if earlier.id in others:
            every = partial(_speaks_newly, draft, ground, earlier)
            found += question(draft, earlier, ground.target, every)
    return found


def _silent_until_now(draft: Draft, ground: Ground, because: Event) -> list[Question]:
    """What other events ask for now that the record is as it is, and nobody is asked for yet.

    Three contacts in a row without being seen alone are three once the fourth never was.
    """
    open_now = {o.rule for o in draft.obligations.values() if _owed(o)}
    open_now |= {e.rule for e in draft.expectations.values() if requirements.running(e)}
    found: list[Question] = []
    for earlier in list(draft.history):
        speaks = partial(_speaks_at_last, draft, ground, open_now, earlier)
        found += question(draft, earlier, ground.target, speaks, because.occurred_at)
    return found


def _speaks_at_last(
    draft: Draft, ground: Ground, open_now: Container[str], event: Remembered, rule: type_of_rule
) -> bool:
    """Whether a rule of which nothing is open speaks on an event now, and did not before."""
    return rule.basis.rule not in open_now and _speaks_newly(draft, ground, event, rule)


def _just_ended(draft: Draft, ground: Ground) -> Iterator[tuple[str, str, bool]]:
    """Rule and trigger of each duty that has ended with what was put right or taken back, and
    whether all that it asked for had been done.
    """
    before = ground.before
    for obligation in draft.obligations.values():
        was = before.obligations.get(obligation.obligation_id)
        if was is not None and was.state not in ENDED and obligation.state in ENDED:
            yield was.rule, was.trigger, all(m.met_at for m in was.milestones)
    for expectation in draft.expectations.values():
        asked = before.expectations.get(expectation.expectation_id)
        if asked is not None and not asked.withdrawn and expectation.withdrawn:
            yield asked.rule, asked.trigger, asked.met_at is not None


def _speaks_now(
    draft: Draft, ground: Ground, lost: Container[str], event: Remembered, rule: type_of_rule
) -> bool:
    """Whether a rule that has lost a duty asks for it of another event as the record is now."""
    if rule.basis.rule not in lost:
        return False
    if isinstance(rule, Requirement) and rule.once:
        return _asks(draft, rule, event)
    return _speaks_newly(draft, ground, event, rule)


def _speaks_newly(draft: Draft, ground: Ground, event: Remembered, rule: type_of_rule) -> bool:
    """Whether a rule asks for something of an event as the record is now, and did not before.

    Of an event that has lost a duty every rule is asked: of a woman who turns out to be further on
    something else is owed.
    """
    if rule.when is None or BY_AGREEMENT in rule.tags:
        return False
    return _asks(draft, rule, event) and not _asks(ground.before, rule, event)


# --- what holds again ----------------------------------------------------------------------


def _owe_again(draft: Draft, ground: Ground, because: Event) -> None:
    """Owe and ask again what an earlier correction had ended, where its ground is back.

    Not where the corrected event itself asks for the same by now: nobody is told of it twice.
    """
    latest = {(o.rule, o.trigger, o.role, o.subject): o for o in draft.obligations.values()}
    for obligation in latest.values():
        rule = draft.policy.tells.get(obligation.rule)
        if rule is None or obligation.state not in ENDED:
            continue
        if _is_back(draft, ground, rule, obligation, obligation.ended_by):
            trigger = draft.remembered(obligation.trigger)
            begins = max(because.occurred_at, trigger.occurred_at if trigger else draft.at)
            again = replace(because, occurred_at=begins)
            undoing.owe_again(draft, rule, obligation, again, NoticeReason.FIRST)
    for expectation in list(draft.expectations.values()):
        asked = draft.policy.requirements[expectation.rule]
        if expectation.withdrawn and _is_back(
            draft, ground, asked, expectation, expectation.met_by
        ):
            requirements.ask_again(draft, expectation)


def _is_back(
    draft: Draft,
    ground: Ground,
    rule: type_of_rule,
    duty: Obligation | Expectation,
    ended_by: str,
) -> bool:
    by, trigger = draft.remembered(ended_by), draft.remembered(duty.trigger)
    if by is None or by.type not in grounds.CHANGES or trigger is None or trigger.retracted:
        return False
    if trigger.id == ground.target or _asked_by_another(draft, duty):
        return False
    return _asks(draft, rule, trigger) and not _asks(ground.before, rule, trigger)


def _asked_by_another(draft: Draft, duty: Obligation | Expectation) -> bool:
    """Whether the same is open to the same role about the same thing."""
    told = [(o.rule, o.role, o.subject) for o in draft.obligations.values() if _owed(o)]
    asked = [
        (e.rule, e.role, e.subject) for e in draft.expectations.values() if requirements.running(e)
    ]
    return (duty.rule, duty.role, duty.subject) in (*told, *asked)
