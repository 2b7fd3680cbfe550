"""The pathway scorecard: how far the hub itself sees an area meet each standard, from 0 to 5.

Two scores stand side by side and neither replaces the other: the one that people assessed, and the
one computed here from what became of duties, expectations and gaps (domain section 9).  What the
hub has not seen is not rated; it is never nought, and a silence is never taken for success.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from statistics import median

from msgspec import Struct

from hub.core.scored import Measured, Overall, Row, Scorecard, ScoredRow, Standard

SMALLEST = 10
"""Families below which a rate says more about them than about the area (domain 9.2, a setting)."""

ENOUGH_MEASURED = 0.5
"""Share of a row's measurable standards that must have been seen before the row is rated."""

ALL, ALL_WELL, MANY, WORKING, FEW = 0.95, 0.90, 0.50, 0.70, 0.20
"""The thresholds of domain 9.2, a setting."""

REVIEW_FROM = 2
"""Points between assessed and computed from which somebody has to look at both."""

RED_REPEATS = 2
A_COUPLE = 2


class Kind(StrEnum):
    """What a fact is about."""

    DUTY = "duty"
    EXPECTED = "expected"
    EVENT = "event"
    GAP = "gap"
    OPEN_GAP = "open_gap"
    GRAVE_GAP = "grave_gap"
    """A gap of severity 3 or 4 that opened this quarter."""


class Fact(Struct, frozen=True, kw_only=True):
    """What became of one family in one respect, within the twelve months."""

    kind: Kind
    name: str
    """Rule, event type or gap code."""
    family: str
    """Id of the episode or matter.  It is counted and never shown."""
    provider: str = ""
    """Maternity provider by ODS code."""
    place: str = ""
    """District by code; empty where the directory knows none."""
    good: bool = True
    """Of duties and expectations: all that fell due for this family came in time."""


class Facts:
    """All facts, found by what they are about."""

    def __init__(self, facts: Iterable[Fact]):
        self._by: dict[tuple[Kind, str], list[Fact]] = defaultdict(list)
        for fact in facts:
            self._by[fact.kind, fact.name].append(fact)

    def of(self, kind: Kind, names: Iterable[str], providers: tuple[str, ...] = ()) -> list[Fact]:
        """The facts of these names, of these providers if any are named."""
        found = (fact for name in names for fact in self._by.get((kind, name), ()))
        return [fact for fact in found if not providers or fact.provider in providers]


def scorecard(
    rows: Iterable[Row],
    assessed: Mapping[str, int | None],
    facts: Facts,
    unknown: frozenset[str] = frozenset(),
    *,
    smallest: int = SMALLEST,
) -> Scorecard:
    """Score every row.

    `assessed` has the score that people gave to each part of the pathway, by its name; `unknown`
    the rules, gap codes and event types that this policy does not have: what rests on one of them
    is not measured, because a gap that no rule opens would look like success.
    """
    scored = tuple(_row(row, assessed.get(row.name), facts, unknown, smallest) for row in rows)
    return Scorecard(
        rows=scored,
        assessed=overall([row.assessed for row in scored]),
        computed=overall([row.computed for row in scored]),
        smallest=smallest,
    )


def _row(
    row: Row, assessed: int | None, facts: Facts, unknown: frozenset[str], smallest: int
) -> ScoredRow:
    standards = tuple(_measure(each, row, facts, unknown, smallest) for each in row.standards)
    outcome = _measure(row.outcome, row, facts, unknown, smallest) if row.outcome else None
    red = _is_red(row, facts)
    computed = score(standards, outcome, red=red) if _enough(standards) else None
    return ScoredRow(
        name=row.name,
        assessed=assessed,
        gaps=row.gaps,
        computed=computed,
        standards=standards,
        outcome=outcome,
        red=red,
        review=None not in (assessed, computed)
        and abs((assessed or 0) - (computed or 0)) >= REVIEW_FROM,
    )


def _enough(standards: tuple[Measured, ...]) -> bool:
    measurable = [each for each in standards if each.not_measured is None]
    seen = sum(bool(each.places) for each in measurable)
    return seen > 0 and seen >= ENOUGH_MEASURED * len(measurable)


def score(standards: Iterable[Measured], outcome: Measured | None, *, red: bool) -> int | None:
    """0 to 5 by the first rule of domain 9.2 that fits, or None where nothing was seen.

    A place counts once for each standard.  A standard that is met counts as working where the
    outcome of the row is reached in the same place.
    """
    places = [(each, place) for each in standards for place in each.places]
    if not places:
        return None
    met = [(each, place) for each, place in places if place in each.met]
    anywhere = len({each.text for each, _ in met})
    share = len(met) / len(places)
    if anywhere == 0:
        return 0
    if (anywhere <= A_COUPLE and share < MANY) or share < FEW:
        return 1
    if share < MANY:
        return 2
    judged = outcome is not None and bool(outcome.places)
    works = sum(outcome is not None and place in outcome.met for _, place in met) / len(met)
    if not judged or works < WORKING:
        return 3
    return 5 if share >= ALL and works >= ALL_WELL and not red else 4


def _is_red(row: Row, facts: Facts) -> bool:
    """Whether a grave gap of this row came more than once this quarter in one place."""
    seen: dict[tuple[str, str], int] = defaultdict(int)
    for fact in facts.of(Kind.GRAVE_GAP, row.codes, row.providers):
        seen[fact.name, fact.place] += 1
    return any(many >= RED_REPEATS for many in seen.values())


def overall(scores: Iterable[int | None]) -> Overall:
    """Mean to one decimal, the same rounded half up, and the median, of the rows that are rated."""
    every = list(scores)
    rated = [each for each in every if each is not None]
    if not rated:
        return Overall(rated=0, of=len(every))
    mean = Decimal(sum(rated)) / len(rated)
    return Overall(
        rated=len(rated),
        of=len(every),
        mean=float(mean.quantize(Decimal("0.1"), ROUND_HALF_UP)),
        rounded=int(mean.quantize(Decimal(1), ROUND_HALF_UP)),
        median=float(median(rated)),
    )


# --- measuring ------------------------------------------------------------------------------


def _measure(
    standard: Standard, row: Row, facts: Facts, unknown: frozenset[str], smallest: int
) -> Measured:
    """How many families a standard was kept for, in each place that has enough of them."""
    strange = sorted(unknown & set(standard.names))
    if standard.not_measured or strange:
        words = standard.not_measured or f"this policy does not have {', '.join(strange)}"
        return Measured(text=standard.text, not_measured=words)
    if standard.none_open:
        return _none_open(standard, row, facts)
    kept = _families(standard, row, facts)
    large = {place: families for place, families in kept.items() if len(families) >= smallest}
    good = {place: sum(families.values()) for place, families in large.items()}
    return Measured(
        text=standard.text,
        target=standard.target,
        places=tuple(sorted(large)),
        met=tuple(sorted(p for p in large if good[p] / len(large[p]) >= standard.target)),
        # Only places that are large enough enter the sums, or a small one could be told from them.
        families=sum(map(len, large.values())) if large else None,
        good=sum(good.values()) if large else None,
        too_few=len(large) < len(kept),
    )


def _families(standard: Standard, row: Row, facts: Facts) -> dict[str, dict[str, bool]]:
    """By place, every family that a rate is about, and whether all went well for her."""
    bad: set[str] = set()
    if standard.without:
        about = facts.of(Kind.EVENT, standard.seen, row.providers)
        bad = {fact.family for fact in facts.of(Kind.GAP, standard.without)}
    else:
        about = facts.of(Kind.DUTY, standard.duties, row.providers)
        about += facts.of(Kind.EXPECTED, standard.expected, row.providers)
    bad |= {fact.family for fact in about if not fact.good}
    # Each family stands in one place, that of its first fact in order, so that none counts twice.
    homes: dict[str, str] = {}
    for fact in sorted(about, key=lambda fact: (fact.family, not fact.place, fact.place)):
        homes.setdefault(fact.family, fact.place)
    kept: dict[str, dict[str, bool]] = defaultdict(dict)
    for family, place in homes.items():
        kept[place][family] = family not in bad
    return kept


def _none_open(standard: Standard, row: Row, facts: Facts) -> Measured:
    """Met where no gap of these codes is open, in places from which something was heard."""
    heard = {fact.place for fact in facts.of(Kind.EVENT, standard.seen, row.providers)}
    open_in = {fact.place for fact in facts.of(Kind.OPEN_GAP, standard.none_open, row.providers)}
    places = heard | open_in
    return Measured(
        text=standard.text, places=tuple(sorted(places)), met=tuple(sorted(places - open_in))
    )
