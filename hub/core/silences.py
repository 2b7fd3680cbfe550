"""Why a rule said nothing: gathered while deciding, for whoever asks, and kept nowhere.

A decision says what follows.  Whoever asks why somebody was *not* told hands `decide` a list, and
the rules that were looked at and stayed silent write themselves into it.  So the explanation is
made by the code that decides, and there is no second reading of the rules.
"""

from dataclasses import dataclass
from enum import StrEnum

from hub.core.basis import Basis


class Silence(StrEnum):
    """The reasons for which a rule says nothing, or nothing to one role."""

    CONDITION = "condition_not_met"
    NAMES_NOBODY = "names_nobody"
    STANDS_ALREADY = "stands_already"
    ONE_FACT = "another_report_of_it"
    STOPPED_BY_LOSS = "stopped_by_loss"
    STOPPED_BY_DEATH = "stopped_by_death"
    RESTRICTED = "restricted"
    NO_HOLDER = "nobody_holds_the_role"
    UNSAFE = "would_expose_her"
    ANSWERED_ALREADY = "answered_already"


@dataclass(frozen=True, slots=True)
class Silent:
    """One rule that was looked at and said nothing, to a role or at all."""

    basis: Basis
    reason: Silence
    role: str = ""
    """Empty: to none of its roles."""
    when: str = ""
    """The condition that was not met, as it stands in the file."""
    set_here: str = ""
    """How the area has set what the rule names."""
