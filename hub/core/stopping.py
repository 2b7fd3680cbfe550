"""What stops for good: what is routine at a loss, and what is for the mother alone at her death.

A rule says by its tags which of the two it is.  What is owed to a baby who lives goes on after its
mother's death, and so does all safeguarding.
"""

from dataclasses import dataclass

from hub.core.draft import Draft
from hub.core.silences import Silence

ROUTINE = "routine"
"""The tag of whatever must stop at a loss (P11, G49)."""
MOTHER = "mother"
"""The tag of whatever is for the mother alone: nobody asks for it once she is dead (P46)."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What counts as lost: the pregnancy, which babies, and whether the mother is dead."""

    pregnancy: bool
    babies: frozenset[str]
    mother: bool

    def stop(self, tags: frozenset[str], subject: str) -> Silence | None:
        """Why nothing of a rule with these tags may be raised about a subject; None when it may."""
        if MOTHER in tags and self.mother:
            return Silence.STOPPED_BY_DEATH
        lost = self.pregnancy or subject.partition("/")[0] in self.babies
        return Silence.STOPPED_BY_LOSS if ROUTINE in tags and lost else None


def losses(draft: Draft) -> Losses:
    """What counts as lost now."""
    babies = frozenset(b.baby_id for b in draft.babies if b.ended_at)
    return Losses(draft.ended, babies, draft.mother_died_at is not None)


def stopped(draft: Draft, tags: frozenset[str], subject: str) -> Silence | None:
    """Why nothing of a rule with these tags may be raised now; None when it may."""
    return losses(draft).stop(tags, subject)
