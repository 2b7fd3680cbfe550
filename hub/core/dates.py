"""When a pregnancy's baby is due and when the pregnancy was over, by what was said and stands."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from hub.core.babies import BIRTH, babies_told
from hub.core.caring import LONG_AGO, in_turn, takes_words_away, target_of
from hub.core.deadlines import estimated_due_date
from hub.core.ids import fingerprint
from hub.core.model import Event
from hub.core.person import KnownEpisode, Said

DATES_LIMIT = 12
"""Words about one pregnancy's due date, and as many about its end, that are kept."""


def due_date(event: Event) -> str | None:
    """The due date that an event states, or that follows from its gestation."""
    stated = event.body.get("edd")
    if isinstance(stated, str):
        return stated
    gestation = event.body.get("gestation")
    return estimated_due_date(gestation, event.occurred_at) if isinstance(gestation, dict) else None


def ended_at(event: Event) -> datetime | None:
    """When the pregnancy was over, if this event says so; one baby of several lost does not."""
    if event.type == BIRTH:
        born_at = event.body.get("born_at")
        return born_at if isinstance(born_at, datetime) else event.occurred_at
    whole = event.type == "pregnancy.ended" and not event.body.get("baby_id")
    return event.occurred_at if whole else None


def dates_told(known: KnownEpisode, event: Event, told: Event | None) -> dict[str, Any]:
    """What is known of a pregnancy after an event of which `told` counts (see `told_by`).

    A due date that was stated stands before one that was reckoned, and the one stated last, by
    when it happened, before all: what the episode makes of the same events.
    """
    dues, ends = _known(known)
    if takes_words_away(event, told):
        gone = target_of(event)
        dues = tuple(one for one in dues if one.event != gone)
        ends = tuple(one for one in ends if one.event != gone)
    if told is not None:
        dues, ends = (*dues, *_dues(told)), (*ends, *_ends(told))
    fresh = _dates(dues, ends)
    # A late original of what was corrected before it came still names a baby of this pregnancy.
    fresh |= babies_told(known, event if told is None else told)
    if told is not event and (told or event).type == BIRTH:
        fresh["one_baby"] = False
    return fresh


def dates_of(known: Iterable[KnownEpisode], without: Iterable[KnownEpisode] = ()) -> dict[str, Any]:
    """What is known of the dates of one pregnancy under several episodes, less what others said."""
    every, others = [_known(one) for one in known], [_known(one) for one in without]
    dues, ends = (
        tuple(
            said
            for one in every
            for said in one[n]
            if not any(said in other[n] for other in others)
        )
        for n in (0, 1)
    )
    return _dates(dues, ends)


def _dates(dues: tuple[Said, ...], ends: tuple[Said, ...]) -> dict[str, Any]:
    dues = in_turn(dues)[-DATES_LIMIT:]
    over = [one.since for one in ends if one.since is not None]
    return {
        "dues": dues,
        "edd": dues[-1].value if dues else None,
        "ends": tuple(dict.fromkeys(ends))[-DATES_LIMIT:],
        "ended_at": min(over, default=None),
    }


def _known(known: KnownEpisode) -> tuple[tuple[Said, ...], tuple[Said, ...]]:
    """What was said so far; of a state that is older than such words, what it came to."""
    dues, ends = known.dues, known.ends
    if not dues and known.edd is not None:
        dues = (Said(value=known.edd, since=LONG_AGO, weak=True),)
    if not ends and known.ended_at is not None:
        ends = (Said(value="", since=known.ended_at),)
    return dues, ends


def _dues(event: Event) -> tuple[Said, ...]:
    due = due_date(event)
    if due is None:
        return ()
    weak = not isinstance(event.body.get("edd"), str)
    said = Said(value=due, since=event.occurred_at, event=fingerprint(event.id), weak=weak)
    return (said,)


def _ends(event: Event) -> tuple[Said, ...]:
    over = ended_at(event)
    return () if over is None else (Said(value="", since=over, event=fingerprint(event.id)),)
