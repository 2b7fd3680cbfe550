"""What must follow, as a scenario says it: a row for each outcome, and what they say together."""

from typing import Any, Literal

import msgspec
from msgspec import Struct

from hub.core.lifecycle import ENDED
from hub.core.model import GapState


class Row(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One outcome: a notice, a gap, an escalation or an ended duty, at a time."""

    at: str = ""
    """Empty in a row that fits at any time; a day alone is any time of that day."""
    notice: str | None = None
    gap: str | None = None
    escalated: str | None = None
    ended: str | None = None
    quarantined: str | None = None
    told: str | None = None
    """The rule of a notice that has reached `level`; looked at only where a row asks for it."""
    level: str | None = None
    state: str | None = None
    reason: str | None = None
    role: str | None = None
    organisation: str | None = None
    severity: int | None = None
    subject: str | None = None
    due: str | None = None
    levels: dict[str, str] = {}
    """By when a notice is owed at each level."""
    rung: int | None = None
    shows: tuple[str, ...] = ()
    """What a notice must say: a field, its label, its group, or words of its value."""
    hides: tuple[str, ...] = ()
    """What a notice must not say, in the same words."""
    times: int | None = None
    """How often exactly it follows."""
    because: str | None = None
    """Free words for the reader; never compared."""
    line: int = 0
    """Where it stands in the file; set when the file is read, never compared."""


class Followed(Row, frozen=True, kw_only=True, omit_defaults=True):
    """An outcome that followed, with what its notice said; a row asks by `shows` and `hides`."""

    content: tuple[str, ...] = ()


class Then(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when the story runs, and all that must have followed."""

    until: str = ""
    """The last time that the file names, when it is left out."""
    outcomes: tuple[Row, ...] = ()
    """What the story is about."""
    also: tuple[Row, ...] = ()
    """What follows besides; `hub simulate --fill` writes it."""
    never: tuple[Row, ...] = ()
    """What must not follow, said aloud."""
    unlisted: Literal["fail", "allow"] = "fail"
    """Whether an outcome that is nowhere listed fails the scenario; a quarantine always does."""

    @property
    def expected(self) -> tuple[Row, ...]:
        """Every row that must follow."""
        return (*self.outcomes, *self.also)


ROW_KINDS = ("notice", "gap", "escalated", "ended", "quarantined", "told")
OPEN, NOT_OPEN = "open", "not_open"
"""States of a gap at a moment, and not the outcome by which it came into it."""
ROW_STATES = (
    "opened",
    "raised",
    OPEN,
    NOT_OPEN,
    *(state.value for state in GapState if state is not GapState.OPEN),
    *(state.value for state in ENDED),
)


def in_words(row: Row) -> dict[str, Any]:
    """A row as it is shown: without what a notice said, which is about a person."""
    return {k: v for k, v in msgspec.to_builtins(row).items() if k != "content"}
