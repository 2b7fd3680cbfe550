"""What an episode waits for, and which of it comes first.

An episode in trouble has many duties and gaps, and most inputs (a receipt, above all) touch one
duty.  So the wake that the last decision worked out is taken at its word where only duties have
changed since, and none of them was what came first.  Otherwise everything is looked at once, and
after that only what the decision has changed.
"""

from datetime import datetime
from enum import IntEnum

from hub.core import ladders, matters, raising, requirements
from hub.core.draft import Draft
from hub.core.episode import Episode, Expectation, Gap, Obligation
from hub.core.lifecycle import ENDED
from hub.core.model import GapState
from hub.core.reaching import waits_to_be_read

type_of_wait = tuple[datetime, int, str, str]
"""The time, the kind, what it is about and the id of what waits; their order is the order in which
things happen.  Ids hang on the secret of a hub, so of what falls due together it is not they that
say which comes first."""


TEAM = ""
"""The id under which the team waits; nothing else has an empty one."""


class Falling(IntEnum):
    """Kinds of thing that fall due, in the order in which they happen at one instant."""

    HOLDERS = -1
    NOBODY = 0
    LEVEL = 1
    UNREAD = 2
    QUESTION = 3
    GRAVER = 4
    RUNG = 5


def first_due(draft: Draft, until: datetime, *, inclusive: bool) -> type_of_wait | None:
    """What falls due first of all that is due before `until`, or by it when `inclusive`."""
    known, soonest = _from_last_wake(draft)
    if not known:
        first = _first_waiting(draft)
        soonest = first[0] if first else None
    if soonest is None or soonest > until or (soonest == until and not inclusive):
        return None
    return _first_waiting(draft)


def next_wake(draft: Draft) -> datetime | None:
    """When the episode next wants to be told the time."""
    known, soonest = _from_last_wake(draft)
    if known:
        return soonest
    first = _first_waiting(draft)
    soonest = first[0] if first else None
    if matters.is_matter(draft.episode_id):
        look = matters.next_look(draft)
        return min(filter(None, (soonest, look)), default=None)
    return soonest


def _from_last_wake(draft: Draft) -> tuple[bool, datetime | None]:
    """The next wake as it follows from the last one; False where it does not.

    What has not changed waits no less than it did; so unless something that came first has
    changed, the next wake is the last one, or that of a changed duty where it comes sooner.
    """
    start, changed = draft.start, draft.changed
    if matters.is_matter(draft.episode_id):
        return False, None  # Its wake may be a mere look, at which nothing falls due.
    if draft.waits.dates or not draft.reckoned or _dates(draft) != _dates(start):
        return False, None
    if draft.team is not start.team and draft.team != start.team:
        return False, None
    soonest = start.next_wake
    if not changed:
        return True, soonest
    if not changed <= draft.before.keys():
        return False, None
    for identity, before in draft.before.items():
        was = None if before is None else _obligation(before)
        if was is not None and was[0] == start.next_wake:
            return False, None
        wait = _obligation(draft.obligations[identity])
        if wait is not None and (soonest is None or wait[0] < soonest):
            soonest = wait[0]
    return True, soonest


def _dates(known: Draft | Episode) -> tuple[object, ...]:
    """The dates and the area by which a gap may become graver: a new one moves all such times."""
    return (known.area, known.edd, *[baby.born_at for baby in known.babies])


def _first_waiting(draft: Draft) -> type_of_wait | None:
    """What of a draft falls due first, or None when nothing waits."""
    dates = _dates(draft)
    if draft.waits.team is not draft.team:
        draft.waits.team = draft.team
        draft.waits.stale.add(TEAM)
    if draft.waits.dates != dates:
        draft.waits.dates = dates
        _look_at_all(draft)
    elif draft.waits.stale:
        _look_at_stale(draft)
    return draft.waits.first


def _look_at_all(draft: Draft) -> None:
    found = [_obligation(one) for one in draft.obligations.values()]
    found += [_expectation(one) for one in draft.expectations.values()]
    found += [_gap(draft, one) for one in draft.gaps.values()]
    found.append(_team(draft))
    draft.waits.by_id = {wait[-1]: wait for wait in found if wait is not None}
    _looked(draft)


def _look_at_stale(draft: Draft) -> None:
    by_id = draft.waits.by_id
    for identity in draft.waits.stale:
        wait = _wait_of(draft, identity)
        if wait is None:
            by_id.pop(identity, None)
        else:
            by_id[identity] = wait
    _looked(draft)


def _looked(draft: Draft) -> None:
    draft.waits.stale.clear()
    draft.waits.first = min(draft.waits.by_id.values(), default=None)


def _wait_of(draft: Draft, identity: str) -> type_of_wait | None:
    """When one duty, question or gap next has something happen to it."""
    if identity == TEAM:
        return _team(draft)
    obligation = draft.obligations.get(identity)
    if obligation is not None:
        return _obligation(obligation)
    expectation = draft.expectations.get(identity)
    if expectation is not None:
        return _expectation(expectation)
    return _gap(draft, draft.gaps[identity])


def _team(draft: Draft) -> type_of_wait | None:
    """Somebody's period in a role begins or ends: open duties then turn to who holds it."""
    looked_at = draft.turned_at
    times = [
        time
        for holder in draft.team
        for time in (holder.since, holder.until)
        if time is not None and time > looked_at
    ]
    return (min(times), Falling.HOLDERS, TEAM, TEAM) if times else None


def _obligation(obligation: Obligation) -> type_of_wait | None:
    """A duty waits for a holder, for its levels, and to be read."""
    if obligation.state in ENDED:
        return None
    first = None
    for milestone in obligation.milestones:
        owed = milestone.met_at is None and not milestone.missed
        if owed and (first is None or milestone.due_at < first):
            first = milestone.due_at
    in_doubt = not obligation.organisation or obligation.doubt
    if in_doubt and obligation.gap_id is None and (first is None or obligation.raised_at <= first):
        return obligation.raised_at, Falling.NOBODY, *_named(obligation)
    look = waits_to_be_read(obligation)
    if look is not None and (first is None or look < first):
        return look, Falling.UNREAD, *_named(obligation)
    return None if first is None else (first, Falling.LEVEL, *_named(obligation))


def _named(duty: Obligation) -> tuple[str, str]:
    """What a duty is about, in words that are the same on every hub; and its id."""
    words = (duty.rule, duty.subject, duty.role, duty.organisation)
    return "\x1f".join(words), duty.obligation_id


def _expectation(expectation: Expectation) -> type_of_wait | None:
    """A question waits for its answer until it has its gap."""
    if expectation.due_at is None or expectation.gap_id is not None:
        return None
    asked = requirements.running(expectation)
    words = (expectation.rule, expectation.subject, expectation.role, expectation.organisation)
    about = "\x1f".join(words)
    return (
        (expectation.due_at, Falling.QUESTION, about, expectation.expectation_id) if asked else None
    )


def _gap(draft: Draft, gap: Gap) -> type_of_wait | None:
    """An open gap may become graver, and climbs its ladder."""
    if gap.state is not GapState.OPEN:
        return None
    raised = raising.next_raise(draft, gap)
    rung = ladders.next_rung(draft, gap)
    about = f"{gap.code}\x1f{gap.subject}\x1f{gap.role}\x1f{gap.organisation}"
    if raised is not None and (rung is None or raised[0] <= rung[0]):
        return raised[0], Falling.GRAVER, about, gap.gap_id
    return None if rung is None else (rung[0], Falling.RUNG, about, gap.gap_id)
