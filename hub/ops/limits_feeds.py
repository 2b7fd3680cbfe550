"""The bounds of what is known of a feed; part of the list in `limits.py`."""

from typing import Final

from hub.ops.limit import Limit

NUMBERS: Final = Limit(
    name="numbers of a feed of which it is known which message had them",
    value=256,
    unit="numbers",
    where="hub.core.numbering:REMEMBERED",
    because="a copy is sent again within minutes, and a sender waits for answers meanwhile",
    beyond="an older copy is left aside; if its number is 1 or 0, a new count is followed for 32 "
    "numbers beside the old one",
)
HOLES: Final = Limit(
    name="holes followed for one feed",
    value=200,
    unit="holes",
    where="hub.core.numbering:MOST_HOLES",
    because="a feed that loses so many messages is ill, and its gap stands",
    beyond="the two oldest become one, which names too much and ends by its owner's word",
)
WEEKS: Final = Limit(
    name="weeks of which a feed's hours are remembered",
    value=8,
    unit="weeks",
    where="hub.core.volumes:WEEKS_KEPT",
    because="the poorest of them is what is expected; a season ago is another feed",
    beyond="the oldest is forgotten",
)
