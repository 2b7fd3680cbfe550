"""A page to send in a file with one event in each row, for those who keep a spreadsheet."""

from fastapi import APIRouter
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hub.core.model import Actor
from hub.edges.flat import ITEM, leaves
from hub.ops import limits
from hub.ops import limits_documents as bounds
from hub.web.api_csv import Upload, take_file
from hub.web.auth import Viewer, from_elsewhere
from hub.web.desk import AtDesk, Desk, Refusal, SignedIn
from hub.web.problem import Problem

router = APIRouter(include_in_schema=False)

MOST_FIELDS = 10


def check_reports(viewer: Viewer) -> None:
    """Only who works with families says what happened to them.  Raises Refusal."""
    if not viewer.reports:
        raise Refusal(
            403,
            "This is for those who work with families",
            "Sign in with a role that works with families, or ask a colleague who has one.",
        )


def actor_of(viewer: Viewer) -> Actor:
    """Who reports it, as the event says; nobody reports as somebody else."""
    return Actor(id=viewer.person_id, role=viewer.roles[0], org=viewer.organisation)


@router.get("/upload")
async def upload_page(request: Request, desk: AtDesk, viewer: SignedIn) -> Response:
    """Choose an event type, take its template, see what its columns mean, send the file."""
    check_reports(viewer)
    return _page(desk, viewer, request.query_params.get("type", ""))


@router.post("/upload")
async def upload(request: Request, desk: AtDesk, viewer: SignedIn) -> Response:
    """Take the file, and show what became of each row."""
    check_reports(viewer)
    body, event_type = await _file(request, desk, viewer)
    if not body:
        fault = ("Choose a file", "It must be a CSV file with a header and at least one row.")
        return _page(desk, viewer, event_type, fault)
    given = Upload(
        body=body,
        event_type=event_type,
        organisation=viewer.organisation,
        actor=actor_of(viewer),
    )
    try:
        told = await take_file(desk, given)
    except Problem as problem:
        kept = f" It is kept in quarantine as {problem.quarantine_id}."
        remedy = problem.remedy[:1].upper() + problem.remedy[1:]
        return _page(
            desk, viewer, event_type, (f"{problem.title}: {problem.detail}", remedy + kept)
        )
    status = 200 if told.refused == 0 else 422
    return desk.page("uploaded.jinja", viewer, status, told=told, event_type=event_type)


def _page(
    desk: Desk, viewer: Viewer, event_type: str, fault: tuple[str, str] | None = None
) -> Response:
    types = desk.schemas.event_types()
    chosen = event_type if event_type in types else ""
    columns = leaves(desk.schemas, chosen) if chosen else ()
    return desk.page(
        "upload.jinja",
        viewer,
        422 if fault else 200,
        types=types,
        chosen=chosen,
        columns=[(each.path.replace(ITEM, "1"), each) for each in columns],
        fault=fault,
        most_rows=bounds.CSV_ROWS.value,
        most_bytes=limits.BODY_BYTES.value,
    )


async def _file(request: Request, desk: Desk, viewer: Viewer) -> tuple[bytes, str]:
    """The file and the event type of a form with a file in it.  Raises Refusal."""
    if from_elsewhere(request):
        raise Refusal(
            403, "This form was sent from another site", "Open the page here and try again"
        )
    most = limits.BODY_BYTES.value
    try:
        async with request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=most) as form:
            token, sent, event_type = form.get("csrf"), form.get("file"), form.get("type")
            body = await sent.read(most + 1) if isinstance(sent, UploadFile) else b""
    except HTTPException:
        raise Refusal(422, "The form could not be read", "Open the page again and retry") from None
    if not desk.seal.token_fits(viewer.session_id, token if isinstance(token, str) else ""):
        raise Refusal(403, "This form is no longer valid", "Go back, load the page again and retry")
    if len(body) > most:
        raise Refusal(413, "The file is too large", f"Send at most {most} bytes in one file.")
    return body, event_type if isinstance(event_type, str) else ""
