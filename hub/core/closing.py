"""Which gaps are over: what a gap waits for closes it, and nothing else does."""

from datetime import datetime

from hub.core.draft import Draft
from hub.core.episode import Gap, Obligation
from hub.core.exposing import UNSAFE, UNSAFE_DISCLOSURE
from hub.core.gaps import OVERDUE, UNREACHABLE, close
from hub.core.lifecycle import ENDED
from hub.core.model import GapState, Level


def _obligation_done(draft: Draft, gap: Gap, obligation: Obligation) -> bool:
    """Whether the part of an obligation that a gap is about has been done, or has ended."""
    if obligation.state in ENDED:
        return True
    if gap.code == UNSAFE_DISCLOSURE:
        return obligation.doubt != UNSAFE
    if gap.code == UNREACHABLE and _waits_for_opening(draft, obligation):
        needed = min(Level.OPENED, max(m.level for m in obligation.milestones))
        return bool(obligation.organisation) and obligation.level >= needed
    # An overdue notice is put right by what was missed; other gaps wait for the whole duty.
    whole = gap.code != OVERDUE
    for milestone in obligation.milestones:
        if milestone.met_at is None and (whole or milestone.missed):
            return False
    return True


def _waits_for_opening(draft: Draft, obligation: Obligation) -> bool:
    """Whether G60 says of a duty only that nobody could be reached.

    Where a rule has no other gap, this one also says that its duty is late: then it waits for the
    whole of it (a recall must be accepted, not only opened).
    """
    rule = draft.policy.tells.get(obligation.rule)
    return rule is None or rule.gap != UNREACHABLE


def _all_done(draft: Draft, gap: Gap) -> bool:
    """Whether every duty behind a gap is done, or has ended."""
    for identity in gap.duty_ids:
        obligation = draft.obligations.get(identity)
        if obligation is not None:
            if not _obligation_done(draft, gap, obligation):
                return False
            continue
        expectation = draft.expectations.get(identity)
        if expectation is not None and expectation.met_at is None and not expectation.withdrawn:
            return False
    return True


def _done_at(draft: Draft, gap: Gap, identity: str) -> datetime | None:
    """When a duty that is done was done; None for one that merely ended."""
    obligation = draft.obligations.get(identity)
    if obligation is not None:
        if obligation.state in ENDED:
            return None
        reached = gap.code == UNREACHABLE and _waits_for_opening(draft, obligation)
        if reached or gap.code == UNSAFE_DISCLOSURE:
            return draft.at
        owed = [m for m in obligation.milestones if m.missed or gap.code != OVERDUE]
        return max((m.met_at for m in owed if m.met_at), default=None)
    expectation = draft.expectations.get(identity)
    return None if expectation is None or expectation.withdrawn else expectation.met_at


def close_done(draft: Draft) -> None:
    """Close every open gap whose duties are all done."""
    changed = draft.changed
    for gap_id in list(draft.gaps):
        gap = draft.gaps[gap_id]  # Closing one gap may have closed another.
        if draft.reckoned and gap_id not in changed and changed.isdisjoint(gap.duty_ids):
            continue  # The last decision left it open, and nothing behind it has moved since.
        stands = gap.state is GapState.OPEN
        if stands and _all_done(draft, gap) and _clears(draft, gap):
            _close_done(draft, gap)


def _clears(draft: Draft, gap: Gap) -> bool:
    """Whether what was done can close a gap: what went out after a loss cannot be unsent (G49).

    An appointment that was left standing is another thing under the same code: its own rule waits
    for it, and it is over when the diary is empty.  And where there was no loss after all there is
    nothing to review: the question itself is withdrawn (ruling 26).
    """
    asked = [draft.expectations.get(identity) for identity in gap.duty_ids]
    if all(question is not None and question.withdrawn for question in asked):
        return True
    rule = draft.policy.tells.get(gap.rule)
    waited_for = rule is not None and rule.gap == gap.code
    return draft.policy.gaps[gap.code].clears or waited_for


def _close_done(draft: Draft, gap: Gap) -> None:
    """Close a gap as its duties were done: in time, late, or not at all because they ended."""
    found = [_done_at(draft, gap, identity) for identity in gap.duty_ids]
    times = [at for at in found if at is not None]
    if not times:
        close(draft, gap, GapState.WITHDRAWN, draft.at, "duty_ended")
        return
    at = max(times)
    late = at > gap.due_at or _at_once(draft, gap) or _missed(draft, gap)
    state = GapState.CLEARED_LATE if late else GapState.CLEARED
    close(draft, gap, state, max(at, gap.opened_at), "duty_met")


def _at_once(draft: Draft, gap: Gap) -> bool:
    """Whether a gap opened the moment its ground was known, so that it can only clear late."""
    rule = draft.policy.requirements.get(gap.rule)
    if rule is not None:
        return rule.at_once
    return gap.opened_at <= gap.due_at and gap.code == UNREACHABLE


def _missed(draft: Draft, gap: Gap) -> bool:
    """Whether any part of the duty was late by its own clock (ruling 27)."""
    for identity in gap.duty_ids:
        obligation = draft.obligations.get(identity)
        if obligation is not None:
            times = [(m.met_at, m.due_at) for m in obligation.milestones]
        else:
            expectation = draft.expectations[identity]
            times = [(expectation.met_at, expectation.due_at or gap.due_at)]
        if any(met_at is not None and met_at > due_at for met_at, due_at in times):
            return True
    return False
