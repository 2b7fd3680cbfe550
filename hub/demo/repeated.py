"""A row of a scenario that stands for many: a feed brings the same every week."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import structs

if TYPE_CHECKING:
    from hub.demo.scenario import Given

APART = timedelta(minutes=3)


def repeated(row: "Given") -> list["Given"]:
    """A row as often as it says, by the clock on the wall."""
    if row.times == row.weeks == 1:
        return [row]
    begin = datetime.fromisoformat(row.at)
    found = []
    for week in range(row.weeks):
        for time in range(row.times):
            at = (begin + timedelta(weeks=week) + APART * time).strftime("%Y-%m-%d %H:%M")
            name = f"{row.id}{f'-w{week + 1}' * (week > 0)}{f'-{time + 1}' * (time > 0)}"
            found.append(structs.replace(row, at=at, id=name, times=1, weeks=1))
    return found
