"""Facts about what was on record, and what those who came after it left unanswered."""

from typing import Any

from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Remembered
from hub.core.facts.register import fact, moment, of_type
from hub.core.kinds import TEXT, TRUTH
from hub.core.model import GapState

GROWTH, MIND = "growth", "MH"
PLAN = "plan"
GROWTH_GAP = "G24"
OF_THE_MIND = frozenset(("PMH", "MMHS", "TT", "AMHS", "CAMHS", "LIAISON"))
"""Services to which a concern about her mind leads."""
OF_GROWTH = frozenset(("HV_follow_up", "PAEDS", "INFANT_FEEDING"))
"""Services to which a concern about a baby's growth leads."""


def _concerns(draft: Draft, code: str) -> list[Remembered]:
    """Concerns of a code that stand."""
    raised = of_type(draft, "concern.raised")
    return [r for r in raised if unpack_body(r).get("code") == code]


@fact(TRUTH, code=TEXT)
def not_discussed(c: Context, code: str) -> bool:
    """Whether a concern of a code was raised before, and she has not been asked since (G42)."""
    at = moment(c)
    raised = [r.occurred_at for r in _concerns(c.episode, code) if r.occurred_at < at]
    if not raised:
        return False
    asked = [
        r.occurred_at
        for r in of_type(c.episode, "contact.completed")
        if unpack_body(r).get("mh_asked") == "asked"
    ]
    asked += [r.occurred_at for r in of_type(c.episode, "screening.mental-health")]
    return not any(max(raised) <= when <= at for when in asked)


@fact(TEXT)
def passed_over(c: Context) -> str | None:
    """The first concern on record about which a review says nothing: `growth`, `MH` or `plan`;
    none when each is answered (G21).
    """
    return _passed_over(c.episode, c.body)


@fact(TRUTH)
def passes_over_nothing(c: Context) -> bool:
    """Whether the awaited review answers every concern on record (G21)."""
    return _passed_over(c.episode, c.awaited_body) is None


def _passed_over(draft: Draft, review: dict[str, Any]) -> str | None:
    said, to = set(review.get("concerns") or ()), set(review.get("referred_to") or ())
    if review.get("who") == "baby":
        baby = review.get("baby_id")
        if _grows_badly(draft, baby) and GROWTH not in said and not to & OF_GROWTH:
            return GROWTH
    elif _concerns(draft, MIND) and MIND not in said and not to & OF_THE_MIND:
        return MIND
    return PLAN if draft.plans and not said and not to else None


def _grows_badly(draft: Draft, baby: str | None) -> bool:
    """Whether a baby's growth is an open gap, or somebody has raised it."""
    about = (baby, None)
    is_open = any(
        g.code == GROWTH_GAP and g.state is GapState.OPEN and g.subject.partition("/")[0] == baby
        for g in draft.gaps.values()
    )
    return is_open or any(unpack_body(r).get("baby_id") in about for r in _concerns(draft, GROWTH))
