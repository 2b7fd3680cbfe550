"""The questions of the pages."""

import time
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from hub.core.model import Level, NoticeReason, Purpose, Severity, Signal
from hub.store import read_model as read
from hub.store import tables as t
from hub.store.engine import reading, writing
from hub.store.projector import apply_decision
from hub.store.quarantine import apply_quarantine
from hub.store.read_lines import WorklistLine
from tests.store.records import (
    EPISODE,
    GP,
    HOUR,
    HV,
    T0,
    decision,
    every_outcome,
    gap_opened,
    issued,
    met,
    quarantined,
    raised,
    reached,
    recorded,
)

ROLES = ("GP_PRACTICE", "GP_SG_LEAD")
NOW = T0 + 12 * HOUR


def fill(conn: Connection) -> None:
    """Four notices for the practice in an order of their own, and one for somebody else."""
    late = T0 + HOUR
    apply_decision(conn, decision(1, recorded(), raised(), issued("n-care")))
    apply_decision(conn, decision(2, raised("o-2"), issued("n-late", "o-2", due_at=late)))
    safe = issued("n-safe", "o-3", purpose=Purpose.SAFEGUARDING, role="GP_SG_LEAD", person="P-7")
    apply_decision(conn, decision(3, raised("o-3"), safe))
    grave = gap_opened("g-4", severity=Severity.IMMEDIATE, duty_ids=("o-4",))
    apply_decision(conn, decision(4, raised("o-4"), issued("n-gap", "o-4"), grave))
    apply_decision(conn, decision(5, raised("o-5"), issued("n-hv", "o-5", organisation=HV)))


def shown(conn: Connection, **more: object) -> list[WorklistLine]:
    """The practice's worklist."""
    asked: dict[str, object] = {"organisation": GP, "roles": ROLES, "person": "P-7", "now": NOW}
    return list(read.worklist(conn, **(asked | more)))


def ids(lines: list[WorklistLine]) -> list[str]:
    """The notices of some lines."""
    return [line.notice_id for line in lines]


def test_the_worklist_is_ordered_by_gravity_and_then_by_due_time(engine: Engine) -> None:
    """An immediate gap first, then safeguarding, then the rest by due time; nobody else's."""
    with writing(engine) as conn:
        fill(conn)
        assert ["n-gap", "n-safe", "n-late", "n-care"] == ids(shown(conn))


def test_a_line_says_what_the_page_shows(engine: Engine) -> None:
    """Severity, lateness and the mother's name stand on the line."""
    with writing(engine) as conn:
        fill(conn)
        gap, _, late, _ = shown(conn)
    assert (Severity.IMMEDIATE, False) == (gap.severity, gap.overdue)
    assert (None, True) == (late.severity, late.overdue)


def test_only_the_roles_asked_for_are_listed(engine: Engine) -> None:
    """A receptionist does not see the safeguarding lead's notices; no role sees nothing."""
    with writing(engine) as conn:
        fill(conn)
        assert ["n-safe"] == ids(shown(conn, roles=["GP_SG_LEAD"]))
        assert [] == ids(shown(conn, roles=[]))


def test_pages_of_the_worklist_join_without_loss(engine: Engine) -> None:
    """Pages of one line each give the same lines as one page of four."""
    with writing(engine) as conn:
        fill(conn)
        pages = [ids(shown(conn, limit=1, offset=n)) for n in range(5)]
    assert [["n-gap"], ["n-safe"], ["n-late"], ["n-care"], []] == pages


def test_mine_are_those_addressed_to_me_or_taken_by_me(engine: Engine) -> None:
    """Taking a notice adds it to mine; the taking runs out."""
    with writing(engine) as conn:
        fill(conn)
        assert ["n-safe"] == ids(shown(conn, state="mine"))
        assert read.take(conn, notice_id="n-care", person="P-7", now=NOW, until=NOW + HOUR)
        assert ["n-safe", "n-care"] == ids(shown(conn, state="mine"))
        assert ["n-safe"] == ids(shown(conn, state="mine", now=NOW + HOUR))


def test_a_notice_is_taken_by_one_at_a_time(engine: Engine) -> None:
    """A second person waits until it is given back or has run out."""
    with writing(engine) as conn:
        fill(conn)
        assert read.take(conn, notice_id="n-care", person="P-7", now=NOW, until=NOW + HOUR)
        assert not read.take(conn, notice_id="n-care", person="P-8", now=NOW, until=NOW + HOUR)
        assert ["P-7"] == [x.taken_by for x in shown(conn) if x.notice_id == "n-care"]
        assert read.take(
            conn, notice_id="n-care", person="P-8", now=NOW + HOUR, until=NOW + 2 * HOUR
        )
        assert not read.untake(conn, notice_id="n-care", person="P-7")
        assert read.untake(conn, notice_id="n-care", person="P-8")
        assert [None] == [x.taken_by for x in shown(conn) if x.notice_id == "n-care"]


def test_the_counts_are_those_of_the_lists(engine: Engine) -> None:
    """Open, overdue, mine and done."""
    with writing(engine) as conn:
        fill(conn)
        apply_decision(conn, decision(6, reached(Signal.ACCEPTED, "n-care"), met()))
        counts = read.worklist_counts(conn, organisation=GP, roles=ROLES, person="P-7", now=NOW)
        assert ["n-care"] == ids(shown(conn, state="done"))
    assert (3, 1, 1, 1, 0) == (
        counts.open,
        counts.overdue,
        counts.mine,
        counts.done,
        counts.withdrawn,
    )


def test_the_gap_board_shows_the_gravest_and_then_the_oldest(engine: Engine) -> None:
    """Closed gaps are left out unless asked for; an organisation sees its own."""
    old, new = T0 - 48 * HOUR, T0 - 2 * HOUR
    with writing(engine) as conn:
        apply_decision(conn, decision(1, *every_outcome()))
        for n, (gap_id, severity, due) in enumerate(
            [
                ("g-new", Severity.ATTENTION, new),
                ("g-old", Severity.ATTENTION, old),
                ("g-now", Severity.IMMEDIATE, new),
            ],
            start=2,
        ):
            opened = gap_opened(gap_id, severity=severity, due_at=due)
            apply_decision(conn, decision(n, opened))
        apply_decision(conn, decision(5, gap_opened("g-hv", organisation=HV)))
        board = read.gap_board(conn, organisation=GP)
        assert ["g-now", "g-old", "g-new"] == [gap.gap_id for gap in board]
        assert 5 == len(read.gap_board(conn, state=None))
        assert None is read.gap(conn, "g-unknown")


def test_coverage_says_who_was_told_of_an_event_and_who_was_not(engine: Engine) -> None:
    """The one who accepted, with the time; the one who did not, with the open gap's reason."""
    second = raised("o-2", role="HEALTH_VISITOR", organisation=HV)
    with writing(engine) as conn:
        notices = (issued(), issued("n-2", "o-2", role="HEALTH_VISITOR", organisation=HV))
        apply_decision(conn, decision(1, recorded(), raised(), second, *notices))
        apply_decision(conn, decision(2, reached(Signal.DELIVERED, reached_at=T0)))
        apply_decision(conn, decision(3, reached(Signal.ACCEPTED), met()))
        apply_decision(conn, decision(4, gap_opened("g-2", duty_ids=("o-2",))))
        told, untold = read.event_coverage(conn, "e-1")
        assert () == read.event_coverage(conn, "e-unknown")
        assert (True, False) == (read.decided_event(conn, "e-1"), read.decided_event(conn, "e-2"))
    assert (Level.ACCEPTED, T0 + HOUR, True, None) == (
        told.level,
        told.reached_at,
        told.met,
        told.why_not,
    )
    assert ("HEALTH_VISITOR", Level.OWED, "g-2") == (untold.role, untold.level, untold.gap_id)
    assert "The practice has not accepted the booking." == untold.why_not


def test_an_unmet_duty_without_a_gap_says_how_far_it_got(engine: Engine) -> None:
    """Before the deadline there is no gap, and 'delivered' is not 'accepted'."""
    with writing(engine) as conn:
        apply_decision(conn, decision(1, recorded(), raised(), issued()))
        apply_decision(conn, decision(2, reached(Signal.DELIVERED)))
        (line,) = read.event_coverage(conn, "e-1")
    assert "delivered, not yet accepted" == line.why_not


def test_the_timeline_is_whole_and_in_order(engine: Engine) -> None:
    """Everything that happened, oldest first, causes before effects."""
    with writing(engine) as conn:
        apply_decision(conn, decision(1, *every_outcome()))
        timeline = read.episode_timeline(conn, EPISODE)
        assert None is read.episode_timeline(conn, "ep-unknown")
    assert timeline is not None
    kinds = [entry.kind for entry in timeline.entries]
    expected = ["event", "notice", "ended", "level", "met", "expectation_ended"]
    assert [*expected, "gap", "escalated", "gap_closed"] == kinds
    assert (1, 1) == (len(timeline.obligations), len(timeline.gaps))


def test_the_gauges_count_what_is_open(engine: Engine) -> None:
    """Open gaps by code and severity, the most overdue notice, quarantine by reason."""
    with writing(engine) as conn:
        empty = read.gauges(conn, now=NOW)
        assert ({}, 0.0, {}) == (
            empty.gaps_open,
            empty.oldest_unaccepted_seconds,
            empty.quarantine_depth,
        )
        fill(conn)
        apply_quarantine(conn, quarantined())
        full = read.gauges(conn, now=NOW)
    assert {("G12", Severity.IMMEDIATE): 1} == full.gaps_open
    assert 11 * 3600.0 == full.oldest_unaccepted_seconds
    assert {"missing_segment": 1} == full.quarantine_depth


def test_the_story_player_reads_all_notices_in_their_order(engine: Engine) -> None:
    """By the time they were issued, of all episodes or of one."""
    with writing(engine) as conn:
        apply_decision(conn, decision(1, issued("n-b"), at=T0 + HOUR))
        apply_decision(conn, decision(1, issued("n-a", "o-2"), at=T0, episode_id="ep-2"))
        assert ["n-a", "n-b"] == [each.notice_id for each in read.notices(conn)]
        assert ["n-b"] == [each.notice_id for each in read.notices(conn, episode_id=EPISODE)]
        assert read.decided_input(conn, "i-1")


def _many(count: int) -> list[dict[str, object]]:
    """Notices of one large organisation, a tenth of them still open."""
    line = issued()
    return [
        {
            "notice_id": f"n-{n:06}",
            "obligation_id": f"o-{n}",
            "episode_id": f"ep-{n % 997}",
            "seq": 1,
            "reason": NoticeReason.FIRST,
            "role": ROLES[n % 2],
            "organisation": GP,
            "round": 1,
            "purpose": Purpose.DIRECT_CARE,
            "title": line.title,
            "level_needed": Level.ACCEPTED,
            "due_at": T0 + timedelta(minutes=n % 5000),
            "content": [],
            "rule": "r",
            "policy": "p",
            "because": "b",
            "authority": "a",
            "issued_at": T0,
            "level": Level.OWED,
            "state": "owed",
            "listed": "open" if n % 10 == 0 else "done",
            "rank": n % 7,
        }
        for n in range(count)
    ]


def test_a_page_of_twenty_thousand_notices_takes_no_time(engine: Engine) -> None:
    """The 95th percentile of a page stays under 100 ms, the promise for a million."""
    with writing(engine) as conn:
        conn.execute(sa.insert(t.notices), _many(20_000))
    taken = []
    with reading(engine) as conn:
        for n in range(40):
            began = time.perf_counter()
            assert 50 == len(shown(conn, offset=n * 40))
            taken.append(time.perf_counter() - began)
    assert sorted(taken)[37] < 0.1
