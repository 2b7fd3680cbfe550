"""Two keys of one person: what ties them, and how everything comes to go under one of them.

Publishers know a person by references of their own, by her NHS number, or by her baby's.  What one
event says of two of these ties them: an event with a reference and a number, a birth with the
baby's number, a merge of two records.  The key that gives way remembers under which key she is
known now, hands its episodes over, and passes on whatever still comes to it.

Everything here is told from key to key, in any order and any number of times.  Nothing goes round
in a circle: a grown woman's key gives way only to one of a smaller rank, and a baby's only to a
woman's.  What would make one person of two on the word of a reference alone is refused: the key is
contested then, and decides nothing more (G62).
"""

from datetime import date, datetime

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from hub.core.babies import BABIES_LIMIT, baby_named
from hub.core.caring import with_words_of
from hub.core.faults import FaultReason, SenderFault
from hub.core.identity import (
    DUE_DATE_WINDOW,
    EPISODES_LIMIT,
    LIFE_AFTER_DUE_DATE,
    OPEN_WITHOUT_DUE_DATE,
)
from hub.core.model import Event, Person
from hub.core.person import BY_A_LINK, KnownEpisode, Moved, PersonState, Replaced, Said, files_of
from hub.core.ties import Link, Tie

MERGES_LIMIT = 16
"""Merges of one person that can still be taken back."""


ABOUT_HER = (
    "practice",
    "practice_since",
    "provider",
    "area",
    "area_since",
    "providers",
    "practices",
    "areas",
    "replaced",
)
"""What is known of her beyond her pregnancies, and goes with her from key to key."""


class Handed(Struct, frozen=True, kw_only=True):
    """What a key that gives way knew of a person."""

    episodes: tuple[KnownEpisode, ...] = ()
    practice: str | None = None
    practice_since: datetime | None = None
    provider: str | None = None
    area: str | None = None
    area_since: datetime | None = None
    reported_by: str | None = None
    providers: tuple[Said, ...] = ()
    practices: tuple[Said, ...] = ()
    areas: tuple[Said, ...] = ()
    replaced: tuple[Replaced, ...] = ()


class Taken(Struct, frozen=True, kw_only=True):
    """What follows from a link: the state, and what other keys and episodes must be told."""

    state: PersonState
    sends: tuple[tuple[str, Link], ...] = ()
    """Keys, and what each is told."""
    joined: tuple[tuple[str, str], ...] = ()
    """Pairs of episodes that turned out to be of one pregnancy: the one that goes on, the other."""
    parted: tuple[str, ...] = ()
    """Episodes that heard what was another woman's."""


_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Handed).decode


# --- what a key makes of it ------------------------------------------------------------------


def take_link(state: PersonState, key: str, link: Link) -> Taken:
    """What a key does with what it is told of another.

    Raises SenderFault TWO_CANDIDATES where believing it would make one person of two.
    """
    if link.key == key:
        return Taken(state=state)
    if link.tie is Tie.HANDED_OVER:
        return _adopt(state, link)
    if link.tie is Tie.PARTED:
        return _stand_again(state, link)
    if state.moved is not None:
        return _already_moved(state, state.moved, link)
    if link.tie is Tie.MERGE and link.key > key:
        # It is the other that gives way: what begins as a number before a reference, for most
        # events carry the number, and of two alike the smaller.
        back = replace(link, key=key, nhs_number=state.nhs_number)
        return Taken(state=state, sends=((link.key, back),))
    if link.tie is Tie.BABY and not all(one.of_infant for one in state.episodes):
        raise two_candidates()
    return _give_way(state, key, link)


def two_candidates() -> SenderFault:
    """The fault of what could be one of two people's."""
    return SenderFault(
        FaultReason.TWO_CANDIDATES,
        "two people are on record for what this names, and nothing says which one is meant",
        field="subject",
        remedy="send the NHS number of the mother; if two records are one person's, send the merge",
    )


def _already_moved(state: PersonState, moved: Moved, link: Link) -> Taken:
    if moved.key == link.key:
        fresh = replace(moved, nhs_number=moved.nhs_number or link.nhs_number)
        return Taken(state=replace(state, moved=fresh))
    if link.tie is Tie.MERGE:
        if moved.baby_id is not None:
            # The other record is the same baby's.
            known = replace(link, tie=Tie.BABY, key=moved.key, baby_id=moved.baby_id)
            known = replace(known, nhs_number=moved.nhs_number)
            return Taken(state=state, sends=((link.key, known),))
        return Taken(state=state, sends=((moved.key, link),))
    return Taken(state=replace(state, contested=True))


def _give_way(state: PersonState, key: str, link: Link) -> Taken:
    """Everything goes under the other key from now on."""
    baby_id = link.baby_id if link.tie is Tie.BABY else None
    moved = Moved(key=link.key, nhs_number=link.nhs_number, baby_id=baby_id)
    handed = Handed(
        episodes=state.episodes,
        reported_by=state.reported_by,
        **{name: getattr(state, name) for name in ABOUT_HER},
    )
    over = Link(
        tie=Tie.HANDED_OVER,
        at=link.at,
        key=key,
        baby_id=baby_id,
        handed=_pack(handed),
        merge=link.merge,
    )
    sends = ((link.key, over),) if state.episodes or link.merge else ()
    return Taken(state=replace(state, moved=moved, episodes=()), sends=sends)


def _adopt(state: PersonState, link: Link) -> Taken:
    """Take over the episodes of a key that has given way."""
    if state.moved is not None:
        return Taken(state=state, sends=((state.moved.key, link),))
    handed = _unpack(link.handed)
    known = list(state.episodes)
    joined: list[tuple[str, str]] = []
    for given in handed.episodes:
        one = replace(given, came_from=given.came_from or link.key)
        if any(one.episode_id in files_of(e) for e in known):
            continue
        same = next((e for e in reversed(known) if _same(e, one, link.baby_id)), None)
        if same is None:
            known.append(one)
            continue
        known[known.index(same)] = _joined(same, one)
        joined += _pairs(same, one)
    known.sort(key=lambda e: e.opened_at)
    fresh = replace(state, episodes=tuple(known[-EPISODES_LIMIT:]))
    if link.merge and (link.merge, link.key) not in state.merges:
        fresh = replace(fresh, merges=(*state.merges, (link.merge, link.key))[-MERGES_LIMIT:])
    if link.baby_id is None:
        fresh = replace(fresh, reported_by=state.reported_by or handed.reported_by)
        hers = {name: getattr(handed, name) for name in ABOUT_HER}
        fresh = with_words_of(fresh, PersonState(**hers), link.key)
    return Taken(state=fresh, joined=tuple(joined))


def _same(known: KnownEpisode, other: KnownEpisode, baby_id: str | None) -> bool:
    """Whether two episodes of one person are of one pregnancy."""
    if baby_id is not None:
        begun = known.opened_at <= other.opened_at
        return baby_id in known.babies or (begun and other.opened_at <= _last_day(known))
    if known.edd is not None and other.edd is not None:
        apart = abs(date.fromisoformat(known.edd) - date.fromisoformat(other.edd))
        return apart <= DUE_DATE_WINDOW
    return known.opened_at <= _over_by(other) and other.opened_at <= _over_by(known)


def join_alike(state: PersonState, episode_id: str) -> Taken:
    """After a correction of its due date, an episode may turn out to be of a known pregnancy."""
    known = next((e for e in state.episodes if e.episode_id == episode_id), None)
    others = [e for e in state.episodes if e is not known and e.edd is not None]
    if known is None or known.edd is None:
        return Taken(state=state)
    same = next((other for other in reversed(others) if _same(other, known, None)), None)
    if same is None:
        return Taken(state=state)
    first, second = sorted((same, known), key=lambda e: e.opened_at)
    kept = [e for e in state.episodes if e not in (first, second)]
    kept = sorted([*kept, _joined(first, second)], key=lambda e: e.opened_at)
    return Taken(state=replace(state, episodes=tuple(kept)), joined=_pairs(first, second))


def _pairs(one: KnownEpisode, other: KnownEpisode) -> tuple[tuple[str, str], ...]:
    """All that are to tell each other what they remember, when two pregnancies are one."""
    return tuple((mine, theirs) for mine in files_of(one) for theirs in files_of(other))


def _over_by(known: KnownEpisode) -> datetime:
    """By when a pregnancy itself is over."""
    return known.ended_at or known.opened_at + OPEN_WITHOUT_DUE_DATE


def _last_day(known: KnownEpisode) -> datetime:
    return _over_by(known) + LIFE_AFTER_DUE_DATE


def _joined(known: KnownEpisode, other: KnownEpisode) -> KnownEpisode:
    """One pregnancy under two episodes: the first goes on, and the other hears what it hears."""
    babies = tuple(dict.fromkeys((*known.babies, *other.babies)))[:BABIES_LIMIT]
    return replace(
        known,
        edd=known.edd or other.edd,
        ended_at=known.ended_at or other.ended_at,
        babies=babies,
        one_baby=(known.one_baby or other.one_baby) and len(babies) <= 1,
        also=(*known.also, replace(other, also=()), *other.also),
    )


# --- a merge that was a mistake --------------------------------------------------------------


def part(state: PersonState, key: str, event: Event) -> Taken:
    """What follows when a merge is taken back: each key has its own episodes again.

    What each had told the other is taken back there; what was sent in between under the name of
    one of them stays with the one that went on, for nothing tells whose it was.
    """
    target = str(event.body.get("target_id"))
    gone = [other for merge, other in state.merges if merge == target]
    taken = Taken(state=state)
    for other in gone:
        taken = _part_from(taken, key, other, event)
    kept = tuple(row for row in state.merges if row[0] != target)
    # What was claimed may be claimed anew: the two may turn out to be one woman after all.
    claimed = () if gone else state.claimed
    return replace(taken, state=replace(taken.state, merges=kept, claimed=claimed))


def _part_from(taken: Taken, key: str, other: str, event: Event) -> Taken:
    back: list[KnownEpisode] = []
    mine: list[KnownEpisode] = []
    parted = list(taken.parted)
    for known in taken.state.episodes:
        if known.came_from == other:
            back.append(replace(known, came_from=""))
            continue
        theirs = [one for one in known.also if one.came_from == other]
        if theirs:
            back += [replace(one, came_from="") for one in theirs]
            parted += [known.episode_id, *(one.episode_id for one in theirs)]
        mine.append(replace(known, also=tuple(o for o in known.also if o.came_from != other)))
    link = Link(
        tie=Tie.PARTED,
        at=event.occurred_at,
        key=key,
        handed=_pack(Handed(episodes=tuple(back))),
    )
    return Taken(
        state=replace(taken.state, episodes=tuple(mine)),
        sends=(*taken.sends, (other, link)),
        parted=tuple(dict.fromkeys(parted)),
    )


def _stand_again(state: PersonState, link: Link) -> Taken:
    """A key that gave way by mistake has its own episodes again."""
    if state.moved is None or state.moved.key != link.key:
        return Taken(state=state)
    own = _unpack(link.handed).episodes
    return Taken(state=replace(state, moved=None, episodes=own, claimed=()))


# --- what comes to a key that has given way --------------------------------------------------


def as_known_there(moved: Moved, event: Event) -> Event:
    """An event as it goes on to the key under which its person is known."""
    own = event.subject
    if moved.baby_id is not None:
        there = Person(reference=f"{BY_A_LINK}{moved.key}", nhs_number=moved.nhs_number)
        body = event.body
        if baby_named(event) is not None:
            body = {**body, "baby_id": moved.baby_id}
        return replace(event, subject=there, body=body)
    there = replace(
        own, reference=f"{BY_A_LINK}{moved.key}", nhs_number=moved.nhs_number or own.nhs_number
    )
    return replace(event, subject=there)
