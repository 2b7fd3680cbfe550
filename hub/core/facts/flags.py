"""What the domain calls a flag: a risk that some event has written down, or a plan in force.

Events write risks down in their own words: E17 as a concern, E14, E15 and E16 by what they found
(domain P24), E03 by a code of the standard set (F9), E39 by its name.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from hub.core.draft import Context, Draft, unpack_body
from hub.core.episode import Remembered
from hub.core.facts.register import fact, of_type
from hub.core.kinds import TRUTH

ABUSE = "DA"
"""The code of domestic abuse, as a concern, a risk, a reason and a label."""

MENTAL_HEALTH = "MH"
PRIOR_REMOVAL = "prior_removal"

BOOKED = frozenset(("substance", ABUSE, "violence_nearby", PRIOR_REMOVAL))
"""Which words of a booking are flags: those of the standard set of F9.  The others say what she
needs (a language, her age), and mental health is her history there (F107), not a finding."""

EVERY = "every"
"""The ground of a gap about needs (G31): every small flag is one, and none makes it graver."""

CONCERN = "concern.raised"
RED_FLAG = "mh.red-flag"

SPEAKING = frozenset(
    (
        CONCERN,
        "assessment.family",
        "enquiry.domestic-abuse",
        "screening.mental-health",
        "pregnancy.booked",
    )
)
"""The events that may write a flag down: the others are not unpacked to look."""
RISKY = SPEAKING | {RED_FLAG}


class Flag(NamedTuple):
    """One concern, in whatever event it was written down."""

    code: str
    organisation: str
    at: datetime
    event_id: str
    is_high: bool = False


def flags_of(event: Remembered, booked: Collection[str] = (PRIOR_REMOVAL,)) -> Iterator[Flag]:
    """The concerns that one event writes down: E17 by code, E14, E15 and E16 by what they found.

    Of a booking those of the codes `booked`: as small concerns that add up (G35) its words are
    history, but for a child who was removed before.
    """
    if event.type not in SPEAKING:
        return
    body = unpack_body(event)
    codes: list[str] = []
    match event.type:
        case "concern.raised":
            codes = [str(body.get("code"))]
        case "assessment.family":
            codes = [str(code) for code in body.get("risks") or ()]
        case "enquiry.domestic-abuse" if body.get("answer") in ("disclosed", "suspected"):
            codes = [ABUSE]
        case "screening.mental-health" if body.get("result") == "positive":
            codes = [MENTAL_HEALTH]
        case "pregnancy.booked":
            codes = [code for code in body.get("vulnerabilities") or () if code in booked]
    is_high = body.get("severity") == "high"
    for code in codes:
        yield Flag(code, event.organisation, event.occurred_at, event.id, is_high)


def is_flagged(draft: Draft, apart_from: Collection[str] = ()) -> bool:
    """Whether a plan or another legal status is in force, or any risk is on record (ruling 28).

    Those of the codes `apart_from` do not count: what a gap is itself about makes it no graver.
    """
    if EVERY in apart_from:
        return bool(draft.plans) or _has_grave_concern(draft)
    return bool(draft.plans) or any(
        code not in apart_from
        for event in draft.history
        if event.type in RISKY and not event.retracted
        for code in _stated(event)
    )


def _stated(event: Remembered) -> Iterator[str]:
    """The codes of what one event says is a risk now."""
    if event.type == RED_FLAG:
        yield MENTAL_HEALTH
    elif event.type != CONCERN or not _is_answered(event):
        yield from (flag.code for flag in flags_of(event, BOOKED))


def _is_answered(concern: Remembered) -> bool:
    """Whether a small concern says who weighed it and why nothing more is done: it is a decision
    then, the named reason of G06 and G33, and leaves nothing open.
    """
    body = unpack_body(concern)
    is_small = body.get("severity") == "low"
    return is_small and bool(body.get("not_referred_because") and body.get("decided_by"))


@fact(TRUTH)
def open_flag(c: Context) -> bool:
    """Whether the hub holds any flag (P14, P15, P16): a plan or another legal status in force, a
    concern of any severity, abuse, a positive screening, a risk of an assessment or a booking.
    """
    return is_flagged(c.episode)


@fact(TRUTH)
def plan_or_grave_concern(c: Context) -> bool:
    """Whether the hub holds a plan in force or a concern of medium or high severity (G13)."""
    has_plan = any(code.startswith("CPP") for code in c.episode.plans)
    return has_plan or _has_grave_concern(c.episode)


def _has_grave_concern(draft: Draft) -> bool:
    return any(
        unpack_body(r).get("severity") in ("medium", "high") for r in of_type(draft, CONCERN)
    )
