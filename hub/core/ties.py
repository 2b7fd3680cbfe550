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
from hub.core.infants import is_babys_own
from hub.core.model import Event
from hub.core.person import BY_A_LINK, Moved, PersonState, key_of_number, key_of_reference

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
    """The merge was a mistake: the key that gave way stands for itself again."""


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
    as in the state."""
    merge: str = ""
    """With `MERGE`, and what follows from one: the id of the event that said so."""


def claims(
    state: PersonState, event: Event, key: str, secret: bytes
) -> tuple[tuple[tuple[str, Link], ...], PersonState]:
    """What other keys are to be told after an event has come to `key`."""
    if state.moved is not None:
        return _claims_on_the_way(state, state.moved, event, key, secret)
    sends, claimed = [], state.claimed
    for other, tie, baby_id in _others(event, secret):
        mark = _mark(other, tie)
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
        )
        sends.append((other, link))
    return tuple(sends), replace(state, claimed=claimed)


def _claims_on_the_way(
    state: PersonState, moved: Moved, event: Event, key: str, secret: bytes
) -> tuple[tuple[tuple[str, Link], ...], PersonState]:
    """What an event ties that goes on from here: there it has lost its publisher's reference."""
    subject = event.subject
    if not subject.nhs_number or not subject.reference or subject.reference.startswith(ELSEWHERE):
        return (), state
    other = key_of_reference(event, secret)
    mark = _mark(other, Tie.REFERENCE)
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


def _mark(key: str, tie: Tie) -> int:
    """Seven bytes of a key, which is a hash already, and whether it is claimed for good."""
    return int(key[-14:], 16) * 2 + (tie is Tie.MERGE)


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
    if _is_merge(event):
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
    if not _is_merge(event) or event.subject.reference.startswith(BY_A_LINK):
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


def _names(event: Event) -> list[str]:
    """The two records of a merge, as its publisher names them."""
    named = (event.body.get("from"), event.body.get("to"))
    return [name for name in named if isinstance(name, str) and name]


def _is_merge(event: Event) -> bool:
    return event.type == DEMOGRAPHICS and event.body.get("kind") == MERGE
