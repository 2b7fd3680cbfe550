"""What an event about a matter says of families: each that it names hears of it (ruling 16).

Supervision is reported of a member of staff, and what it answers stands in a family's record.  The
matter decides the event, and sends a copy to each family whose reference stands in the field that
its policy calls `families`; the family hears it and asks nothing of it.  A copy names that family
alone.  Most references are the supervisor's own, and nobody's here: then nothing comes of them.
"""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from hub.core.draft import Draft, unpack_body
from hub.core.episode import Remembered
from hub.core.grounds import RETRACTED
from hub.core.ids import derive
from hub.core.matters import is_matter
from hub.core.model import Event, Person
from hub.core.policy import Policy


def is_about_matter(policy: Policy, event: Event) -> bool:
    """Whether an event, or what it takes back, is about a matter and only names families."""
    rule = policy.events.get(str(event.body.get("target_type") or event.type))
    return rule is not None and rule.matter is not None


def tell(draft: Draft, event: Event) -> None:
    """Let each family that an event names hear of it."""
    for reference in _families(draft, event.type, event.body):
        draft.named.append(_copy(event, reference))


def take_back(draft: Draft, held: Remembered, because: Event) -> None:
    """Let each family that an event had named hear that it is taken back."""
    for reference in _families(draft, held.type, unpack_body(held)):
        reason = str(because.body.get("reason"))
        draft.named.append(_taken_back(held, because, because.id, reason, reference))


def tell_anew(draft: Draft, was: Remembered, corrected: Event, correction: Event) -> None:
    """Let those hear of a correction that it names and the original did not, or the other way."""
    before = _families(draft, was.type, unpack_body(was))
    now = _families(draft, corrected.type, corrected.body)
    for reference in before:
        if reference not in now:
            identity = derive("e", correction.id, was.id)
            copy = _taken_back(was, correction, identity, "entered_in_error", reference)
            draft.named.append(copy)
    for reference in now:
        if reference not in before:
            draft.named.append(_copy(corrected, reference))


def _families(draft: Draft, event_type: str, body: dict[str, Any]) -> Sequence[str]:
    """The references in the field of an event that names families, each once."""
    rule = draft.policy.events.get(event_type)
    if rule is None or rule.matter is None or not is_matter(draft.episode_id):
        return ()
    return tuple(dict.fromkeys(body.get(rule.matter.families) or ()))


def _copy(event: Event, reference: str) -> Event:
    """An event as one family hears it: no list of it may tell of another family."""
    body = {
        name: [reference] if _holds(value, reference) else [] if _is_list(value) else value
        for name, value in event.body.items()
    }
    return replace(event, subject=Person(reference=reference), body=body)


def _holds(value: object, reference: str) -> bool:
    return isinstance(value, (list, tuple)) and reference in value


def _is_list(value: object) -> bool:
    return isinstance(value, (list, tuple))


def _taken_back(
    held: Remembered, because: Event, identity: str, reason: str, reference: str
) -> Event:
    """What tells one family that an event is taken back."""
    return Event(
        id=identity,
        type=RETRACTED,
        source=because.source,
        occurred_at=because.occurred_at,
        received_at=because.received_at,
        subject=Person(reference=reference),
        actor=because.actor,
        purpose=because.purpose,
        body={"target_id": held.id, "target_type": held.type, "reason": reason},
    )
