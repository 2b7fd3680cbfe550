"""The worklist, one notice, and the buttons that make evidence."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.core.model import Level, Signal
from hub.core.outcomes import ContentLine
from hub.store import read_model
from hub.store.read_lines import NoticeTrail, NoticeView
from hub.web import queries
from hub.web.audit import record_access, shown_notice
from hub.web.auth import Viewer
from hub.web.cover import (
    DELEGATION_FAULTS,
    banner_of,
    others,
    roster_of,
    stand_ins,
    with_cover,
)
from hub.web.desk import AtDesk, Desk, Refusal, SignedForm, SignedIn
from hub.web.pages_aloud import words_for
from hub.web.pages_door import whose
from hub.web.present_team import with_present_team
from hub.web.queries import PAGE, Reply, Shown
from hub.web.receipts import (
    STILL_TELLING,
    TAKE_LIFE,
    Outcome,
    RecentlyTold,
    ReturnReason,
    by_reading,
    receipt_input,
)
from hub.web.words import choice

router = APIRouter(include_in_schema=False)

SHOWN_WORDS: dict[Shown, str] = {
    Shown.OPEN: "All open",
    Shown.OVERDUE: "Overdue",
    Shown.TODAY: "Due today",
    Shown.NEW: "New",
    Shown.MINE: "Taken by me",
    Shown.COVERING: "For a colleague",
    Shown.RETURNED: "Returned",
    Shown.DONE: "Done",
}

OUTCOME_WORDS: dict[Outcome, str] = {
    Outcome.WILL_ACT: "I have taken it and will act on it",
    Outcome.ACTED: "I have acted on it",
    Outcome.NOTED: "I have taken note; nothing to do",
}

RETURN_WORDS: dict[ReturnReason, str] = {
    ReturnReason.DUPLICATE: "We were told of this already",
    ReturnReason.WRONG_PERSON: "It seems to be about another person",
    ReturnReason.UNSAFE_CONTENT: "It holds something that should not have been sent to us",
    ReturnReason.INCOMPLETE: "The part that we need is missing",
    ReturnReason.NO_LONGER_INVOLVED: "We are no longer involved",
}

DONE_WORDS: dict[str, str] = {
    "taken": "You have taken this notice. Your team can see it.",
    "delegated": "You have given this notice to a colleague. Your team still sees it.",
    "given-back": "You have given this notice back to your team.",
    "accepted": "Recorded: accepted in your name.",
    "acted": "Recorded: acted on, in your name.",
    "not-ours": "Recorded: not yours. The hub looks for the right recipient.",
    "returned": "Recorded: returned with your reason.",
}


def told_of(request: Request) -> RecentlyTold:
    """The gateway's memory of the receipts that reading produced."""
    told = request.app.state.told
    assert isinstance(told, RecentlyTold), "make_app sets it before the first request"
    return told


def page_number(request: Request) -> int:
    """The page asked for, from 1; anything odd is page 1."""
    asked = request.query_params.get("page", "1")
    return min(int(asked), 10_000) if asked.isascii() and asked.isdigit() and int(asked) else 1


def page_links(request: Request, page: int, *, more: bool) -> dict[str, str]:
    """Addresses of the pages before and after, filters kept."""
    kept = [(name, value) for name, value in request.query_params.items() if name != "page"]

    def address(number: int) -> str:
        return f"{request.url.path}?{urlencode([*kept, ('page', number)])}"

    links = {"before": address(page - 1)} if page > 1 else {}
    return links | ({"after": address(page + 1)} if more else {})


@router.get("/worklist")
async def worklist_page(request: Request, desk: AtDesk, viewer: SignedIn) -> Response:
    """What waits for this person's roles.  Showing a notice is evidence that it was delivered."""
    now, page = desk.clock.now(), page_number(request)
    asked, role = request.query_params.get("show", ""), request.query_params.get("role", "")
    shown = Shown(asked) if asked in SHOWN_WORDS else Shown.OPEN
    role = role if role in viewer.roles else ""
    roster = await roster_of(desk, viewer.organisation)
    hers = with_cover(whose(viewer), roster, now)
    lines = await desk.read(queries.worklist, hers, shown, now, role=role, offset=(page - 1) * PAGE)
    recorded = await by_reading(desk, told_of(request), viewer, lines[:PAGE], Signal.DELIVERED)
    last = None if lines else await desk.read(queries.last_issued, whose(viewer))
    return desk.page(
        "worklist.jinja",
        viewer,
        lines=lines[:PAGE],
        shown=shown,
        shown_words=SHOWN_WORDS,
        role=role,
        links=page_links(request, page, more=len(lines) > PAGE),
        recorded=recorded,
        last=last,
        stand_ins=stand_ins(roster, lines[:PAGE], now),
        banner=banner_of(roster, viewer, now),
    )


def _everything(
    conn: Connection, notice_id: str
) -> tuple[NoticeView, NoticeTrail, tuple[Reply, ...]] | None:
    found = read_model.notice(conn, notice_id)
    if found is None:
        return None
    return found, read_model.notice_trail(conn, notice_id), queries.replies(conn, notice_id)


def check_holds(viewer: Viewer, notice: NoticeView | None) -> NoticeView:
    """The notice, when it is addressed to a role of the viewer.  Raises Refusal.

    A notice for somebody else and one that does not exist get the same answer.
    """
    if (
        notice is None
        or notice.organisation != viewer.organisation
        or notice.role not in viewer.roles
    ):
        raise Refusal(
            404,
            "There is no such notice for you",
            "Open your worklist; when a colleague sent you this address, "
            "ask whether it was for one of your roles.",
        )
    return notice


@router.get("/n/{notice_id}")
async def notice_page(notice_id: str, request: Request, desk: AtDesk, viewer: SignedIn) -> Response:
    """One notice.  Opening it is evidence that it was opened, by this person."""
    found = await desk.read(_everything, notice_id)
    notice = check_holds(viewer, found[0] if found else None)
    assert found is not None, "check_holds refuses a notice that is not there"
    await record_access(desk, viewer, shown_notice(notice))
    recorded = await by_reading(desk, told_of(request), viewer, [notice], Signal.OPENED)
    now = desk.clock.now()
    taken = notice.taken_until is not None and notice.taken_until > now
    mother = await desk.read(read_model.episode, notice.episode_id)
    return desk.page(
        "notice.jinja",
        viewer,
        notice=notice,
        mother=mother,
        groups=grouped(notice.content),
        trail=found[1],
        words=words_for(notice, found[1].levels),
        replies=[reply for reply in found[2] if reply.reason != "reminder"],
        taken_by=notice.taken_by if taken else None,
        open_to_act=notice.state in STILL_TELLING or notice.level == Level.ACCEPTED,
        recorded=recorded,
        done=DONE_WORDS.get(request.query_params.get("done", "")),
        fault=FAULT_WORDS.get(request.query_params.get("fault", "")),
        outcome_items=[{"value": each.value, "text": word} for each, word in OUTCOME_WORDS.items()],
        reason_items=choice("Choose a reason", RETURN_WORDS),
        **await others(desk, viewer, notice),
    )


FAULT_WORDS: dict[str, str] = {
    "outcome": "Say what you have done with the notice",
    "reason": "Say why you return the notice",
    "taken": "A colleague took this notice just before you",
    **DELEGATION_FAULTS,
}


def grouped(content: Iterable[ContentLine]) -> list[tuple[str, list[ContentLine]]]:
    """Lines under the heading of their group, in the order in which they were composed."""
    return [(group, list(lines)) for group, lines in groupby(content, key=lambda line: line.group)]


@router.post("/n/{notice_id}/take")
async def take(notice_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Say 'I am on it' for a shift; it promises nothing to the publisher."""
    del fields
    notice = check_holds(viewer, await desk.read(read_model.notice, notice_id))
    now = desk.clock.now()
    free = await desk.write(_take, notice.notice_id, viewer.person_id, now)
    return back_to(notice, **({"done": "taken"} if free else {"fault": "taken"}))


def _take(conn: Connection, notice_id: str, person_id: str, now: Any) -> bool:
    until = now + TAKE_LIFE
    return read_model.take(conn, notice_id=notice_id, person=person_id, now=now, until=until)


@router.post("/n/{notice_id}/give-back")
async def give_back(notice_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Give a notice back to the team."""
    del fields
    notice = check_holds(viewer, await desk.read(read_model.notice, notice_id))
    await desk.write(_untake, notice.notice_id, viewer.person_id)
    return back_to(notice, done="given-back")


def _untake(conn: Connection, notice_id: str, person_id: str) -> bool:
    return read_model.untake(conn, notice_id=notice_id, person=person_id)


@router.post("/n/{notice_id}/accept")
async def accept(notice_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Accept with a coded outcome; 'acted' is the higher level."""
    notice = check_holds(viewer, await desk.read(read_model.notice, notice_id))
    outcome = fields.get("outcome", "")
    if outcome not in OUTCOME_WORDS:
        return back_to(notice, fault="outcome")
    signal = Signal.ACTED if outcome == Outcome.ACTED else Signal.ACCEPTED
    await say(desk, viewer, notice, signal, outcome)
    return back_to(notice, done=signal.value)


@router.post("/n/{notice_id}/not-ours")
async def not_ours(notice_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Say that the person is not theirs, so that the hub looks for the right recipient."""
    del fields
    notice = check_holds(viewer, await desk.read(read_model.notice, notice_id))
    await say(desk, viewer, notice, Signal.NOT_OURS, None)
    return back_to(notice, done="not-ours")


@router.post("/n/{notice_id}/return")
async def send_back(notice_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Refuse with a coded reason that goes back to the publisher."""
    notice = check_holds(viewer, await desk.read(read_model.notice, notice_id))
    reason = fields.get("reason", "")
    if reason not in RETURN_WORDS:
        return back_to(notice, fault="reason")
    await say(desk, viewer, notice, Signal.REFUSED, reason)
    return back_to(notice, done="returned")


async def say(
    desk: Desk, viewer: Viewer, notice: NoticeView, signal: Signal, detail: str | None
) -> None:
    """Publish a receipt in the name of the viewer and the role it was addressed to."""
    receipt = receipt_input(
        notice,
        signal,
        now=desk.clock.now(),
        organisation=viewer.organisation,
        role=notice.role,
        person=viewer.person_id,
        detail=detail,
    )
    await desk.publisher.publish_input(await with_present_team(desk, receipt))


def back_to(notice: NoticeView, **said: str) -> Response:
    """Post, redirect, get: reloading the page repeats nothing."""
    return RedirectResponse(f"/n/{notice.notice_id}?{urlencode(said)}", status_code=303)
