"""One pregnancy under two episodes: how that is seen, and what is known of both together."""

from collections.abc import Iterable
from datetime import date, datetime

from msgspec.structs import replace

from hub.core.babies import BABIES_LIMIT
from hub.core.dates import dates_of
from hub.core.identity import DUE_DATE_WINDOW, OPEN_WITHOUT_DUE_DATE, life_after
from hub.core.person import KnownEpisode, files_of


def same(known: KnownEpisode, other: KnownEpisode, baby_id: str | None) -> bool:
    """Whether two episodes of one person are of one pregnancy."""
    if baby_id is not None:
        begun = known.opened_at <= other.opened_at
        return baby_id in known.babies or (begun and other.opened_at <= _last_day(known))
    if known.edd is not None and other.edd is not None:
        apart = abs(date.fromisoformat(known.edd) - date.fromisoformat(other.edd))
        return apart <= DUE_DATE_WINDOW
    return known.opened_at <= _over_by(other) and other.opened_at <= _over_by(known)


def pairs_of(one: KnownEpisode, other: KnownEpisode) -> tuple[tuple[str, str], ...]:
    """All that are to tell each other what they remember, when two pregnancies are one."""
    return tuple((mine, theirs) for mine in files_of(one) for theirs in files_of(other))


def _over_by(known: KnownEpisode) -> datetime:
    """By when a pregnancy itself is over."""
    return known.ended_at or known.opened_at + OPEN_WITHOUT_DUE_DATE


def _last_day(known: KnownEpisode) -> datetime:
    return _over_by(known) + life_after(known)


def joined(known: KnownEpisode, other: KnownEpisode) -> KnownEpisode:
    """One pregnancy under two episodes: the first goes on, and the other hears what it hears."""
    babies = tuple(dict.fromkeys((*known.babies, *other.babies)))[:BABIES_LIMIT]
    return replace(
        known,
        **dates_of((known, other)),
        babies=babies,
        of_minds=known.of_minds or other.of_minds,
        one_baby=(known.one_baby or other.one_baby) and len(babies) <= 1,
        also=(*known.also, replace(other, also=()), *other.also),
    )


def apart(known: KnownEpisode, others: Iterable[KnownEpisode]) -> KnownEpisode:
    """A pregnancy alone again: what the others had told of it is not its own."""
    theirs = tuple(others)
    babies = {baby for one in theirs for baby in one.babies}
    return replace(
        known,
        **dates_of((known,), without=theirs),
        babies=tuple(baby for baby in known.babies if baby not in babies),
        also=(),
    )
