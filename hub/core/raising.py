"""When an open gap becomes graver with time alone (ruling 28)."""

from datetime import datetime

from hub.core.draft import Draft
from hub.core.episode import Expectation, Gap
from hub.core.model import GapState


def next_raise(draft: Draft, gap: Gap) -> tuple[datetime, int] | None:
    """When an open gap next becomes graver, and to what severity.

    Each duty behind it counts by its own rule and its own clock: one that has joined a gap may be
    graver than the one that opened it.
    """
    if gap.state is not GapState.OPEN:
        return None
    found = (_next_raise_by(draft, gap, identity) for identity in gap.duty_ids)
    return min((raised for raised in found if raised is not None), default=None)


def _next_raise_by(draft: Draft, gap: Gap, identity: str) -> tuple[datetime, int] | None:
    """The same by one of its duties; a question that has been answered makes nothing graver."""
    asked = draft.expectations.get(identity)
    duty = asked or draft.obligations.get(identity)
    if duty is None or (asked is not None and (asked.met_at is not None or asked.withdrawn)):
        return None
    rule = draft.policy.requirements.get(duty.rule) or draft.policy.tells.get(duty.rule)
    for row in rule.raises if rule is not None else ():
        if row.severity > gap.severity:
            start = duty.started_at if isinstance(duty, Expectation) else duty.raised_at
            due = draft.due(row.at, start)
            return (due, int(row.severity)) if due is not None else None
    return None
