"""The bounds of absences and delegations; part of the list in `limits.py`."""

from typing import Final

from hub.ops.limit import Limit

ABSENCE_DAYS: Final = Limit(
    name="one absence of a member of staff",
    value=400,
    unit="days",
    where="hub.store.cover:LONGEST_ABSENCE_DAYS",
    because="a year of parental leave and the leave that stands before and after it",
    beyond="refused: somebody who does not come back is taken out of the directory",
)
DELEGATION_DAYS: Final = Limit(
    name="one notice with a colleague",
    value=28,
    unit="days",
    where="hub.store.cover:LONGEST_DELEGATION_DAYS",
    because="longer than any leave of a few weeks; what lasts is a change of the named person",
    beyond="refused: choose an earlier day; afterwards it is with the team",
)
