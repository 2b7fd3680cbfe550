"""`POST /absences/rota`: a file of absences, looked at first and then recorded as a whole.

The first request records nothing.  It answers for each row what it would do, counts, and gives a
word for exactly this; the same file with that word is recorded in one transaction.  Where anything
has changed in between, the word no longer fits and nothing is recorded; while a row is refused
there is no word.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final

from fastapi import APIRouter, Query
from msgspec import Struct
from msgspec.structs import replace
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from hub.core.covering import NotArranged, Roster
from hub.core.faults import FaultReason, SenderFault
from hub.core.ids import derive
from hub.core.rota import PlannedRow, RowOutcome, plan
from hub.edges.csv_rows import CSV_TYPE
from hub.edges.mapped import safely
from hub.edges.rota_calendar import CALENDAR_TYPE, read_calendar
from hub.edges.rota_rows import PERSON, ReadRow, people_of, read_csv
from hub.ops import limits
from hub.store import cover
from hub.web.api import CODE
from hub.web.api_cover import (
    FIELDS,
    LONGEST,
    REMEDIES,
    RoleHeldBy,
    reads,
    write_down,
)
from hub.web.api_events import Reader, Reads, body_of
from hub.web.bounds import Budget
from hub.web.cover import NOT_ARRANGED_WORDS, holds_of
from hub.web.desk import AtDesk, Desk
from hub.web.problem import Problem

router = APIRouter(tags=["cover"])

WORD: Final = f"^$|{CODE}"

READERS: Final = {CSV_TYPE: read_csv, CALENDAR_TYPE: read_calendar}


class RotaRowAnswer(BaseModel):
    """What one row does."""

    row: int
    """As a spreadsheet counts: the header is row 1.  In a calendar the number of the entry."""
    outcome: RowOutcome
    person: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    cover: str | None = None
    covered: bool | None = None
    """Whether every role of hers is held by name, all the time; of rows that stand."""
    roles: list[RoleHeldBy] = []
    reason: str | None = None
    detail: str | None = None
    field: str | None = None
    remedy: str | None = None


class RotaAnswer(BaseModel):
    """What a file does, or did: each row, and counts."""

    recorded: bool = Field(description="whether this is done; else nothing was recorded")
    confirm: str | None = Field(description="send the same file with it; none while a row is wrong")
    rows: int
    new: int
    known: int
    over: int
    refused: int
    not_covered: int = Field(description="of new and known, those for whom a role is held by none")
    answers: list[RotaRowAnswer]


class Rota(Struct, frozen=True, kw_only=True):
    """A file as it was read, and for whom."""

    reader: Reads
    digest: str
    rows: tuple[ReadRow, ...]


@router.post("/absences/rota")
async def post_rota(
    request: Request,
    desk: AtDesk,
    reader: Reader,
    confirm: Annotated[
        str,
        Query(pattern=WORD, description="the word of the answer before; records the file"),
    ] = "",
) -> RotaAnswer:
    """Look at a rota, as CSV or as a calendar; with `confirm`, record all of it at once."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in READERS:
        raise Problem(
            415,
            "unsupported_media_type",
            "The hub takes CSV and calendars here",
            "The content type is not one that this address takes.",
            field="Content-Type",
            remedy=f"Send the file as {' or '.join(READERS)}.",
        )
    budget = request.app.state.budget
    assert isinstance(budget, Budget), "make_app sets the budget before the first request"
    with budget.share(request.headers.get("content-length"), limits.BODY_BYTES.value):
        body = await body_of(request)
        rota = await _read(desk, reader, kind, body)
    if not confirm:
        return await desk.read(_looked_at, desk, rota)
    _check_word(await desk.read(_looked_at, desk, rota), confirm)
    await write_down(desk, reader, confirm)
    return await desk.write(_recorded, desk, rota, confirm)


async def _read(desk: Desk, reader: Reads, kind: str, body: bytes) -> Rota:
    """The rows of a file.  Raises Problem; nothing is kept, since whoever sent it has it."""
    people = people_of(desk.directory, reader.organisation)
    try:
        rows = await run_in_threadpool(safely, lambda: READERS[kind](body, people))
        if not rows:
            raise SenderFault(
                FaultReason.UNPARSEABLE,
                "the file holds no absence",
                remedy="write each absence into a row or an entry of its own",
            )
    except SenderFault as fault:
        raise Problem(
            413 if fault.reason is FaultReason.OVERSIZE else 422,
            fault.reason.value,
            "The rota cannot be read",
            f"{fault.message[:1].upper()}{fault.message[1:]}; nothing was recorded.",
            field=fault.field,
            remedy=fault.remedy,
        ) from fault
    return Rota(reader=reader, digest=sha256(body).hexdigest(), rows=rows)


def _looked_at(conn: Connection, desk: Desk, rota: Rota) -> RotaAnswer:
    """What a rota would do now."""
    answer, _ = _planned(conn, desk, rota, desk.clock.now())
    return answer


def _check_word(answer: RotaAnswer, confirm: str) -> None:
    if answer.confirm is None or answer.confirm != confirm:
        raise Problem(
            409,
            "not_what_was_shown",
            "The rota would do something else now",
            "The file, or what is arranged, is not as when this word was given; nothing was "
            "recorded.",
            field="confirm",
            remedy="Send the file without confirm, look at the answer, and confirm that one.",
        )


def _recorded(conn: Connection, desk: Desk, rota: Rota, confirm: str) -> RotaAnswer:
    """Record all of a rota, or nothing.  Raises Problem, which takes the transaction back."""
    now = desk.clock.now()
    cover.hold_still(conn, rota.reader.organisation)
    answer, rows = _planned(conn, desk, rota, now)
    _check_word(answer, confirm)
    for row in rows:
        if row.outcome is RowOutcome.NEW:
            asked = replace(row.asked, absence_id=f"ab-{secrets.token_hex(6)}")
            by = f"{rota.reader.organisation}:{confirm}"
            cover.record_absence(conn, asked, by, now)
    return answer.model_copy(update={"recorded": True, "confirm": None})


def _planned(
    conn: Connection, desk: Desk, rota: Rota, now: datetime
) -> tuple[RotaAnswer, tuple[PlannedRow, ...]]:
    organisation = rota.reader.organisation
    holds = holds_of(desk.directory, organisation)
    roster = cover.roster(conn, organisation, holds, now)
    asked = [(each.number, each.row) for each in rota.rows if each.row is not None]
    found = plan(roster, [row for _, row in asked], now, LONGEST)
    by_number = {number: each for (number, _), each in zip(asked, found, strict=True)}
    answers = [_answer(each, by_number, rota.reader, roster) for each in rota.rows]
    return _whole(rota, answers), found


def _whole(rota: Rota, answers: Sequence[RotaRowAnswer]) -> RotaAnswer:
    count = {each: sum(a.outcome is each for a in answers) for each in RowOutcome}
    told = [each.model_dump_json() for each in answers]
    word = derive("rota", rota.reader.organisation, rota.digest, *told)
    return RotaAnswer(
        recorded=False,
        confirm=None if count[RowOutcome.REFUSED] else word,
        rows=len(answers),
        new=count[RowOutcome.NEW],
        known=count[RowOutcome.KNOWN],
        over=count[RowOutcome.OVER],
        refused=count[RowOutcome.REFUSED],
        not_covered=sum(each.covered is False for each in answers),
        answers=list(answers),
    )


def _answer(
    read: ReadRow, planned: dict[int, PlannedRow], reader: Reads, roster: Roster
) -> RotaRowAnswer:
    fault = read.fault
    if fault is not None:
        return RotaRowAnswer(
            row=read.number,
            outcome=RowOutcome.REFUSED,
            reason=fault.reason.value,
            detail=fault.message,
            field=fault.field or None,
            remedy=fault.remedy or None,
        )
    each = planned[read.number]
    if not reads(reader, roster, each.asked.person):
        why = NotArranged.NO_COLLEAGUE
        return _refused(read.number, why, PERSON)
    if each.why is not None:
        return _refused(read.number, each.why, FIELDS.get(each.why, "cover"))
    stands = each.outcome is not RowOutcome.OVER
    return RotaRowAnswer(
        row=read.number,
        outcome=each.outcome,
        person=each.asked.person,
        since=each.asked.since,
        until=each.asked.until,
        cover=each.asked.cover,
        covered=each.covered if stands else None,
        roles=[RoleHeldBy(role=role, held_by=how) for role, how in each.held],
    )


def _refused(number: int, why: NotArranged, field: str) -> RotaRowAnswer:
    return RotaRowAnswer(
        row=number,
        outcome=RowOutcome.REFUSED,
        reason=why.value,
        detail=NOT_ARRANGED_WORDS[why],
        field=field,
        remedy=REMEDIES[why],
    )
