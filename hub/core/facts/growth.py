"""Facts about how a baby grows."""

from hub.core.draft import Context
from hub.core.facts.register import fact
from hub.core.kinds import NUMBER

SPACES = {"below_9th": 1, "above_91st": 3}
"""Centile spaces lost that are too many, where the birth weight was small or large (NICE NG75)."""
USUAL_SPACES = 2


@fact(NUMBER)
def spaces_too_many(c: Context) -> int:
    """Centile spaces lost since birth that are too many: one, two, or three (S38).

    One where the birth weight was below the 9th centile, three where it was above the 91st.
    """
    return SPACES.get(str(c.body.get("birth_band")), USUAL_SPACES)
