"""What is to be done on the brokers for subscriptions over Kafka: pure, over what is known.

Several subscriptions of one organisation share its topic, and a row of the directory may too.  So a
right is taken back only when nothing that still stands needs it.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final, TypeVar

from hub.core.subscribing import SubscriptionState

Right = TypeVar("Right")


class Place(StrEnum):
    """How a subscription's topic and its rights on the brokers stand."""

    NONE = ""
    """Nothing was done yet."""
    OPEN = "open"
    """The topic is there, and whoever reads it may."""
    OPEN_BY_HAND = "open_by_hand"
    """The hub may not do all of it: somebody must."""
    CLOSED = "closed"
    """What was given to it alone was taken back; the topic and what is in it stay."""
    CLOSED_BY_HAND = "closed_by_hand"
    """The hub may not take it back: somebody must."""


class Todo(StrEnum):
    """What is to be done next."""

    NOTHING = "nothing"
    OPEN = "open"
    CLOSE = "close"


S, P = SubscriptionState, Place

STANDING: Final = frozenset({S.APPROVED, S.ACTIVE, S.PAUSED})
"""The states in which the subscriber may read its topic."""

TO_OPEN: Final = frozenset({P.NONE, P.OPEN_BY_HAND})
TO_CLOSE: Final = frozenset({P.OPEN, P.OPEN_BY_HAND, P.CLOSED_BY_HAND})


def place_of(kept: str) -> Place:
    """A place as it is kept; what a newer version or a hand wrote there is done anew."""
    return Place(kept) if kept in set(Place) else Place.OPEN_BY_HAND


def todo(state: SubscriptionState, place: Place) -> Todo:
    """What a subscription needs; what could not be done is tried again."""
    if state in STANDING:
        return Todo.OPEN if place in TO_OPEN else Todo.NOTHING
    ended = state in (S.REVOKED, S.EXPIRED)
    return Todo.CLOSE if ended and place in TO_CLOSE else Todo.NOTHING


def to_take(given: Iterable[Right], others: Mapping[str, Iterable[Right]]) -> list[Right]:
    """Of the rights of one that has ended, those that no other needs."""
    kept = {right for rights in others.values() for right in rights}
    return [right for right in given if right not in kept]
