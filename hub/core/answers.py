"""How a running expectation is answered: by an event, by a condition, or by a correction."""

from datetime import datetime

from msgspec.structs import replace

from hub.core import concerning, grounds, reports, requirements, retiming
from hub.core.deadlines import clock_start
from hub.core.draft import Context, Draft
from hub.core.episode import Expectation
from hub.core.model import Event
from hub.core.policy import Family, Requirement


def hear(draft: Draft, event: Event, *, corrected_at: datetime | None = None) -> None:
    """Let every running expectation hear an event: it may be the answer, or end the question."""
    for expectation in list(draft.expectations.values()):
        if not requirements.running(expectation):
            continue
        rule = draft.policy.requirements[expectation.rule]
        if requirements.matches(draft, rule.withdrawn_by, expectation, event, event.body):
            requirements.withdraw(draft, expectation, "withdrawn", ended_by=event.id)
        elif requirements.matches(draft, rule.awaits, expectation, event, event.body):
            requirements.meet(draft, expectation, event.occurred_at, event.id)
        elif (
            rule.family is Family.CONTENT
            and rule.until is None
            and (corrected_at or not rule.awaits)
        ):
            _hear_content(draft, rule, expectation, event, corrected_at)


def _hear_content(
    draft: Draft,
    rule: Requirement,
    expectation: Expectation,
    event: Event,
    corrected_at: datetime | None,
) -> None:
    """A content gap closes when the same document comes again and is complete.

    Where other events answer it, a new document is none of them; a correction of the first is.
    """
    trigger = draft.remembered(expectation.trigger)
    asked_by = trigger.type if trigger else rule.on
    same = event.id == expectation.trigger if corrected_at else event.type == asked_by
    if not same:
        return
    held = draft.remembered(event.id)
    context = Context(draft, event, reports.together(draft, held) if held else event.body)
    subject = str(rule.subject(context) or "") if rule.subject is not None else ""
    if expectation.subject != subject and not expectation.subject.startswith(f"{subject}/"):
        return
    still = rule.when is None or rule.when(context)
    if still and rule.each is not None:
        about = expectation.subject
        still = any(about in grounds.abouts(subject, r) for r in rule.each(context))
    if not still and not (corrected_at and _ground_gone(draft, rule, expectation, event)):
        requirements.meet(draft, expectation, corrected_at or event.occurred_at, event.id)


def _ground_gone(
    draft: Draft, rule: Requirement, expectation: Expectation, corrected: Event
) -> bool:
    """Whether a document, put right, was never one to ask about: then `follow` withdraws the
    question, for nothing was missing that has been written since (ruling 26).
    """
    gone = rule.withdrawn_by.get(corrected.type)
    return gone is not None and bool(gone(requirements.context_of(draft, expectation)))


def hear_conditions(draft: Draft) -> None:
    """Meet every running expectation whose condition has become true.

    It became true when what is being heard happened: evidence that came late is not a late
    action (trap 30).  Before its clock has begun to run a condition proves nothing: somebody who
    is to leave next month still holds the role today (ruling 10).
    """
    for expectation in list(draft.expectations.values()):
        begun = requirements.running(expectation) and expectation.started_at <= draft.at
        if begun and requirements.holds(draft, expectation):
            requirements.meet(draft, expectation, draft.heard_at, "")


def standing(draft: Draft) -> frozenset[str]:
    """Ids of the expectations that are met because of what is so now."""
    return frozenset(
        e.expectation_id
        for e in draft.expectations.values()
        if e.met_at is not None and not e.withdrawn and requirements.holds(draft, e)
    )


def ask_again_fallen(draft: Draft, stood: frozenset[str]) -> None:
    """Ask again what a condition had met that a correction or a retraction has taken away."""
    for expectation in [draft.expectations[identity] for identity in stood]:
        met = expectation.met_at is not None and not expectation.withdrawn
        if met and not requirements.holds(draft, expectation):
            requirements.ask_again(draft, expectation)


def doubt_corrected(draft: Draft, corrected: Event) -> None:
    """Ask again what an event had answered that, as corrected, is no answer any more."""
    for expectation in list(draft.expectations.values()):
        if expectation.met_by != corrected.id:
            continue
        rule = draft.policy.requirements[expectation.rule]
        if rule.itself and expectation.trigger == corrected.id:
            continue  # It came when it came, however it was put right since.
        if expectation.withdrawn and concerning.ends(draft, corrected, rule.tags, expectation):
            continue
        context = Context(draft, corrected, corrected.body)
        if expectation.withdrawn and rule.latest_only and grounds.asks(rule, context, expectation):
            continue  # The clock that it started again goes on.
        heard = rule.withdrawn_by if expectation.withdrawn else rule.awaits
        if not requirements.matches(draft, heard, expectation, corrected, corrected.body):
            requirements.ask_again(draft, expectation)


def follow(draft: Draft, corrected: Event, correction: Event, gone: frozenset[str]) -> None:
    """Let what an event had started follow its correction: another clock, or no question at all.

    What only the wrong words had asked is withdrawn, and asked again if another correction brings
    it back.  Content is left out: it has already heard whether the document is complete now.
    """
    asked_now = grounds.asked_for(draft, corrected)
    for expectation in list(draft.expectations.values()):
        rule = draft.policy.requirements[expectation.rule]
        if expectation.trigger != corrected.id:
            continue
        identity = expectation.expectation_id
        back = expectation.withdrawn and identity in asked_now
        if back and grounds.taken_by_correction(draft, expectation):
            requirements.ask_again(draft, expectation)
        again = draft.expectations[identity]
        if not requirements.running(again):
            continue
        if identity in gone:
            reason, by = requirements.CORRECTED_AWAY, correction.id
            requirements.withdraw(draft, again, reason, ended_by=by)
        elif not rule.at_once:
            start = clock_start(corrected.body, rule.counted_from, corrected.occurred_at)
            again = replace(again, started_at=start)
            draft.put_expectation(again)
            requirements.move(draft, again, retiming.due_of(draft, rule, corrected, start))


def recount(draft: Draft) -> None:
    """Work reckoned days out again: what was planned since may be sooner or later.

    An open gap stays: no appointment puts it right, only being seen does.
    """
    for expectation in list(draft.expectations.values()):
        rule = draft.policy.requirements[expectation.rule]
        if rule.days is None or expectation.gap_id or not requirements.running(expectation):
            continue
        trigger = draft.remembered(expectation.trigger)
        if trigger is not None:
            due = retiming.due_of(draft, rule, trigger, expectation.started_at)
            requirements.move(draft, expectation, due)
