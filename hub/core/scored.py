"""What a scorecard is made of: rows and standards as an area states them, and what came of them."""

from enum import StrEnum

from msgspec import Struct


class Light(StrEnum):
    """The traffic light of a score (domain 9.2)."""

    RED = "red"
    AMBER = "amber"
    GREEN = "green"
    NONE = "not rated"


LIGHTS = (Light.RED, Light.RED, Light.AMBER, Light.AMBER, Light.GREEN, Light.GREEN)


def light(score: int | None) -> Light:
    """0 and 1 red, 2 and 3 amber, 4 and 5 green."""
    return Light.NONE if score is None else LIGHTS[score]


class ListedGap(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A gap that the assessors wrote down for a row."""

    finding: str
    text: str


class Standard(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One standard, and what of the hub's own work shows whether it is met.

    Exactly one of `duties`/`expected`, `without`, `none_open` and `not_measured` says how.
    """

    text: str
    duties: tuple[str, ...] = ()
    """Rules whose duties are met in time."""
    expected: tuple[str, ...] = ()
    """Rules whose expectations are met in time."""
    without: tuple[str, ...] = ()
    """Gap codes that do not open for a family with an event of `seen`."""
    none_open: tuple[str, ...] = ()
    """Gap codes of which none is open in a place from which an event of `seen` came."""
    seen: tuple[str, ...] = ()
    target: float = 0.9
    """Share of families for whom it must hold."""
    not_measured: str = ""
    """Why the hub cannot see it, in a sentence."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every rule, gap code and event type it rests on."""
        return (*self.duties, *self.expected, *self.without, *self.none_open, *self.seen)

    @property
    def ways(self) -> int:
        """In how many ways it says that it is measured; one is right."""
        rated = bool(self.duties or self.expected)
        return sum((rated, bool(self.without), bool(self.none_open), bool(self.not_measured)))


class Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the pathway: what was assessed, and what is measured."""

    name: str
    assessed: int | None = None
    source: str = ""
    gaps: tuple[ListedGap, ...] = ()
    providers: tuple[str, ...] = ()
    """ODS codes of the maternity providers it is about; empty means all of them."""
    codes: tuple[str, ...] = ()
    """Gap codes that bar the highest score when a grave one repeats in a quarter."""
    standards: tuple[Standard, ...]
    outcome: Standard | None = None


class Measured(Struct, frozen=True, kw_only=True):
    """A standard with what the hub saw of it; numbers that are too small are not in it."""

    text: str
    target: float | None = None
    places: tuple[str, ...] = ()
    """Districts with enough families, by code."""
    met: tuple[str, ...] = ()
    families: int | None = None
    good: int | None = None
    too_few: bool = False
    """Some place had families, and too few to show."""
    not_measured: str | None = None


class ScoredRow(Struct, frozen=True, kw_only=True):
    """A row with both its scores."""

    name: str
    assessed: int | None
    gaps: tuple[ListedGap, ...]
    computed: int | None
    standards: tuple[Measured, ...]
    outcome: Measured | None
    red: bool
    review: bool
    """The two scores lie so far apart that somebody has to look at both."""


class Overall(Struct, frozen=True, kw_only=True):
    """The whole pathway in a line; rows that are not rated are left out of it and counted."""

    rated: int
    of: int
    mean: float | None = None
    rounded: int | None = None
    median: float | None = None


class Scorecard(Struct, frozen=True, kw_only=True):
    """All rows, and both overall scores."""

    rows: tuple[ScoredRow, ...]
    assessed: Overall
    computed: Overall
    smallest: int
    """Families below which a rate is neither shown nor scored."""
