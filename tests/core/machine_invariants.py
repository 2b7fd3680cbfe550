"""What always holds of an episode, whatever it has been told: worked out here in another way."""

from collections.abc import Iterator
from datetime import datetime

from hub.core.deadlines import due_after
from hub.core.episode import Episode, Gap
from hub.core.lifecycle import ENDED
from hub.core.model import GapState
from hub.core.settings import span_in
from tests.core.stage import looked_at, policy

NEVER_CLEARED = {"G49"}


def check_that_each_duty_is_met_ended_or_seen(episode: Episode, start: datetime) -> None:
    """Once its time has come, a duty that is not done stands behind an open gap."""
    at = episode.at or start
    seen = {i for g in episode.gaps if g.state is GapState.OPEN for i in g.duty_ids}
    for duty in episode.obligations:
        overdue = [m for m in duty.milestones if m.met_at is None and m.due_at <= at]
        assert duty.state in ENDED or not overdue or duty.obligation_id in seen, duty
        nobody = not duty.organisation and duty.state not in ENDED
        assert not nobody or duty.obligation_id in seen, duty
    for question in episode.expectations:
        running = question.met_at is None and not question.withdrawn
        due = running and question.due_at is not None and question.due_at <= at
        assert not due or question.expectation_id in seen, question


def check_that_each_open_gap_waits(episode: Episode) -> None:
    """No gap stays open when everything behind it is done."""
    for gap in episode.gaps:
        if gap.state is GapState.OPEN and gap.code not in NEVER_CLEARED:
            assert any(_waits(episode, gap, identity) for identity in gap.duty_ids), gap


def _waits(episode: Episode, gap: Gap, identity: str) -> bool:
    """Whether a duty behind a gap is still to be done."""
    for duty in episode.obligations:
        if duty.obligation_id == identity:
            unmet = any(m.met_at is None for m in duty.milestones)
            return duty.state not in ENDED and (unmet or gap.code == "G60")
    question = next(e for e in episode.expectations if e.expectation_id == identity)
    return question.met_at is None and not question.withdrawn


def check_the_next_wake(episode: Episode, start: datetime) -> None:
    """The earliest of what is to come, and always in the future."""
    times = list(_coming(episode))
    wake = episode.next_wake
    assert (min(times) if times else None) == wake
    assert wake is None or wake > (episode.at or start)


def _coming(episode: Episode) -> Iterator[datetime]:
    """Every time at which something will fall due, of duties, questions and ladders."""
    for duty in episode.obligations:
        if duty.state not in ENDED:
            yield from (m.due_at for m in duty.milestones if m.met_at is None and not m.missed)
    yield from looked_at(episode)
    for question in episode.expectations:
        open_still = question.met_at is None and not question.withdrawn and not question.gap_id
        if open_still and question.due_at is not None:
            yield question.due_at
    for gap in episode.gaps:
        if gap.state is GapState.OPEN:
            yield from _climbing(episode, gap)


def _climbing(episode: Episode, gap: Gap) -> Iterator[datetime]:
    """The time of a gap's next rung, and of its next rise."""
    rungs = policy().ladders.get(gap.ladder, ())
    if gap.rung < len(rungs):
        start = gap.raised_at or gap.opened_at
        if (rung := due_after(rungs[gap.rung].after, start, policy().calendar)) is not None:
            yield rung
    requirement = policy().requirements.get(gap.rule)
    if requirement is not None:
        question = next(e for e in episode.expectations if e.gap_id == gap.gap_id)
        graver = [r for r in requirement.raises if r.severity > gap.severity]
        edd = episode.edd and datetime.fromisoformat(episode.edd).date()
        if graver:
            at = span_in(episode.area, graver[0].at)
            due = due_after(at, question.started_at, policy().calendar, edd=edd or None)
            if due is not None:
                yield due
