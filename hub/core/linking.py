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

from msgspec.structs import replace

from hub.core.babies import baby_named
from hub.core.caring import with_words_of
from hub.core.doubles import joined, pairs_of, same
from hub.core.faults import FaultReason, SenderFault
from hub.core.handing import Handed, about_her, pack, unpack
from hub.core.identity import EPISODES_LIMIT
from hub.core.model import Event, Person
from hub.core.parting import Taken, part_from_all, stand_again
from hub.core.person import BY_A_LINK, GaveWay, KnownEpisode, Moved, PersonState, Tied, files_of
from hub.core.ties import Link, Tie
from hub.core.tying import connected, is_taken_back, with_ties

OF_WHOSE_RECORD = ("demographics.changed",)
"""Events that say of whom they are by the record under which they come, and by nothing else."""

# --- what a key makes of it ------------------------------------------------------------------


def take_link(state: PersonState, key: str, link: Link) -> Taken:
    """What a key does with what it is told of another.

    Raises SenderFault TWO_CANDIDATES where believing it would make one person of two.
    """
    if link.tie is Tie.PARTED:
        return stand_again(state, key, link)
    if link.tie is Tie.MERGE and is_taken_back(state, link.merge):
        return Taken(state=state)
    if state.moved is None and (meant := _meant(state, key, link)):
        there = replace(unpack(link.handed), sent_back=True)
        return Taken(state=state, sends=((meant, replace(link, handed=pack(there))),))
    if link.tie is Tie.HANDED_OVER:
        return _adopt(state, key, link)
    if link.key == key:
        return _come_back(state, key, link)
    if state.moved is not None:
        return _already_moved(state, key, state.moved, link)
    if link.tie is Tie.MERGE and link.key > key:
        # It is the other that gives way: what begins as a number before a reference, for most
        # events carry the number, and of two alike the smaller.
        back = replace(link, key=key, nhs_number=state.nhs_number)
        return Taken(state=state, sends=((link.key, back),))
    if link.tie is Tie.BABY and not all(one.of_infant for one in state.episodes):
        raise two_candidates()
    return _give_way(state, key, link)


def _meant(state: PersonState, key: str, link: Link) -> str | None:
    """The key that a link is meant for, where this one has parted from it since it was sent on."""
    handed = unpack(link.handed)
    if not link.merge or handed.sent_back or is_taken_back(state, link.merge):
        return None
    ends = {end for tie in handed.ties if tie.merge == link.merge for end in (tie.one, tie.other)}
    if ends & connected(key, (*state.ties, *handed.ties)):
        return None
    theirs = connected(link.key, [tie for tie in handed.ties if tie.merge != link.merge])
    return min(ends - theirs, default=None)


def _come_back(state: PersonState, key: str, link: Link) -> Taken:
    """A merge that this key told another, which was on its way from one key to the next then."""
    handed = unpack(link.handed)
    after = with_ties(state, key, handed.ties)
    known = {key, *(one.key for one in after.gave_way)}
    known |= {end for tie in handed.ties if not tie.merge for end in (tie.one, tie.other)}
    missed = {end for tie in handed.ties for end in (tie.one, tie.other)} - known
    if handed.sent_back or link.tie is not Tie.MERGE:
        return Taken(state=after)
    again = replace(link, handed=pack(replace(handed, sent_back=True)))
    return Taken(state=after, sends=tuple((end, again) for end in sorted(missed)))


def two_candidates() -> SenderFault:
    """The fault of what could be one of two people's."""
    return SenderFault(
        FaultReason.TWO_CANDIDATES,
        "two people are on record for what this names, and nothing says which one is meant",
        field="subject",
        remedy="send the NHS number of the mother; if two records are one person's, send the merge",
    )


def _already_moved(state: PersonState, key: str, moved: Moved, link: Link) -> Taken:
    if moved.key == link.key and link.tie is not Tie.MERGE:
        fresh = replace(moved, nhs_number=moved.nhs_number or link.nhs_number)
        return Taken(state=replace(state, moved=fresh))
    if link.tie is Tie.MERGE:
        if moved.baby_id is not None:
            # The other record is the same baby's.
            known = replace(link, tie=Tie.BABY, key=moved.key, baby_id=moved.baby_id)
            known = replace(known, nhs_number=moved.nhs_number)
            return Taken(state=state, sends=((link.key, known),))
        return Taken(state=state, sends=((moved.key, _by_way_of(key, moved, link)),))
    return Taken(state=replace(state, contested=True))


def _by_way_of(key: str, moved: Moved, link: Link) -> Link:
    """A link on its way to the key that decides, which may not know of this one."""
    if moved.said_there:
        return link
    handed = unpack(link.handed)
    lasting = Tied(one=key, other=moved.key)
    return replace(link, handed=pack(replace(handed, ties=(*handed.ties, lasting))))


def _give_way(state: PersonState, key: str, link: Link) -> Taken:
    """Everything goes under the other key from now on."""
    baby_id = link.baby_id if link.tie is Tie.BABY else None
    told = unpack(link.handed).ties
    if link.tie is not Tie.MERGE:
        told = (*told, Tied(one=key, other=link.key, merge=link.merge))
    known = with_ties(state, key, told, (GaveWay(key=key, is_baby=baby_id is not None),))
    handed = Handed(
        episodes=state.episodes,
        reported_by=state.reported_by,
        ties=known.ties,
        gave_way=known.gave_way,
        **about_her(state),
    )
    over = Link(
        tie=Tie.HANDED_OVER,
        at=link.at,
        key=key,
        baby_id=baby_id,
        handed=pack(handed),
        merge=link.merge,
    )
    says = bool(state.episodes or link.merge)
    moved = Moved(key=link.key, nhs_number=link.nhs_number, baby_id=baby_id, said_there=says)
    fresh = replace(state, moved=moved, episodes=(), ties=(), gave_way=(), merges=())
    return Taken(state=fresh, sends=((link.key, over),) if says else ())


def _adopt(state: PersonState, key: str, link: Link) -> Taken:
    """Take over the episodes of a key that has given way."""
    if state.moved is not None:
        return Taken(state=state, sends=((state.moved.key, _by_way_of(key, state.moved, link)),))
    handed = unpack(link.handed)
    known = list(state.episodes)
    pairs: list[tuple[str, str]] = []
    for given in handed.episodes:
        one = _as_coming_from(link.key, given, link.baby_id)
        if any(one.episode_id in files_of(e) for e in known):
            continue
        alike = next((e for e in reversed(known) if same(e, one, link.baby_id)), None)
        if alike is None:
            known.append(one)
            continue
        known[known.index(alike)] = joined(alike, one)
        pairs += pairs_of(alike, one)
    known.sort(key=lambda e: e.opened_at)
    fresh = replace(state, episodes=tuple(known[-EPISODES_LIMIT:]))
    if link.baby_id is None:
        fresh = replace(fresh, reported_by=state.reported_by or handed.reported_by)
        fresh = with_words_of(fresh, handed, link.key)
    # What an older hub handed over says nothing of its ties.
    ties = handed.ties or (Tied(one=link.key, other=key, merge=link.merge),)
    gave_way = handed.gave_way or (GaveWay(key=link.key, is_baby=link.baby_id is not None),)
    fresh = with_ties(fresh, key, ties, gave_way)
    late = f"{link.merge}:{link.key}"
    return part_from_all(Taken(state=fresh, joined=tuple(pairs)), key, late, link.at)


def _as_coming_from(key: str, given: KnownEpisode, baby_id: str | None) -> KnownEpisode:
    also = tuple(replace(one, came_from=one.came_from or key) for one in given.also)
    one = replace(given, came_from=given.came_from or key, also=also)
    if baby_id is not None and given.of_infant and len(given.babies) == 1:
        # A baby's own record knows one baby: her, whatever the mother's record calls her.
        return replace(one, babies=(baby_id,))
    return one


def join_alike(state: PersonState, episode_id: str) -> Taken:
    """After a correction of its due date, an episode may turn out to be of a known pregnancy."""
    known = next((e for e in state.episodes if e.episode_id == episode_id), None)
    others = [e for e in state.episodes if e is not known and e.edd is not None]
    if known is None or known.edd is None:
        return Taken(state=state)
    alike = next((other for other in reversed(others) if same(other, known, None)), None)
    if alike is None:
        return Taken(state=state)
    first, second = sorted((alike, known), key=lambda e: e.opened_at)
    kept = [e for e in state.episodes if e not in (first, second)]
    kept = sorted([*kept, joined(first, second)], key=lambda e: e.opened_at)
    return Taken(state=replace(state, episodes=tuple(kept)), joined=pairs_of(first, second))


# --- what comes to a key that has given way --------------------------------------------------


def as_known_there(moved: Moved, event: Event) -> Event:
    """An event as it goes on to the key under which its person is known."""
    own = event.subject
    if moved.baby_id is not None:
        there = Person(reference=f"{BY_A_LINK}{moved.key}", nhs_number=moved.nhs_number)
        body = event.body
        # A register knows the baby by its own number alone, and its move or death is not hers.
        if baby_named(event) is not None or event.type in OF_WHOSE_RECORD:
            body = {**body, "baby_id": moved.baby_id}
        return replace(event, subject=there, body=body)
    there = replace(
        own, reference=f"{BY_A_LINK}{moved.key}", nhs_number=moved.nhs_number or own.nhs_number
    )
    return replace(event, subject=there)
