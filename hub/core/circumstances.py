"""What is known of a family when a notice is issued, as far as its recipient may know it.

A subscription's filter goes by this and by nothing else.  What road a notice takes is itself a
message: whoever saw a notice come over the channel for flagged families would know of the flag.
So whatever the recipient's role may not be told is left empty here, and counts as unknown.
"""

import re
from enum import StrEnum
from typing import Final

from msgspec import Struct


class Stage(StrEnum):
    """How far the pregnancy is."""

    UNKNOWN = ""
    PREGNANCY = "pregnancy"
    BIRTH = "birth"
    LOSS = "loss"


class Relation(StrEnum):
    """What ties her to the recipient's organisation."""

    REGISTERED = "registered"
    """It is the practice where she is registered."""
    BOOKED = "booked"
    """It is her maternity provider."""
    CASELOAD = "caseload"
    """She was assigned to somebody there, who has not ended it."""
    RESIDENT = "resident"
    """It serves where she lives."""


class Flag(StrEnum):
    """What hangs over her family, as far as the recipient was told."""

    SAFEGUARDING = "safeguarding"
    """A plan is in force, or the recipient was told something for safeguarding that stands."""
    PLAN = "plan"
    """A child protection plan or a like status is in force."""


class Circumstances(Struct, frozen=True, kw_only=True):
    """What a filter may go by.  Empty text and None are unknown, and an empty list is none.

    Codes are text here, so that a hub reads what a newer one has decided.
    """

    event: str = ""
    """The event type behind the notice; empty where a gap is."""
    audience: str = ""
    """As whom the recipient's role reads: gp, midwife, hv and so on."""
    stage: str = Stage.UNKNOWN
    """A `Stage`."""
    gestation_days: int | None = None
    baby_age_days: int | None = None
    """Of the youngest living baby."""
    practice: str = ""
    provider: str = ""
    area: str = ""
    """The local authority where she lives, by its code."""
    district: str = ""
    """The postcode district where she lives, such as LS6; never the whole postcode."""
    relations: tuple[str, ...] = ()
    """Each a `Relation`."""
    labels: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    """Each a `Flag`."""
    gap_severity: int = 0
    """Of the gravest open gap that the recipient owns, or that is about telling it; 0 for none."""


_POSTCODE: Final = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)[0-9][A-Z]{2}")
NOWHERE: Final = "ZZ99"
"""The postcodes of those whose home is unknown, abroad, or no fixed place."""


def district_of(postcode: str) -> str:
    """The district of a whole postcode; empty where there is none to be known."""
    found = _POSTCODE.fullmatch("".join(postcode.split()).upper())
    return found[1] if found is not None and found[1] != NOWHERE else ""
