"""Facts about how a baby grows."""

from collections.abc import Callable
from typing import Any

from hub.core.draft import Context, unpack_body
from hub.core.facts.pregnancy import infant_age_days
from hub.core.facts.register import fact, moment, of_type
from hub.core.kinds import NUMBER, TRUTH

SPACES = {"below_9th": 1, "above_91st": 3}
"""Centile spaces lost that are too many, where the birth weight was small or large (NICE NG75)."""
USUAL_SPACES = 2
TENTH = 100
"""Tenths of a percent of the birth weight: what more is lost than that is too much (S37)."""
REGAINED_BY_DAY = 21
"""Most babies weigh by this day what they weighed at birth (S37)."""


@fact(NUMBER)
def spaces_too_many(c: Context) -> int:
    """Centile spaces lost since birth that are too many: one, two, or three (S38).

    One where the birth weight was below the 9th centile, three where it was above the 91st.
    """
    return SPACES.get(str(c.body.get("birth_band")), USUAL_SPACES)


@fact(TRUTH, tenths=NUMBER)
def lost_more_than(c: Context, tenths: int) -> bool:
    """Whether a baby has lost more than so many tenths of a percent of its birth weight (S37).

    Worked out from the weight at birth where it is known, by what the event says where it is not;
    where the two contradict each other, either will do.
    """
    stated = c.body.get("loss_percent")
    return _lost(c, lambda lost, born: lost * 1000 > tenths * born, stated, tenths // 10 + 1)


@fact(TRUTH, tenths=NUMBER)
def lost_at_least(c: Context, tenths: int) -> bool:
    """As lost_more_than, with the limit itself counted: `lost_at_least(125)` is an eighth."""
    stated = c.body.get("loss_percent")
    return _lost(c, lambda lost, born: lost * 1000 >= tenths * born, stated, -(-tenths // 10))


@fact(TRUTH)
def has_not_regained(c: Context) -> bool:
    """Whether a baby has lost more than a tenth of its birth weight, or after the third week still
    weighs less than at birth (S37, NICE NG75).
    """
    age = infant_age_days(c)
    return lost_more_than(c, TENTH) or (
        age is not None and age > REGAINED_BY_DAY and lost_more_than(c, 0)
    )


def _lost(c: Context, enough: Callable[[int, int], bool], stated: int | None, least: int) -> bool:
    """Whether enough was lost; what is stated is in whole percent, rounded up (E19)."""
    born, grams = _birth_weight(c), c.body.get("grams")
    by_word = stated is not None and stated >= least
    if not born or grams is None:
        return by_word
    lost = born - int(grams)
    same = stated is None or stated == -(-lost * 100 // born)
    return enough(lost, born) or (by_word and not same)


def _birth_weight(c: Context) -> int | None:
    """The weight at birth of the baby that was weighed, in grams."""
    births = [unpack_body(r) for r in of_type(c.episode, "birth.recorded")]
    own = [b for b in births if b.get("baby_id") == c.body.get("baby_id")]
    grams = own[-1].get("weight_grams") if own else None
    return int(grams) if grams else None


@fact(TRUTH)
def weight_counts(c: Context) -> bool:
    """Whether a weight may start something: reliable, or the second in a row that is not (G24).

    Reliable is a weight taken naked by a professional, and not on scales of which it is said that
    nobody knows them.  The same weighing told twice is one.
    """
    if _reliable(c.body):
        return True
    at = moment(c)
    earlier = [
        r
        for r in of_type(c.episode, "measurement.infant")
        if r.occurred_at < at and unpack_body(r).get("baby_id") == c.body.get("baby_id")
    ]
    latest = max(earlier, key=lambda r: r.occurred_at, default=None)
    return latest is not None and not _reliable(unpack_body(latest))


def _reliable(body: dict[str, Any]) -> bool:
    known = body.get("device") != "unknown"
    return bool(
        known and body.get("clothing") == "naked" and body.get("measured_by") == "professional"
    )
