"""How the people who are written to read their post, and what becomes of a letter that is lost.

A reader who does what she should takes a letter within half an hour where somebody is always
there, and within the next office hours everywhere else.  Nothing here knows what a letter is owed
for, or by when.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from hub.synth.calendar import LAST_VISIT_HOUR, LOCAL, OFFICE_OPENS, at, working_day, works

ALWAYS_THERE = frozenset(
    {
        "COMM_MIDWIFE", "NAMED_MW", "SG_MIDWIFE", "OBSTETRICIAN", "PAEDIATRICIAN", "NEONATAL",
        "LIAISON_PSYCH", "CRISIS", "CSC_FRONT_DOOR", "ED", "POSTNATAL_WARD", "ON_CALL",
        "ON_CALL_MANAGER", "EXECUTIVE_ON_CALL", "HUB_OPERATOR", "EDT", "UTC", "AMBULANCE",
    }
)  # fmt: skip
"""Where somebody works at every hour (domain, ruling on 24-hour roles)."""


class Answer(NamedTuple):
    """What a reader does with a letter, and when."""

    at: datetime
    signal: str
    person: str | None


class Lost(NamedTuple):
    """A letter that does not get through, as the year's files keep it."""

    role: str
    about: str
    how: str
    until: datetime | None
    person: bool
    organisation: str

    def is_about(self, role: str, organisation: str, about: str, *, of_a_gap: bool) -> bool:
        """Whether a letter is this one."""
        if self.role not in ("*", role) or self.organisation not in ("", organisation):
            return False
        return self.about in ("*", about) or (self.about == "gap" and of_a_gap)


def answers(
    lost: Iterable[Lost],
    role: str,
    organisation: str,
    about: str,
    came_at: datetime,
    salt: int,
    *,
    of_a_gap: bool = False,
) -> list[Answer]:
    """What the reader of a letter does.

    `about` is the id of the event that led to it, `salt` any whole number that makes readers
    differ.  An empty list: nobody ever reads it.
    """
    reads_at = _reads(role, came_at, salt)
    person = f"{role.lower()}-{organisation}"
    for one in lost:
        if one.is_about(role, organisation, about, of_a_gap=of_a_gap):
            return _lost(one, reads_at, person, came_at)
    return [Answer(reads_at, "accepted", person)]


def _lost(one: Lost, reads_at: datetime, person: str, came_at: datetime) -> list[Answer]:
    match one.how:
        case "late" if one.until is not None:
            return [Answer(max(one.until, reads_at), "accepted", person)]
        case "opened":
            return [Answer(reads_at, "opened", person)]
        case "unnamed":
            return [Answer(reads_at, "accepted", None)]
        case "bounced" | "not_ours":
            # Once it was mended (an address put right), what comes anew is read.
            if one.until is not None and came_at >= one.until:
                return [Answer(reads_at, "accepted", person)]
            return [Answer(came_at + timedelta(minutes=5), one.how, person)]
    return []


def _reads(role: str, came_at: datetime, salt: int) -> datetime:
    if role in ALWAYS_THERE:
        return came_at + timedelta(minutes=5 + salt % 20)
    local = came_at.astimezone(LOCAL)
    day = local.date()
    if works(day) and local.time() >= OFFICE_OPENS and local.hour <= LAST_VISIT_HOUR + 1:
        return came_at + timedelta(minutes=10 + salt % 40)
    if not (works(day) and local.time() < OFFICE_OPENS):
        day = working_day(day, 1)
    return at(day, 9, 5 + salt % 50)
