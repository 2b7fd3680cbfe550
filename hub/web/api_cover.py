"""Cover for an organisation's own systems: who is away, who stands in; listed, arranged and ended.

A key arranges for its organisation as whoever leads a team does on the page.  One that is bound to
roles does so for those who hold one of them, and another's absence is as unknown to it as one that
is not there.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from msgspec.structs import replace
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from hub.core import covering
from hub.core.covering import Absence, HeldBy, NotArranged, Roster
from hub.core.rota import RotaRow, RowOutcome, plan, same
from hub.edges.access import Ground, What
from hub.edges.rota_rows import YEARS
from hub.ops import limits_cover as limits
from hub.store import cover
from hub.web.api import CODE
from hub.web.api_events import Reader, Reads
from hub.web.audit import Shown, record_system_access
from hub.web.cover import NOT_ARRANGED_WORDS, roster_of
from hub.web.desk import AtDesk, Desk
from hub.web.problem import Problem

router = APIRouter(tags=["cover"])

MOST_LISTED: Final = limits.ABSENCES_LISTED.value
LONGEST: Final = timedelta(days=cover.LONGEST_ABSENCE_DAYS)

REMEDIES: Final[dict[NotArranged, str]] = {
    NotArranged.ENDS_FIRST: "Send an end that is later than the begin.",
    NotArranged.OVER_ALREADY: "Send an absence that ends in the future.",
    NotArranged.TOO_LONG: "Send several shorter ones, or take her out of the directory.",
    NotArranged.OVERLAPS: "End the absence that is recorded, then send this one again.",
    NotArranged.HERSELF: "Name a colleague, or nobody.",
    NotArranged.NO_COLLEAGUE: "Use the person_id of somebody in your organisation's directory.",
    NotArranged.OTHER_ROLE: "Name a colleague who has the role.",
    NotArranged.NOT_HER_ROLE: "Name a role that she has, or none.",
    NotArranged.IS_AWAY: "Name a colleague who is there.",
}
FIELDS: Final[dict[NotArranged, str]] = {
    NotArranged.ENDS_FIRST: "until",
    NotArranged.OVER_ALREADY: "until",
    NotArranged.TOO_LONG: "until",
    NotArranged.OVERLAPS: "since",
    NotArranged.NOT_HER_ROLE: "role",
}
"""The field at fault; the cover for all others."""

Code = Annotated[str, Field(pattern=CODE)]


class AbsenceAsked(BaseModel):
    """Somebody will be away."""

    model_config = ConfigDict(extra="forbid")

    person: Code = Field(description="the person_id of the directory")
    since: AwareDatetime
    until: AwareDatetime = Field(description="the first instant at which she is back")
    cover: Code | None = Field(default=None, description="who stands in; none: the team inbox")


class RoleHeldBy(BaseModel):
    """One role of whoever is away, and who looks after it."""

    role: str
    held_by: HeldBy


class AbsenceShown(BaseModel):
    """An absence, and how it is covered as the directory is now."""

    absence_id: str
    person: str
    since: datetime
    until: datetime
    cover: str | None
    covered: bool = Field(description="whether every role is held by the cover, all the time")
    roles: list[RoleHeldBy]
    ended_at: datetime | None = None


class Absences(BaseModel):
    """What is arranged and not over, by when it begins."""

    absences: list[AbsenceShown]
    more: bool


def reads(reader: Reads, roster: Roster, person: str) -> bool:
    """Whether a key arranges for somebody."""
    hers = roster.holds.get(person, ())
    return not reader.roles or any(role in reader.roles for role in hers)


def shown(roster: Roster, absence: Absence, now: datetime, ended: Any = None) -> AbsenceShown:
    """An absence as the API says it."""
    roles = [
        RoleHeldBy(role=role, held_by=covering.weakest(roster, absence, role, now))
        for role in sorted(roster.holds.get(absence.person, ()))
    ]
    return AbsenceShown(
        absence_id=absence.absence_id,
        person=absence.person,
        since=absence.since,
        until=absence.until,
        cover=absence.cover,
        covered=all(each.held_by is HeldBy.COVER for each in roles),
        roles=roles,
        ended_at=ended,
    )


@router.get("/absences")
async def get_absences(
    desk: AtDesk,
    reader: Reader,
    person: Annotated[str | None, Query(pattern=CODE, description="only hers")] = None,
    after: Annotated[
        str | None, Query(pattern=CODE, description="the last absence_id of the answer before")
    ] = None,
) -> Absences:
    """Who is away now or later at the organisation of the key, and who stands in."""
    roster, now = await roster_of(desk, reader.organisation), desk.clock.now()
    found = [
        each
        for each in roster.absences
        if person in (None, each.person) and reads(reader, roster, each.person)
    ]
    rest = _after(found, after)
    return Absences(
        absences=[shown(roster, each, now) for each in rest[:MOST_LISTED]],
        more=len(rest) > MOST_LISTED,
    )


def _after(found: Sequence[Absence], last: str | None) -> Sequence[Absence]:
    """What comes after an absence in the list; all of it where that one has ended meanwhile."""
    ids = [each.absence_id for each in found]
    return found[ids.index(last) + 1 :] if last in ids else found


@router.post(
    "/absences",
    status_code=201,
    response_model=AbsenceShown,
    responses={200: {"model": AbsenceShown, "description": "The same is arranged already"}},
)
async def post_absence(asked: AbsenceAsked, desk: AtDesk, reader: Reader) -> Any:
    """Record that somebody is away, and who stands in; the same again changes nothing."""
    for field in ("since", "until"):
        if getattr(asked, field).year not in YEARS:
            raise _refused("far_away", "The year is far away", field, "Correct the year.")
    absence = Absence(
        absence_id=f"ab-{secrets.token_hex(6)}",
        organisation=reader.organisation,
        person=asked.person,
        since=asked.since,
        until=asked.until,
        cover=asked.cover,
    )
    roster, now = await roster_of(desk, reader.organisation), desk.clock.now()
    if asked.person not in roster.holds or not reads(reader, roster, asked.person):
        raise not_arranged(NotArranged.NO_COLLEAGUE, field="person")
    if _is_new(roster, absence, now):
        await write_down(desk, reader, absence.absence_id)
        by = f"{reader.organisation}:API"
        roster = await desk.write(_record, absence, roster, by, now)
    made = next(each for each in roster.absences if same(each, absence))
    answer = shown(roster, made, now).model_dump(mode="json")
    return JSONResponse(answer, status_code=201 if made is absence else 200)


def _is_new(roster: Roster, asked: Absence, now: datetime) -> bool:
    """Whether an absence is to be recorded, or is there already.  Raises Problem."""
    (planned,) = plan(roster, [RotaRow(asked=asked)], now, LONGEST)
    if planned.outcome in (RowOutcome.NEW, RowOutcome.KNOWN):
        return planned.outcome is RowOutcome.NEW
    raise not_arranged(planned.why or NotArranged.OVER_ALREADY)


def _record(conn: Connection, asked: Absence, before: Roster, by: str, now: datetime) -> Roster:
    """Record one absence, unless another has meanwhile; what is arranged then.  Raises Problem."""
    cover.hold_still(conn, asked.organisation)
    roster = cover.roster(conn, asked.organisation, before.holds, now)
    if not _is_new(roster, asked, now):
        return roster
    cover.record_absence(conn, asked, by, now)
    return replace(roster, absences=(*roster.absences, asked))


def not_arranged(why: NotArranged, *, field: str = "") -> Problem:
    """An absence that cannot be recorded, as an answer."""
    status = 409 if why is NotArranged.OVERLAPS else 422
    words = NOT_ARRANGED_WORDS[why]
    return _refused(why.value, words, field or FIELDS.get(why, "cover"), REMEDIES[why], status)


def _refused(reason: str, words: str, field: str, remedy: str, status: int = 422) -> Problem:
    title = "The absence cannot be recorded"
    return Problem(status, reason, title, f"{words}.", field=field, remedy=remedy)


@router.post("/absences/{absence_id}/end")
async def end_absence(absence_id: str, desk: AtDesk, reader: Reader) -> AbsenceShown:
    """She is back, or it was wrong; ending what has ended changes nothing."""
    found = await desk.read(cover.ended_at, absence_id)
    roster, now = await roster_of(desk, reader.organisation), desk.clock.now()
    ours = found is not None and found[0].organisation == reader.organisation
    if found is None or not ours or not reads(reader, roster, found[0].person):
        raise Problem(
            404,
            "unknown_absence",
            "The absence is not known",
            "Your organisation and the roles of your key have no absence of this id.",
            field="absence_id",
            remedy="Use an absence_id of GET /absences.",
        )
    await write_down(desk, reader, absence_id)
    await desk.write(cover.end_absence, absence_id, f"{reader.organisation}:API", now)
    again = await desk.read(cover.ended_at, absence_id)
    assert again is not None, "rows are ended and never taken away"
    return shown(roster, again[0], now, again[1])


async def write_down(desk: Desk, reader: Reads, subject_id: str) -> None:
    """What an organisation's system arranges is in the log of accesses, before it is done."""
    what = Shown(what=What.COVER, subject_id=subject_id, episode_id=None, ground=Ground.COLLEAGUE)
    await record_system_access(desk, reader.organisation, what)
