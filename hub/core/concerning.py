"""What an event is about, and which duties its type ends (`[[withdraw]]` in a policy file)."""

from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Expectation, Obligation, Remembered
from hub.core.model import Event
from hub.core.policy import EventRule


def subject_of(draft: Draft, rule: EventRule, event: Event) -> str:
    """Which baby, conference or document an event concerns; empty for the mother."""
    return str(rule.subject(Context(draft, event, event.body)) or "") if rule.subject else ""


def ends(
    draft: Draft,
    event: Event | Remembered,
    tags: frozenset[str],
    duty: Obligation | Expectation,
) -> bool:
    """Whether an event makes a duty pointless (a loss stops all that is routine).

    An event about one baby ends only what concerns that baby (trap 8: the other goes on), unless
    with it the whole pregnancy is lost.
    """
    rule = draft.policy.events.get(event.type)
    if rule is None or not any(tags & w.tags for w in rule.withdraws):
        return False
    body = event.body if isinstance(event, Event) else unpack_body(event)
    context = Context(draft, event, body)
    about = str(rule.subject(context) or "") if rule.subject else ""
    if about and not draft.ended and duty.subject.split("/")[0] != about:
        return False
    return any(tags & w.tags and (w.when is None or w.when(context)) for w in rule.withdraws)
