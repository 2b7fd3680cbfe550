"""Taking one event in: remember it, set what it says, answer what waited for it, ask what follows.

The order matters and is the same for every type; what a type means stands in its policy file.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from hub.core import (
    agreeing,
    aiming,
    answers,
    concerning,
    hindsight,
    matters,
    named,
    preferences,
    proofs,
    receipts,
    requirements,
    tell,
)
from hub.core.absorb import absorb_in_turn
from hub.core.deadlines import Span, Unit
from hub.core.draft import Context, Draft, Duty, unpack_body
from hub.core.episode import Obligation, Remembered
from hub.core.faults import FaultReason, HubFault
from hub.core.infants import is_infant
from hub.core.lifecycle import ENDED, RETURNED
from hub.core.model import Event, Level, Signal
from hub.core.outcomes import EpisodeChanged, EventRecorded
from hub.core.policy import EventRule, Policy, Requirement, TellRule

MOVES = (
    "demographics.changed",
    "assignment.changed",
    "organisation.changed",
    "pregnancy.transferred",
)
"""Events after which a duty may have to be aimed at somebody else."""


def rule_for(policy: Policy, event_type: str) -> EventRule:
    """What the policy says of an event type.  Raises HubFault when it says nothing."""
    rule = policy.events.get(event_type)
    if rule is None:
        raise HubFault(FaultReason.POLICY_ERROR, f"no policy file for {event_type}")
    return rule


def say_recorded(draft: Draft, event: Event, how: str) -> None:
    """Say that an event entered the episode, and how."""
    draft.say(
        EventRecorded(
            event_id=event.id,
            event_type=event.type,
            occurred_at=event.occurred_at,
            organisation=event.organisation,
            how=how,
        )
    )


def run(draft: Draft, rule: EventRule, event: Event, how: str = "new") -> None:
    """Remember a new event, set what it says, answer what was awaited, raise what it asks.

    What is `followed` is heard, and asks nothing: another episode of the pregnancy decides it.
    """
    followed = how == "followed"
    before = ((draft.edd, draft.born), draft.ended_at, draft.objections)
    born_on = hindsight.born_on(draft)
    agreed = agreeing.granted(draft, event.type)
    know(draft, event, followed=followed)
    draft.remember(event, concerning.subject_of(draft, rule, event), followed=followed)
    absorb_in_turn(draft, rule, event)
    say_recorded(draft, event, how)
    say_changed(draft)
    if (draft.edd, draft.born) != before[0]:
        requirements.recompute(draft)
    aiming.aim_at_present_holders(draft, moved_by(draft, event))
    answers.hear(draft, event)
    prove(draft, event)
    withdraw(draft, event)
    preferences.follow(draft, event, before[2])
    if draft.ended_at is not None and before[1] is None:
        receipts.sent_before_loss_was_known(draft)
    answers.recount(draft)
    if not followed:
        speak(draft, rule, event)
        agreeing.follow(draft, event, agreed)
        matters.count(draft, event)
        named.tell(draft, event)
    speak_of_earlier(draft, event, born_on)


def speak_of_earlier(draft: Draft, event: Event, born_on_before: str | None) -> None:
    """Let rules that turn on what an event has made known speak on what came before it."""
    speak_on(draft, hindsight.asked_again(draft, event, born_on_before))


def speak_on(draft: Draft, questions: Iterable[hindsight.Question]) -> None:
    """Let some rules speak again, each on the earlier event of its question."""
    for question in questions:
        asked = question.tells, question.requirements
        _speak(draft, question.earlier, *asked, question.since)


def know(draft: Draft, event: Event, *, followed: bool) -> None:
    """Fill in what is now known of the mother; what is known is never blanked.

    What another episode decides may turn out to be another woman's: it changes nothing known here.

    A record of the baby's own says nothing of her: its number and its age are the baby's.
    """
    subject = event.subject
    if matters.is_matter(draft.episode_id) or is_infant(subject, event.occurred_at):
        return
    if draft.mother is None:
        draft.mother = subject
        return
    fresh = {
        name: value
        for name in ("nhs_number", "family_name", "given_name", "birth_date", "postcode")
        if (value := getattr(subject, name)) is not None
        and not (followed and getattr(draft.mother, name) is not None)
    }
    draft.mother = replace(draft.mother, **fresh)


def moved_by(draft: Draft, event: Event) -> datetime | None:
    """From when a change of holder counts: one working day after it happened (ruling 6).

    That a change is taken back is a change.
    """
    moves = event.type
    if moves == "event.retracted":
        target = draft.remembered(str(event.body.get("target_id")))
        moves = target.type if target is not None else ""
    if moves not in MOVES:
        return None
    return draft.due(Span(Unit.WORKING_DAYS, 1), event.occurred_at)


def say_changed(draft: Draft) -> None:
    """Say what is now known of the episode itself."""
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


def speak(draft: Draft, rule: EventRule, event: Event) -> None:
    """Let the rules of an event type speak: what must be told, and what must follow."""
    _speak(draft, event, rule.tells, rule.requirements)


def _speak(
    draft: Draft,
    event: Event | Remembered,
    tells: Iterable[TellRule],
    asked: Iterable[Requirement],
    since: datetime | None = None,
) -> None:
    body = event.body if isinstance(event, Event) else unpack_body(event)
    context = Context(draft, event, body)
    before = set(draft.obligations)
    for tell_rule in tells:
        tell.raise_for(draft, tell_rule, context, event, since)
    for requirement in asked:
        requirements.raise_for(draft, requirement, context, event, since)
    for identity in [i for i in draft.obligations if i not in before]:
        for earlier in draft.history:
            # Events come in any order: the proof may have come before the question.
            if not earlier.retracted and earlier.id != event.id:
                _act(draft, draft.obligations[identity], earlier, unpack_body(earlier))


def prove(draft: Draft, event: Event) -> None:
    """Let every open duty hear an event: it may prove the action that a notice asked for."""
    for obligation in list(draft.obligations.values()):
        _act(draft, obligation, event, event.body)


def _act(
    draft: Draft, obligation: Obligation, event: Event | Remembered, body: dict[str, Any]
) -> None:
    """A follow-on event proves what an open notice asked for."""
    rule = draft.policy.tells.get(obligation.rule)
    if rule is None or rule.acted_by is None or event.type not in rule.acted_by.where:
        return
    if obligation.state in ENDED | RETURNED or obligation.level is Level.ACTED:
        return
    condition = rule.acted_by.where[event.type]
    if condition is None or condition(_acting(draft, obligation, event, body)):
        proofs.act(draft, obligation, event.occurred_at, event.id)


def doubt_proofs(draft: Draft) -> None:
    """Take away what proves an action no more, because something else was taken back.

    An appointment whose cancellation is taken back is in the diary again, and the diary is not
    empty, although the last cancellation still stands.
    """
    for obligation in list(draft.obligations.values()):
        rule = draft.policy.tells.get(obligation.rule)
        proof = draft.remembered(obligation.acted_by) if obligation.acted_by else None
        if rule is None or rule.acted_by is None or proof is None:
            continue
        condition = rule.acted_by.where.get(proof.type)
        if condition is None or obligation.state in ENDED:
            continue
        if not condition(_acting(draft, obligation, proof, unpack_body(proof))):
            proofs.take_one_proof_away(draft, obligation, proof.id)


def _acting(
    draft: Draft, obligation: Obligation, event: Event | Remembered, body: dict[str, Any]
) -> Context:
    trigger = draft.remembered(obligation.trigger)
    return Context(
        draft,
        trigger,
        {},
        awaited=event,
        awaited_body=body,
        duty=Duty(
            role=obligation.role,
            organisation=obligation.organisation,
            subject=obligation.subject,
            trigger=obligation.trigger,
        ),
        trigger=(lambda: unpack_body(trigger)) if trigger else None,
    )


def withdraw(draft: Draft, event: Event) -> None:
    """Withdraw every duty that an event makes pointless (a loss stops all that is routine)."""
    for obligation in list(draft.obligations.values()):
        told = draft.policy.tells.get(obligation.rule)
        if (
            told is None
            or obligation.state in ENDED
            or all(m.met_at for m in obligation.milestones)
        ):
            continue
        if concerning.ends(draft, event, told.tags, obligation):
            tell.end(draft, obligation, Signal.WITHDRAW, event.type, ended_by=event.id)
    for expectation in list(draft.expectations.values()):
        tags = draft.policy.requirements[expectation.rule].tags
        running = expectation.met_at is None and not expectation.withdrawn
        if running and concerning.ends(draft, event, tags, expectation):
            requirements.withdraw(draft, expectation, "withdrawn", ended_by=event.id)
