"""The timeline of one family: what happened, who was told, and what is missing."""

from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from hub.edges.access import Ground, What
from hub.ops import limits_documents as limits
from hub.store import read_model
from hub.web import queries
from hub.web.audit import Shown, record_access, wider_ground
from hub.web.desk import AtDesk, Refusal, SignedIn
from hub.web.family import lanes
from hub.web.pages_door import whose

FEED_SILENT: Final = "G61"
MOST_SILENT: Final = limits.SILENT_FEEDS.value

router = APIRouter(include_in_schema=False)


@router.get("/p/{episode_id}")
async def family_page(episode_id: str, desk: AtDesk, viewer: SignedIn) -> Response:
    """The lanes of mother and babies, for those whose roles were addressed about this family.

    A family that does not exist and one that is not the viewer's get the same answer.
    """
    timeline = await desk.read(read_model.episode_timeline, episode_id)
    addressed = await desk.read(queries.holds_notice, episode_id, whose(viewer))
    if timeline is None or not (addressed or viewer.safeguards or viewer.operates):
        raise Refusal(
            404,
            "There is no such family for you",
            "Open your worklist: it leads to every family that you were told about.",
        )
    shown = Shown(
        what=What.EPISODE,
        subject_id=timeline.episode.episode_id,
        episode_id=timeline.episode.episode_id,
        ground=Ground.ADDRESSED if addressed else wider_ground(viewer),
    )
    await record_access(desk, viewer, shown)
    duties = await desk.read(queries.duties_of_events, episode_id, whose(viewer))
    return desk.page(
        "family.jinja",
        viewer,
        mother=timeline.episode,
        lanes=lanes(timeline, duties, viewer),
        # All of them, whoever has to do with this family: a choice would tell who has.
        silent=await desk.read(read_model.gap_board, code=FEED_SILENT, limit=MOST_SILENT),
    )
