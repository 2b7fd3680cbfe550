"""What one event ties: the keys that it shows to be one person's.

An event with a reference and an NHS number, a birth with the baby's number, a merge of two
records: each says that two keys are the same person's, and the other key is told so.
"""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from hub.core.babies import baby_named
from hub.core.faults import FaultReason, SenderFault
from hub.core.handing import Handed, pack
from hub.core.ids import fingerprint
from hub.core.infants import is_babys_own
from hub.core.model import Event
from hub.core.person import (
    BY_A_LINK,
    Moved,
    PersonState,
    Tied,
    key_of_number,
    key_of_reference,
)
from hub.core.tying import BY, connected, is_retracted, is_taken_back, merge_ties, with_ties

CLAIMED_LIMIT = 64
"""Keys of one person that are remembered as told.  One forgotten is told once more, which changes
nothing there."""
NUMBER = "nhs:"
"""How a name begins that says of itself that it is an NHS number."""
NUMBER_LENGTH = 10
ELSEWHERE = (NUMBER, BY_A_LINK)
"""How a reference begins that is no publisher's own."""
DEMOGRAPHICS = "demographics.changed"
MERGE = "nhs_merge"


class Tie(StrEnum):
    """Why two keys are one person's."""

    REFERENCE = "reference"
    """A publisher gave its own reference and an NHS number together."""
    BABY = "baby"
    """The other key is that of the woman's baby."""
    MERGE = "merge"
    """Somebody has said that two records are one person's."""
    HANDED_OVER = "handed_over"
    """The other key has given way, and these are its episodes."""
    PARTED = "parted"
    """A merge was a mistake: the key that gave way stands for itself again, or goes by another."""


class Link(Struct, frozen=True, kw_only=True):
    """What one key of a person is told of another."""

    tie: Tie
    at: datetime
    key: str
    """The other key: the one to go by, or the one that has given way."""
    nhs_number: str | None = None
    """The mother's, where it is known."""
    baby_id: str | None = None
    handed: bytes = b""
    """With `HANDED_OVER` and `PARTED`: what was known under the key that gives or gave way, packed
    as in the state; with `MERGE` the ties that it makes."""
    merge: str = ""
    """With `MERGE`, and what follows from one: the id of the event that said so.  With `PARTED`
    what tells this parting from any other."""


def claims(
    state: PersonState, event: Event, key: str, secret: bytes
) -> tuple[tuple[tuple[str, Link], ...], PersonState]:
    """What other keys are to be told after an event has come to `key`."""
    if state.moved is not None:
        return _claims_on_the_way(state, state.moved, event, key, secret)
    sends, claimed = [], state.claimed
    if (is_taken_back if is_merge(event) else is_retracted)(state, event.id):
        return (), state
    elsewhere = _of_others(state, event, key, secret)
    if elsewhere:
        return elsewhere, state
    state, handed = _with_merge(state, event, key, secret)
    for other, tie, baby_id in _others(event, secret):
        mark = _mark(other, tie, event)
        if other == key or mark in claimed:
            continue
        claimed = (*claimed, mark)[-CLAIMED_LIMIT:]
        link = Link(
            tie=tie,
            at=event.occurred_at,
            key=key,
            nhs_number=state.nhs_number,
            baby_id=baby_id,
            merge=event.id if tie is Tie.MERGE else "",
            handed=handed if tie is Tie.MERGE else b"",
        )
        sends.append((other, link))
    return tuple(sends), replace(state, claimed=claimed)


def _of_others(
    state: PersonState, event: Event, key: str, secret: bytes
) -> tuple[tuple[str, Link], ...]:
    """What a merge of two records means that are not known here: the one is told of the other.

    It was sent on by a key that has parted from this one in the meantime.
    """
    if not is_merge(event) or not event.subject.reference.startswith(BY_A_LINK):
        return ()
    ends = [other for other, _, _ in _merged(event, secret)]
    if len(ends) != len(("from", "to")) or set(ends) & connected(key, state.ties):
        return ()
    ties = (Tied(one=ends[0], other=ends[1], merge=event.id),)
    link = Link(
        tie=Tie.MERGE,
        at=event.occurred_at,
        key=ends[1],
        merge=event.id,
        handed=pack(Handed(ties=ties)),
    )
    return ((ends[0], link),)


def _with_merge(
    state: PersonState, event: Event, key: str, secret: bytes
) -> tuple[PersonState, bytes]:
    """What a merge ties, known here from now on and told to the other keys."""
    if not is_merge(event):
        return state, b""
    ends = [other for other, _, _ in _merged(event, secret)]
    own = key_of_reference(event, secret)
    lasting = (Tied(one=key, other=own),) if own in ends and own != key else ()
    state = with_ties(state, key, lasting)
    fresh = (*lasting, *merge_ties(state, key, event.id, ends))
    return with_ties(state, key, fresh), pack(Handed(ties=fresh))


def _claims_on_the_way(
    state: PersonState, moved: Moved, event: Event, key: str, secret: bytes
) -> tuple[tuple[tuple[str, Link], ...], PersonState]:
    """What an event ties that goes on from here: there it has lost its publisher's reference."""
    subject = event.subject
    if not subject.nhs_number or not subject.reference or subject.reference.startswith(ELSEWHERE):
        return (), state
    other = key_of_reference(event, secret)
    mark = _mark(other, Tie.REFERENCE, event)
    if other == key or mark in state.claimed:
        return (), state
    link = Link(
        tie=Tie.REFERENCE if moved.baby_id is None else Tie.BABY,
        at=event.occurred_at,
        key=key if moved.baby_id is None else moved.key,
        nhs_number=moved.nhs_number,
        baby_id=moved.baby_id,
    )
    claimed = (*state.claimed, mark)[-CLAIMED_LIMIT:]
    return ((other, link),), replace(state, claimed=claimed)


def _mark(key: str, tie: Tie, event: Event) -> int:
    """Seven bytes of a key, which is a hash already; of a merge each is told for itself, since
    each can be taken back.
    """
    if tie is Tie.MERGE:
        return (fingerprint(f"{key}:{event.id}") >> 8) * 2 + 1
    return int(key[-14:], 16) * 2


def _others(event: Event, secret: bytes) -> Iterator[tuple[str, Tie, str | None]]:
    """Every other key that an event names: why, and of which baby."""
    subject, baby = event.subject, baby_named(event)
    elsewhere = subject.reference.startswith(ELSEWHERE) or not subject.reference
    if subject.nhs_number and not elsewhere:
        yield key_of_reference(event, secret), Tie.REFERENCE, None
    if is_babys_own(event):
        return
    number = event.body.get("baby_nhs")
    if isinstance(number, str) and number != subject.nhs_number:
        yield key_of_number(number, secret), Tie.BABY, baby or f"nhs:{number}"
    if baby and baby.startswith("nhs:"):
        if baby[4:] not in (number, subject.nhs_number):
            yield key_of_number(baby[4:], secret), Tie.BABY, baby
    elif baby and baby != subject.reference:
        yield key_of_reference(event, secret, baby), Tie.BABY, baby
    if is_merge(event):
        yield from _merged(event, secret)


def _merged(event: Event, secret: bytes) -> Iterator[tuple[str, Tie, str | None]]:
    for named in _names(event):
        if named.startswith(NUMBER):
            yield key_of_number(named.removeprefix(NUMBER), secret), Tie.MERGE, None
        else:
            yield key_of_reference(event, secret, named), Tie.MERGE, None


def with_names_settled(event: Event) -> Event:
    """A merge in which `nhs:` stands before each name that is an NHS number, and before no other.

    It is asked once, under the key at which the event arrives: from there on its subject may be
    called otherwise.  A bare name of ten digits could also be a publisher's own reference, of a
    stranger's number; which one it is, the subject tells, who is one of the two.

    Raises SenderFault TWO_CANDIDATES where she is neither.
    """
    if not is_merge(event) or event.subject.reference.startswith(BY_A_LINK):
        return event
    bare = [name for name in _names(event) if len(name) == NUMBER_LENGTH and name.isdecimal()]
    if event.subject.nhs_number not in bare:
        if not bare or event.subject.reference in bare:
            return event
        raise SenderFault(
            FaultReason.TWO_CANDIDATES,
            "a merge names records by ten digits, and nothing says whether these are NHS numbers",
            field="from, to",
            remedy="put nhs: before an NHS number and your organisation and / before a reference "
            "of your own, or let the subject be one of the two records, and send it again",
        )
    told = {
        field: f"{NUMBER}{name}"
        for field in ("from", "to")
        if (name := event.body.get(field)) in bare
    }
    return replace(event, body={**event.body, **told})


def says_the_same(state: PersonState, event: Event, merge: str, secret: bytes) -> bool:
    """Whether a merge names the very records that a tie of this merge, or a correction of it, has
    brought together.
    """
    ends = {key for key, _, _ in _merged(event, secret)} if is_merge(event) else set()
    tied = [tie for tie in state.ties if tie.merge.partition(BY)[0] == merge]
    return any(ends <= {tie.one, tie.other} for tie in tied) and bool(ends)


def _names(event: Event) -> list[str]:
    """The two records of a merge, as its publisher names them."""
    named = (event.body.get("from"), event.body.get("to"))
    return [name for name in named if isinstance(name, str) and name]


def is_merge(event: Event) -> bool:
    """Whether an event says that two records are one person's."""
    return event.type == DEMOGRAPHICS and event.body.get("kind") == MERGE
