"""Told aloud: it counts when both sides have recorded it, and not before (domain 1.1 f)."""

from typing import NamedTuple

import pytest

from hub.core.model import Holder, Level
from hub.core.outcomes import GapOpened, LevelReached, ObligationMet
from tests.core.stage import TEAM, Family, local

LEAD = "P05.safeguarding"
ROUTINE = "P02.gp"


@pytest.fixture
def family() -> Family:
    """A late booking: the safeguarding midwife of RXA is to accept it by name."""
    story = Family()
    lead = Holder(role="SG_MIDWIFE", organisation="RXA", found_by="provider")
    story.book("2026-06-01 10:00", edd="2026-09-10", holders=(*TEAM, lead))
    return story


class Word(NamedTuple):
    """One receipt over the channel `verbal`."""

    signal: str
    organisation: str
    person: str | None
    at: str


TOLD = Word("sent", "RYV", "hv-1", "2026-06-01 11:00")
TOOK = Word("accepted", "RXA", "sgm-1", "2026-06-01 12:00")


def say(family: Family, *words: Word, rule: str = LEAD, role: str = "SG_MIDWIFE") -> None:
    """Record some words about the latest notice of a rule, each at its time or when they come."""
    notice = family.notice(rule, role)
    for number, word in enumerate(words):
        family.answer(
            notice,
            word.signal,
            f"2026-06-01 13:0{number}",
            organisation=word.organisation,
            person=word.person,
            happened=word.at,
            channel="verbal",
        )


def heard(family: Family) -> list[tuple[str, bool, str | None]]:
    """Kind, weight and reason of all that was heard."""
    return [(str(o.signal), o.counts, o.detail) for o in family.said(LevelReached)]


@pytest.mark.parametrize("order", [(TOLD, TOOK), (TOOK, TOLD)])
def test_both_sides_in_either_order_are_an_acceptance(
    family: Family, order: tuple[Word, Word]
) -> None:
    """At the later of the two times, by whoever took it."""
    say(family, *order)
    assert [(order[0].signal, False, "one_side_only"), ("accepted", True, None)] == heard(family)
    accepted = family.said(LevelReached)[-1]
    assert ("sgm-1", "RXA", "verbal") == (
        accepted.person,
        accepted.organisation,
        accepted.channel,
    )
    assert local(TOOK.at) == accepted.reached_at
    assert family.just_said(ObligationMet)


@pytest.mark.parametrize(
    "words",
    [
        (TOLD,),
        (TOOK,),
        (TOLD, TOLD),
        (TOOK, TOOK),
        (TOLD, TOLD._replace(person="hv-2")),
        (TOOK, TOOK._replace(person="sgm-2")),
        (TOOK._replace(signal="delivered"), TOOK),
        (TOOK, TOOK._replace(signal="opened")),
    ],
)
def test_one_side_alone_reaches_nothing(family: Family, words: tuple[Word, ...]) -> None:
    """However often, by however many, and whatever one person says in two ways."""
    say(family, *words)
    assert {(False, "one_side_only")} == {(counts, why) for _, counts, why in heard(family)}
    assert Level.OWED == family.obligation(LEAD, "SG_MIDWIFE").level
    family.wake("2026-06-20 10:00")
    assert family.said(GapOpened, rule=LEAD)


def test_a_colleague_on_the_same_ward_may_be_who_told(family: Family) -> None:
    """She says that she told, and not that she took it."""
    say(family, Word("delivered", "RXA", "mw-7", "2026-06-01 11:00"), TOOK)
    assert ("accepted", True, None) == heard(family)[-1]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((TOLD._replace(person=None), TOOK), "no_named_person"),
        ((TOOK._replace(person=None), TOLD), "no_named_person"),
    ],
)
def test_nobody_by_name_is_no_side(family: Family, words: tuple[Word, ...], why: str) -> None:
    """What somebody on the ward was told by somebody is a rumour."""
    say(family, *words)
    assert [why, "one_side_only"] == [reason for _, _, reason in heard(family)]
    assert Level.OWED == family.obligation(LEAD, "SG_MIDWIFE").level


def test_it_is_an_acceptance_and_no_action(family: Family) -> None:
    """What somebody says to have done is proved elsewhere: words reach level 4."""
    say(family, TOLD, TOOK._replace(signal="acted"))
    assert Level.ACCEPTED == family.obligation(LEAD, "SG_MIDWIFE").level


def test_a_routine_notice_too_wants_both(family: Family) -> None:
    """And names, although its acceptance in writing wants none."""
    took = TOOK._replace(organisation="Y1", person="gp-1")
    say(family, took, rule=ROUTINE, role="GP_PRACTICE")
    assert ("accepted", False, "one_side_only") == heard(family)[-1]
    say(family, TOLD, rule=ROUTINE, role="GP_PRACTICE")
    assert ("accepted", True, None) == heard(family)[-1]


def test_words_seconds_after_the_notice_are_not_too_fast(family: Family) -> None:
    """Nobody had to read anything: she was on the telephone."""
    took = TOOK._replace(at="2026-06-01 10:00:01")
    say(family, TOLD._replace(at="2026-06-01 10:00:01"), took)
    assert ("accepted", True, None) == heard(family)[-1]


def test_words_reach_nothing_in_the_wrong_role(family: Family) -> None:
    """A role that may not accept it cannot take it aloud either."""
    notice = family.notice(LEAD, "SG_MIDWIFE")
    at = "2026-06-01 13:00"
    family.answer(notice, "accepted", at, person="hv-9", role="NAMED_HV", channel="verbal")
    assert [("accepted", False, "wrong_role")] == heard(family)


def test_what_was_used_proves_no_second_time(family: Family) -> None:
    """After both have spoken a late repeat of one is noted and changes nothing."""
    say(family, TOLD, TOOK)
    before = family.obligation(LEAD, "SG_MIDWIFE")
    say(family, TOOK._replace(at="2026-06-01 12:30"))
    assert ("accepted", False, None) == heard(family)[-1]
    assert before.milestones == family.obligation(LEAD, "SG_MIDWIFE").milestones


def test_the_words_kept_are_bounded(family: Family) -> None:
    """A program that says so for ever fills no episode, and the recipient is still heard."""
    say(family, *(TOLD._replace(person=f"hv-{n}") for n in range(10)))
    (told,) = family.obligation(LEAD, "SG_MIDWIFE").told
    assert 8 == len(told.spoken)
    say(family, TOOK)
    assert ("accepted", True, None) == heard(family)[-1]
