"""A merge that was a mistake: each key has its own episodes again.

Keys are one person's while ties connect them.  Who is no longer connected with the key that decides
goes, together with whoever is still connected with her: two of three stay joined when the third is
parted.  What each had told the other is taken back there; what was sent in between under the name
of one of them stays with the one that went on, for nothing tells whose it was.
"""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from hub.core.caring import with_replaced, without_words_from
from hub.core.doubles import apart, joined, pairs_of
from hub.core.handing import Handed, pack, unpack
from hub.core.ids import fingerprint
from hub.core.model import Event
from hub.core.person import GaveWay, KnownEpisode, Left, PersonState
from hub.core.ties import Link, Tie
from hub.core.tying import connected, with_ties

LEFT_LIMIT = 8
"""Episodes of others that a key remembers after a parting: more than two women have."""
PARTINGS_LIMIT = 16
"""Partings that a key remembers, so that one that is said again changes nothing."""


class Taken(Struct, frozen=True, kw_only=True):
    """What follows from a link: the state, and what other keys and episodes must be told."""

    state: PersonState
    sends: tuple[tuple[str, Link], ...] = ()
    """Keys, and what each is told."""
    joined: tuple[tuple[str, str], ...] = ()
    """Pairs of episodes that turned out to be of one pregnancy: the one that goes on, the other."""
    parted: tuple[str, ...] = ()
    """Episodes that heard what was another woman's."""


def part(state: PersonState, key: str, event: Event) -> Taken:
    """What follows when an event is taken back that may have been a merge."""
    taken = Taken(state=with_ties(state, key, ()))
    if taken.state.ties == state.ties and not state.merges:
        return taken
    return part_from_all(taken, key, event.id, event.occurred_at)


def part_as_corrected(state: PersonState, key: str, event: Event) -> Taken:
    """What follows when an event is corrected that may have been a merge."""
    taken = Taken(state=with_ties(state, key, ()))
    return part_from_all(taken, key, event.id, event.occurred_at)


def part_from_all(taken: Taken, key: str, because: str, at: datetime) -> Taken:
    """Part from every key with which no standing tie connects this one any more."""
    state = taken.state
    hers = connected(key, state.ties)
    gone = [one for one in state.gave_way if one.key not in hers]
    if not gone:
        return taken
    heads = _heads(state, gone)
    shares, parted, again = _shared_out(state, heads, key)
    stay = tuple(one for one in state.gave_way if one.key in hers)
    sends = [
        _parted(state, head, shares, because, at, one.key)
        for one in gone
        for head in (heads[one.key],)
    ]
    # The way of those who stay may have led over one that goes.
    sends += [_parted(state, key, {}, because, at, one.key) for one in stay]
    fresh = replace(
        without_words_from(state, frozenset(heads)),
        episodes=shares.get(key, ()),
        gave_way=stay,
        left=_left(state, shares, key),
        ties=tuple(tie for tie in state.ties if {tie.one, tie.other} & hers),
        # What was claimed may be claimed anew: the two may turn out to be one woman after all.
        claimed=(),
    )
    return Taken(
        state=fresh,
        sends=(*taken.sends, *((link_to, link) for link_to, link in sends)),
        joined=(*taken.joined, *again),
        parted=(*taken.parted, *parted),
    )


def _heads(state: PersonState, gone: list[GaveWay]) -> dict[str, str]:
    """For each key that goes the one by which it goes from now on: a woman's before a baby's."""
    heads: dict[str, str] = {}
    for one in gone:
        with_her = connected(one.key, state.ties)
        head = min((each.is_baby, each.key) for each in gone if each.key in with_her)
        heads[one.key] = head[1]
    return heads


def _shared_out(
    state: PersonState, heads: dict[str, str], key: str
) -> tuple[dict[str, tuple[KnownEpisode, ...]], tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Whose each pregnancy is; the episodes that must forget, and the pairs that tell anew."""
    shares: dict[str, tuple[KnownEpisode, ...]] = {}
    parted: list[str] = []
    again: list[tuple[str, str]] = []
    for known in state.episodes:
        files = (known, *known.also)
        owners = [heads.get(one.came_from, key) for one in files]
        split = len(set(owners)) > 1
        for owner in dict.fromkeys(owners):
            mine = [one for one, its in zip(files, owners, strict=True) if its == owner]
            others = [one for one in known.also if one not in mine]
            whole = known
            if split:
                alone = [apart(one, others) if one is known else one for one in mine]
                whole = alone[0]
                for one in alone[1:]:
                    again += pairs_of(whole, one)
                    whole = joined(whole, one)
                parted += [one.episode_id for one in mine]
            shares[owner] = (*shares.get(owner, ()), _at_home(whole, owner))
    return shares, tuple(parted), tuple(again)


def _left(
    state: PersonState, shares: dict[str, tuple[KnownEpisode, ...]], owner: str
) -> tuple[Left, ...]:
    """The episodes that are not this owner's any more, and what they had heard."""
    gone = [
        Left(episode_id=one.episode_id, heard=one.heard)
        for other, share in shares.items()
        for known in share
        for one in (known, *known.also)
        if other != owner and one.heard
    ]
    return (*state.left, *gone)[-LEFT_LIMIT:]


def _at_home(known: KnownEpisode, owner: str) -> KnownEpisode:
    """An episode that is under its own key came from nowhere else."""
    also = tuple(_at_home(one, owner) for one in known.also)
    came_from = "" if known.came_from == owner else known.came_from
    return replace(known, came_from=came_from, also=also)


def _parted(
    state: PersonState,
    head: str,
    shares: dict[str, tuple[KnownEpisode, ...]],
    because: str,
    at: datetime,
    told: str,
) -> tuple[str, Link]:
    """What a key is told that stands again, or goes by another from now on."""
    with_her = connected(head, state.ties)
    handed = Handed(replaced=state.replaced)
    if told == head:
        handed = Handed(
            replaced=state.replaced,
            episodes=shares.get(head, ()),
            left=_left(state, shares, head),
            ties=tuple(tie for tie in state.ties if {tie.one, tie.other} & with_her),
            gave_way=tuple(
                one for one in state.gave_way if one.key in with_her and one.key != head
            ),
        )
    return told, Link(tie=Tie.PARTED, at=at, key=head, handed=pack(handed), merge=because)


def stand_again(state: PersonState, key: str, link: Link) -> Taken:
    """A key that gave way by mistake has its own episodes again, or goes by another."""
    known = fingerprint(link.merge)
    if state.moved is None or known in state.partings:
        return Taken(state=state)
    handed = unpack(link.handed)
    fresh = with_replaced(state, handed.replaced)
    fresh = replace(fresh, claimed=(), partings=(*state.partings, known)[-PARTINGS_LIMIT:])
    # An older hub named the key from which this one parts.
    if link.key == key or not link.merge:
        fresh = replace(fresh, moved=None, episodes=handed.episodes, left=handed.left)
        return Taken(state=with_ties(fresh, key, handed.ties, handed.gave_way))
    same = state.moved.key == link.key
    number = state.moved.nhs_number if same else None
    moved = replace(state.moved, key=link.key, nhs_number=number, said_there=True)
    return Taken(state=replace(fresh, moved=moved))
