"""Accepted in bulk: more across families than one person reads, and families that hear of it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.core.acceptance import ACCEPTANCE_DOUBTED, ACCEPTANCE_GIVEN
from hub.core.decide import decide
from hub.core.draft import pack_body
from hub.core.episode import Episode
from hub.core.model import CountedNote, GapState, Input, InputKind, Level, ObligationState
from hub.core.outcomes import GapOpened, LevelReached, ObligationMet
from tests.core.stage import Family, local, policy
from tests.core.test_acceptance import LEAD, family, last

__all__ = ["family"]

START = local("2026-06-01 15:00")


def in_turn(seconds: list[int]) -> list[str]:
    """The gaps that open when one person accepts at these seconds, one family after the other."""
    matter = Episode(episode_id="m-1")
    opened = []
    for number, second in enumerate(seconds):
        at = START + timedelta(seconds=second)
        note = CountedNote(
            event_id=f"a-{number}",
            event_type=ACCEPTANCE_GIVEN,
            source="RXA",
            occurred_at=at,
            fields=pack_body({"who": "RXA/sgm-1"}),
        )
        counted = Input(
            input_id=note.event_id,
            kind=InputKind.COUNTED,
            at=at,
            episode_id="m-1",
            counted=note,
        )
        decision = decide(matter, counted, policy())
        matter = decision.episode
        opened += [o.code for o in decision.outcomes if isinstance(o, GapOpened)]
    return opened


@pytest.mark.parametrize(
    ("seconds", "gaps"),
    [
        ([*range(12)], []),
        ([*range(13)], ["G64"]),
        ([*range(0, 130, 10)], []),
        ([*range(400)], ["G64"]),
        ([*range(12), 60], []),
        ([*range(12), 3600, *range(7200, 7211)], []),
    ],
    ids=[
        "as many as can be",
        "one more",
        "ten seconds each",
        "a robot",
        "a minute later",
        "two lists",
    ],
)
def test_more_than_anybody_reads_in_a_minute_is_one_gap(
    seconds: list[int], gaps: list[str]
) -> None:
    """It is counted over the minute up to each, and asked once while it is open."""
    assert gaps == in_turn(seconds)


def counted_at(*seconds: int) -> list[str]:
    """Whose families are told that their acceptance was none, in the order in which they are."""
    matter, told = Episode(episode_id="m-1"), []
    for number, second in enumerate(seconds):
        note = CountedNote(
            event_id=f"a-{number}",
            event_type=ACCEPTANCE_GIVEN,
            source="RXA",
            occurred_at=START + timedelta(seconds=second),
            fields=pack_body({"who": "RXA/sgm-1", "family": f"ep-{second}", "notice": "n-1"}),
        )
        counted = Input(
            input_id=note.event_id,
            kind=InputKind.COUNTED,
            at=START + timedelta(hours=1, seconds=number),
            episode_id="m-1",
            counted=note,
        )
        decision = decide(matter, counted, policy())
        matter = decision.episode
        told += [one.episode_id for one in decision.reopened]
        again = decide(matter, counted, policy())
        assert () == again.reopened
    return told


@pytest.mark.parametrize(
    ("seconds", "reopened"),
    [
        ([*range(12)], []),
        ([*range(13)], [*range(13)]),
        ([*range(14)], [*range(14)]),
        ([*range(0, 130, 10)], []),
        ([*range(12), 60], []),
        ([0, *range(30, 43)], [0, *range(30, 43)]),
        ([0, *range(70, 83)], [*range(70, 83)]),
        ([*range(300)], [*range(300)]),
    ],
    ids=["all read", "one more", "two more", "slow", "a pause", "near", "apart", "a robot"],
)
def test_what_is_part_of_a_bulk_is_no_acceptance(seconds: list[int], reopened: list[int]) -> None:
    """Each family hears of it once, the first of the bulk as well as the last."""
    assert [f"ep-{second}" for second in reopened] == counted_at(*seconds)


@given(st.permutations([*range(0, 39, 3), 200, 300, *range(500, 520)]))
def test_a_bulk_is_one_in_whatever_order_it_is_heard_of(seconds: list[int]) -> None:
    """Families are decided apart from each other, and their words come in any order."""
    expected = {*range(0, 39, 3), *range(500, 520)}
    assert {f"ep-{second}" for second in expected} == set(counted_at(*seconds))


def doubted(family: Family, notice_id: str, at: str, name: str = "doubt") -> None:
    """The family hears that an acceptance was one of a bulk."""
    note = CountedNote(
        event_id=name,
        event_type=ACCEPTANCE_DOUBTED,
        source="RXA",
        occurred_at=local(at),
        fields=pack_body({"notice": notice_id, "person": "sgm-1"}),
    )
    family.decide(
        Input(
            input_id=name,
            kind=InputKind.COUNTED,
            at=local(at),
            episode_id=family.episode.episode_id,
            counted=note,
        )
    )


def test_a_doubted_acceptance_was_an_opening_and_is_owed_by_the_same_time(family: Family) -> None:
    """A real one then counts, though the same word comes a second time."""
    notice = family.notice(LEAD, "SG_MIDWIFE")
    family.answer(notice, "accepted", "2026-06-01 15:00", person="sgm-1")
    before = family.obligation(LEAD, "SG_MIDWIFE")
    doubted(family, notice.notice_id, "2026-06-01 15:01")
    duty = family.obligation(LEAD, "SG_MIDWIFE")
    assert (ObligationState.OPENED, Level.OPENED) == (duty.state, duty.level)
    assert [m.due_at for m in before.milestones] == [m.due_at for m in duty.milestones]
    assert ("reissue", False, "accepted_in_bulk") == last(family)
    family.answer(notice, "accepted", "2026-06-01 16:00", person="sgm-1")
    assert family.just_said(ObligationMet)
    doubted(family, notice.notice_id, "2026-06-01 16:01")
    assert Level.ACCEPTED is family.obligation(LEAD, "SG_MIDWIFE").level


def test_a_doubted_acceptance_leaves_a_gap_when_nobody_accepts_in_time(family: Family) -> None:
    """In time, or, where the time has passed already, at once."""
    notice = family.notice(LEAD, "SG_MIDWIFE")
    due = max(m.due_at for m in family.obligation(LEAD, "SG_MIDWIFE").milestones)
    family.answer(notice, "accepted", "2026-06-01 15:00", person="sgm-1")
    doubted(family, notice.notice_id, "2026-06-01 15:01")
    family.wake("2026-06-30 12:00")
    duty = family.obligation(LEAD, "SG_MIDWIFE").obligation_id
    (gap,) = [g for g in family.said(GapOpened) if duty in g.duty_ids]
    assert due == gap.opened_at


def test_a_late_acceptance_that_was_none_opens_its_gap_again(family: Family) -> None:
    """It had closed the gap; now nobody is told, and that is to be seen again."""
    notice = family.notice(LEAD, "SG_MIDWIFE")
    family.wake("2026-06-30 12:00")
    family.answer(notice, "accepted", "2026-06-30 12:00", person="sgm-1")
    duty = family.obligation(LEAD, "SG_MIDWIFE").obligation_id
    doubted(family, notice.notice_id, "2026-06-30 12:01")
    mine = [g for g in family.episode.gaps if duty in g.duty_ids and g.code != "G60"]
    assert {GapState.CLEARED_LATE, GapState.OPEN} == {g.state for g in mine}


def test_what_an_event_proved_is_not_doubted_nor_what_is_over(family: Family) -> None:
    """A duty turned elsewhere since, or an unknown notice, changes nothing and is no fault."""
    notice = family.notice(LEAD, "SG_MIDWIFE")
    doubted(family, "n-unknown", "2026-06-01 15:01", "one")
    doubted(family, notice.notice_id, "2026-06-01 15:02", "two")
    assert not family.said(LevelReached)
    family.answer(notice, "accepted", "2026-06-01 15:03", person="sgm-1")
    family.answer(notice, "not_ours", "2026-06-01 15:04", person="sgm-1")
    doubted(family, notice.notice_id, "2026-06-01 15:05", "three")
    assert ObligationState.NOT_OURS is family.obligation(LEAD, "SG_MIDWIFE").state
