"""`POST /events/csv`: a file with one event in each row, and an answer for each row.

A row is taken or refused by itself: one that is at fault is kept in quarantine with the header and
does not hold up the others.  When Kafka goes away in the middle nothing more is promised; the same
file sent again finds the rows that were taken.
"""

from typing import Annotated

from fastapi import APIRouter, Query
from msgspec import Struct
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from hub.core.faults import FaultReason, SenderFault
from hub.core.model import Actor
from hub.edges import avro
from hub.edges.csv_rows import CSV_TYPE, Row, event_of_row, read_sheet, template
from hub.edges.intake import check_event
from hub.edges.mapped import safely
from hub.edges.publish import Original
from hub.ops import limits
from hub.web.api_events import Sender, body_of, check_sender, take, told_of
from hub.web.bounds import Budget
from hub.web.desk import AtDesk, Desk
from hub.web.foretold import Foretold
from hub.web.problem import TITLES, Problem
from hub.web.sandbox import AtDoor, foretold
from hub.web.taking import kept

router = APIRouter(tags=["csv"])

TYPES = (CSV_TYPE, "application/csv", "application/vnd.ms-excel")
"""What browsers and spreadsheets call it."""

type_of_event_type = Annotated[
    str, Query(alias="type", max_length=100, description="the event type of rows that name none")
]


class RowAnswer(BaseModel):
    """What became of one row."""

    row: int
    """As a spreadsheet counts: the header is row 1."""
    outcome: str
    """accepted or refused"""
    id: str | None = None
    receipt: str | None = None
    coverage: str | None = None
    would: Foretold | None = None
    """In a sandbox: what would come of it."""
    reason: str | None = None
    title: str | None = None
    detail: str | None = None
    field: str | None = None
    """The name of the column at fault."""
    remedy: str | None = None
    quarantine_id: str | None = None


class FileAnswer(BaseModel):
    """What became of a file: every row that is not blank is accepted or refused."""

    rows: int
    accepted: int
    refused: int
    sandbox: bool = False
    """Whether nothing was done with the rows, and `accepted` only says that they are right."""
    answers: list[RowAnswer]


class Upload(Struct, frozen=True, kw_only=True):
    """A file as it came, and who brings it."""

    body: bytes
    event_type: str
    organisation: str
    actor: Actor | None = None


@router.post("/events/csv")
async def post_csv(
    request: Request,
    desk: AtDoor,
    organisation: Sender,
    event_type: type_of_event_type = "",
) -> FileAnswer:
    """Take a file with one event in each row; the answer tells the outcome of each."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in TYPES:
        raise Problem(
            415,
            "unsupported_media_type",
            "The hub takes CSV here",
            "The content type is not one that this address takes.",
            field="Content-Type",
            remedy=f"Send the file as {CSV_TYPE}.",
        )
    budget = request.app.state.budget
    assert isinstance(budget, Budget), "make_app sets the budget before the first request"
    with budget.share(request.headers.get("content-length"), limits.BODY_BYTES.value):
        body = await body_of(request)
        given = Upload(body=body, event_type=event_type, organisation=organisation)
        return await take_file(desk, given)


@router.get("/events/csv/template")
async def get_template(desk: AtDesk, event_type: type_of_event_type) -> Response:
    """The header of an event type's file, as a file; nobody needs a key for it."""
    if event_type not in desk.schemas.event_types():
        raise Problem(
            404,
            "unknown_event_type",
            TITLES[FaultReason.UNKNOWN_EVENT_TYPE],
            "The hub has no event type of this name.",
            field="type",
            remedy=f"Use one of: {', '.join(desk.schemas.event_types())}.",
        )
    return Response(
        template(desk.schemas, event_type),
        media_type=CSV_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{event_type}.csv"'},
    )


async def take_file(desk: Desk, given: Upload) -> FileAnswer:
    """Take the rows of a file, one after the other.  Raises Problem and Unavailable."""
    try:
        # A megabyte takes a second, and must not hold up the event loop.
        sheet = await run_in_threadpool(safely, lambda: read_sheet(given.body))
        rows = sheet.rows
        if not rows:
            raise SenderFault(
                FaultReason.UNPARSEABLE,
                "there is a header and no row",
                field="row 2",
                remedy="write each event into a row of its own",
            )
    except SenderFault as fault:
        raise await kept(desk, _original(desk, given, given.body), fault) from fault
    answers = [await _take_row(desk, given, row) for row in rows]
    accepted = sum(answer.outcome == "accepted" for answer in answers)
    return FileAnswer(
        rows=len(answers),
        accepted=accepted,
        refused=len(answers) - accepted,
        sandbox=desk.sandbox,
        answers=answers,
    )


def _original(desk: Desk, given: Upload, body: bytes, said: str = "") -> Original:
    event_type = said or given.event_type
    known = event_type in desk.schemas.event_types()
    return Original(
        body=body,
        door="https",
        content_type=CSV_TYPE,
        received_at=desk.clock.now(),
        source=f"{given.organisation}:CSV",
        event_type=event_type if known else None,
    )


async def _take_row(desk: Desk, given: Upload, row: Row) -> RowAnswer:
    """One row taken, or kept in quarantine with its header.  Raises Unavailable."""
    original = _original(desk, given, row.original, row.cells.get("type", ""))
    try:
        event = safely(
            lambda: event_of_row(
                row,
                desk.schemas,
                original.received_at,
                event_type=given.event_type,
                sender=given.organisation,
                actor=given.actor,
            )
        )
        check_sender(event, given.organisation)
        check_event(event, desk.directory, original.received_at)
        avro.encode_event(event)
        answer = await take(desk, event, original.received_at)
    except SenderFault as fault:
        return _refused(row, await kept(desk, original, fault))
    if desk.sandbox:
        said = await foretold(desk, event, answer.topic)
        return RowAnswer(row=row.number, outcome="accepted", id=event.id, would=said.would)
    told = told_of(event, answer)
    return RowAnswer(
        row=row.number,
        outcome="accepted",
        id=told["id"],
        receipt=told["receipt"],
        coverage=told["coverage"],
    )


def _refused(row: Row, problem: Problem) -> RowAnswer:
    return RowAnswer(
        row=row.number,
        outcome="refused",
        reason=problem.reason,
        title=problem.title,
        detail=problem.detail,
        field=problem.field or None,
        remedy=problem.remedy or None,
        quarantine_id=problem.quarantine_id,
    )
