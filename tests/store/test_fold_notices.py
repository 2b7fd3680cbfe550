"""What evidence, rounds, gaps and ends do to the notices on the worklist."""

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from hub.core.model import Level, NoticeReason, ObligationState, Severity, Signal
from hub.core.outcomes import Escalated, GapRaised
from hub.edges.avro import DecisionRecord, decode_decision, encode_decision
from hub.store import read_model as read
from hub.store import tables as t
from hub.store.engine import reading, writing
from hub.store.projector import Applied, apply_decision
from hub.store.worklist import Listed
from tests.store.records import (
    GP,
    HOUR,
    HV,
    T0,
    decision,
    ended,
    every_outcome,
    gap_opened,
    issued,
    met,
    raised,
    reached,
    recorded,
)


def fold(engine: Engine, *records: DecisionRecord) -> list[Applied]:
    """Fold records in one transaction, as they look after a journey through Kafka."""
    with writing(engine) as conn:
        return [apply_decision(conn, decode_decision(encode_decision(each))) for each in records]


def everything(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables."""
    with reading(engine) as conn:
        return {
            name: sorted((tuple(row) for row in conn.execute(sa.select(table))), key=repr)
            for name, table in t.metadata.tables.items()
        }


def listed(engine: Engine, notice_id: str) -> str:
    """Where the worklist shows a notice."""
    with reading(engine) as conn:
        found = read.notice(conn, notice_id)
    assert found is not None
    return found.listed


def test_evidence_that_does_not_count_raises_nothing(engine: Engine) -> None:
    """A former holder's acceptance stands in the trail, and the notice stays open."""
    fold(engine, decision(1, raised(), issued()))
    fold(engine, decision(2, reached(Signal.ACCEPTED, counts=False)))
    with reading(engine) as conn:
        notice = read.notice(conn, "n-1")
        trail = read.notice_trail(conn, "n-1")
    assert notice is not None
    assert (Level.OWED, Listed.OPEN, None) == (notice.level, notice.listed, notice.accepted_by)
    assert [False] == [each.counts for each in trail.levels]


def test_a_level_never_falls(engine: Engine) -> None:
    """A delivery report that comes after the acceptance changes no level."""
    fold(engine, decision(1, raised(), issued()))
    fold(engine, decision(2, reached(Signal.ACCEPTED)))
    late = reached(Signal.DELIVERED, state=ObligationState.ACCEPTED)
    fold(engine, decision(3, late))
    with reading(engine) as conn:
        notice = read.notice(conn, "n-1")
    assert notice is not None
    assert Level.ACCEPTED == notice.level


@pytest.mark.parametrize(
    ("needed", "signal", "expected"),
    [
        pytest.param(
            *(Level.ACCEPTED, Signal.OPENED, Listed.OPEN),
            id="opened is not yet accepted",
        ),
        pytest.param(
            *(Level.ACCEPTED, Signal.ACCEPTED, Listed.DONE),
            id="the needed level takes it off the list",
        ),
        pytest.param(
            *(Level.DELIVERED, Signal.DELIVERED, Listed.OPEN),
            id="delivered by being listed, it must still be opened by somebody",
        ),
        pytest.param(
            *(Level.DELIVERED, Signal.OPENED, Listed.DONE),
            id="opened is enough where delivery is needed",
        ),
        pytest.param(
            *(Level.ACCEPTED, Signal.BOUNCED, Listed.OPEN),
            id="a bounced notice can still be read on the worklist",
        ),
        pytest.param(
            *(Level.ACCEPTED, Signal.NOT_OURS, Listed.DONE),
            id="what is not theirs leaves their worklist",
        ),
    ],
)
def test_where_evidence_puts_a_notice(
    engine: Engine, needed: Level, signal: Signal, expected: Listed
) -> None:
    """Evidence moves a notice on the worklist as its needed level says."""
    fold(engine, decision(1, raised(), issued(level_needed=needed)))
    fold(engine, decision(2, reached(signal)))
    assert expected == listed(engine, "n-1")


def test_a_reminder_replaces_the_older_notice(engine: Engine) -> None:
    """One line on the worklist for one duty; the old notice can still be read."""
    fold(engine, decision(1, raised(), issued()))
    reminder = issued("n-2", reason=NoticeReason.REMINDER, round=2, in_reply_to="n-1")
    fold(engine, decision(2, reminder))
    assert (Listed.SUPERSEDED, Listed.OPEN) == (listed(engine, "n-1"), listed(engine, "n-2"))


def test_accepting_the_older_notice_takes_the_reminder_off_too(engine: Engine) -> None:
    """The duty is met, so nothing of it is left to do."""
    fold(engine, decision(1, raised(), issued()))
    fold(engine, decision(2, issued("n-2", reason=NoticeReason.REMINDER, round=2)))
    fold(engine, decision(3, reached(Signal.ACCEPTED, "n-1"), met()))
    assert Listed.DONE == listed(engine, "n-2")


def test_a_correction_replaces_also_what_was_done(engine: Engine) -> None:
    """It was done on wrong grounds, so it must be looked at again."""
    fold(engine, decision(1, raised(), issued()))
    fold(engine, decision(2, reached(Signal.ACCEPTED), met()))
    correction = issued("n-2", reason=NoticeReason.CORRECTED, round=2, in_reply_to="n-1")
    fold(engine, decision(3, correction))
    assert (Listed.SUPERSEDED, Listed.OPEN) == (listed(engine, "n-1"), listed(engine, "n-2"))


def test_a_rerouted_notice_leaves_the_first_place(engine: Engine) -> None:
    """Somebody else has the duty now."""
    fold(engine, decision(1, raised(), issued()))
    rerouted = issued("n-2", reason=NoticeReason.REROUTED, round=2, organisation=HV)
    fold(engine, decision(2, rerouted))
    assert (Listed.SUPERSEDED, Listed.OPEN) == (listed(engine, "n-1"), listed(engine, "n-2"))


@pytest.mark.parametrize("says_so_first", [True, False])
def test_a_withdrawal_leaves_only_the_notice_that_says_so(
    engine: Engine, *, says_so_first: bool
) -> None:
    """Whatever the order of the outcomes, the withdrawn notice goes and its correction stays."""
    fold(engine, decision(1, raised(), issued()))
    said = issued("n-2", reason=NoticeReason.WITHDRAWN, round=2, in_reply_to="n-1")
    outcomes = (said, ended()) if says_so_first else (ended(), said)
    fold(engine, decision(2, *outcomes))
    assert (Listed.WITHDRAWN, Listed.OPEN) == (listed(engine, "n-1"), listed(engine, "n-2"))
    with reading(engine) as conn:
        old, new = read.notice(conn, "n-1"), read.notice(conn, "n-2")
    assert old is not None
    assert new is not None
    assert (True, False) == (old.withdrawn, new.withdrawn)


def test_a_rerouted_duty_begins_again(engine: Engine) -> None:
    """What the former holder did counts for nothing; the duty is the new holder's now."""
    fold(engine, decision(1, recorded(), raised(), issued()))
    fold(engine, decision(2, reached(Signal.ACCEPTED), met()))
    later = T0 + 72 * HOUR
    rerouted = issued("n-2", reason=NoticeReason.REROUTED, round=2, organisation=HV, due_at=later)
    fold(engine, decision(3, rerouted))
    with reading(engine) as conn:
        (line,) = read.event_coverage(conn, "e-1")
    assert (HV, Level.OWED, False, later) == (line.organisation, line.level, line.met, line.due_at)
    assert {later} == {m.due_at for m in line.milestones}


def test_a_duty_that_passes_to_a_team_is_shown_as_the_team_s(engine: Engine) -> None:
    """The family has left the team of whoever was named: what it is now owed to stands with it."""
    fold(engine, decision(1, recorded(), raised(), issued()))
    passed = issued(
        "n-2", reason=NoticeReason.REROUTED, round=2, organisation=HV, role="TEAM_LEAD_HV"
    )
    fold(engine, decision(2, passed))
    with reading(engine) as conn:
        (line,) = read.event_coverage(conn, "e-1")
    assert ("TEAM_LEAD_HV", HV, "n-2") == (line.role, line.organisation, line.notice_id)


def test_a_notice_delivered_in_time_is_next_due_for_acceptance(engine: Engine) -> None:
    """Its first deadline is met, so it is not overdue when that has passed."""
    fold(engine, decision(1, raised(), issued(due_at=T0 + HOUR)))
    fold(engine, decision(2, reached(Signal.DELIVERED)))
    with reading(engine) as conn:
        notice = read.notice(conn, "n-1")
    assert notice is not None
    assert T0 + 24 * HOUR == notice.due_at


def test_each_rung_is_kept_also_for_the_same_duty(engine: Engine) -> None:
    """A reminder is a rung about the duty itself, which stays among the gap's duties."""
    fold(engine, decision(1, raised(), issued(), gap_opened()))
    rungs = [
        Escalated(
            gap_id="g-1",
            code="G12",
            ladder="standard",
            rung=rung,
            role="GP_PRACTICE",
            organisation=GP,
            obligation_id="o-1",
            at=T0 + rung * HOUR,
        )
        for rung in (1, 2)
    ]
    fold(engine, decision(2, *rungs))
    with reading(engine) as conn:
        gap = read.gap(conn, "g-1")
    assert gap is not None
    assert (("o-1",), [1, 2]) == (gap.duty_ids, [each.rung for each in gap.escalations])


def test_an_open_gap_ranks_its_notices_until_it_closes(engine: Engine) -> None:
    """A notice with a safeguarding gap stands before the others, and falls back afterwards."""
    fold(engine, decision(1, raised(), issued(), gap_opened(severity=Severity.SAFEGUARDING)))
    ranks = []
    closing = [each for each in every_outcome() if getattr(each, "gap_id", "") == "g-1"][-1]
    with reading(engine) as conn:
        ranks.append(conn.scalar(sa.select(t.notices.c.rank)))
    fold(engine, decision(2, closing))
    with reading(engine) as conn:
        ranks.append(conn.scalar(sa.select(t.notices.c.rank)))
    assert [1, 5] == ranks


def test_a_proof_taken_back_puts_the_notice_on_the_worklist_again(engine: Engine) -> None:
    """The event that proved the action was retracted: the duty is owed once more, and seen."""
    fold(engine, decision(1, raised(), issued()))
    fold(engine, decision(2, reached(Signal.OPENED)))
    fold(engine, decision(3, reached(Signal.ACTED), met(level=Level.ACTED)))
    assert Listed.DONE == listed(engine, "n-1")
    fallen = reached(Signal.REISSUE, level=Level.OPENED, state=ObligationState.OPENED, counts=False)
    fold(engine, decision(4, fallen))
    with reading(engine) as conn:
        notice = read.notice(conn, "n-1")
        duty = conn.execute(sa.select(t.obligations)).one()
    assert notice is not None
    assert (Listed.OPEN, Level.OPENED, ObligationState.OPENED) == (
        notice.listed,
        notice.level,
        notice.state,
    )
    assert (None, Level.OPENED, ObligationState.OPENED) == (duty.met_at, duty.level, duty.state)


def test_a_met_duty_that_is_handed_back_is_met_no_more(engine: Engine) -> None:
    """Not theirs after all, and nobody else is known: what they had accepted counts for nothing."""
    fold(engine, decision(1, raised(), issued()))
    fold(engine, decision(2, reached(Signal.ACCEPTED), met()))
    fold(engine, decision(3, reached(Signal.NOT_OURS, counts=False)))
    with reading(engine) as conn:
        duty = conn.execute(sa.select(t.obligations)).one()
    assert (None, Level.OWED, ObligationState.NOT_OURS) == (duty.met_at, duty.level, duty.state)


def test_a_gap_that_moves_with_the_family_has_its_owner_where_she_is(engine: Engine) -> None:
    """As grave as before, at another organisation, and still the one gap (ruling 6)."""
    moved = GapRaised(
        gap_id="g-1",
        code="G12",
        severity=Severity.ATTENTION,
        at=T0 + 30 * HOUR,
        reason="moved",
        organisation="A2",
    )
    fold(engine, decision(1, raised(), issued(), gap_opened()), decision(2, moved))
    with reading(engine) as conn:
        row = conn.execute(sa.select(t.gaps)).one()
    assert ("A2", int(Severity.ATTENTION), "open") == (row.organisation, row.severity, row.state)
