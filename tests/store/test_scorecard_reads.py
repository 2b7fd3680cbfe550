"""What the scorecard counts, out of a read model that the projector has filled."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from hub.core.model import Level
from hub.core.outcomes import ExpectationEnded, ExpectationRaised, ObligationMet
from hub.core.scorecard import Facts, Kind
from hub.core.scored import Row, Standard
from hub.store.engine import reading, writing
from hub.store.projector import apply_decision
from hub.store.scorecard_reads import scorecard_facts
from tests.web import scene

RULE = scene.why("x").rule
ROWS = (
    Row(
        name="all",
        codes=("G02",),
        standards=(
            Standard(text="duties", duties=(RULE,)),
            Standard(text="expected", expected=(RULE,)),
            Standard(text="gaps", without=("G02",), seen=("pregnancy.booked",)),
        ),
    ),
)


def facts(engine: Engine, days: int = 2) -> Facts:
    """The facts some days after the scene, in which the hospital lies in the north."""
    with reading(engine) as conn:
        return scorecard_facts(conn, ROWS, {"RXX": "north"}, scene.NOW + timedelta(days=days))


@pytest.fixture
def played(engine: Engine) -> Engine:
    """A database with the scene's family."""
    with writing(engine) as conn:
        scene.play(conn)
    return engine


def test_a_family_stands_once_for_each_rule_and_only_when_all_was_kept(played: Engine) -> None:
    """Four duties of one rule; three are met, one of them late."""
    for seq, name, late in ((3, "hv", False), (4, "gp", False), (5, "sgm", False), (6, "sg", True)):
        (before,) = facts(played).of(Kind.DUTY, [RULE])
        assert not before.good
        met = ObligationMet(
            obligation_id=f"o-{name}", level=Level.ACCEPTED, met_at=scene.NOW, late=late
        )
        with writing(played) as conn:
            apply_decision(conn, scene.record(seq, met))
    (after,) = facts(played).of(Kind.DUTY, [RULE])
    assert (False, "north", "RXX") == (after.good, after.place, after.provider)


@pytest.mark.parametrize(("ended", "good"), [(-1, True), (1, False), (None, False)])
def test_an_expectation_counts_by_when_it_was_met(
    played: Engine, ended: int | None, good: bool
) -> None:
    """In time, late, and not at all."""
    raised = ExpectationRaised(
        expectation_id="x1",
        role="GP_PRACTICE",
        organisation="Y00001",
        due_at=scene.NOW,
        why=scene.why("booked-1"),
    )
    outcomes: list[object] = [raised]
    if ended is not None:
        at = scene.NOW + timedelta(hours=ended)
        outcomes.append(ExpectationEnded(expectation_id="x1", reason="met", ended_at=at))
    with writing(played) as conn:
        apply_decision(conn, scene.record(3, *outcomes))
    assert [good] == [fact.good for fact in facts(played).of(Kind.EXPECTED, [RULE])]


def test_gaps_count_by_when_they_opened_and_whether_they_are_open(played: Engine) -> None:
    """An open gap of attention is of the year, is open, and is not grave."""
    found = facts(played)
    assert [1, 1, 0] == [
        len(found.of(kind, ["G02"])) for kind in (Kind.GAP, Kind.OPEN_GAP, Kind.GRAVE_GAP)
    ]


def test_what_is_older_than_a_year_counts_no_more(played: Engine) -> None:
    """Except a gap that is open still."""
    found = facts(played, days=400)
    assert ([], [], []) == (
        found.of(Kind.DUTY, [RULE]),
        found.of(Kind.EVENT, ["pregnancy.booked"]),
        found.of(Kind.GAP, ["G02"]),
    )
    assert 1 == len(found.of(Kind.OPEN_GAP, ["G02"]))
