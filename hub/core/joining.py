"""One pregnancy under two episodes: they were opened before her records were known to be hers.

Nothing is moved from one to the other, so that no duty, no notice and no gap can be lost on the
way.  Each tells the other what it remembers; from then on the identity agent gives every event to
the one that goes on, which decides it, and to the other, which hears it: what waits there is met,
withdrawn or aimed anew, and nothing more is asked for.
"""

from hub.core import corrections
from hub.core.absorb import take_surroundings
from hub.core.corrections import CORRECTED, RETRACTED
from hub.core.draft import Draft, unpack_fields
from hub.core.episode import Remembered
from hub.core.faults import FaultReason, HubFault, SenderFault
from hub.core.hearing import rule_for, run, say_recorded
from hub.core.model import Actor, Event, Input, Person

FOLLOWED = "followed"


def follow(draft: Draft, given: Input) -> None:
    """Hear an event that another episode of the same pregnancy decides."""
    event = given.event
    if event is None:
        raise HubFault(FaultReason.POLICY_ERROR, "a followed input without its event")
    take_surroundings(draft, given)
    draft.heard_at = min(event.occurred_at, draft.at)
    if draft.remembered(event.id) is not None:
        say_recorded(draft, event, "duplicate")
    elif event.type in (CORRECTED, RETRACTED):
        _follow_change(draft, event, given.replacement)
    else:
        run(draft, rule_for(draft.policy, event.type), event, how=FOLLOWED)


def _follow_change(draft: Draft, event: Event, fresh: Event | None) -> None:
    """A correction or a retraction: of something that is not remembered here it changes nothing."""
    try:
        event = corrections.meant(draft, event)
    except SenderFault:
        # The other episode, which decides it, answers for that.
        say_recorded(draft, event, FOLLOWED)
        return
    target = draft.remembered(str(event.body.get("target_id")))
    if target is None or target.retracted:
        say_recorded(draft, event, FOLLOWED)
    elif event.type == CORRECTED:
        corrections.correct(draft, event, fresh, FOLLOWED)
    else:
        run(draft, rule_for(draft.policy, RETRACTED), event, how=FOLLOWED)
        corrections.retract(draft, event)


def join(draft: Draft, given: Input) -> None:
    """Tell the other episode everything that is remembered here and still stands."""
    take_surroundings(draft, given)
    draft.shared_with = given.other
    draft.shared = [
        _as_sent(draft, remembered)
        for remembered in draft.history
        if not remembered.retracted
        and not remembered.followed
        and remembered.type not in (CORRECTED, RETRACTED)
    ]


def part(draft: Draft, given: Input) -> None:
    """Take back everything that was heard from an episode that is another woman's after all.

    What it had answered here is asked again; nobody was told anything of it from here.
    """
    take_surroundings(draft, given)
    # What a matter's event said of her was said of her by name.
    others = {
        r.id for r in draft.history if r.followed and draft.policy.events[r.type].matter is None
    }
    for remembered in [r for r in draft.history if r.id in others and not r.retracted]:
        taken_back = Event(
            id=f"{remembered.id}:parted",
            type=RETRACTED,
            source=remembered.organisation,
            occurred_at=remembered.occurred_at,
            received_at=given.at,
            subject=Person(reference=draft.episode_id),
            body={"target_id": remembered.id},
        )
        corrections.retract(draft, taken_back)
    # One by one, they might be one woman's after all, and then each may be heard anew.
    draft.history = [r for r in draft.history if r.id not in others]


def _as_sent(draft: Draft, remembered: Remembered) -> Event:
    """A remembered event, as far as it is remembered."""
    role = remembered.actor_role
    return Event(
        id=remembered.id,
        type=remembered.type,
        source=remembered.source or f"{remembered.organisation}:joined",
        occurred_at=remembered.occurred_at,
        received_at=remembered.received_at,
        subject=draft.mother or Person(reference=draft.episode_id),
        actor=Actor(role=role, org=remembered.organisation) if role else None,
        labels=remembered.labels,
        body=unpack_fields(remembered.body),
    )
