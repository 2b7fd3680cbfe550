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
ROTA_ROWS: Final = Limit(
    name="rows, or calendar entries, of one rota",
    value=1000,
    unit="rows",
    where="hub.edges.rota_rows:MOST_ROWS",
    because="a quarter of the leave of a large service; all of it is recorded at once",
    beyond="413, nothing recorded: send it in several files",
)
ABSENCES_LISTED: Final = Limit(
    name="absences in one answer of `GET /absences`",
    value=500,
    unit="absences",
    where="hub.web.api_cover:MOST_LISTED",
    because="an answer stays under a megabyte",
    beyond="`more` is true; ask again with `after`",
)
