"""What a subscription would have had, as far as it may be shown: counts, and none too small.

Who asks again and again with another filter could tell a family from the differences.  So a number
behind which stand fewer families than a rate may have is not shown, nor one from which it follows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hub.core.scorecard import SMALLEST

LEAST: Final = SMALLEST
"""Families, as for the rates of the scorecard."""


@dataclass(slots=True)
class Count:
    """Notices, and the families behind them."""

    notices: int = 0
    families: set[str] = field(default_factory=set)

    def add(self, family: str) -> None:
        """One more notice."""
        self.notices += 1
        self.families.add(family)

    @property
    def small(self) -> bool:
        """Whether it tells of too few; of none it tells nothing."""
        return 0 < len(self.families) < LEAST


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """Counts of notices; None where there are some, and too few families to show them."""

    taken: dict[str, int | None]
    """By event type."""
    together: int | None
    left: int | None
    """Notices of the same recipient that it would not have taken."""
    unknown_taken: int | None
    """Of those taken: about safeguarding, and something that the filter asks was unknown."""
    unknown_left: int | None
    """Of those left: something that the filter asks was unknown."""
    least: int = LEAST


def shown(
    taken: Mapping[str, Count], left: Count, unknown_taken: Count, unknown_left: Count
) -> Foreseen:
    """What may be shown of a dry run."""
    hidden = {event for event, count in taken.items() if count.small}
    behind = set[str]().union(*(taken[event].families for event in hidden))
    whole = set[str]().union(*(count.families for count in taken.values()))
    # The sum less what is shown is what is hidden.
    telling = bool(hidden) and len(behind) < LEAST
    # All that there is can be asked for without a filter, and one part is that less the other.
    small = left.small or 0 < len(whole) < LEAST
    total = sum(count.notices for count in taken.values())
    return Foreseen(
        taken={e: None if e in hidden else taken[e].notices for e in sorted(taken)},
        together=None if telling or small else total,
        left=None if small else left.notices,
        unknown_taken=_if_large(unknown_taken),
        unknown_left=_if_large(unknown_left),
    )


def _if_large(count: Count) -> int | None:
    return None if count.small else count.notices
