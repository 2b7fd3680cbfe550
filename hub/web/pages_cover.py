"""Cover: who is away from when to when, who stands in, and one notice given to a colleague."""

import secrets
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.core import covering
from hub.core.covering import Absence, Delegation, DelegationReason
from hub.edges.access import Ground, What
from hub.store import cover, read_model
from hub.store.read_lines import NoticeView
from hub.web.audit import Shown, record_access
from hub.web.auth import Viewer
from hub.web.cover import NOT_ARRANGED_WORDS, banner_of, roster_of, seen_by, there_for
from hub.web.desk import AtDesk, Desk, Refusal, SignedForm, SignedIn
from hub.web.forms import DAY, MONTH, YEAR
from hub.web.pages_worklist import back_to, check_holds
from hub.web.words import LONDON

router = APIRouter(include_in_schema=False)

ONE_DAY: Final = timedelta(days=1)
LONGEST_ABSENCE: Final = timedelta(days=cover.LONGEST_ABSENCE_DAYS)
LONGEST_DELEGATION: Final = timedelta(days=cover.LONGEST_DELEGATION_DAYS)
HISTORY: Final = 50
"""Absences that are over or ended, listed for whoever leads."""

DONE_WORDS: Final = {
    "recorded": "Recorded. Your team can see it.",
    "ended": "The absence is ended. Your team can see it.",
}


@router.get("/cover")
async def cover_page(request: Request, desk: AtDesk, viewer: SignedIn) -> Response:
    """Who is away, who covers, and where nobody does."""
    done = DONE_WORDS.get(request.query_params.get("done", ""), "")
    return await _page(desk, viewer, done=done)


async def _page(
    desk: Desk,
    viewer: Viewer,
    *,
    status: int = 200,
    done: str = "",
    fault: str = "",
    said: Mapping[str, str] | None = None,
) -> Response:
    roster, now = await roster_of(desk, viewer.organisation), desk.clock.now()
    lines = seen_by(roster, viewer, now)
    people = sorted(roster.holds, key=desk.staff_name)
    shared = {each for each in people if not set(roster.holds[each]).isdisjoint(viewer.roles)} - {
        viewer.person_id
    }
    history = await desk.read(cover.history, viewer.organisation, HISTORY) if viewer.leads else []
    return desk.page(
        "cover.jinja",
        viewer,
        status=status,
        lines=lines,
        there=there_for(roster, lines, now),
        banner=banner_of(roster, viewer, now),
        people=people,
        covers=[each for each in people if viewer.leads or each in shared],
        done=done,
        fault=fault,
        said=said or {},
        history=history,
    )


@router.post("/cover")
async def record(desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Record an absence: her own, or a colleague's by whoever leads."""
    person = fields.get("person") or viewer.person_id
    _check_may(viewer, person)
    first, last = day_of(fields, "first"), day_of(fields, "last")
    if first is None or last is None:
        fault = "Enter the first and the last day, for example 24 3 2026"
        return await _page(desk, viewer, status=422, fault=fault, said=fields)
    asked = Absence(
        absence_id=f"ab-{secrets.token_hex(6)}",
        organisation=viewer.organisation,
        person=person,
        since=first,
        until=last + ONE_DAY,
        cover=fields.get("cover") or None,
    )
    roster, now = await roster_of(desk, viewer.organisation), desk.clock.now()
    if wrong := covering.absence_refused(roster, asked, now, LONGEST_ABSENCE):
        fault = NOT_ARRANGED_WORDS[wrong]
        return await _page(desk, viewer, status=422, fault=fault, said=fields)
    await _write_down(desk, viewer, asked.absence_id)
    await desk.write(cover.record_absence, asked, viewer.person_id, now)
    return RedirectResponse("/cover?done=recorded", status_code=303)


@router.post("/cover/{absence_id}/end")
async def end(absence_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """She is back, or it was wrong."""
    del fields
    found = await desk.read(cover.absence, absence_id)
    if found is None or found.organisation != viewer.organisation:
        raise Refusal(404, "There is no such absence", "Open the page of cover: it may have ended.")
    _check_may(viewer, found.person)
    await _write_down(desk, viewer, absence_id)
    await desk.write(cover.end_absence, absence_id, viewer.person_id, desk.clock.now())
    return RedirectResponse("/cover?done=ended", status_code=303)


def _check_may(viewer: Viewer, person: str) -> None:
    if person != viewer.person_id and not viewer.leads:
        raise Refusal(
            403,
            "Only she or whoever leads her team can do this",
            "Ask the lead of the team to record or end a colleague's absence.",
        )


async def _write_down(
    desk: Desk, viewer: Viewer, subject_id: str, notice: NoticeView | None = None
) -> None:
    shown = Shown(
        what=What.COVER,
        subject_id=subject_id,
        episode_id=notice.episode_id if notice else None,
        ground=Ground.COLLEAGUE,
        role=notice.role if notice else None,
    )
    await record_access(desk, viewer, shown)


def day_of(fields: Mapping[str, str], name: str) -> datetime | None:
    """The midnight with which a day begins in London; None where the three fields make no day."""
    parts = [fields.get(name + part, "").strip() for part in (YEAR, MONTH, DAY)]
    if not all(each.isascii() and each.isdigit() and len(each) <= 4 for each in parts):
        return None
    year, month, number = map(int, parts)
    try:
        found = date(year, month, number)
    except ValueError:
        return None
    # Years far away are typing errors, and the databases could not keep the first of them.
    in_sight = 2000 <= year <= 2999
    return datetime(found.year, found.month, found.day, tzinfo=LONDON) if in_sight else None


# --- one notice -----------------------------------------------------------------------------


@router.post("/n/{notice_id}/delegate")
async def delegate(notice_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Give one notice to a colleague of the same role until a day; the team keeps it too."""
    notice = check_holds(viewer, await desk.read(read_model.notice, notice_id))
    until, reason = day_of(fields, "until"), fields.get("why", "")
    if until is None:
        return back_to(notice, fault="delegate-day")
    if reason not in set(DelegationReason):
        return back_to(notice, fault="delegate-why")
    now = desk.clock.now()
    asked = Delegation(
        delegation_id=f"dg-{secrets.token_hex(6)}",
        notice_id=notice.notice_id,
        organisation=viewer.organisation,
        giver=viewer.person_id,
        to=fields.get("to", ""),
        reason=DelegationReason(reason),
        since=now,
        until=until + ONE_DAY,
    )
    roster = await roster_of(desk, viewer.organisation)
    if wrong := covering.delegation_refused(roster, asked, notice.role, now, LONGEST_DELEGATION):
        return back_to(notice, fault=f"delegate-{wrong.value}")
    await _write_down(desk, viewer, asked.delegation_id, notice)
    await desk.write(cover.delegate, asked, now)
    return back_to(notice, done="delegated")


@router.post("/n/{notice_id}/delegate/end")
async def undelegate(
    notice_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm
) -> Response:
    """Give it back to the team before its day."""
    del fields
    notice = check_holds(viewer, await desk.read(read_model.notice, notice_id))
    await _write_down(desk, viewer, notice.notice_id, notice)
    await desk.write(cover.end_delegation, notice_id, viewer.person_id, desk.clock.now())
    return back_to(notice, done="given-back")
