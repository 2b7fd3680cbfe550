"""Settings of areas: numbers and times that each area decides for itself.

Everything is worked out while the policy is loaded: for each area all its values, and for each
span of a rule that names a setting what it is there.  A decision only looks up by the area that
came with its input; the core never asks a directory.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hub.core.deadlines import Span

type_of_value = int | str | tuple[str, ...]


class SettingKind(StrEnum):
    """What a setting is, and so where it may stand in a rule."""

    SPAN = "span"
    """A wait, such as `10wd`: in the spans of a rule."""
    GESTATION = "gestation"
    """Weeks and days of pregnancy, such as `20+0`: in spans, and as days in conditions."""
    AGE = "age"
    """Days of the baby's age, such as `14a`: in spans, and as days in conditions."""
    NUMBER = "number"
    """A whole number: in conditions."""
    ROLES = "roles"
    """A list of roles: in conditions."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it means, what it usually is, and on whose authority."""

    name: str
    label: str
    kind: SettingKind
    authority: str
    usual: str
    """As it is written where an area says nothing."""
    written: Mapping[str, str] = field(default_factory=dict)
    """As areas of their own mind write it, by the code of the area."""


@dataclass(frozen=True, slots=True)
class LocalSpan:
    """A span that names a setting, worked out for every area."""

    text: str
    usual: Span
    areas: Mapping[str, Span] = field(default_factory=dict)

    def at(self, area: str) -> Span:
        """What the span is in an area."""
        return self.areas.get(area, self.usual)

    def __str__(self) -> str:
        """The span as it is written in a policy file."""
        return self.text


AnySpan = Span | LocalSpan


def span_in(area: str, span: AnySpan) -> Span:
    """A span of a rule as it is in an area."""
    return span if isinstance(span, Span) else span.at(area)


@dataclass(frozen=True, slots=True)
class Settings:
    """Every setting, and its value in each area that has set one of its own."""

    known: Mapping[str, Setting] = field(default_factory=dict)
    usual: Mapping[str, type_of_value] = field(default_factory=dict)
    areas: Mapping[str, Mapping[str, type_of_value]] = field(default_factory=dict)
    """Complete for each area: what it has not set is as usual."""

    def at(self, area: str) -> Mapping[str, type_of_value]:
        """All values in an area."""
        return self.areas.get(area, self.usual)


NO_SETTINGS = Settings()

DAY_AND_NIGHT = "day_and_night"
"""Roles that work day and night in an area although they keep office hours elsewhere."""
OFFICE_HOURS = "office_hours"
"""Roles that keep office hours in an area although they work day and night elsewhere."""
READING_SECONDS = "reading_seconds"
FEED_SETTINGS = (
    "feed_numbers_grace",
    "feed_weeks_known",
    "feed_poor_week",
    "feed_least_expected",
    "feed_look_back",
    "feed_least_share",
)
"""By which the feeds agent judges a feed."""
BULK_SECONDS = "bulk_seconds"
BULK_ACCEPTANCES = "bulk_acceptances"
"""How long a person reads at least before she accepts."""
