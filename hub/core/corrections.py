"""Corrections and retractions: what a publisher takes back, and who must hear of it.

A correction puts a whole event in the place of the original, and everybody who had that is told;
what only the wrong words had asked for is owed no more.
A retraction ends what the event began, and opens again what it had answered or withdrawn.
"""

from msgspec.structs import replace

from hub.core import (
    agreeing,
    aiming,
    answers,
    concerning,
    grounds,
    hindsight,
    matters,
    named,
    preferences,
    receipts,
    requirements,
    resting,
    retiming,
    tell,
    undoing,
)
from hub.core.absorb import forget, refold
from hub.core.draft import Draft, unpack_body
from hub.core.episode import Obligation, Remembered
from hub.core.faults import FaultReason, SenderFault
from hub.core.hearing import (
    doubt_proofs,
    know,
    moved_by,
    prove,
    rule_for,
    say_changed,
    say_recorded,
    speak,
    speak_of_earlier,
    speak_on,
    withdraw,
)
from hub.core.ids import derive
from hub.core.lifecycle import ENDED
from hub.core.model import Event, Level, NoticeReason, Signal, type_of_body
from hub.core.policy import TellRule
from hub.core.proofs import take_proof_away
from hub.core.stopping import Losses, losses

CORRECTED, RETRACTED = grounds.CORRECTED, grounds.RETRACTED

LATEST = "latest:"
"""How a target begins of which the sender knows no id: `latest:KIND:mother` or `latest:KIND:baby`.
A national removal of a death names nothing but the person.  A deletion repeats more of what it
takes back: the digests of these fields follow, `latest:KIND:WHOSE:FIELD=DIGEST`."""


def latest(kind: str, *, baby_id: str | None, fields: tuple[tuple[str, str], ...] = ()) -> str:
    """The target of an event that takes back another without knowing its id.

    A removal of a death that says nothing else is about whoever it is about.  With any field the
    baby counts too, for twins have the same tests; digests, so that no number stands in a target.
    """
    whose = "baby" if baby_id else "mother"
    told = (*fields, ("baby_id", baby_id)) if baby_id and kind != "death" else fields
    parts = [f"{name}={derive(name, value)}" for name, value in told]
    return ":".join([f"{LATEST}{kind}", whose, *parts])


def _fits(body: type_of_body, kind: str, whose: str, parts: list[str]) -> bool:
    """Whether a remembered event is of the kind, about whom, and says what these parts repeat."""
    if (kind and body.get("kind") != kind) or whose != (
        "baby" if body.get("baby_id") else "mother"
    ):
        return False
    told = (part.partition("=") for part in parts)
    return all(derive(name, body.get(name)) == digest for name, _, digest in told)


def meant(draft: Draft, event: Event) -> Event:
    """An event that takes another back, with the id of the only one that it can mean.

    One that names its target stays as it is.  Raises SenderFault when there is none, or more than
    one: to take the wrong one back would be worse than to ask.
    """
    named = str(event.body.get("target_id"))
    if not named.startswith(LATEST):
        return event
    kind, _, rest = named.removeprefix(LATEST).partition(":")
    whose, *parts = rest.split(":")
    found = [
        remembered.id
        for remembered in draft.history
        if remembered.type == event.body.get("target_type")
        and not remembered.retracted
        and _fits(unpack_body(remembered), kind, whose, parts)
    ]
    if len(found) != 1:
        raise SenderFault(
            FaultReason.UNKNOWN_TARGET,
            "this takes back an earlier report, and not exactly one on this episode fits",
            field="data.target_id",
            remedy="send event.retracted with the id of the event that was wrong",
        )
    return replace(event, body={**event.body, "target_id": found[0]})


def target_of(draft: Draft, event: Event) -> Remembered:
    """The event that a correction or a retraction names.

    Raises SenderFault when the episode does not hold it, or it was retracted already.
    """
    found = draft.remembered(str(event.body.get("target_id")))
    if found is None or found.retracted:
        raise SenderFault(
            FaultReason.UNKNOWN_TARGET,
            "the event named in target_id is not on this episode, or was retracted",
            field="data.target_id",
            remedy="send the id of an event that was accepted for the same person and still stands",
        )
    return found


def correct(draft: Draft, event: Event, fresh: Event | None, how: str = "corrected") -> None:
    """Put a corrected event in the place of the original, and tell everybody who had that.

    Raises SenderFault when the original is unknown or the correction is of another type.
    """
    target = target_of(draft, event)
    corrected = _corrected(target, fresh)
    rule = rule_for(draft.policy, target.type)
    stood, objected = answers.standing(draft), draft.objections
    born_on, lost = hindsight.born_on(draft), losses(draft)
    agreed = agreeing.granted(draft, target.type)
    rested_on = resting.ground(draft, target.id)
    asked_before = grounds.asked_for(draft, target)
    _put_in_place(draft, event, target, corrected)
    gone = asked_before - grounds.asked_for(draft, corrected)
    say_recorded(draft, event, how)
    say_changed(draft)
    requirements.recompute(draft)
    answers.doubt_corrected(draft, corrected)
    take_proof_away(draft, target.id)
    doubt_proofs(draft)
    answers.hear(draft, corrected, corrected_at=event.occurred_at)
    prove(draft, corrected)
    _follow_losses(draft, event, corrected, lost)
    answers.follow(draft, corrected, event, gone)
    answers.recount(draft)
    answers.ask_again_fallen(draft, stood)
    preferences.follow(draft, event, objected)
    # Those who have the original hear first; only then may the rules name somebody new.
    _tell_corrected(draft, corrected, event, gone)
    resting.end_groundless(draft, rested_on, event)
    if not target.followed:
        speak(draft, rule, corrected)
        agreeing.follow(draft, event, agreed)
        matters.count_anew(draft, target, corrected)
        named.tell_anew(draft, target, corrected, event)
    speak_of_earlier(draft, corrected, born_on)
    speak_on(draft, hindsight.silenced(draft, target, lost))
    speak_on(draft, hindsight.reported_too(draft, target, event))
    resting.stand_instead(draft, rested_on, event)


def _put_in_place(draft: Draft, event: Event, target: Remembered, corrected: Event) -> None:
    """Remember the corrected event instead of the original, and all that follows from it."""
    about = concerning.subject_of(draft, rule_for(draft.policy, corrected.type), corrected)
    know(draft, corrected, followed=target.followed)
    draft.remember(replace(event, body={"target_id": target.id}), target.subject)
    draft.history = [r for r in draft.history if r.id != target.id]
    draft.remember(corrected, about, followed=target.followed)
    refold(draft)


def _follow_losses(draft: Draft, event: Event, corrected: Event, before: Losses) -> None:
    """A correction may say that there was a loss after all, or that there was none."""
    if losses(draft) != before:
        withdraw(draft, corrected)
        undoing.take_away_because_of_loss(draft, event)
    undoing.owe_what_it_had_ended(draft, corrected.id, event)
    if draft.ended and not before.pregnancy:
        receipts.sent_before_loss_was_known(draft)


def _corrected(target: Remembered, fresh: Event | None) -> Event:
    if fresh is None or fresh.type != target.type:
        raise SenderFault(
            FaultReason.SCHEMA_VIOLATION,
            "a correction must hold a whole event of the original type",
            field="data.replacement",
            remedy="send the corrected event, complete, under replacement",
        )
    # The hub has had it since the original came, whatever the correction says of when it happened.
    return replace(fresh, id=target.id, received_at=target.received_at)


def _tell_corrected(
    draft: Draft, corrected: Event, correction: Event, gone: frozenset[str]
) -> None:
    """Whoever had the original gets the correction; the original stays on record.

    A duty that was met is owed once more, counted from the correction; an open one goes on, with
    the due times that the corrected event gives it, and turns to whoever holds its role by that.
    An open one whose ground is gone ends, and is owed again if another correction brings it back.
    """
    latest = {
        (o.rule, o.role, o.subject, o.organisation): o
        for o in draft.obligations.values()
        if o.trigger == corrected.id
    }
    asked_now = grounds.asked_for(draft, corrected)
    for obligation in latest.values():
        rule = draft.policy.tells.get(obligation.rule)
        if rule is None:
            continue
        if obligation.state in ENDED:
            back = obligation.obligation_id in asked_now
            if back and grounds.taken_by_correction(draft, obligation):
                undoing.owe_again(draft, rule, obligation, correction, NoticeReason.FIRST)
        elif all(m.met_at for m in obligation.milestones):
            if obligation.told:
                undoing.owe_again(draft, rule, obligation, correction, NoticeReason.CORRECTED)
        elif obligation.obligation_id in gone:
            _end_groundless(draft, rule, obligation, correction)
        elif obligation.told:
            # A notice still on its way counts: it leaves with the old words in it.
            _tell_anew(draft, rule, obligation, corrected)
    # The right event may have moved her: whoever holds a role by it now has its open duties.
    aiming.aim_at_present_holders(draft, moved_by(draft, corrected))


def _end_groundless(
    draft: Draft, rule: TellRule, obligation: Obligation, correction: Event
) -> None:
    """Nothing asks for a duty any more; but where the wrong words were read the right ones must."""
    if obligation.level >= Level.OPENED:
        undoing.owe_again(draft, rule, obligation, correction, NoticeReason.CORRECTED)
        reason, by = requirements.CORRECTED_AWAY, correction.id
        tell.end(draft, obligation, Signal.WITHDRAW, reason, ended_by=by)
    else:
        undoing.take_away(draft, obligation, correction)


def _tell_anew(draft: Draft, rule: TellRule, obligation: Obligation, corrected: Event) -> None:
    """An open duty goes on with the right words, to whom it is aimed at."""
    tell.re_aim(
        draft,
        retiming.re_time(draft, rule, obligation, corrected),
        obligation.organisation,
        obligation.person,
        NoticeReason.CORRECTED,
        keep_met=True,
    )


def retract(draft: Draft, event: Event) -> None:
    """Take an event back: its duties end and its gaps are withdrawn.

    What it had answered, and what it had withdrawn, is asked for again.
    """
    target = str(event.body["target_id"])
    stood, objected = answers.standing(draft), draft.objections
    held, lost = draft.remembered(target), losses(draft)
    agreed = agreeing.granted(draft, held.type if held is not None else "")
    if held is not None and not held.followed:
        matters.take_back(draft, held)
        named.take_back(draft, held, event)
    rested_on = resting.ground(draft, target)
    forget(draft, target)
    refold(draft)
    say_changed(draft)
    preferences.follow(draft, event, objected)
    for obligation in list(draft.obligations.values()):
        if obligation.trigger == target:
            tell.end(draft, obligation, Signal.RETRACT, RETRACTED)
    for expectation in list(draft.expectations.values()):
        if expectation.trigger == target and not expectation.withdrawn:
            requirements.withdraw(draft, expectation, RETRACTED)
    undoing.owe_what_it_had_ended(draft, target, event)
    resting.end_groundless(draft, rested_on, event)
    take_proof_away(draft, target)
    doubt_proofs(draft)
    answers.hear(draft, event)
    prove(draft, event)
    answers.ask_again_fallen(draft, stood)
    agreeing.follow(draft, event, agreed)
    if losses(draft) != lost:
        undoing.take_away_because_of_loss(draft, event)
    if held is not None:
        speak_on(draft, hindsight.silenced(draft, held, lost))
        speak_on(draft, hindsight.not_elsewhere(draft, held))
        speak_on(draft, hindsight.reported_too(draft, held, event))
    requirements.recompute(draft)
    answers.recount(draft)
    resting.stand_instead(draft, rested_on, event)
