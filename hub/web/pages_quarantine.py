"""Quarantine for those who look after it: why, whose, how long, and send it through again."""

from collections.abc import Iterable, Mapping

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.core.faults import FaultReason
from hub.edges.access import What
from hub.store import read_model
from hub.store.quarantine import QuarantineState
from hub.store.read_lines import QuarantineLine
from hub.web import bulk_redrive, previews, quarantine, returning
from hub.web.audit import Shown, record_access, wider_ground
from hub.web.auth import Viewer
from hub.web.bulk_redrive import Kind
from hub.web.desk import AtDesk, Refusal, SignedForm, SignedIn
from hub.web.pages_worklist import page_links, page_number
from hub.web.queries import PAGE

router = APIRouter(include_in_schema=False)

STATES = tuple(each.value for each in QuarantineState)


def check_sees(viewer: Viewer) -> None:
    """Only operators and safeguarding roles.  Raises Refusal."""
    if not viewer.sees_quarantine:
        raise Refusal(
            403,
            "Quarantine is for the hub's operators and safeguarding leads",
            "Ask your safeguarding lead when you miss something that was sent.",
        )


@router.get("/quarantine")
async def list_page(request: Request, desk: AtDesk, viewer: SignedIn) -> Response:
    """What could not be decided, oldest first."""
    check_sees(viewer)
    asked, page = request.query_params.get("state", "open"), page_number(request)
    state = asked if asked in STATES else "open"
    lines = await desk.read(
        read_model.quarantine_list, state=state, limit=PAGE + 1, offset=(page - 1) * PAGE
    )
    return desk.page(
        "quarantine.jinja",
        viewer,
        lines=lines[:PAGE],
        state=state,
        states=STATES,
        kinds=kinds_of(lines[:PAGE]) if state == "open" else (),
        links=page_links(request, page, more=len(lines) > PAGE),
    )


def kinds_of(lines: Iterable[QuarantineLine]) -> tuple[tuple[str, str], ...]:
    """The kinds of what is on a page, so that all of one can be looked at together."""
    return tuple(sorted({(line.reason, line.source) for line in lines}))


@router.get("/quarantine/{quarantine_id}")
async def item_page(quarantine_id: str, desk: AtDesk, viewer: SignedIn) -> Response:
    """One original: its fault, its remedy, and its shape without identities."""
    check_sees(viewer)
    return await _item_page(desk, viewer, quarantine_id, None)


async def _item_page(
    desk: AtDesk, viewer: Viewer, quarantine_id: str, tried: quarantine.Redriven | None
) -> Response:
    item = await desk.read(read_model.quarantine_item, quarantine_id)
    if item is None:
        raise unknown()
    shown = Shown(
        what=What.QUARANTINE,
        subject_id=item.line.quarantine_id,
        episode_id=item.line.episode_id,
        ground=wider_ground(viewer),
    )
    await record_access(desk, viewer, shown)
    return desk.page(
        "quarantine_item.jinja",
        viewer,
        status=409 if tried else 200,
        item=item.line,
        size=len(item.original),
        preview=previews.preview(item),
        tried=tried,
        **await returning.shown_return(desk, item.line),
    )


def unknown() -> Refusal:
    """The answer about an original that is not there."""
    return Refusal(404, "There is no such entry in quarantine", "Open the list of quarantine.")


@router.post("/quarantine/{quarantine_id}/redrive")
async def redrive(
    quarantine_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm
) -> Response:
    """Send an original through again; a new fault is shown, and the original stays where it is."""
    del fields
    check_sees(viewer)
    try:
        tried = await quarantine.redrive(desk, quarantine_id, viewer.person_id, desk.clock.now())
    except LookupError as missing:
        raise unknown() from missing
    if not tried.done:
        return await _item_page(desk, viewer, quarantine_id, tried)
    return RedirectResponse(f"/quarantine/{quarantine_id}", status_code=303)


# Not below /quarantine/: an id of quarantine stands there.
@router.get("/quarantine-bulk")
async def bulk_page(request: Request, desk: AtDesk, viewer: SignedIn) -> Response:
    """What would come of sending all of one kind through again, with counts."""
    check_sees(viewer)
    kind = _kind(request.query_params)
    counted = await bulk_redrive.preview(desk, kind)
    return desk.page("quarantine_bulk.jinja", viewer, kind=kind, counted=counted, done=False)


@router.post("/quarantine-bulk")
async def bulk(desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Send them through; what is still at fault stays where it is, and is counted."""
    check_sees(viewer)
    kind = _kind(fields)
    counted = await bulk_redrive.redrive_all(desk, kind, viewer.person_id, desk.clock.now())
    return desk.page("quarantine_bulk.jinja", viewer, kind=kind, counted=counted, done=True)


def _kind(asked: Mapping[str, str]) -> Kind:
    """The kind that was asked for.  Raises Refusal for a reason that is none."""
    reason = asked.get("reason", "")
    if reason not in set(FaultReason):
        raise Refusal(422, "There is no such reason", "Open the list of quarantine.")
    return Kind(reason=reason, source=asked.get("source", "")[:200])
