"""The gap board: what the policy requires and is not so, each with an owner."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.core.matters import is_matter
from hub.core.model import GapState, Level, Severity
from hub.edges.access import Ground, What
from hub.store import read_model
from hub.web import gap_queries, queries
from hub.web.audit import Shown, record_access, wider_ground
from hub.web.desk import AtDesk, Refusal, SignedIn
from hub.web.gap_queries import Sieve, may_see_gap, owns_gap
from hub.web.pages_aloud import is_hers, open_words
from hub.web.pages_door import whose
from hub.web.pages_worklist import page_links, page_number
from hub.web.queries import PAGE

router = APIRouter(include_in_schema=False)

DONE_WORDS = {
    "told": "Recorded: you told them. It counts once they have accepted it in their own name."
}


def sieve_of(request: Request) -> Sieve:
    """The filters in the address; what is not one of ours is left out."""
    asked = request.query_params
    state = asked.get("state", GapState.OPEN.value)
    severity = asked.get("severity", "0")
    known = {str(int(each)) for each in Severity}
    return Sieve(
        state=state if state in {"", *(each.value for each in GapState)} else GapState.OPEN.value,
        severity=int(severity) if severity in known else 0,
        code=asked.get("code", "").strip().upper()[:8],
        organisation=asked.get("organisation", "").strip().upper()[:12],
    )


@router.get("/gaps")
async def board_page(request: Request, desk: AtDesk, viewer: SignedIn) -> Response:
    """Open gaps, gravest first, for those who own them and for safeguarding roles."""
    page, sieve = page_number(request), sieve_of(request)
    lines = await desk.read(gap_queries.board, viewer, sieve, offset=(page - 1) * PAGE)
    counts = await desk.read(gap_queries.open_by_severity, viewer)
    return desk.page(
        "gaps.jinja",
        viewer,
        lines=lines[:PAGE],
        sieve=sieve,
        counts=[(each, counts.get(int(each), 0)) for each in sorted(Severity, reverse=True)],
        states=list(GapState),
        links=page_links(request, page, more=len(lines) > PAGE),
    )


@router.get("/gaps/{gap_id}")
async def gap_page(gap_id: str, request: Request, desk: AtDesk, viewer: SignedIn) -> Response:
    """One gap: what is missing, who can end it and how, and what has been tried."""
    gap = await desk.read(read_model.gap, gap_id)
    if gap is None or not may_see_gap(viewer, gap.role, gap.organisation):
        raise Refusal(404, "There is no such gap for you", "Open the gap board to see yours.")
    ours = owns_gap(viewer, gap.role, gap.organisation)
    shown = Shown(
        what=What.GAP,
        subject_id=gap.gap_id,
        episode_id=gap.episode_id,
        ground=Ground.OWNER if ours else wider_ground(viewer),
    )
    await record_access(desk, viewer, shown)
    duties = await desk.read(queries.obligations_named, gap.duty_ids)
    family = not is_matter(gap.episode_id) and (
        viewer.safeguards or await desk.read(queries.holds_notice, gap.episode_id, whose(viewer))
    )
    words = await desk.read(open_words, gap.duty_ids)
    to_tell = [
        duty
        for duty in duties
        if gap.state is GapState.OPEN
        and duty["level"] < Level.ACCEPTED
        and not is_hers(viewer, duty["role"], duty["organisation"])
    ]
    return desk.page(
        "gap.jinja",
        viewer,
        gap=gap,
        duties=duties,
        words=words,
        to_tell=to_tell,
        done=DONE_WORDS.get(request.query_params.get("done", "")),
        may_see_family=family,
    )
