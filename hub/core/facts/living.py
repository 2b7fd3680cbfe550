"""Facts about who lives: nothing is asked for a baby that nobody can see any more."""

from datetime import datetime

from hub.core.draft import Context, Draft, unpack_body
from hub.core.facts.register import fact, moment, of_type
from hub.core.kinds import INSTANT, TRUTH


@fact(INSTANT)
def mother_death_at(c: Context) -> datetime | None:
    """When the mother died, where the event tells of her death and not of a baby's (P46)."""
    told = c.body.get("kind") == "death" and not c.body.get("baby_id")
    return moment(c) if told else None


@fact(INSTANT)
def baby_death_at(c: Context) -> datetime | None:
    """When a baby died, where the event tells of its death and not of its mother's (P46)."""
    told = c.body.get("kind") == "death" and c.body.get("baby_id")
    return moment(c) if told else None


@fact(TRUTH)
def baby_living(c: Context) -> bool:
    """Whether a baby of hers lives or is still to be born, as far as is known (G17)."""
    return has_living(c.episode)


@fact(TRUTH)
def bereaved(c: Context) -> bool:
    """Whether a baby of hers had died by the event, and none lives as far as is known (G49)."""
    deaths = [b.ended_at for b in c.episode.babies if b.ended_at is not None]
    return bool(deaths) and max(deaths) <= moment(c) and not has_living(c.episode)


def has_living(draft: Draft) -> bool:
    """As `baby_living`, of a draft.

    Of several babies of whom not all are known to be dead one may live: only what is certain ends
    anything.
    """
    births = [unpack_body(r) for r in of_type(draft, "birth.recorded")]
    if not births:
        return not draft.ended and draft.mother_died_at is None
    dead = {b.baby_id for b in draft.babies if b.ended_at}
    dead |= {body["baby_id"] for body in births if body.get("alive") == "n"}
    of_how_many = max((body.get("plurality") or {}).get("n") or 1 for body in births)
    known = {b.baby_id for b in draft.babies}
    return max(of_how_many, len(known)) > (len(dead) or int(draft.ended))
