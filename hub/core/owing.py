"""Who owes what is waited for, after a family has changed practice, team or provider.

A question that was asked of whoever held a post around her is owed by whoever holds it now, with a
working day at least (ruling 6): who is no longer responsible can neither do it nor answer for it
(ruling 21).  A gap that is open by then stays open, for what was missed was missed; its owner and
its ladder begin anew where she is.  What was asked of who reported, or referred, stays hers.
"""

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from hub.core import gaps, requirements
from hub.core.apart import held_around
from hub.core.draft import Draft
from hub.core.episode import Expectation
from hub.core.holding import TEAM_OF, in_force
from hub.core.model import GapState, Holder


def ask_present_holders(draft: Draft, not_before: datetime | None) -> None:
    """Turn every open question whose post is held elsewhere since this input to who holds it."""
    if _same_holders(draft):
        return
    for question in list(draft.expectations.values()):
        rule = draft.policy.requirements.get(question.rule)
        if rule is None or not rule.follows or not requirements.running(question):
            continue
        holder = _moved_to(draft, question)
        if holder is not None:
            _turn(draft, question, holder.organisation, not_before)


def _same_holders(draft: Draft) -> bool:
    """Whether nobody has come or gone since the last input, by an answer of the directory or by
    time alone.
    """
    start = draft.start
    if (draft.team, draft.elsewhere) != (start.team, start.elsewhere):
        return False
    before = start.at or draft.moment
    return all(in_force(h, before) == in_force(h, draft.moment) for h in draft.team)


def _moved_to(draft: Draft, question: Expectation) -> Holder | None:
    """Who holds the post of a question now, where it was asked of who has held it since the last
    input, and holds it no longer.
    """
    start, now = draft.start, _held(draft, question, draft.team, draft.elsewhere, draft.moment)
    if now is None or now.organisation == question.organisation:
        return None
    since = start.at or draft.moment
    before = [_held(draft, question, start.team, start.elsewhere, since)]
    # A hub that was down looks only now at several who came and went.
    turns = {t for h in draft.team for t in (h.since, h.until) if t and since < t < draft.moment}
    before += [_held(draft, question, draft.team, draft.elsewhere, at) for at in turns]
    had = {holder.organisation for holder in before if holder is not None}
    return now if question.organisation in had else None


def _held(
    draft: Draft,
    question: Expectation,
    team: Iterable[Holder],
    elsewhere: Iterable[Holder],
    at: datetime,
) -> Holder | None:
    """Who holds the post of a question; its team, while nobody is named."""
    for role in dict.fromkeys((question.role, TEAM_OF.get(question.role, question.role))):
        found = held_around(role, question.subject, team, elsewhere, draft.left, at)
        if found is not None:
            return found
    return None


def _turn(
    draft: Draft, question: Expectation, organisation: str, not_before: datetime | None
) -> None:
    """Ask the present holder, and pass the gap on that is open by then."""
    turned = replace(question, organisation=organisation)
    gap = draft.gaps.get(question.gap_id or "")
    if gap is not None and gap.state is GapState.OPEN:
        draft.put_expectation(turned)
        gaps.pass_on(draft, gap, turned)
    else:
        turned = replace(turned, due_at=_due(draft, turned, not_before))
        draft.put_expectation(turned)
        requirements.say_raised(draft, turned)


def _due(draft: Draft, question: Expectation, not_before: datetime | None) -> datetime | None:
    """When it is due now: a working day after the change at the soonest (ruling 6).

    A deadline of the pregnancy or of the baby's age is worked out again, and never put off.
    """
    by = draft.policy.requirements[question.rule].by
    if not_before is None or question.due_at is None or by is None:
        return question.due_at
    if draft.span(by).counts_on(*requirements.MOVING):
        return question.due_at
    return max(question.due_at, not_before)
