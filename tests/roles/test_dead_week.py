"""A destination is dead for a week: nobody else notices, nothing is lost, and all is seen."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from hub.core.model import GapState
from hub.store import tables as t
from hub.store.engine import reading
from hub.store.incidents import held, incidents
from tests.roles.dead_week import ALIVE, DEAD, FACTOR, START, WEEK, Week, week

pytestmark = pytest.mark.stack

EVERY = timedelta(hours=7)
HOOK = f"webhook:{DEAD}"
SLACK_SECONDS = 10.0
"""What a busy machine takes for a booking, its decision and a post: the dead one fails for 60."""


@pytest.fixture(scope="module")
def dead(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    """A hub in the first minute of its week."""
    with week(tmp_path_factory.mktemp("week")) as made:
        yield made


def test_a_destination_dead_for_a_week(dead: Week) -> None:
    """One story, in the order in which it happens."""
    _the_week_passes(dead)
    _others_were_not_delayed(dead)
    _one_incident_with_all_its_children(dead)
    missed = _gaps_opened_at_their_deadlines(dead)
    dead.places[DEAD].come_back()
    _all_arrives_in_the_order_it_was_made(dead)
    _each_had_one_effect(dead)
    _the_gaps_are_cleared_late(dead, missed)


def _the_week_passes(dead: Week) -> None:
    at = START
    while at < START + WEEK:
        dead.sleep_until(at)
        dead.book()
        dead.accept(ALIVE)
        at += EVERY
    dead.sleep_until(START + WEEK)
    assert not dead.places[DEAD].arrived


def _others_were_not_delayed(dead: Week) -> None:
    """Each notice of the other practice arrived while the first one's waited."""
    theirs = f"webhook:{ALIVE}"
    dead.until(
        lambda: len(dead.places[ALIVE].arrived) >= dead.booked,
        "the notices of the practice that answers",
    )
    first = [
        row for row in dead.rows(t.attempts, t.attempts.c.destination_id == theirs) if row.n == 1
    ]
    made = {row.notice_id: row.issued_at for row in dead.rows(t.notices)}
    waits = [(row.at - made[row.notice_id]).total_seconds() / FACTOR for row in first]
    assert max(waits) < SLACK_SECONDS
    assert {"delivered"} == {row.result for row in first}
    assert not [gap for gap in _gaps(dead) if gap.organisation == ALIVE], (
        "whoever is told in time has no gap"
    )


def _one_incident_with_all_its_children(dead: Week) -> None:
    pending = dead.rows(t.outbox, t.outbox.c.state == "pending")
    now = dead.clock.now()
    with reading(dead.engine) as conn:
        (one,) = incidents(conn, now)
        children = held(conn, HOOK, now, 10_000)
    assert {HOOK} == {row.destination_id for row in pending}
    assert len(pending) >= dead.booked
    assert (HOOK, "webhook", "unreachable", 0) == (
        one.destination_id,
        one.channel,
        one.reason,
        one.came_back,
    )
    assert one.waiting >= len(pending)
    assert one.waiting <= len(children)
    assert {row.notice_id for row in pending} <= {child.notice_id for child in children}
    times = [child.created_at for child in children]
    assert sorted(times) == times, "the oldest first"


def _gaps(dead: Week) -> list[sa.Row[tuple[object, ...]]]:
    return dead.rows(t.gaps, t.gaps.c.code == "G01")


def _gaps_opened_at_their_deadlines(dead: Week) -> set[str]:
    """Of each booking whose two working days were over by Friday evening; their episodes."""
    now = dead.clock.now()
    mine = sa.and_(
        t.notices.c.organisation == DEAD,
        t.notices.c.rule == "P02.gp",
        t.notices.c.reason == "first",
    )
    due = {row.episode_id: row.due_at for row in dead.rows(t.notices, mine)}
    assert dead.booked == len(due)
    missed = {episode: at for episode, at in due.items() if at <= now - timedelta(hours=12)}
    assert missed
    opened = {gap.episode_id: gap for gap in _gaps(dead) if gap.organisation == DEAD}
    assert missed == {episode: opened[episode].due_at for episode in missed}
    assert missed == {episode: opened[episode].opened_at for episode in missed}
    return set(missed)


def _all_arrives_in_the_order_it_was_made(dead: Week) -> None:
    """The oldest first, and whatever was decided meanwhile behind it."""
    here = t.outbox.c.destination_id == HOOK
    dead.until(
        lambda: not dead.rows(t.outbox, here, t.outbox.c.state == "pending"),
        "what waited for the practice",
    )
    assert not dead.rows(t.outbox, here, t.outbox.c.state == "exhausted")
    rows = dead.rows(t.outbox, here, t.outbox.c.state == "delivered")
    made = sorted(rows, key=lambda row: (row.created_at, row.notice_id))
    known = {row.notice_id for row in rows}
    # More may be decided, and arrive, while this looks: the week goes on.
    arrived = [each for each in list(dead.places[DEAD].arrived) if each in known]
    assert [row.notice_id for row in made] == arrived
    assert len(arrived) >= dead.booked
    _nothing_overtook_in_a_family(dead, arrived)


def _nothing_overtook_in_a_family(dead: Week, arrived: list[str]) -> None:
    """By the numbers of the decisions, and not by the order in which the outbox has them."""
    numbers: dict[tuple[str, str], list[int]] = {}
    rows = {row.notice_id: row for row in dead.rows(t.notices)}
    for each in arrived:
        row = rows[each]
        numbers.setdefault((row.episode_id, row.role), []).append(row.seq)
    assert all(seqs == sorted(seqs) for seqs in numbers.values())
    assert max(map(len, numbers.values())) > 1, "otherwise the order in a family says nothing"


def _each_had_one_effect(dead: Week) -> None:
    """One post that was answered, and one delivery in the core, however often it was tried."""
    effects = Counter(notice for notice, _ in dead.places[DEAD].answered)
    assert set(dead.places[DEAD].arrived) == set(effects)
    assert {1} == set(effects.values())

    def delivered() -> Counter[str]:
        proofs = sa.and_(t.levels.c.organisation == DEAD, t.levels.c.signal == "delivered")
        return Counter(row.notice_id for row in dead.rows(t.levels, proofs))

    arrived = set(dead.places[DEAD].arrived)
    dead.until(lambda: arrived <= set(delivered()), "the receipts of what was delivered")
    assert {1} == set(delivered().values())


def _the_gaps_are_cleared_late(dead: Week, missed: set[str]) -> None:
    dead.accept(DEAD)

    def states() -> set[str]:
        return {gap.state for gap in _gaps(dead) if gap.episode_id in missed}

    dead.until(lambda: states() == {GapState.CLEARED_LATE}, "the gaps cleared late")
