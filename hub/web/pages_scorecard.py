"""The pathway scorecard for those who lead and commission it: both scores, and no family."""

from functools import cache
from pathlib import Path

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from hub.core.scorecard import scorecard
from hub.core.scored import light
from hub.edges.schemas import Schemas
from hub.policy.loader import load_policy
from hub.policy.scorecard import ScorecardFile, read_scorecard, unknown_names
from hub.store.scorecard_reads import scorecard_facts
from hub.web.auth import Viewer
from hub.web.desk import AtDesk, Refusal, SignedIn

router = APIRouter(include_in_schema=False)


def check_reads(viewer: Viewer) -> None:
    """Only those who answer for the pathway, and safeguarding leads.  Raises Refusal."""
    if not viewer.sees_scorecard:
        raise Refusal(
            403,
            "The scorecard is for those who lead and commission the pathway",
            "Ask your pathway lead; the gap board shows what is yours to mend.",
        )


@cache
def _stated(policy_dir: Path, schemas_dir: Path) -> tuple[ScorecardFile, frozenset[str]]:
    """The scorecard's file and what of it this policy lacks; read once, as the policy is."""
    stated = read_scorecard(policy_dir)
    policy = load_policy(policy_dir, [schemas_dir / "events"])
    known = Schemas.load(schemas_dir).event_types()
    return stated, unknown_names(stated.row, policy, known)


@router.get("/scorecard")
async def scorecard_page(desk: AtDesk, viewer: SignedIn) -> Response:
    """What people assessed, and what the hub has seen in the last twelve months."""
    check_reads(viewer)
    folders = desk.settings.policy_dir, desk.settings.schemas_dir
    stated, unknown = await run_in_threadpool(_stated, *folders)
    areas = {ods: each.area for ods, each in desk.directory.organisations.items()}
    facts = await desk.read(scorecard_facts, stated.row, areas, desk.clock.now())
    found = await run_in_threadpool(scorecard, stated.row, stated.assessed, facts, unknown)
    return desk.page("scorecard.jinja", viewer, card=found, stated=stated, light=light)
