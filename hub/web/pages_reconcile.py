"""After an outage: who is not told yet.  And before the next one: a list to print."""

from datetime import datetime
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.core.model import Signal
from hub.edges.untold_rows import as_csv
from hub.ops import limits_replay as limits
from hub.store.reconciling import MOST, Untold, untold
from hub.store.worklist import worklist
from hub.web.desk import AtDesk, Desk, Refusal, SignedIn
from hub.web.pages_deliveries import check_operates, instant_of
from hub.web.pages_worklist import told_of
from hub.web.receipts import by_reading

router = APIRouter(include_in_schema=False)

MOST_PRINTED: Final = limits.PRINTED.value


@router.get("/reconcile")
async def reconcile_page(request: Request, desk: AtDesk, viewer: SignedIn) -> Response:
    """Everybody who would have been told in an outage and is not yet, the gravest first."""
    check_operates(viewer)
    window = _window(request)
    found = await _found(desk, window) if window else []
    return desk.page(
        "reconcile.jinja",
        viewer,
        asked={name: request.query_params.get(name, "") for name in ("from", "to")},
        window=window,
        lines=found[:MOST],
        more=len(found) > MOST,
    )


@router.get("/reconcile.csv")
async def reconcile_csv(request: Request, desk: AtDesk, viewer: SignedIn) -> Response:
    """The same as CSV."""
    check_operates(viewer)
    window = _window(request)
    if window is None:
        raise Refusal(422, "Say which time", "Give its begin and its end.")
    found = await _found(desk, window)
    return Response(as_csv(found[:MOST]), media_type="text/csv; charset=utf-8")


async def _found(desk: Desk, window: tuple[datetime, datetime]) -> list[Untold]:
    return await desk.read(untold, *window, MOST + 1)


def _window(request: Request) -> tuple[datetime, datetime] | None:
    """The time that is asked for, or None.  Raises Refusal for one that ends before it begins."""
    since, until = (instant_of(request.query_params.get(name, "")) for name in ("from", "to"))
    if since is None or until is None:
        return None
    if since >= until:
        raise Refusal(422, "The end is before the begin", "Give the begin first.")
    return since, until


@router.get("/worklist/print")
async def print_page(request: Request, desk: AtDesk, viewer: SignedIn) -> Response:
    """What stands open for this person's roles, on paper: for when the hub cannot be reached."""
    now = desk.clock.now()
    found = await desk.read(
        worklist,
        organisation=viewer.organisation,
        roles=viewer.roles,
        person=viewer.person_id,
        now=now,
        limit=MOST_PRINTED + 1,
    )
    lines = found[:MOST_PRINTED]
    recorded = await by_reading(desk, told_of(request), viewer, lines, Signal.DELIVERED)
    return desk.page(
        "print.jinja", viewer, lines=lines, more=len(found) > MOST_PRINTED, recorded=recorded
    )
