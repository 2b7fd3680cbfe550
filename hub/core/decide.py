"""`decide`: the one pure function in which the hub makes up its mind.

    decide(episode, input, policy) -> Decision(episode', outcomes)

The same inputs give the same outcomes, in any pattern of duplication.  Time is `input.at`; an
episode's time never runs backwards, so a late event keeps its `occurred_at` and is decided at the
later of the two times.
"""

from msgspec.structs import replace

from hub.core import (
    acceptance,
    aiming,
    answers,
    corrections,
    gaps,
    joining,
    matters,
    proofs,
    receipts,
)
from hub.core.absorb import take_surroundings
from hub.core.closing import close_done
from hub.core.corrections import CORRECTED, RETRACTED
from hub.core.draft import Draft, unpack_fields
from hub.core.episode import Episode
from hub.core.faults import FaultReason, HubFault
from hub.core.hearing import rule_for, run, say_recorded
from hub.core.model import Event, Input, InputKind, Person
from hub.core.outcomes import Decision, WakeWanted
from hub.core.policy import Policy
from hub.core.releasing import release
from hub.core.settle import settle
from hub.core.silences import Silent
from hub.core.waiting import next_wake

ROUNDS_MAX = 50
"""Rounds until nothing moves.  A story needs three or four; a policy whose rules open and close
each other would go on for ever, and is stopped here, its input in quarantine."""

INNER = {InputKind.QUARANTINED: "input.quarantined", InputKind.REDRIVEN: "input.redriven"}


def decide(
    episode: Episode, given: Input, policy: Policy, silences: list[Silent] | None = None
) -> Decision:
    """Everything that follows from one input.

    Raises SenderFault when the input cannot be decided (the caller keeps it in quarantine) and
    HubFault when the policy has no word for it; the episode is unchanged in both cases.  Whoever
    asks why somebody was not told gives a list of `silences`, and finds the reasons there.
    """
    at = max(episode.at, given.at) if episode.at is not None else given.at
    draft = Draft(episode, policy, at)
    draft.silences = silences
    settle(draft, at, inclusive=False)
    _take_in(draft, given)
    _come_to_rest(draft)
    matters.close_books(draft)
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
        counted=tuple(draft.counted),
        reopened=tuple(draft.reopened),
        named=tuple(draft.named),
        shared=tuple(draft.shared),
        shared_with=draft.shared_with,
    )


def _take_in(draft: Draft, given: Input) -> None:
    """What an input says, by its kind."""
    match given.kind:
        case InputKind.EVENT:
            _hear(draft, given)
            release(draft)
        case InputKind.RECEIPT:
            _receive(draft, given)
        case InputKind.QUARANTINED | InputKind.REDRIVEN:
            _note_quarantine(draft, given)
        case InputKind.COUNTED:
            _hear_counted(draft, given)
        case InputKind.FOLLOWED:
            joining.follow(draft, given)
            release(draft)
        case InputKind.JOINED:
            joining.join(draft, given)
        case InputKind.PARTED:
            joining.part(draft, given)
        case InputKind.WAKE:
            draft.reckoned = False  # The time to look at everything, whoever looked last.


def _come_to_rest(draft: Draft) -> None:
    """Let conditions, deadlines and closings work on each other until nothing moves."""
    for _ in range(ROUNDS_MAX):
        said = len(draft.outcomes)
        answers.hear_conditions(draft)
        close_done(draft)
        settle(draft, draft.at, inclusive=True)
        gaps.raise_flagged(draft)
        if len(draft.outcomes) == said:
            return
    raise AssertionError("deciding did not come to rest: two rules open and close each other")


def _check(before: Episode, after: Episode) -> None:
    """Invariants that stay on in production."""
    assert after.seq == before.seq + 1, "one decision is one step"
    assert all(g.duty_ids for g in after.gaps), "a gap without a duty"


# --- events --------------------------------------------------------------------------------


def _hear(draft: Draft, given: Input) -> None:
    """Take an event in, and let every rule about it speak."""
    event = given.event
    if event is None:
        raise HubFault(FaultReason.POLICY_ERROR, "an event input without its event")
    if draft.remembered(event.id) is not None:
        # Its team is as old as it is: a newer one may have been taken in since.
        say_recorded(draft, event, "duplicate")
        return
    take_surroundings(draft, given)
    draft.heard_at = min(event.occurred_at, draft.at)
    if event.type == CORRECTED:
        corrections.correct(draft, event, given.replacement)
        return
    rule = rule_for(draft.policy, event.type)
    if event.type == RETRACTED:
        event = corrections.meant(draft, event)
        corrections.target_of(draft, event)
        run(draft, rule, event, how="retracted")
        corrections.retract(draft, event)
        return
    late = draft.ended_at is not None and event.occurred_at > draft.ended_at
    run(draft, rule, event, how="after_end" if late else "new")


def _hear_counted(draft: Draft, given: Input) -> None:
    """A matter hears of something that was decided elsewhere, or that it is taken back; a family
    hears what a matter has found out about it.
    """
    note = given.counted
    if note is None:
        raise HubFault(FaultReason.POLICY_ERROR, "a counted input without its note")
    take_surroundings(draft, given)
    draft.heard_at = min(note.occurred_at, draft.at)
    known = draft.remembered(note.event_id)
    event = Event(
        id=note.event_id,
        type=note.event_type,
        source=note.source,
        occurred_at=note.occurred_at,
        received_at=given.at,
        subject=Person(reference=""),
        body=unpack_fields(note.fields),
    )
    if not note.taken_back:
        if known is None:
            run(draft, rule_for(draft.policy, event.type), event)
            acceptance.reopen(draft, event)
            if event.type == acceptance.ACCEPTANCE_DOUBTED:
                proofs.doubt(draft, event.body["notice"], event.body.get("person"))
    elif known is not None and not known.retracted:
        corrections.retract(draft, replace(event, type=RETRACTED, body={"target_id": event.id}))


# --- receipts and quarantine -----------------------------------------------------------------


def _receive(draft: Draft, given: Input) -> None:
    if given.receipt is None:
        raise HubFault(FaultReason.POLICY_ERROR, "a receipt input without its receipt")
    take_surroundings(draft, given)
    draft.heard_at = min(given.receipt.at, draft.at)
    receipts.apply(draft, given.receipt)
    acceptance.count(draft)
    if given.team:
        aiming.aim_at_present_holders(draft, None)


def _note_quarantine(draft: Draft, given: Input) -> None:
    """An input in quarantine has an episode of its own, so that its gap runs on the same rules."""
    note = given.quarantine
    if note is None:
        raise HubFault(FaultReason.POLICY_ERROR, "a quarantine input without its note")
    refused_at = note.refused_at or given.at
    event = Event(
        id=f"{note.quarantine_id}:{given.kind}:{refused_at.isoformat()}",
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
            "refused_at": refused_at,
        },
    )
    if draft.remembered(event.id) is None:
        run(draft, rule_for(draft.policy, event.type), event)
