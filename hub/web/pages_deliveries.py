"""The delivery log for operators, and sending again: first a preview, then the deed on that set.

Nothing here shows a family: a line has ids and codes, a preview has counts and recipients.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.core.replaying import Actor, Refused, ReplayReason, ReplayState
from hub.edges.access import Ground, What
from hub.store import replays
from hub.store.delivery_log import Sought, log_lines
from hub.store.outbox import OutboxState
from hub.store.replay_rows import Chosen
from hub.web.audit import Shown, record_access
from hub.web.auth import Viewer
from hub.web.desk import AtDesk, Desk, Refusal, SignedForm, SignedIn, real_time
from hub.web.pages_worklist import page_links, page_number
from hub.web.queries import PAGE
from hub.web.roads import roads_of
from hub.web.words import LONDON

router = APIRouter(include_in_schema=False)

LATEST: Final = 20
"""Replays listed below the log."""

CHOSEN_REASONS: Final = tuple(each for each in ReplayReason if each is not ReplayReason.JOINED)
STATES: Final = tuple(each.value for each in OutboxState if each is not OutboxState.PENDING)

REFUSED_WORDS: Final[dict[Refused, str]] = {
    Refused.OTHER_SET: "This form is not about the notices that were previewed. Open the preview.",
    Refused.NOTHING: "No notice of this preview can be sent again.",
    Refused.TOO_OLD: "This preview is too old to act on. Make it again.",
    Refused.SECOND_PERSON: "A second person must agree: somebody else than who looked or asked.",
    Refused.NOT_SIGNED_IN: "Two people must agree who have both signed in.",
}


def check_operates(viewer: Viewer) -> None:
    """Only the hub's operators.  Raises Refusal."""
    if not viewer.operates:
        raise Refusal(
            403,
            "The delivery log is for the hub's operators",
            "Ask the hub's operator when a notice that you expected has not come.",
        )


@router.get("/deliveries")
async def log_page(request: Request, desk: AtDesk, viewer: SignedIn) -> Response:
    """Every attempt, newest first, by notice, recipient, channel, result or reason."""
    check_operates(viewer)
    asked, page = request.query_params, page_number(request)
    sought = Sought(**{name: asked.get(name, "").strip()[:200] for name in Sought.__slots__})
    lines = await desk.read(log_lines, sought, PAGE + 1, (page - 1) * PAGE)
    return desk.page(
        "deliveries.jinja",
        viewer,
        sought=sought,
        lines=lines[:PAGE],
        links=page_links(request, page, more=len(lines) > PAGE),
        replays=await desk.read(replays.latest, LATEST),
        states=STATES,
        reasons=CHOSEN_REASONS,
    )


@router.post("/deliveries/replays")
async def preview(desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Keep and show what sending again would do.  Sends nothing."""
    check_operates(viewer)
    if fields.get("why", "") not in CHOSEN_REASONS:
        raise Refusal(422, "Say why notices are to be sent again", "Go back and choose a reason.")
    asked = replays.Asked(
        replay_id=f"rp-{secrets.token_hex(8)}",
        reason=fields["why"],
        person_id=viewer.person_id,
        now=real_time(),
    )
    roads = await roads_of(desk)
    try:
        await desk.write(replays.preview, roads, chosen_of(fields), asked)
    except replays.TooManyError as many:
        raise Refusal(422, "The filter finds too many notices", f"{many}.") from many
    return RedirectResponse(f"/deliveries/replays/{asked.replay_id}", status_code=303)


def chosen_of(fields: Mapping[str, str]) -> Chosen:
    """The filter of a form.  Raises Refusal for one that filters nothing or has an odd time."""

    def said(name: str) -> str:
        return fields.get(name, "").strip()[:200]

    chosen = Chosen(
        organisation=said("organisation"),
        channel=said("channel"),
        state=said("state"),
        since=instant_of(said("since")),
        until=instant_of(said("until")),
        notice_id=said("notice_id"),
    )
    if chosen == Chosen():
        raise Refusal(
            422, "Choose which notices", "Give a recipient, a channel, a state or a time."
        )
    return chosen


def instant_of(text: str) -> datetime | None:
    """A local time as a form gives it, `2026-03-24T17:00`; None for none.  Raises Refusal."""
    if not text:
        return None
    try:
        return datetime.fromisoformat(text[:16]).replace(tzinfo=LONDON)
    except ValueError as bad:
        raise Refusal(422, "A time is not a time", "Write it as 2026-03-24T17:00.") from bad


@router.get("/deliveries/replays/{replay_id}")
async def replay_page(replay_id: str, desk: AtDesk, viewer: SignedIn) -> Response:
    """One replay: exactly how many, to whom, from when; and what came of it."""
    check_operates(viewer)
    return await _replay_page(desk, viewer, replay_id, None)


async def _replay_page(
    desk: Desk, viewer: Viewer, replay_id: str, refused: Refused | None
) -> Response:
    try:
        seen = await desk.read(replays.seen, replay_id)
    except replays.UnknownReplayError as unknown:
        raise Refusal(404, "There is no such replay", "Open the delivery log.") from unknown
    await _write_down(desk, viewer, replay_id)
    return desk.page(
        "replay.jinja",
        viewer,
        status=409 if refused else 200,
        seen=seen,
        alone=replays.ALONE,
        mine=viewer.person_id in (seen.asked_by, seen.previewed_by),
        refused=REFUSED_WORDS[refused] if refused else None,
        open_to_act=seen.state in (ReplayState.PREVIEWED, ReplayState.ASKED, ReplayState.ACTING),
    )


@router.post("/deliveries/replays/{replay_id}")
async def act(replay_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Send the previewed set again, or ask a second person to agree, or agree."""
    check_operates(viewer)
    actor = Actor(person_id=viewer.person_id, signed_in=True)
    await _write_down(desk, viewer, replay_id)
    try:
        stands = await run_in_threadpool(
            replays.act,
            desk.engine,
            await roads_of(desk),
            replay_id,
            fields.get("token", ""),
            actor,
            real_time(),
        )
    except replays.UnknownReplayError as unknown:
        raise Refusal(404, "There is no such replay", "Open the delivery log.") from unknown
    if isinstance(stands, Refused):
        return await _replay_page(desk, viewer, replay_id, stands)
    return RedirectResponse(f"/deliveries/replays/{replay_id}", status_code=303)


async def _write_down(desk: Desk, viewer: Viewer, replay_id: str) -> None:
    """Into the chained log, before anything is shown or done."""
    shown = Shown(what=What.REPLAY, subject_id=replay_id, episode_id=None, ground=Ground.OPERATOR)
    await record_access(desk, viewer, shown)
