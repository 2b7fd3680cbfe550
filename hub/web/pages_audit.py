"""The log of accesses for its guardian: who was shown what about a family, and why.

Of one episode it also shows what was withheld from recipients, which no page of theirs ever does.
"""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.edges.access import Ground, What, access_codec
from hub.store import read_model
from hub.store.access import accesses
from hub.store.withheld import withheld_of
from hub.web.audit import Shown, record_access
from hub.web.auth import GUARDIAN_ROLE, Viewer
from hub.web.desk import AtDesk, Desk, Refusal, SignedIn
from hub.web.pages_worklist import page_links, page_number
from hub.web.queries import PAGE

router = APIRouter(include_in_schema=False)

EVERYTHING = "all"
NOTHING_KNOWN = "unknown"
"""What was asked for when it is no id of ours: the words themselves may be an identity."""


def check_guards(viewer: Viewer) -> None:
    """Only the guardian of the log.  Raises Refusal."""
    if not viewer.guards:
        raise Refusal(
            403,
            "The record of who looked is for the Caldicott guardian",
            "Ask your Caldicott guardian who has looked at a record.",
        )


SHOWN_WORDS = {"S": "only a flag", "P": "only a pointer", "N": "nothing"}
"""What a recipient got instead (domain section 8)."""


@router.get("/audit")
async def audit_page(request: Request, desk: AtDesk, viewer: SignedIn) -> Response:
    """Accesses, newest first, by episode and by person.  Reading this page is an access too."""
    check_guards(viewer)
    page = page_number(request)
    episode_id = request.query_params.get("episode", "").strip()
    person_id = request.query_params.get("person", "").strip()
    known = await _known(desk, episode_id, person_id)
    subject = (person_id or episode_id or EVERYTHING) if known else NOTHING_KNOWN
    shown = Shown(
        what=What.AUDIT,
        subject_id=subject,
        episode_id=(episode_id or None) if known else None,
        ground=Ground.GUARDIAN,
        role=GUARDIAN_ROLE,
    )
    await record_access(desk, viewer, shown)
    lines = (
        await desk.read(
            accesses,
            access_codec(desk.schemas),
            episode_id=episode_id,
            person_id=person_id,
            limit=PAGE + 1,
            offset=(page - 1) * PAGE,
        )
        if known
        else ()
    )
    withheld = await desk.read(withheld_of, episode_id) if known and episode_id else ()
    return desk.page(
        "audit.jinja",
        viewer,
        lines=lines[:PAGE],
        known=known,
        withheld=withheld,
        shown_words=SHOWN_WORDS,
        episode_id=episode_id if known else "",
        person_id=person_id if known else "",
        links=page_links(request, page, more=len(lines) > PAGE) if known else {},
    )


async def _known(desk: Desk, episode_id: str, person_id: str) -> bool:
    """Whether both ids, as far as they were given, are ours."""
    if person_id and person_id not in desk.staff:
        return False
    return not episode_id or await desk.read(read_model.episode, episode_id) is not None
