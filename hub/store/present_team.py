"""Who holds the roles now, for a receipt that hands a notice back.

The core looks nothing up, so a receipt that says "not ours" brings the directory's present answer
with it; the duty then turns to the right holder in the same decision.
"""

from typing import Final

from msgspec.structs import replace
from sqlalchemy import Connection

from hub.core.model import Input, Signal
from hub.edges.directory import Directory
from hub.edges.surroundings import team_for
from hub.store import tables as t

HANDED_BACK: Final = frozenset({Signal.NOT_OURS, Signal.REFUSED, Signal.BOUNCED})


def hands_back(given: Input) -> bool:
    """Whether an input is a receipt that hands a notice back."""
    return given.receipt is not None and given.receipt.signal in HANDED_BACK


def with_team(conn: Connection, given: Input, directory: Directory) -> Input:
    """The input, with the team as the directory knows it now when it hands a notice back."""
    e = t.episodes.c
    row = conn.execute(t.episodes.select().where(e.episode_id == given.episode_id)).one_or_none()
    if row is None or not hands_back(given):
        return given
    team = team_for(
        directory,
        given.at,
        nhs_number=row.nhs_number,
        practice=row.practice,
        provider=row.provider,
    )
    return replace(given, team=team)
