"""Facts about a loss, whichever event told of it: the pregnancy's end, or the record of a birth.

A stillbirth is a stillbirth also where only the record of the birth says that the child did not
live (S18, S29).  Where both tell of one loss it is told by the end of the pregnancy, which knows
of her wishes; the record of the birth adds nothing to it.
"""

from datetime import datetime
from typing import Any

from hub.core.draft import Context, Draft, unpack_body
from hub.core.facts.register import fact, moment, of_type
from hub.core.kinds import INSTANT, TEXT, TRUTH
from hub.core.redaction import agreed_within

LIVE_BIRTH = "live_birth_see_E08"
"""What the end of a pregnancy says when it was a birth, of which the birth's record tells."""


def _ends(draft: Draft) -> list[dict[str, Any]]:
    """What was said of losses as ends of this pregnancy, and stands."""
    said = map(unpack_body, of_type(draft, "pregnancy.ended"))
    return [body for body in said if body.get("outcome") != LIVE_BIRTH]


def _is_birth(c: Context) -> bool:
    """Whether the event is the record of a birth, and not the end of a pregnancy."""
    return c.event is not None and c.event.type == "birth.recorded"


def _loss_by_record(c: Context) -> bool:
    """Whether the event is the record of a stillbirth of which nothing else has told."""
    known = (None, "", c.body.get("baby_id"))
    return c.body.get("alive") == "n" and all(
        b.get("baby_id") not in known for b in _ends(c.episode)
    )


def _nobody_lives(draft: Draft) -> bool:
    """Whether every baby that was to be born is known not to live, by births and losses alone."""
    births = [unpack_body(r) for r in of_type(draft, "birth.recorded")]
    dead = {body["baby_id"] for body in births if body.get("alive") == "n"}
    dead |= {body["baby_id"] for body in _ends(draft) if body.get("baby_id")}
    of_how_many = max(((b.get("plurality") or {}).get("n") or 1 for b in births), default=1)
    return len(dead) >= max(of_how_many, len({body["baby_id"] for body in births}))


@fact(TRUTH)
def loss_of_all(c: Context) -> bool:
    """Whether the event tells that the whole pregnancy was lost: its end, or the record of a
    stillbirth of which nothing else has told (P11, P12).
    """
    outcome: str | None = c.body.get("outcome")
    if _is_birth(c):
        return _loss_by_record(c) and _nobody_lives(c.episode)
    return outcome != LIVE_BIRTH and not c.body.get("baby_id")


@fact(TRUTH)
def loss_of_one(c: Context) -> bool:
    """Whether the event tells that a baby was lost, and not that the pregnancy was (P12)."""
    outcome: str | None = c.body.get("outcome")
    if _is_birth(c):
        return _loss_by_record(c) and not _nobody_lives(c.episode)
    return outcome != LIVE_BIRTH and bool(c.body.get("baby_id"))


@fact(TRUTH)
def loss_to_be_told(c: Context) -> bool:
    """Whether the event tells of a loss, other than a termination she keeps to herself (P11)."""
    if c.body.get("outcome") == "termination" and not agreed_within(c.episode, "all_routine"):
        return False
    told: bool = loss_of_all(c) or loss_of_one(c)
    return told


@fact(TEXT)
def what_was_lost(c: Context) -> str | None:
    """The baby of several that was lost; none where the whole pregnancy was (P11)."""
    one: str | None = c.body.get("baby_id")
    return None if loss_of_all(c) else one


@fact(INSTANT)
def pregnancy_loss_at(c: Context) -> datetime | None:
    """When the whole pregnancy was lost; none when one baby of several was, or one lives."""
    if not loss_of_all(c):
        return None
    born_at: datetime = c.body.get("born_at") or moment(c)
    return born_at


@fact(INSTANT)
def baby_loss_at(c: Context) -> datetime | None:
    """When the baby that the event names was lost; none when it was born alive."""
    lives = c.body.get("alive") != "n" if _is_birth(c) else c.body.get("outcome") == LIVE_BIRTH
    if lives:
        return None
    born_at: datetime = c.body.get("born_at") or moment(c)
    return born_at
