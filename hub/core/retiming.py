"""Due times: of a question, and of notices after a correction, a new due date, a birth."""

from datetime import datetime, timedelta

from msgspec.structs import replace

from hub.core.deadlines import Span, Unit, clock_start
from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Obligation, Remembered
from hub.core.lifecycle import ENDED
from hub.core.milestones import milestones_for
from hub.core.model import Event
from hub.core.policy import Requirement, TellRule


def due_of(
    draft: Draft, rule: Requirement, trigger: Event | Remembered, start: datetime
) -> datetime | None:
    """When a question falls due: by a span, by the time or days that a rule reckons, or at once."""
    if rule.every is None and rule.days is None:
        return draft.due(rule.by, start) if rule.by is not None else trigger.occurred_at
    body = trigger.body if isinstance(trigger, Event) else unpack_body(trigger)
    context = Context(draft, trigger, body)
    if rule.days is not None:
        limit = draft.span(rule.by) if rule.by is not None else None
        return draft.due(Span(Unit.DAYS, int(rule.days(context)), limit=limit), start)
    minutes = rule.every(context) if rule.every is not None else None
    return None if minutes is None else start + timedelta(minutes=int(minutes) * rule.times)


def re_time(draft: Draft, rule: TellRule, obligation: Obligation, corrected: Event) -> Obligation:
    """Due times worked out again from a corrected event; what was met or missed stays so."""
    start = clock_start(corrected.body, rule.counted_from, corrected.occurred_at)
    return _re_timed(draft, rule, obligation, start)


def _re_timed(draft: Draft, rule: TellRule, obligation: Obligation, start: datetime) -> Obligation:
    fresh = {m.level: m.due_at for m in milestones_for(draft, rule, obligation.role, start)}
    return replace(
        obligation,
        milestones=tuple(
            m if m.met_at or m.missed else replace(m, due_at=fresh.get(m.level, m.due_at))
            for m in obligation.milestones
        ),
    )


def recompute(draft: Draft) -> None:
    """After a new due date or a birth: work the deadlines out again that rest on it (`or_by`)."""
    for obligation in list(draft.obligations.values()):
        rule = draft.policy.tells.get(obligation.rule)
        trigger = draft.remembered(obligation.trigger)
        if rule is None or trigger is None or obligation.state in ENDED:
            continue
        if not any(m.or_by is not None for m in rule.milestones):
            continue
        start = clock_start(unpack_body(trigger), rule.counted_from, trigger.occurred_at)
        draft.put_obligation(_re_timed(draft, rule, obligation, start))
