"""When an open gap becomes graver with time alone (ruling 28)."""

from datetime import datetime

from hub.core.draft import Draft
from hub.core.episode import Expectation, Gap
from hub.core.model import GapState


def next_raise(draft: Draft, gap: Gap) -> tuple[datetime, int] | None:
    """When an open gap next becomes graver by its rule, and to what severity."""
    rule = draft.policy.requirements.get(gap.rule) or draft.policy.tells.get(gap.rule)
    if rule is None or not rule.raises or gap.state is not GapState.OPEN:
        return None
    identity = gap.duty_ids[0]
    duty = draft.expectations.get(identity) or draft.obligations.get(identity)
    for row in rule.raises:
        if row.severity > gap.severity and duty is not None:
            start = duty.started_at if isinstance(duty, Expectation) else duty.raised_at
            due = draft.due(row.at, start)
            return (due, int(row.severity)) if due is not None else None
    return None
