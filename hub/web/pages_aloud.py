"""Told aloud: whoever works on a gap records that she told somebody, and that alone meets nothing.

The recipient sees who says so, and her own acceptance is the other side (domain 1.1 f).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import APIRouter
from msgspec import Struct
from sqlalchemy import Connection
from starlette.responses import RedirectResponse, Response

from hub.core.acceptance import TAKES_ON, VERBAL, NotAccepted
from hub.core.model import GapState, Level, Signal
from hub.store import read_model
from hub.store import tables_read as t
from hub.store.read_lines import LevelLine, NoticeView
from hub.web.auth import Viewer
from hub.web.desk import AtDesk, Refusal, SignedForm, SignedIn
from hub.web.gap_queries import may_see_gap
from hub.web.present_team import with_present_team
from hub.web.receipts import receipt_input

router = APIRouter(include_in_schema=False)


class Word(Struct, frozen=True, kw_only=True):
    """Somebody says to have told the recipient of a duty aloud, and nothing has answered it yet."""

    obligation_id: str
    organisation: str
    person: str | None
    reached_at: datetime


def open_words(conn: Connection, obligation_ids: Sequence[str]) -> tuple[Word, ...]:
    """What tellers have recorded of duties that nobody has accepted, oldest first."""
    s, o = t.levels, t.obligations
    rows = conn.execute(
        sa.select(*(s.c[name] for name in Word.__struct_fields__))
        .join(o, o.c.obligation_id == s.c.obligation_id)
        .where(s.c.obligation_id.in_(list(obligation_ids)), s.c.channel == VERBAL)
        .where(s.c.detail == NotAccepted.ONE_SIDE_ONLY, s.c.signal.not_in(TAKES_ON))
        .where(o.c.level < Level.ACCEPTED)
        .order_by(s.c.reached_at)
    ).mappings()
    return tuple(Word(**dict(row)) for row in rows)


def words_for(notice: NoticeView, steps: Iterable[LevelLine]) -> list[LevelLine]:
    """Who says to have told the recipient of a notice, while she has not accepted it."""
    if notice.level >= Level.ACCEPTED:
        return []
    return [
        step
        for step in steps
        if step.detail == NotAccepted.ONE_SIDE_ONLY and step.signal not in TAKES_ON
    ]


def is_hers(viewer: Viewer, role: str, organisation: str) -> bool:
    """Whether the duty is to tell the viewer herself: then she accepts, and tells nobody."""
    return organisation == viewer.organisation and role in viewer.roles


def latest_notice(conn: Connection, obligation_id: str) -> NoticeView | None:
    """The notice of a duty that stands now."""
    n = t.notices
    newest = conn.scalar(
        sa.select(n.c.notice_id)
        .where(n.c.obligation_id == obligation_id)
        .order_by(n.c.round.desc(), n.c.issued_at.desc(), n.c.seq.desc())
        .limit(1)
    )
    return read_model.notice(conn, newest) if newest is not None else None


@router.post("/gaps/{gap_id}/told")
async def told(gap_id: str, desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """Record that the viewer told the recipient of one of the gap's duties aloud."""
    gap = await desk.read(read_model.gap, gap_id)
    if gap is None or not may_see_gap(viewer, gap.role, gap.organisation):
        raise Refusal(404, "There is no such gap for you", "Open the gap board to see yours.")
    duty = fields.get("duty", "")
    notice = await desk.read(latest_notice, duty) if duty in gap.duty_ids else None
    if gap.state is not GapState.OPEN or notice is None or notice.level >= Level.ACCEPTED:
        raise Refusal(
            409,
            "There is nobody left to tell here",
            "Load the page of the gap again: it has moved.",
        )
    if is_hers(viewer, notice.role, notice.organisation):
        raise Refusal(
            409, "This notice is for you", "Open it from your worklist and accept it in your name."
        )
    receipt = receipt_input(
        notice,
        Signal.DELIVERED,
        now=desk.clock.now(),
        organisation=viewer.organisation,
        person=viewer.person_id,
        channel=VERBAL,
    )
    await desk.publisher.publish_input(await with_present_team(desk, receipt))
    return RedirectResponse(f"/gaps/{gap_id}?{urlencode({'done': 'told'})}", status_code=303)
