"""The fold of decisions: exact under repetition, conflict and sudden death."""

from typing import get_args

import pytest
import sqlalchemy as sa
from msgspec.structs import replace
from sqlalchemy import Engine

from hub.core.model import GapState, Level, ObligationState, Person, Severity, Signal
from hub.core.outcomes import (
    EpisodeChanged,
    ExpectationEnded,
    ExpectationRaised,
    WakeWanted,
    type_of_outcome,
)
from hub.edges.avro import DecisionRecord, decode_decision, encode_decision
from hub.store import read_model as read
from hub.store import tables as t
from hub.store.engine import reading, writing
from hub.store.positions import save_positions
from hub.store.projector import Applied, apply_decision, apply_decisions
from hub.store.quarantine import (
    QuarantineState,
    apply_quarantine,
    note_redriven,
    resolve_quarantine,
)
from hub.store.worklist import Listed
from tests.store.records import (
    EPISODE,
    GP,
    HOUR,
    HV,
    T0,
    WHY,
    decision,
    ended,
    every_outcome,
    issued,
    quarantined,
    raised,
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


def test_a_new_decision_is_applied(engine: Engine) -> None:
    """A decision that was not seen before is new, and its notice can be read."""
    assert [Applied.NEW] == fold(engine, decision(1, raised(), issued()))
    assert Listed.OPEN == listed(engine, "n-1")


def test_a_repeated_decision_changes_nothing(engine: Engine) -> None:
    """The same decision again is a duplicate, also from another place in the log."""
    fold(engine, decision(1, *every_outcome()))
    before = everything(engine)
    again = decision(1, *every_outcome(), input_offset=77)
    assert [Applied.DUPLICATE, Applied.DUPLICATE] == fold(engine, again, again)
    assert before == everything(engine)


def test_other_content_under_the_same_number_is_a_conflict(engine: Engine) -> None:
    """A split brain is kept for people to see, once, and overwrites nothing."""
    fold(engine, decision(1, raised(), issued()))
    before = everything(engine)
    other = decision(1, raised(), issued(title="Something else"))
    assert [Applied.CONFLICT, Applied.CONFLICT] == fold(engine, other, other)
    after = everything(engine)
    assert 1 == len(after.pop("conflicts"))
    del before["conflicts"]
    assert before == after


def test_every_kind_of_outcome_is_folded(engine: Engine) -> None:
    """No outcome class is missing from the sample, and each leaves its row."""
    sample = every_outcome()
    assert set(get_args(type_of_outcome)) == {type(each) for each in sample}
    fold(engine, decision(1, *sample))
    rows = everything(engine)
    filled = {name for name in rows if rows[name]}
    expected = {
        *("decisions", "episodes", "events", "obligations", "causes", "notices", "levels"),
        *("expectations", "gaps", "gap_duties", "escalations"),
    }
    assert expected == filled


def test_the_folded_values_are_those_of_the_outcomes(engine: Engine) -> None:
    """What was decided can be read back, instants exact to the microsecond."""
    fold(engine, decision(1, *every_outcome()))
    with reading(engine) as conn:
        episode = read.episode(conn, EPISODE)
        gap = read.gap(conn, "g-1")
        notice = read.notice(conn, "n-1")
        trail = read.notice_trail(conn, "n-1")
    assert episode is not None
    assert gap is not None
    assert notice is not None
    sample = every_outcome()
    changed = next(each for each in sample if isinstance(each, EpisodeChanged))
    assert (changed.babies, changed.team) == (episode.babies, episode.team)
    assert ("Testwoman", T0 + 24 * HOUR) == (episode.family_name, episode.next_wake_at)
    assert (Severity.SAFEGUARDING, GapState.CLEARED_LATE, 1) == (gap.severity, gap.state, gap.rung)
    assert (("o-1",), ("e-1", "r-9")) == (gap.duty_ids, gap.evidence)
    assert ["o-2"] == [rung.obligation_id for rung in gap.escalations]
    assert issued().content == notice.content
    assert (Level.ACCEPTED, "P-7", T0) == (notice.level, notice.accepted_by, notice.issued_at)
    assert [Signal.ACCEPTED] == [each.signal for each in trail.levels]


def test_a_death_between_rows_and_position_leaves_neither(engine: Engine) -> None:
    """Rows and position share a transaction: killed in between, both are as before."""

    class Killed(Exception):  # noqa: N818  a stand-in for SIGKILL
        pass

    def die_half_way() -> None:
        with writing(engine) as conn:
            apply_decision(conn, decision(1, raised(), issued()))
            save_positions(conn, "project", {("hub.decisions", 0): 1})
            raise Killed

    with pytest.raises(Killed):
        die_half_way()
    assert {name: [] for name in t.metadata.tables} == everything(engine)
    with writing(engine) as conn:
        apply_decision(conn, decision(1, raised(), issued()))
        save_positions(conn, "project", {("hub.decisions", 0): 1})
    with reading(engine) as conn:
        assert {("hub.decisions", 0): 1} == read.lag(conn, "project")


# --- episodes, expectations, quarantine -----------------------------------------------------


def test_a_wake_stands_until_another_or_none_is_wanted(engine: Engine) -> None:
    """A decision that says nothing of wakes leaves the one that stands."""
    fold(engine, decision(1, WakeWanted(at=T0 + HOUR)))
    fold(engine, decision(2))
    with reading(engine) as conn:
        assert T0 + HOUR == read.min_next_wake(conn)
        assert None is read.min_next_wake(conn, after=T0 + HOUR)
    fold(engine, decision(3, WakeWanted(at=None)))
    with reading(engine) as conn:
        assert None is read.min_next_wake(conn)


def test_an_end_that_is_retracted_is_gone_but_the_mother_stays(engine: Engine) -> None:
    """A change says all that is shown; only who she is cannot become unknown."""
    mother = Person(reference="M-1", family_name="Testwoman")
    fold(engine, decision(1, EpisodeChanged(mother=mother, ended_at=T0, outcome="loss")))
    fold(engine, decision(2, EpisodeChanged(edd="2027-05-02")))
    with reading(engine) as conn:
        episode = read.episode(conn, EPISODE)
    assert episode is not None
    assert (None, None) == (episode.ended_at, episode.outcome)
    assert ("Testwoman", "2027-05-02") == (episode.family_name, episode.edd)


def test_a_redated_expectation_stays_open(engine: Engine) -> None:
    """A new due date moves the expectation; only met or withdrawn ends it."""
    expected = ExpectationRaised(
        expectation_id="x-1", role="HEALTH_VISITOR", organisation=HV, due_at=None, why=WHY
    )
    redated = ExpectationEnded(
        expectation_id="x-1", reason="recomputed", due_at=T0 + HOUR, ended_at=T0
    )
    fold(engine, decision(1, expected, redated))
    with reading(engine) as conn:
        row = conn.execute(sa.select(t.expectations)).one()
    assert ("open", T0 + HOUR, None) == (row.state, row.due_at, row.ended_at)


def test_a_duty_that_was_never_raised_can_be_suppressed(engine: Engine) -> None:
    """A restriction stops it before it begins, and the coverage says why."""
    stopped = ended("o-9", state=ObligationState.SUPPRESSED, notice_ids=(), reason="restricted")
    fold(engine, decision(1, recorded(), stopped))
    with reading(engine) as conn:
        (line,) = read.event_coverage(conn, "e-1")
    assert (ObligationState.SUPPRESSED, "restricted") == (line.state, line.why_not)
    assert GP == line.organisation


def test_quarantine_keeps_the_bytes_and_its_state(engine: Engine) -> None:
    """The original is whole; the same record again does not reopen what was redriven."""
    with writing(engine) as conn:
        assert apply_quarantine(conn, quarantined())
        assert resolve_quarantine(
            conn, ("q-1", T0), state=QuarantineState.REDRIVEN, by="P-1", now=T0 + HOUR
        )
        assert not apply_quarantine(conn, quarantined())
        assert not resolve_quarantine(
            conn, ("q-1", T0), state=QuarantineState.RETURNED, by="P-2", now=T0 + HOUR
        )
    with reading(engine) as conn:
        item = read.quarantine_item(conn, "q-1")
        still_open = read.quarantine_list(conn)
    assert item is not None
    assert (b"MSH|^~\\&|\r\xff", "redriven", "P-1") == (
        item.original,
        item.line.state,
        item.line.resolved_by,
    )
    assert () == still_open


@pytest.mark.parametrize("decided_first", [False, True])
def test_what_went_through_by_itself_is_closed_in_whatever_order_it_is_read(
    engine: Engine, decided_first: bool
) -> None:
    """The record and the decision come by different topics."""
    let_go = replace(recorded(f"q-1:redriven:{T0.isoformat()}"), event_type="input.redriven")
    said = decision(1, let_go, episode_id="q-q-1", at=T0 + HOUR)
    with writing(engine) as conn:
        for step in (1, 0) if decided_first else (0, 1):
            if step == 0:
                apply_quarantine(conn, quarantined())
            else:
                apply_decisions(conn, [said])
                note_redriven(conn, [said])
    with reading(engine) as conn:
        item = read.quarantine_item(conn, "q-1")
    assert item is not None
    assert ("redriven", "hub") == (item.line.state, item.line.resolved_by)


def test_an_original_refused_again_is_open_again(engine: Engine) -> None:
    """Redriven in vain, or sent again: the newer refusal counts, and the older one is not news."""
    again = quarantined(received_at=T0 + 2 * HOUR)
    with writing(engine) as conn:
        apply_quarantine(conn, quarantined())
        resolve_quarantine(
            conn, ("q-1", T0), state=QuarantineState.REDRIVEN, by="P-1", now=T0 + HOUR
        )
        assert apply_quarantine(conn, again)
        assert not apply_quarantine(conn, quarantined())
        assert not resolve_quarantine(
            conn, ("q-1", T0), state=QuarantineState.REDRIVEN, by="P-1", now=T0 + 3 * HOUR
        )
    with reading(engine) as conn:
        item = read.quarantine_item(conn, "q-1")
    assert item is not None
    assert ("open", T0 + 2 * HOUR, None) == (
        item.line.state,
        item.line.received_at,
        item.line.resolved_by,
    )
