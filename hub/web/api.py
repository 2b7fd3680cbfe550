"""The API for publishers' and subscribers' systems, beside `POST /events`."""

from typing import Any

import msgspec
from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from hub.core.acceptance import VERBAL
from hub.core.model import Signal
from hub.edges.access import Ground, What
from hub.store import read_model
from hub.store.read_lines import NoticeView
from hub.web import queries
from hub.web.api_events import Organisation, Reader, Reads
from hub.web.audit import Shown, record_access, record_system_access, shown_notice
from hub.web.auth import Viewer
from hub.web.coverage import Coverage, coverage, may_know
from hub.web.desk import AtDesk
from hub.web.policy import policy_of
from hub.web.present_team import with_present_team
from hub.web.problem import Problem
from hub.web.receipts import receipt_input

router = APIRouter(tags=["receipts and coverage"])

EVIDENCE = (
    Signal.DELIVERED,
    Signal.OPENED,
    Signal.ACCEPTED,
    Signal.ACTED,
    Signal.NOT_OURS,
    Signal.REFUSED,
    Signal.STALE_RECIPIENT,
)
"""What a recipient may say.  Orders (withdraw, waive, ...) are not evidence, and *sent* and
*bounced* are for the channel to say."""

CODE = r"^[A-Za-z0-9_.:\-]{1,64}$"
"""A code, never free text, so that nothing about a person can stand in it."""


class ReceiptGiven(BaseModel):
    """Evidence about a notice from the system of its recipient."""

    model_config = ConfigDict(extra="forbid")

    notice_id: str = Field(pattern=CODE)
    signal: Signal
    role: str | None = Field(default=None, pattern=CODE)
    person: str | None = Field(default=None, pattern=CODE)
    channel: str = Field(default="api", pattern=CODE)
    detail: str | None = Field(default=None, pattern=CODE)
    at: AwareDatetime | None = None
    """When it happened, by your clock; now, when left out."""


class ReceiptTaken(BaseModel):
    """The receipt is in the log; a repeat of the same receipt changes nothing."""

    receipt: str
    notice_id: str
    signal: Signal


@router.post("/receipts", status_code=202, response_model=ReceiptTaken)
async def post_receipt(given: ReceiptGiven, desk: AtDesk, reader: Reader) -> Any:
    """Take evidence about a notice addressed to the organisation of the key.

    Over the channel `verbal` an organisation that is concerned with the family also says that it
    told the recipient aloud (`delivered`): that counts once both have recorded it.
    """
    now = desk.clock.now()
    if given.signal not in EVIDENCE:
        raise Problem(
            422,
            "not_evidence",
            "A recipient cannot say this",
            "The signal is an order or belongs to the channel; it is not evidence of a recipient.",
            field="signal",
            remedy=f"Use one of: {', '.join(EVIDENCE)}.",
        )
    if given.at is not None and given.at > now:
        raise Problem(
            422,
            "from_the_future",
            "The receipt lies in the future",
            "The time at which it happened is later than now.",
            field="at",
            remedy="Send the time at which it happened, with its offset from UTC.",
        )
    aloud = given.channel == VERBAL
    notice = await (spoken_of if aloud else own_notice)(desk, given.notice_id, reader)
    taken = receipt_input(
        notice,
        given.signal,
        now=now,
        organisation=reader.organisation,
        role=given.role,
        person=given.person,
        channel=given.channel,
        detail=given.detail,
        happened_at=given.at,
    )
    await desk.publisher.publish_input(await with_present_team(desk, taken))
    return {"receipt": taken.input_id, "notice_id": notice.notice_id, "signal": given.signal}


async def own_notice(desk: AtDesk, notice_id: str, reader: Reads) -> NoticeView:
    """A notice that this key reads; another's is as unknown as one that is not there."""
    found = await desk.read(read_model.notice, notice_id)
    if found is None or not reader.covers(found.organisation, found.role):
        raise Problem(
            404,
            "unknown_notice",
            "The notice is not known",
            "No notice of this id was addressed to your organisation and the roles of your key.",
            field="notice_id",
            remedy="Send the notice_id exactly as it came in the notice.",
        )
    return found


async def spoken_of(desk: AtDesk, notice_id: str, reader: Reads) -> NoticeView:
    """A notice that this key reads, or another organisation's about a family with which the key's
    has to do: then nothing of it is given, and a word about it may be taken.
    """
    found = await desk.read(read_model.notice, notice_id)
    if (
        found is not None
        and found.organisation != reader.organisation
        and await desk.read(queries.has_to_do_with, found.episode_id, reader.organisation)
    ):
        return found
    return await own_notice(desk, notice_id, reader)


@router.get("/notices/{notice_id}")
async def get_notice(notice_id: str, desk: AtDesk, reader: Reader) -> JSONResponse:
    """One notice addressed to the organisation of the key, as it was decided."""
    notice = await own_notice(desk, notice_id, reader)
    await record_system_access(desk, reader.organisation, shown_notice(notice))
    return in_json(notice)


@router.get("/events/{event_id:path}/coverage")
async def get_coverage(event_id: str, desk: AtDesk, organisation: Organisation) -> Coverage:
    """Who has been told of an event that the organisation of the key published, and who not."""
    return await coverage_for(desk, event_id, organisation)


async def coverage_for(
    desk: AtDesk, event_id: str, organisation: str, viewer: Viewer | None = None
) -> Coverage:
    """The publisher's answer, after a record of who was shown it.  Raises Problem."""
    published = await desk.read(queries.published, event_id)
    if {each for each, _ in published} != {organisation}:
        raise Problem(
            404,
            "unknown_event",
            "The event is not known",
            "No decided event of this id came from your organisation.",
            field="id",
            remedy="Use the id of the event; when it was just taken, ask again in a moment.",
        )
    shown = Shown(
        what=What.COVERAGE,
        subject_id=event_id,
        episode_id=await desk.read(queries.episode_of, event_id),
        ground=Ground.PUBLISHER,
    )
    if viewer is None:
        await record_system_access(desk, organisation, shown)
    else:
        await record_access(desk, viewer, shown)
    event_type = max(kind for _, kind in published)
    known = desk.directory.organisations
    kind = known[organisation].kind if organisation in known else ""
    lines = await desk.read(read_model.event_coverage, event_id)
    seen = may_know(await policy_of(desk), kind, organisation, event_type, lines)
    names = {ods: each.name for ods, each in known.items()}
    return coverage(event_id, desk.clock.now(), seen, names)


def in_json(value: Any) -> JSONResponse:
    """Any of our frozen values as JSON, instants in UTC."""
    plain = msgspec.to_builtins(value)
    return JSONResponse(plain)
