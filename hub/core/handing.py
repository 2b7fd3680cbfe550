"""What a key that gives way hands over, and what it gets back when that was a mistake."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from hub.core.person import GaveWay, KnownEpisode, Left, PersonState, Replaced, Said, Tied

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
    ties: tuple[Tied, ...] = ()
    gave_way: tuple[GaveWay, ...] = ()
    left: tuple[Left, ...] = ()
    """Where a merge is taken back: the episodes that are not this person's."""
    sent_back: bool = False
    """Whether it came to a key that had parted from the one that is meant: once is enough."""


def about_her(known: PersonState | Handed) -> dict[str, Any]:
    """What is known of her beyond her pregnancies, by the name of its field."""
    return {name: getattr(known, name) for name in ABOUT_HER}


pack = msgspec.msgpack.Encoder().encode
_decoder = msgspec.msgpack.Decoder(Handed)


def unpack(handed: bytes) -> Handed:
    """What was handed over, from its bytes; of none, nothing."""
    return _decoder.decode(handed) if handed else Handed()
