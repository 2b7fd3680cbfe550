"""The other four families: something must come, be complete, be held or not pile up, by then.

Each is an expectation with a clock.  It is met by an awaited event, or by a condition that has
become true; at its due time it opens its gap.  A rule without a clock opens its gap at once and
waits to be put right.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from msgspec.structs import replace

from hub.core import retiming, twice
from hub.core.deadlines import Unit, clock_start
from hub.core.draft import Context, Draft, Duty, unpack_body
from hub.core.episode import Expectation, Remembered
from hub.core.expressions import Expression
from hub.core.facts import Recipient
from hub.core.gaps import leave, open_gap, raise_severity
from hub.core.matters import asked_already
from hub.core.model import Event, GapState
from hub.core.naming import asked_apart, place_of
from hub.core.outcomes import ExpectationEnded, ExpectationRaised
from hub.core.policy import Family, Requirement
from hub.core.silences import Silence
from hub.core.stopping import stopped

MOVING = (Unit.GESTATION, Unit.INFANT_AGE)
"""Clocks measured on a date that can change: re-dating recomputes them, it never fires them."""


def raise_for(
    draft: Draft,
    rule: Requirement,
    context: Context,
    trigger: Event | Remembered,
    since: datetime | None = None,
) -> None:
    """Raise the expectations of one rule for one event; no clock begins before `since`."""
    if rule.when is not None and not rule.when(context):
        draft.stay_silent(rule.basis, Silence.CONDITION, when=rule.when.text)
        return
    owners = rule.each(context) if rule.each is not None else (Recipient(rule.owner or ""),)
    if not owners:
        draft.stay_silent(rule.basis, Silence.NAMES_NOBODY)
    subject = str(rule.subject(context) or "") if rule.subject is not None else ""
    start = clock_start(context.body, rule.counted_from, trigger.occurred_at)
    start = max(start, since or start)
    for owner in owners:
        raise_one(draft, rule, owner, trigger, subject, start)


def raise_one(
    draft: Draft,
    rule: Requirement,
    owner: Recipient,
    trigger: Event | Remembered,
    subject: str,
    start: datetime,
) -> None:
    """Raise one expectation, unless it stands already or its answer has come."""
    if (silence := stopped(draft, rule.tags, subject)) is not None:
        draft.stay_silent(rule.basis, silence, rule.owner or owner.role)
        return
    role = rule.owner or owner.role
    about = "/".join(part for part in (subject, owner.part) if part)
    identity, about = asked_apart(draft, rule.basis.rule, trigger.id, owner, role, about)
    if identity in draft.expectations or (rule.once and asked_already(draft, rule, role, about)):
        draft.stay_silent(rule.basis, Silence.STANDS_ALREADY, role)
        return
    expectation = Expectation(
        expectation_id=identity,
        rule=rule.basis.rule,
        trigger=trigger.id,
        role=role,
        organisation=place_of(draft, role, owner, about),
        subject=about,
        started_at=start,
        raised_at=draft.at,
        due_at=retiming.due_of(draft, rule, trigger, start),
    )
    in_time = rule.itself and not _too_late(expectation, trigger)
    answered = in_time or _answered_before(draft, rule, expectation)
    if answered or twice.complete_together(draft, rule, expectation):
        draft.stay_silent(rule.basis, Silence.ANSWERED_ALREADY, role)
        return
    if rule.latest_only:
        _replace_older(draft, expectation)
    draft.put_expectation(expectation)
    say_raised(draft, expectation)
    if rule.itself:
        _late_at_once(draft, expectation, trigger)


def _late_at_once(draft: Draft, expectation: Expectation, late: Event | Remembered) -> None:
    """What was owed came, and too late: its gap opens and is over."""
    overdue(draft, expectation)
    meet(draft, draft.expectations[expectation.expectation_id], late.occurred_at, late.id)


def _too_late(expectation: Expectation, trigger: Event | Remembered) -> bool:
    """Whether something owed came after it was due, which is no later than the hub first had it."""
    at = min(trigger.occurred_at, trigger.received_at)
    return expectation.due_at is not None and at > expectation.due_at


def say_raised(draft: Draft, expectation: Expectation) -> None:
    """Say what is asked of whom, and by when; of another one, when it has passed to her."""
    draft.say(
        ExpectationRaised(
            expectation_id=expectation.expectation_id,
            role=expectation.role,
            organisation=expectation.organisation,
            subject=expectation.subject,
            due_at=expectation.due_at,
            why=draft.policy.requirements[expectation.rule].basis.why(
                expectation.trigger, area=draft.area
            ),
        )
    )


def _replace_older(draft: Draft, new: Expectation) -> None:
    """The clock of an older trigger stops when a newer one starts it again (S41)."""
    for old in list(draft.expectations.values()):
        same = (old.rule, old.subject, old.role) == (new.rule, new.subject, new.role)
        if same and running(old):
            withdraw(draft, old, "restarted", ended_by=new.trigger)


def running(expectation: Expectation) -> bool:
    """Whether the question is still open."""
    return expectation.met_at is None and not expectation.withdrawn


def context_of(draft: Draft, expectation: Expectation, **awaited: Any) -> Context:
    """The context in which a running expectation's conditions are read."""
    trigger = draft.remembered(expectation.trigger)
    return Context(
        draft,
        trigger,
        {},
        duty=Duty(
            role=expectation.role,
            organisation=expectation.organisation,
            subject=expectation.subject,
            trigger=expectation.trigger,
            overdue=expectation.gap_id is not None,
            due_at=expectation.due_at,
        ),
        trigger=partial(unpack_body, trigger) if trigger else None,
        **awaited,
    )


def matches(
    draft: Draft,
    conditions: Mapping[str, Expression | None],
    expectation: Expectation,
    event: Event | Remembered,
    body: dict[str, Any],
) -> bool:
    """Whether an event is one that a rule names, and its condition holds."""
    if event.type not in conditions or event.id == expectation.trigger:
        return False
    condition = conditions[event.type]
    if condition is None:
        return True
    return bool(condition(context_of(draft, expectation, awaited=event, awaited_body=body)))


def _answered_before(draft: Draft, rule: Requirement, expectation: Expectation) -> bool:
    """Whether the episode already holds what the rule asks for (events come in any order)."""
    asked_of_condition = not rule.at_once and rule.family is not Family.PATTERN
    begun = expectation.started_at <= draft.at
    if rule.until is not None and asked_of_condition and begun:
        already = rule.until(context_of(draft, expectation))
        if already:
            return True
    return any(
        matches(draft, rule.awaits, expectation, remembered, unpack_body(remembered))
        for remembered in draft.history
        if remembered.type in rule.awaits and not remembered.retracted
    )


# --- being met -----------------------------------------------------------------------------


def meet(draft: Draft, expectation: Expectation, at: datetime, by: str) -> None:
    """Note that an expectation was met, and when it really happened."""
    draft.put_expectation(replace(expectation, met_at=at, met_by=by))
    _say_ended(draft, expectation, "met", at)


def withdraw(draft: Draft, expectation: Expectation, reason: str, *, ended_by: str = "") -> None:
    """Note that an expectation no longer applies; a gap it opened ends withdrawn."""
    draft.put_expectation(replace(expectation, withdrawn=True, met_by=ended_by))
    _say_ended(draft, expectation, reason, draft.at)


def _say_ended(draft: Draft, expectation: Expectation, reason: str, at: datetime) -> None:
    """Say that a question is over, or is due at another time."""
    draft.say(
        ExpectationEnded(
            expectation_id=expectation.expectation_id,
            reason=reason,
            due_at=expectation.due_at,
            ended_at=at,
        )
    )


CORRECTED_AWAY = "corrected"
"""Why an expectation ended whose event, as corrected, no longer asks for it."""


def ask_again(draft: Draft, expectation: Expectation) -> None:
    """Its answer was taken back: the question is open again, and its gap too where one is due.

    After a loss nothing routine is asked again, and after her death nothing of the mother.
    """
    rule = draft.policy.requirements[expectation.rule]
    if stopped(draft, rule.tags, expectation.subject) is not None:
        return
    gap = draft.gaps.get(expectation.gap_id or "")
    gap_id = gap.gap_id if gap is not None and gap.state is GapState.OPEN else None
    asked = replace(
        expectation, met_at=None, met_by="", withdrawn=False, raised_at=draft.at, gap_id=gap_id
    )
    draft.put_expectation(asked)
    say_raised(draft, asked)


def holds(draft: Draft, expectation: Expectation) -> bool:
    """Whether the condition that an expectation waits for is so, at the moment looked at."""
    until = draft.policy.requirements[expectation.rule].until
    return until is not None and bool(until(context_of(draft, expectation)))


def overdue(draft: Draft, expectation: Expectation) -> None:
    """Open the gap of an expectation whose time has come."""
    rule = draft.policy.requirements[expectation.rule]
    if expectation.due_at is None:
        raise AssertionError("an expectation without a due time is never overdue")
    if not rule.at_once and expectation.started_at <= draft.moment and holds(draft, expectation):
        # It became so with time alone, and nobody looked until after the deadline.
        meet(draft, expectation, expectation.due_at, "")
        return
    gap = open_gap(
        draft,
        rule.gap,
        rule.basis,
        expectation,
        expectation.due_at,
        raised_at=expectation.raised_at,
    )
    if rule.severity is not None:
        gap = raise_severity(draft, gap, rule.severity, "rule")
    draft.put_expectation(replace(expectation, gap_id=gap.gap_id))


# --- moving clocks -------------------------------------------------------------------------


def recompute(draft: Draft) -> None:
    """After a new due date or a birth: work every gestation and age deadline out again.

    A gap that had opened on the old date ends withdrawn when the new one is still to come.
    """
    retiming.recompute(draft)
    for expectation in list(draft.expectations.values()):
        rule = draft.policy.requirements[expectation.rule]
        if not running(expectation) or rule.by is None or rule.days is not None:
            continue  # Reckoned days are worked out again on every event (`answers.recount`).
        if not draft.span(rule.by).counts_on(*MOVING):
            continue
        move(draft, expectation, draft.due(rule.by, expectation.started_at))


def move(draft: Draft, expectation: Expectation, due: datetime | None) -> None:
    """Give a running expectation another due time."""
    if due == expectation.due_at:
        return
    gap = draft.gaps.get(expectation.gap_id or "")
    moved = replace(expectation, due_at=due)
    if due is not None and due <= draft.at:
        # Nobody could have known that it was due: the gap opens now, and says so.
        moved = replace(moved, raised_at=draft.at)
    elif gap is not None and gap.state is GapState.OPEN:
        leave(draft, gap, expectation.expectation_id, "recomputed")
        moved = replace(moved, gap_id=None)
    draft.put_expectation(moved)
    _say_ended(draft, moved, "recomputed", draft.at)
