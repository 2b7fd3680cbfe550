"""The levels that a duty must reach, and by when."""

from datetime import datetime

from msgspec.structs import replace

from hub.core.deadlines import Span, Unit, local_date, office_acceptance
from hub.core.draft import Draft
from hub.core.episode import Milestone, Obligation
from hub.core.model import Level, NoticeReason
from hub.core.policy import TellRule
from hub.core.settings import DAY_AND_NIGHT, OFFICE_HOURS


def milestones_for(
    draft: Draft, rule: TellRule, role: str, start: datetime
) -> tuple[Milestone, ...]:
    """The levels to reach and their due times.

    An office role owes delivery within an hour deadline and acceptance by noon of its next
    working day (ground rule 1.2, service hours); the same where the day it is asked for is one on
    which it does not work (ruling on 24-hour roles).
    """
    office = keeps_office_hours(draft, role)
    found: dict[Level, datetime] = {}
    for milestone in rule.milestones:
        within = draft.span(milestone.within)
        due = draft.due(within, start)
        later = draft.due(milestone.or_by, start) if milestone.or_by is not None else None
        if due is None:
            continue
        due = max(due, later or due)
        hurried = within.unit is Unit.HOURS or _on_a_day_off(draft, within, due)
        if office and hurried and milestone.level > Level.DELIVERED:
            found.setdefault(Level.DELIVERED, due)
            due = office_acceptance(due, start, draft.policy.calendar)
        found[milestone.level] = due
    return tuple(Milestone(level=level, due_at=due) for level, due in sorted(found.items()))


def keeps_office_hours(draft: Draft, role: str) -> bool:
    """Whether a role works in office hours only: as its row says, unless this area has set it."""
    here = draft.setting
    if role in here.get(DAY_AND_NIGHT, ()):
        return False
    rule = draft.policy.roles.get(role)
    return (rule is not None and rule.office) or role in here.get(OFFICE_HOURS, ())


def _on_a_day_off(draft: Draft, within: Span, due: datetime) -> bool:
    """Whether something wanted within days would be due on a day that offices do not work."""
    in_days = within.unit is Unit.DAYS
    return in_days and not draft.policy.calendar.is_working_day(local_date(due))


def next_due(obligation: Obligation) -> datetime:
    """The next due time of an obligation, or its last when all are met."""
    waiting = [m.due_at for m in obligation.milestones if m.met_at is None]
    return min(waiting) if waiting else max(m.due_at for m in obligation.milestones)


def unproven(obligation: Obligation, still: Level = Level.OWED) -> tuple[Milestone, ...]:
    """The milestones of a duty whose evidence counts for nothing any more (ruling 21), but for a
    level that is `still` proven.

    One that had been met is owed again, and may be missed again.
    """
    return tuple(
        replace(m, met_at=None, missed=m.missed and m.met_at is None) if m.level > still else m
        for m in obligation.milestones
    )


def owed_anew(milestones: tuple[Milestone, ...], reason: NoticeReason) -> tuple[Milestone, ...]:
    """Who has acted on the original need not act again on its correction, only accept it."""
    if reason is not NoticeReason.CORRECTED:
        return milestones
    return tuple(m for m in milestones if m.level < Level.ACTED)
