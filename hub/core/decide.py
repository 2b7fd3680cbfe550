"""`decide`: the one pure function in which the hub makes up its mind.

    decide(episode, input, policy) -> Decision(episode', outcomes)

The same inputs give the same outcomes, in any pattern of duplication.  Time is `input.at`; an
episode's time never runs backwards, so a late event keeps its `occurred_at` and is decided at the
later of the two times.
"""

from datetime import datetime

from msgspec.structs import replace

from hub.core import gaps, receipts, requirements, tell
from hub.core.absorb import absorb, forget, refold, take_team
from hub.core.deadlines import Span, Unit
from hub.core.draft import Context, Draft, Duty, unpack_body
from hub.core.facts import Recipient
from hub.core.faults import FaultReason, HubFault, SenderFault
from hub.core.lifecycle import ENDED, RETURNED
from hub.core.model import (
    Decision,
    Episode,
    EpisodeChanged,
    Event,
    EventRecorded,
    Input,
    InputKind,
    Level,
    NoticeReason,
    Obligation,
    Person,
    Remembered,
    Signal,
    WakeWanted,
)
from hub.core.policy import EventRule, Policy
from hub.core.settle import next_wake, settle

CORRECTED, RETRACTED = "event.corrected", "event.retracted"
MOVES = ("demographics.changed", "assignment.changed")
"""Events after which a duty may have to be aimed at somebody else."""
INNER = {InputKind.QUARANTINED: "input.quarantined", InputKind.REDRIVEN: "input.redriven"}


def decide(episode: Episode, given: Input, policy: Policy) -> Decision:
    """Everything that follows from one input.

    Raises SenderFault when the input cannot be decided (the caller keeps it in quarantine) and
    HubFault when the policy has no word for it; the episode is unchanged in both cases.
    """
    at = max(episode.at, given.at) if episode.at is not None else given.at
    draft = Draft(episode, policy, at)
    settle(draft, at, inclusive=False)
    take_team(draft, given.team)
    match given.kind:
        case InputKind.EVENT:
            _hear(draft, given)
        case InputKind.RECEIPT:
            _receive(draft, given)
        case InputKind.QUARANTINED | InputKind.REDRIVEN:
            _note_quarantine(draft, given)
        case InputKind.WAKE:
            pass
    _come_to_rest(draft)
    wake = next_wake(draft)
    if wake != episode.next_wake:
        draft.say(WakeWanted(at=wake))
    frozen = draft.freeze(wake)
    _check(episode, frozen)
    return Decision(
        episode=frozen,
        outcomes=tuple(draft.outcomes),
        input_id=given.input_id,
        at=at,
        policy_version=policy.version,
    )


def _come_to_rest(draft: Draft) -> None:
    """Let conditions, deadlines and closings work on each other until nothing moves."""
    while True:
        said = len(draft.outcomes)
        requirements.hear_conditions(draft, draft.at)
        gaps.close_done(draft)
        settle(draft, draft.at, inclusive=True)
        gaps.raise_flagged(draft)
        if len(draft.outcomes) == said:
            return


def _check(before: Episode, after: Episode) -> None:
    """Invariants that stay on in production."""
    assert after.seq == before.seq + 1, "one decision is one step"  # noqa: S101  an invariant
    assert all(g.duty_ids for g in after.gaps), "a gap without a duty"  # noqa: S101  an invariant


# --- events --------------------------------------------------------------------------------


def _rule(policy: Policy, event_type: str) -> EventRule:
    rule = policy.events.get(event_type)
    if rule is None:
        raise HubFault(FaultReason.POLICY_ERROR, f"no policy file for {event_type}")
    return rule


def _hear(draft: Draft, given: Input) -> None:
    """Take an event in, and let every rule about it speak."""
    event = given.event
    if event is None:
        raise HubFault(FaultReason.POLICY_ERROR, "an event input without its event")
    if draft.remembered(event.id) is not None:
        _recorded(draft, event, "duplicate")
        return
    if event.type == CORRECTED:
        _correct(draft, event, given.replacement)
        return
    rule = _rule(draft.policy, event.type)
    if event.type == RETRACTED:
        _run(draft, rule, event)
        _retract(draft, str(event.body["target_id"]))
        return
    how = "after_end" if draft.ended and event.occurred_at > draft.at else "new"
    _run(draft, rule, event, how=how)


def _recorded(draft: Draft, event: Event, how: str) -> None:
    draft.say(
        EventRecorded(
            event_id=event.id,
            event_type=event.type,
            occurred_at=event.occurred_at,
            organisation=event.organisation,
            how=how,
        )
    )


def _subject(draft: Draft, rule: EventRule, event: Event) -> str:
    return str(rule.subject(Context(draft, event, event.body)) or "") if rule.subject else ""


def _run(draft: Draft, rule: EventRule, event: Event, how: str = "new") -> None:
    """Remember a new event, set what it says, answer what was awaited, raise what it asks."""
    before = (draft.edd, draft.born, draft.team, draft.mother)
    _know(draft, event.subject)
    draft.remember(event, _subject(draft, rule, event))
    absorb(draft, rule, event, event.body)
    _recorded(draft, event, how)
    _say_changed(draft)
    if (draft.edd, draft.born) != before[:2]:
        requirements.recompute(draft)
    receipts.aim_at_present_holders(draft, _moved_by(draft, event))
    requirements.hear(draft, event)
    _act(draft, event)
    _withdraw(draft, rule, event)
    _speak(draft, rule, event)


def _know(draft: Draft, subject: Person) -> None:
    """Fill in what is now known of the mother; what is known is never blanked."""
    if draft.mother is None:
        draft.mother = subject
        return
    fresh = {
        name: value
        for name in ("nhs_number", "family_name", "given_name", "birth_date", "postcode")
        if (value := getattr(subject, name)) is not None
    }
    draft.mother = replace(draft.mother, **fresh)


def _moved_by(draft: Draft, event: Event) -> datetime | None:
    """From when a change of holder counts: one working day after it happened (ruling 6)."""
    if event.type not in MOVES:
        return None
    return draft.due(Span(Unit.WORKING_DAYS, 1), event.occurred_at)


def _say_changed(draft: Draft) -> None:
    draft.say(
        EpisodeChanged(
            mother=draft.mother,
            edd=draft.edd,
            provider=draft.provider,
            practice=draft.practice,
            ended_at=draft.ended_at,
            outcome=draft.outcome,
            babies=tuple(draft.babies),
            team=draft.team,
        )
    )


def _speak(draft: Draft, rule: EventRule, event: Event) -> None:
    """Let the rules of an event type speak: what must be told, and what must follow."""
    context = Context(draft, event, event.body)
    for tell_rule in rule.tells:
        tell.raise_for(draft, tell_rule, context, event)
    for requirement in rule.requirements:
        requirements.raise_for(draft, requirement, context, event)


def _act(draft: Draft, event: Event) -> None:
    """A follow-on event proves what an open notice asked for."""
    for obligation in list(draft.obligations.values()):
        rule = draft.policy.tells.get(obligation.rule)
        if rule is None or rule.acted_by is None or event.type not in rule.acted_by.where:
            continue
        if obligation.state in ENDED | RETURNED or obligation.level is Level.ACTED:
            continue
        condition = rule.acted_by.where[event.type]
        if condition is None or condition(_acting(draft, obligation, event)):
            receipts.act(draft, obligation, event.occurred_at, event.id)


def _acting(draft: Draft, obligation: Obligation, event: Event) -> Context:
    trigger = draft.remembered(obligation.trigger)
    return Context(
        draft,
        trigger,
        {},
        awaited=event,
        awaited_body=event.body,
        duty=Duty(
            role=obligation.role,
            organisation=obligation.organisation,
            subject=obligation.subject,
            trigger=obligation.trigger,
        ),
        trigger=(lambda: unpack_body(trigger)) if trigger else None,
    )


def _withdraw(draft: Draft, rule: EventRule, event: Event) -> None:
    """Withdraw every duty that an event makes pointless (a loss stops all that is routine)."""
    context = Context(draft, event, event.body)
    for withdrawal in rule.withdraws:
        if withdrawal.when is not None and not withdrawal.when(context):
            continue
        for obligation in list(draft.obligations.values()):
            told = draft.policy.tells.get(obligation.rule)
            if told is None or not told.tags & withdrawal.tags or obligation.state in ENDED:
                continue
            if not all(m.met_at for m in obligation.milestones):
                tell.end(draft, obligation, Signal.WITHDRAW, event.type)
        for expectation in list(draft.expectations.values()):
            tags = draft.policy.requirements[expectation.rule].tags
            if tags & withdrawal.tags and expectation.met_at is None and not expectation.withdrawn:
                requirements.withdraw(draft, expectation, "withdrawn")


# --- corrections and retractions -------------------------------------------------------------


def _target(draft: Draft, event: Event) -> Remembered:
    found = draft.remembered(str(event.body.get("target_id")))
    if found is None:
        raise SenderFault(
            FaultReason.UNKNOWN_TARGET,
            "the event named in target_id is not on this episode",
            field="data.target_id",
            remedy="send the id of an event that was accepted for the same person",
        )
    return found


def _correct(draft: Draft, event: Event, fresh: Event | None) -> None:
    """Put a corrected event in the place of the original, and tell everybody who had that."""
    target = _target(draft, event)
    if fresh is None or fresh.type != target.type:
        raise SenderFault(
            FaultReason.SCHEMA_VIOLATION,
            "a correction must hold a whole event of the original type",
            field="data.replacement",
            remedy="send the corrected event, complete, under replacement",
        )
    corrected = replace(fresh, id=target.id)
    rule = _rule(draft.policy, target.type)
    draft.remember(replace(event, body={"target_id": target.id}), target.subject)
    draft.history = [r for r in draft.history if r.id != target.id]
    draft.remember(corrected, _subject(draft, rule, corrected))
    before = (draft.edd, draft.born)
    refold(draft)
    _recorded(draft, event, "corrected")
    _say_changed(draft)
    if (draft.edd, draft.born) != before:
        requirements.recompute(draft)
    requirements.hear(draft, corrected, corrected=True)
    _speak(draft, rule, corrected)
    _tell_corrected(draft, target.id, event)


def _tell_corrected(draft: Draft, target: str, correction: Event) -> None:
    """Whoever had the original gets the correction; the original stays on record.

    A duty that was met is owed once more, counted from the correction; an open one goes on.
    """
    for obligation in list(draft.obligations.values()):
        rule = draft.policy.tells.get(obligation.rule)
        had_it = obligation.told and obligation.told[-1].level >= Level.SENT
        if obligation.trigger != target or obligation.state in ENDED or not had_it or not rule:
            continue
        if all(m.met_at for m in obligation.milestones):
            again = Recipient(
                obligation.role, obligation.organisation, obligation.person, part=correction.id
            )
            tell.raise_one(
                draft,
                rule,
                again,
                target,
                obligation.subject,
                correction.occurred_at,
                reason=NoticeReason.CORRECTED,
            )
        else:
            tell.re_aim(
                draft,
                obligation,
                obligation.organisation,
                obligation.person,
                NoticeReason.CORRECTED,
                keep_met=True,
            )


def _retract(draft: Draft, target: str) -> None:
    """Take an event back: its duties end, its gaps are withdrawn, what it answered is open again."""
    if draft.remembered(target) is None:
        raise SenderFault(
            FaultReason.UNKNOWN_TARGET,
            "the event named in target_id is not on this episode",
            field="data.target_id",
            remedy="send the id of an event that was accepted for the same person",
        )
    forget(draft, target)
    refold(draft)
    for obligation in list(draft.obligations.values()):
        if obligation.trigger == target:
            tell.end(draft, obligation, Signal.RETRACT, RETRACTED)
    for expectation in list(draft.expectations.values()):
        if expectation.trigger == target and not expectation.withdrawn:
            requirements.withdraw(draft, expectation, RETRACTED)
        elif expectation.met_by == target:
            draft.put_expectation(replace(expectation, met_at=None, met_by=""))
    requirements.recompute(draft)


# --- receipts and quarantine -----------------------------------------------------------------


def _receive(draft: Draft, given: Input) -> None:
    if given.receipt is None:
        raise HubFault(FaultReason.POLICY_ERROR, "a receipt input without its receipt")
    receipts.apply(draft, given.receipt)
    if given.team:
        receipts.aim_at_present_holders(draft, None)


def _note_quarantine(draft: Draft, given: Input) -> None:
    """An input in quarantine has an episode of its own, so that its gap runs on the same rules."""
    note = given.quarantine
    if note is None:
        raise HubFault(FaultReason.POLICY_ERROR, "a quarantine input without its note")
    event = Event(
        id=f"{note.quarantine_id}:{given.kind}",
        type=INNER[given.kind],
        source=note.source,
        occurred_at=given.at,
        received_at=given.at,
        subject=Person(reference=note.quarantine_id),
        body={
            "quarantine_id": note.quarantine_id,
            "reason": note.reason,
            "family": note.family,
            "event_type": note.event_type,
        },
    )
    if draft.remembered(event.id) is None:
        _run(draft, _rule(draft.policy, event.type), event)
