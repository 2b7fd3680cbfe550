"""When the next channel of a recipient is tried: pure, over what is known of one notice.

A recipient may have several channels in order.  The next one is tried when the time that was set
for the one before is up and the level that the duty asks for has not been reached, and at once
when nothing more can come over the one before.  The one before is tried all the same: a duplicate
is better than a silence, and both copies bear the notice's id.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from hub.core.model import Level


class Latest(StrEnum):
    """Where a notice stands on the channel that was tried last."""

    TRIED = "tried"
    """It has not got through yet, and is tried on."""
    DOWN = "down"
    """It has not got through, and its destination has failed so often that it is left alone."""
    THROUGH = "through"
    """The carrier or the recipient has it."""
    CAME_BACK = "came_back"
    """It was given up there."""


class Next(StrEnum):
    """What is to be done about the next channel, and why."""

    NOT_YET = "not_yet"
    NONE_LEFT = "none_left"
    REACHED = "reached"
    """The duty has what it asks for."""
    TAKES_BACK = "takes_back"
    """It takes back what may have gone over any channel: it goes over all of them."""
    CAME_BACK = "came_back"
    DOWN = "down"
    TIME_IS_UP = "time_is_up"


GOES_ON: Final = frozenset({Next.TAKES_BACK, Next.CAME_BACK, Next.DOWN, Next.TIME_IS_UP})
"""The next channel is tried now."""

ENDS: Final = frozenset({Next.NONE_LEFT, Next.REACHED})
"""No further channel is looked at any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What is known of a notice when its next channel is thought of."""

    left: int
    """Channels that have not been tried."""
    takes_back: bool
    level: Level
    """The highest that counts, whichever way it was proved."""
    needed: Level
    latest: Latest
    next_at: datetime
    """When the time of the latest channel is up, by the hub's clock."""


def next_step(standing: Standing, at: datetime) -> Next:
    """Whether the next channel is tried now; `at` is the hub's time."""
    if standing.left == 0:
        return Next.NONE_LEFT
    if standing.takes_back:
        return Next.TAKES_BACK
    if standing.level >= standing.needed:
        return Next.REACHED
    if standing.latest is Latest.CAME_BACK:
        return Next.CAME_BACK
    if standing.latest is Latest.DOWN:
        return Next.DOWN
    return Next.TIME_IS_UP if at >= standing.next_at else Next.NOT_YET


def time_is_up_at(at: datetime, due_at: datetime, share: float) -> datetime:
    """When a channel that is first tried at `at` has had its share of the time that is left.

    Once the deadline has passed there is none left, and the next channel follows at once.
    """
    return at + max(due_at - at, timedelta(0)) * share
