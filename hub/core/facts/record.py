"""Facts about what is on the episode."""

from datetime import datetime, timedelta

from hub.core.deadlines import local_date
from hub.core.draft import Context, unpack_body
from hub.core.episode import Remembered
from hub.core.facts.register import fact, moment, of_type, same_post
from hub.core.kinds import INSTANT, NUMBER, TEXT, TRUTH
from hub.core.model import GapState
from hub.core.reports import too

ONE_ATTENDANCE = timedelta(hours=1)
"""Within what time two reports are of one unplanned attendance: the ambulance's and the ward's."""


@fact(TRUTH, type=TEXT)
def happened(c: Context, type: str) -> bool:  # noqa: A002  the word a policy author would write
    """Whether an event of a type is on the episode and was not retracted."""
    return any(of_type(c.episode, type))


@fact(TRUTH, type=TEXT, subject=TEXT)
def happened_for(c: Context, type: str, subject: str) -> bool:  # noqa: A002  as above
    """Whether an earlier event of a type about the same thing is on the episode."""
    own = c.event.id if c.event is not None else ""
    return any(r.subject == subject and r.id != own for r in of_type(c.episode, type))


@fact(TRUTH, type=TEXT)
def happened_since(c: Context, type: str) -> bool:  # noqa: A002  as above
    """Whether an event of a type, and of the event's own about the same thing, came after it."""
    own, at = c.event, moment(c)
    about = own.subject if isinstance(own, Remembered) and own.type == type else None
    later = (r for r in of_type(c.episode, type) if r.occurred_at > at)
    return any(about is None or r.subject == about for r in later)


@fact(TRUTH)
def seen_before(c: Context) -> bool:
    """Whether she was seen unplanned at another time before (G04).

    What is said within an hour of the other is one attendance, and so is what two systems report
    of one (ruling 23).
    """
    own = c.event.id if c.event is not None else ""
    at = c.event.occurred_at if c.event is not None else c.episode.at
    same = {own, *too(c.episode, own)}
    return any(
        r.subject == "" and r.id not in same and abs(r.occurred_at - at) > ONE_ATTENDANCE
        for r in of_type(c.episode, "unscheduled.attendance")
    )


@fact(TRUTH)
def concealed(c: Context) -> bool:
    """Whether the pregnancy was concealed or denied, and not only suspected to be (G06)."""
    told = map(unpack_body, of_type(c.episode, "pregnancy.concealment"))
    return any(body.get("kind") != "suspected" for body in told)


@fact(TRUTH, code=TEXT)
def gap_open(c: Context, code: str) -> bool:
    """Whether a gap of a code is open, so that what happens now can make it graver (ruling 28)."""
    return any(g.code == code and g.state is GapState.OPEN for g in c.episode.gaps.values())


@fact(TRUTH)
def awaited_after_trigger(c: Context) -> bool:
    """Whether the awaited event happened no earlier than the one that raised the duty."""
    if c.awaited is None or c.event is None:
        return False
    return c.awaited.occurred_at >= c.event.occurred_at


@fact(TRUTH)
def awaited_in_time(c: Context) -> bool:
    """Whether the awaited event happened by the time at which the duty was due, whenever told."""
    if c.awaited is None:
        return False
    return c.duty.due_at is None or c.awaited.occurred_at <= c.duty.due_at


@fact(TRUTH, hours=NUMBER)
def awaited_since(c: Context, hours: int) -> bool:
    """Whether the awaited event happened at most so many hours before the event of the duty.

    Two reports of one fact are one duty (ruling 23): what answered the first answers the second.
    """
    if c.awaited is None or c.event is None:
        return False
    return c.awaited.occurred_at >= c.event.occurred_at - timedelta(hours=hours)


@fact(TRUTH, days=NUMBER, since=INSTANT)
def given_within(c: Context, days: int, since: datetime | None) -> bool:
    """Whether the awaited event happened between an instant and so many days after it."""
    if c.awaited is None or since is None or c.awaited.occurred_at < since:
        return False
    return local_date(c.awaited.occurred_at) <= local_date(since) + timedelta(days=days)


@fact(TRUTH, type=TEXT)
def took_back(c: Context, type: str) -> bool:  # noqa: A002  the word a policy author would write
    """Whether the awaited event is the retraction of an event of a type."""
    target = c.episode.remembered(str(c.awaited_body.get("target_id")))
    return target is not None and bool(target.type == type)


@fact(TRUTH, baby=TEXT)
def concerns_baby(c: Context, baby: str | None) -> bool:
    """Whether the awaited event is about a baby; an only child need not be named (S78)."""
    said = c.awaited_body.get("baby_id")
    return said == baby or (said is None and len(c.episode.babies) == 1)


@fact(TRUTH)
def evidence_changed(c: Context) -> bool:
    """Whether an absent author has corrected the record of her evidence."""
    return any(row["state"] == "changed" for row in c.body.get("author_confirmations") or ())


@fact(TRUTH, conference=TEXT, role=TEXT)
def report_received(c: Context, conference: str, role: str) -> bool:
    """Whether a role's first-hand report for a conference has come (F25: first-hand only)."""
    return any(
        body.get("conference_id") == conference
        and same_post(str(body.get("role"))) == same_post(role)
        and body.get("first_hand") == "y"
        for body in map(unpack_body, of_type(c.episode, "conference.report"))
    )


@fact(TRUTH, conference=TEXT, role=TEXT)
def evidence_confirmed(c: Context, conference: str, role: str) -> bool:
    """Whether an absent author sent a first-hand report and confirmed the record of it (G26)."""
    if not report_received(c, conference, role):
        return False
    for body in map(unpack_body, of_type(c.episode, "conference.outcome")):
        if body.get("conference_id") != conference:
            continue
        for row in body.get("author_confirmations") or ():
            if same_post(row["role"]) == same_post(role) and row["state"] != "pending":
                return True
    return False
