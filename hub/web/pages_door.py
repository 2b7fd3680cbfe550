"""Signing in and out, and the page one lands on."""

import secrets
from datetime import UTC, datetime
from urllib.parse import quote

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.store.read_lines import WorklistLine
from hub.web import queries, sessions
from hub.web.auth import COOKIE, DEMO_PASSWORD, SESSION_LIFE, Viewer
from hub.web.cover import banner_of, roster_of, with_cover
from hub.web.desk import AtDesk, Desk, SignedForm, SignedIn, form_of, viewer_or_none
from hub.web.listening import is_loopback
from hub.web.queries import Shown, Whose

router = APIRouter(include_in_schema=False)

TILES = (
    (Shown.OVERDUE, "Overdue"),
    (Shown.TODAY, "Due today"),
    (Shown.NEW, "New"),
    (Shown.MINE, "Taken by me"),
    (Shown.COVERING, "For a colleague"),
    (Shown.RETURNED, "Returned"),
)


def whose(viewer: Viewer) -> Whose:
    """The worklist that belongs to a viewer."""
    return Whose(organisation=viewer.organisation, roles=viewer.roles, person_id=viewer.person_id)


def safe_next(wanted: str) -> str:
    """Where to go after signing in: a path of ours, never another site."""
    local = wanted.startswith("/") and not wanted.startswith(("//", "/\\"))
    return wanted if local and wanted.isprintable() and len(wanted) < 200 else "/"


@router.get("/login")
async def login_page(request: Request, desk: AtDesk) -> Response:
    """The sign-in page; a demonstration lists its invented people."""
    if await viewer_or_none(request) is not None:
        return RedirectResponse("/", status_code=303)
    return _login_page(desk, next_path=safe_next(request.query_params.get("next", "/")))


def _login_page(desk: Desk, *, next_path: str, fault: str = "", login: str = "") -> Response:
    people = desk.directory.staff_members.values() if desk.settings.demo_logins else ()
    return desk.page(
        "login.jinja",
        status=401 if fault else 200,
        fault=fault,
        login=login,
        next_path=next_path,
        people=tuple(people),
        demo_password=DEMO_PASSWORD,
        nobody=not desk.directory.staff_members,
    )


@router.post("/login")
async def login(request: Request, desk: AtDesk) -> Response:
    """Check a password and open a session."""
    fields = await form_of(request)
    name, next_path = fields.get("login", "").strip(), safe_next(fields.get("next", "/"))
    if desk.doorman.barred(name):
        fault = "Too many attempts for this name. Wait 15 minutes, or ask your operator."
        return _login_page(desk, next_path=next_path, fault=fault, login=name)
    member = await run_in_threadpool(desk.doorman.admit, name, fields.get("password", ""))
    if member is None:
        fault = "The name or the password is not right. Check both and try again."
        return _login_page(desk, next_path=next_path, fault=fault, login=name)
    session_id = secrets.token_urlsafe(24)
    await desk.write(
        sessions.begin, session_id, member.person_id, member.organisation, datetime.now(UTC)
    )
    answer = RedirectResponse(next_path, status_code=303)
    answer.set_cookie(
        COOKIE,
        desk.seal.close(session_id),
        max_age=int(SESSION_LIFE.total_seconds()),
        httponly=True,
        samesite="lax",
        # Loopback has no TLS; anything else stands behind it, and the cookie must not leave it.
        secure=not is_loopback(desk.settings.gateway_host),
    )
    return answer


@router.post("/logout")
async def logout(desk: AtDesk, viewer: SignedIn, fields: SignedForm) -> Response:
    """End the session here, so that a copied cookie is worth nothing."""
    del fields
    await desk.write(sessions.end, viewer.session_id)
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(COOKIE)
    return answer


@router.get("/")
async def home(desk: AtDesk, viewer: SignedIn) -> Response:
    """Counts of what waits, each a way into the worklist."""
    now = desk.clock.now()
    roster = await roster_of(desk, viewer.organisation)
    counts = await desk.read(queries.tiles, with_cover(whose(viewer), roster, now), now)
    soonest: tuple[WorklistLine, ...] = await desk.read(
        queries.worklist, whose(viewer), Shown.OPEN, now
    )
    last = None if soonest else await desk.read(queries.last_issued, whose(viewer))
    return desk.page(
        "home.jinja",
        viewer,
        tiles=[(shown.value, word, counts[shown]) for shown, word in TILES],
        last=last,
        soonest=soonest[:5],
        banner=banner_of(roster, viewer, now),
    )


def way_in(request: Request) -> str:
    """The sign-in page, with the way back to a page that was only read."""
    if request.method != "GET" or request.url.path == "/":
        return "/login"
    return f"/login?next={quote(request.url.path)}"
