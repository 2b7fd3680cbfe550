"""What would come of an event: the form of the sandbox's answer.

The gateway itself decides nothing; `hub.roles.sandbox` asks the core and is given to the desk.
"""

from collections.abc import Callable
from datetime import datetime

from pydantic import BaseModel

from hub.core.model import Event


class LevelWouldBe(BaseModel):
    """A level that would be owed, and by when."""

    level: str
    by: datetime


class WouldBeTold(BaseModel):
    """A role that would be told."""

    role: str
    role_in_words: str
    organisation: str
    """Empty where nobody is known to hold the role."""
    title: str
    owed: list[LevelWouldBe]
    because: str
    authority: str


class WouldFollow(BaseModel):
    """Something that would have to follow, or be so, by then."""

    role: str
    role_in_words: str
    organisation: str
    by: datetime | None
    because: str
    authority: str


class Foretold(BaseModel):
    """What would come of an event of a woman of whom the hub knows nothing yet."""

    told: list[WouldBeTold]
    follows: list[WouldFollow]
    because: str | None = None
    """Why nothing can be said: the event needs something that only a real one can have."""


type_of_foretell = Callable[[Event, datetime], Foretold]
