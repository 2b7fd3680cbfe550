"""What is known of one person across her pregnancies, and the keys under which she is known."""

from datetime import datetime
from hashlib import blake2b

from msgspec import Struct, field

from hub.core.ids import ID_BYTES
from hub.core.model import Event


class Said(Struct, frozen=True, kw_only=True):
    """What one event said of something that another may say otherwise: who cares for her, where
    she is registered or lives, when her baby is due, when the pregnancy was over.
    """

    value: str = field(name="provider")
    since: datetime | None = None
    """When that event happened; None for what was known before such words were kept."""
    event: int = 0
    """Fingerprint of the event, so that its correction or retraction is known for what it takes
    back."""
    weak: bool = False
    """Whether it was said in passing, or reckoned: anything said for its own sake stands before
    it, and of several the first counts."""
    instead_of: str = ""
    """Set where it counts only for whoever had this before: a practice closed."""
    by: int = 0
    """Fingerprint of the correction that says it, where one does."""
    came_from: str = ""
    """The key under which it was said, where that has given way since."""
    baby: str = ""
    """The baby who is registered or lives there, where it was said of a baby and not of her."""
    struck_off: bool = False
    """Whether a practice struck her off, and named no other: then nobody has what it had."""


class Replaced(Struct, frozen=True, kw_only=True):
    """An event that was corrected or taken back: should it come, or come again, it says nothing."""

    event: int
    at: datetime | None = None
    """When it was corrected last; None once it is taken back, which is final."""
    by: int = 0


class KnownEpisode(Struct, frozen=True, kw_only=True):
    """One pregnancy of a person, as far as telling it from another needs."""

    episode_id: str
    opened_at: datetime
    edd: str | None = None
    ended_at: datetime | None = None
    heard: tuple[int, ...] = ()
    """Fingerprints of its latest events: a late copy of one goes where the first one went, even
    when by now another pregnancy would fit it better."""
    babies: tuple[str, ...] = ()
    """Its babies, by the first id under which each was heard of."""
    one_baby: bool = False
    """Whether a birth has said that there is one baby: then whatever id a publisher gives to a
    baby of this pregnancy, it is that one."""
    of_infant: bool = False
    """Whether a baby's own record opened it, before anybody said who the mother is."""
    came_from: str = ""
    """The key under which it was opened, where that has given way since."""
    of_minds: bool = False
    """Whether an event of it told of a need in mental health: then it lives a year longer."""
    also: "tuple[KnownEpisode, ...]" = ()
    """Other episodes of the same pregnancy, opened before her records were known to be one
    person's: they hear everything that this one hears."""
    dues: tuple[Said, ...] = ()
    """What stands of when the baby is due."""
    ends: tuple[Said, ...] = ()
    """What stands of when the pregnancy was over."""


def files_of(known: KnownEpisode) -> tuple[str, ...]:
    """The episodes of one pregnancy, first the one that decides."""
    return known.episode_id, *(other.episode_id for other in known.also)


class Left(Struct, frozen=True, kw_only=True):
    """An episode that went with another person when a merge was taken back, and what it had heard.

    A copy of what came to this key in between still goes where the first one went.
    """

    episode_id: str
    heard: tuple[int, ...]


class Moved(Struct, frozen=True, kw_only=True):
    """Under which other key a person is known by now, and as whom her events go there."""

    key: str
    nhs_number: str | None = None
    """The mother's own."""
    baby_id: str | None = None
    """Set where this key is a baby's: the id by which the mother's record knows it."""
    said_there: bool = False
    """Whether the other key knows why this one gave way: for a merge, or with its episodes."""


class Held(Struct, frozen=True, kw_only=True):
    """An event in quarantine that goes through by itself once its pregnancy is known."""

    original: bytes
    quarantine_id: str
    refused_at: datetime
    source: str
    event_type: str
    family: str


class Tied(Struct, frozen=True, kw_only=True):
    """Two keys that are one person's."""

    one: str
    other: str
    merge: str = ""
    """The merge that said so; empty where a number and a reference, or a baby, came together."""


class GaveWay(Struct, frozen=True, kw_only=True):
    """A key that gave way to another, at once or by way of a third."""

    key: str
    is_baby: bool = False


class PersonState(Struct, frozen=True, kw_only=True):
    """What is known of one person across her pregnancies."""

    episodes: tuple[KnownEpisode, ...] = ()
    practice: str | None = None
    practice_since: datetime | None = None
    provider: str | None = None
    """The maternity provider that was named last, by when things happened."""
    area: str | None = None
    nhs_number: str | None = None
    area_since: datetime | None = None
    reported_by: str | None = None
    """The organisation that first told of her: where nothing else says, she lives in its area."""
    moved: Moved | None = None
    contested: bool = False
    """Whether two people were said to be the one behind this key: then it decides nothing."""
    merges: tuple[tuple[str, str], ...] = ()
    """As `ties`, of a state that is older than these: the event that said so, and the other key."""
    claimed: tuple[int, ...] = ()
    """Fingerprints of the other keys that have been told of this person."""
    held: tuple[Held, ...] = ()
    providers: tuple[Said, ...] = ()
    """What stands of who cares for her, by when it happened: a move that is taken back restores
    the one before."""
    practices: tuple[Said, ...] = ()
    """What stands of where she is registered."""
    areas: tuple[Said, ...] = ()
    """What stands of where she lives."""
    replaced: tuple[Replaced, ...] = ()
    """Events that were corrected or taken back."""
    ties: tuple[Tied, ...] = ()
    """Why the keys that gave way are this person's."""
    gave_way: tuple[GaveWay, ...] = ()
    left: tuple[Left, ...] = ()
    """Episodes that are another person's after all."""
    partings: tuple[int, ...] = ()
    """Fingerprints of the partings that this key took in: said again, they change nothing."""


def person_key(event: Event, secret: bytes) -> str:
    """A key for a person that cannot be turned back into an identity.

    The NHS number where there is one, else the publisher's own reference, hashed with a secret of
    the hub's.
    """
    number = event.subject.nhs_number
    return key_of_number(number, secret) if number else key_of_reference(event, secret)


BY_A_LINK = "link:"
"""How the reference of a subject begins whose event came by another of her keys."""
BY_NUMBER, BY_REFERENCE = "p-", "r-"
"""How a key begins: with which of two a person stays can be told from the keys alone."""


def key_of_number(number: str, secret: bytes) -> str:
    """The key of whoever has an NHS number."""
    return BY_NUMBER + _hash(f"nhs:{number}", secret)


def key_of_reference(event: Event, secret: bytes, reference: str | None = None) -> str:
    """The key of a person by what the publisher of an event calls her."""
    return BY_REFERENCE + _hash(f"{event.source}:{reference or event.subject.reference}", secret)


def _hash(known: str, secret: bytes) -> str:
    return blake2b(known.encode(), key=secret, digest_size=ID_BYTES).hexdigest()
