"""The bounds of sending again; part of the list in `limits.py`."""

from typing import Final

from hub.ops.limit import Limit

REPLAY_ALONE: Final = Limit(
    name="notices that one person sends again",
    value=20,
    unit="notices",
    where="hub.store.replays:ALONE",
    because="what one looks through; a wrong filter over more reaches many recipients at once",
    beyond="a second person of the same right agrees on the page, or nothing is sent",
)
REPLAY_MOST: Final = Limit(
    name="notices in one preview of sending again",
    value=5000,
    unit="notices",
    where="hub.store.replays:MOST",
    because="two months of one trust; every one of them is kept with the preview",
    beyond="refused: narrow the filter by recipient or time",
)
REPLAY_HOURS: Final = Limit(
    name="age of a preview of sending again",
    value=12,
    unit="hours",
    where="hub.store.replays:VALID_HOURS",
    because="one long shift, so that a second person can be found",
    beyond="refused: make the preview again",
)
RECONCILED: Final = Limit(
    name="notices listed after an outage",
    value=10_000,
    unit="notices",
    where="hub.store.reconciling:MOST",
    because="a day of a whole county; the gravest come first",
    beyond="the list says that it is cut; ask for a shorter time",
)
PRINTED: Final = Limit(
    name="notices on a list that is printed for downtime",
    value=200,
    unit="notices",
    where="hub.web.pages_reconcile:MOST_PRINTED",
    because="a dozen sheets, and each line is told to the core as seen; the gravest come first",
    beyond="the list says that there are more",
)
