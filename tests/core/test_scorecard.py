"""The computed score: each of its rules, what is too small to show, and what was never seen."""

from collections.abc import Iterable

import pytest

from hub.core.scorecard import Fact, Facts, Kind, overall, score, scorecard
from hub.core.scored import Light, Measured, Row, Standard, light

RULE, EVENT, GAP = "P02.gp", "pregnancy.booked", "G52"


def duties(good: int, bad: int = 0, *, rule: str = RULE, place: str = "north") -> list[Fact]:
    """That many families for whom all duties of a rule were kept, and not kept."""
    return [
        Fact(
            kind=Kind.DUTY, name=rule, family=f"{place}-{n}", place=place, provider="RXX",
            good=n < good,
        )
        for n in range(good + bad)
    ]  # fmt: skip


def row(*standards: Standard, outcome: Standard | None = None, **more: object) -> Row:
    """A row of these standards."""
    return Row(name="A part", standards=standards, outcome=outcome, **more)  # type: ignore[arg-type]  # the callers pass fields of Row


KEPT = Standard(text="The practice is told", duties=(RULE,))


def measured(met: int, missed: int, *, standards: int = 1) -> list[Measured]:
    """Standards that are met in some places, the same ones each, and missed in others."""
    places = tuple(f"p{n}" for n in range(met + missed))
    return [Measured(text=f"s{n}", places=places, met=places[:met]) for n in range(standards)]


def works(places: int) -> Measured:
    """An outcome that is reached in the first places of ten, and judged in all."""
    every = tuple(f"p{n}" for n in range(10))
    return Measured(text="it works", places=every, met=every[:places])


@pytest.mark.parametrize(
    ("met", "missed", "standards", "outcome", "red", "expected"),
    [
        (0, 10, 3, None, False, 0),
        (4, 6, 2, None, False, 1),
        (1, 9, 9, None, False, 1),
        (4, 6, 3, None, False, 2),
        (5, 5, 3, None, False, 3),
        (10, 0, 1, None, False, 3),
        (10, 0, 3, works(6), False, 3),
        (10, 0, 3, works(7), False, 4),
        (9, 1, 3, works(10), False, 4),
        (10, 0, 3, works(9), False, 5),
        (10, 0, 3, works(10), True, 4),
    ],
)
def test_the_first_rule_that_fits_gives_the_score(
    met: int, missed: int, standards: int, outcome: Measured | None, red: bool, expected: int
) -> None:
    """Each row of the table of domain 9.2, and each side of each threshold."""
    assert expected == score(measured(met, missed, standards=standards), outcome, red=red)


def test_what_nobody_has_seen_is_not_rated_and_never_nought() -> None:
    """No fact at all: neither a score nor a place in the mean."""
    card = scorecard([row(KEPT)], {"A part": 3}, Facts([]))
    assert (None, 3) == (card.rows[0].computed, card.rows[0].assessed)
    assert (0, 1, None) == (card.computed.rated, card.computed.of, card.computed.mean)
    assert not card.rows[0].review


@pytest.mark.parametrize(("families", "shown"), [(9, None), (10, 10)])
def test_a_rate_of_fewer_than_ten_is_neither_shown_nor_scored(
    families: int, shown: int | None
) -> None:
    """Nine families say nothing about an area, and too much about nine families."""
    (found,) = scorecard([row(KEPT)], {}, Facts(duties(families))).rows
    (standard,) = found.standards
    assert (shown, shown) == (standard.families, standard.good)
    assert (shown is None) == standard.too_few
    assert (shown is None) == (found.computed is None)


def test_a_small_place_cannot_be_told_from_the_sum() -> None:
    """The sums are of the places that are shown."""
    facts = Facts([*duties(12, place="north"), *duties(0, 3, place="south")])
    (standard,) = scorecard([row(KEPT)], {}, facts).rows[0].standards
    assert ((("north",), 12, 12), True) == (
        (standard.places, standard.families, standard.good),
        standard.too_few,
    )


def test_a_family_counts_once_however_many_duties_she_has() -> None:
    """Two rules of one standard, one of them not kept: one family, and not a good one."""
    standard = Standard(text="both", duties=(RULE, "P03.health-visiting"))
    facts = Facts([*duties(10), *duties(0, 10, rule="P03.health-visiting")])
    (found,) = scorecard([row(standard)], {}, facts).rows[0].standards
    assert (10, 0, ()) == (found.families, found.good, found.met)


def events(many: int, kind: Kind = Kind.EVENT, name: str = EVENT) -> list[Fact]:
    """Something that happened to that many families."""
    return [Fact(kind=kind, name=name, family=f"f{n}", place="north") for n in range(many)]


@pytest.mark.parametrize(("gaps", "met"), [(2, ("north",)), (3, ())])
def test_a_gap_counts_against_the_families_whom_the_event_is_about(
    gaps: int, met: tuple[str, ...]
) -> None:
    """Of twenty, two may have the gap where nine in ten are asked for."""
    standard = Standard(text="informed", without=(GAP,), seen=(EVENT,))
    facts = Facts([*events(20), *events(gaps, Kind.GAP, GAP)])
    (found,) = scorecard([row(standard)], {}, facts).rows[0].standards
    assert (20, 20 - gaps, met) == (found.families, found.good, found.met)


@pytest.mark.parametrize(
    ("facts", "places", "met"),
    [
        (events(1), ("north",), ("north",)),
        ([*events(1), *events(1, Kind.OPEN_GAP, GAP)], ("north",), ()),
        ([], (), ()),
    ],
)
def test_no_open_gap_is_worth_something_only_where_something_was_heard(
    facts: Iterable[Fact], places: tuple[str, ...], met: tuple[str, ...]
) -> None:
    """A place from which nothing came has no open gap either, and that is no success."""
    standard = Standard(text="fresh", none_open=(GAP,), seen=(EVENT,))
    (found,) = scorecard([row(standard)], {}, Facts(facts)).rows[0].standards
    assert (places, met) == (found.places, found.met)


def test_what_no_rule_of_this_policy_watches_is_not_measured() -> None:
    """A gap that nothing opens would look like success."""
    standard = Standard(text="informed", without=(GAP,), seen=(EVENT,))
    (found,) = scorecard([row(standard)], {}, Facts(events(20)), frozenset({GAP})).rows
    assert found.computed is None
    assert found.standards[0].not_measured == "this policy does not have G52"


def test_a_row_is_rated_when_half_of_what_can_be_measured_was_seen() -> None:
    """One of three is too little; what cannot be measured at all does not count in it."""
    unseen = [Standard(text=f"unseen {n}", duties=(f"P9{n}.x",)) for n in range(2)]
    never = Standard(text="never", not_measured="no event reports it")
    facts = Facts(duties(10))
    thin = scorecard([row(KEPT, *unseen)], {}, facts).rows[0]
    half = scorecard([row(KEPT, unseen[0], never)], {}, facts).rows[0]
    assert (None, 3) == (thin.computed, half.computed)


def test_a_row_about_one_provider_counts_only_her_families() -> None:
    """The other hospital's success is not this one's."""
    other = scorecard([row(KEPT, providers=("RYY",))], {}, Facts(duties(10))).rows[0]
    own = scorecard([row(KEPT, providers=("RXX",))], {}, Facts(duties(10))).rows[0]
    assert (None, 3) == (other.computed, own.computed)


@pytest.mark.parametrize(("assessed", "review"), [(3, False), (2, False), (1, True), (5, True)])
def test_scores_that_lie_far_apart_are_looked_at_and_both_stay(assessed: int, review: bool) -> None:
    """The computed 3 replaces nothing."""
    found = scorecard([row(KEPT)], {"A part": assessed}, Facts(duties(10))).rows[0]
    assert (assessed, 3, review) == (found.assessed, found.computed, found.review)


@pytest.mark.parametrize(("grave", "red"), [(1, False), (2, True)])
def test_a_grave_gap_that_repeats_in_a_place_makes_a_row_red(grave: int, red: bool) -> None:
    """Once is an accident."""
    facts = Facts(events(grave, Kind.GRAVE_GAP, "G44"))
    assert red == scorecard([row(KEPT, codes=("G44",))], {}, facts).rows[0].red


def test_the_whole_is_rounded_half_up_and_leaves_out_what_is_not_rated() -> None:
    """2.5 becomes 3 and not 2, as the printed table does it."""
    found = overall([2, 3, None])
    assert (2, 3, 2.5, 3, 2.5) == (
        found.rated, found.of, found.mean, found.rounded, found.median,
    )  # fmt: skip


def test_the_traffic_light_has_two_scores_each_and_none_for_what_is_not_rated() -> None:
    """Red, amber, green."""
    colours = [Light.RED, Light.RED, Light.AMBER, Light.AMBER, Light.GREEN, Light.GREEN]
    assert [*colours, Light.NONE] == [light(each) for each in (0, 1, 2, 3, 4, 5, None)]
