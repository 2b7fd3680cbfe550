"""Everything a request needs, gathered once when the gateway is composed.

The database is synchronous and short of blocking calls, so every query goes through `read` or
`write`, which run it on a thread and leave the event loop free for Kafka.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Concatenate, ParamSpec, Protocol, TypeVar
from urllib.parse import parse_qs

from fastapi import Depends
from jinja2 import Environment
from sqlalchemy import Connection, Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse

from hub.core.faults import SenderFault
from hub.core.model import Event, Input, Numbered
from hub.edges.directory import Directory, StaffMember
from hub.edges.publish import Original
from hub.edges.schemas import Schemas
from hub.ops import limits
from hub.ops.clock import Clock
from hub.ops.settings import Settings
from hub.store.engine import reading, writing
from hub.store.sealing import Vault
from hub.web import sessions
from hub.web.auth import COOKIE, Doorman, Seal, Viewer, from_elsewhere
from hub.web.foretold import type_of_foretell

LARGEST_FORM_BYTES = limits.FORM_BYTES.value

P = ParamSpec("P")
T = TypeVar("T")


class Publishes(Protocol):
    """The part of `hub.edges.publish.Publisher` that the gateway uses."""

    async def start(self) -> None:
        """Begin to connect."""
        ...

    async def stop(self) -> None:
        """Close the connection."""
        ...

    async def publish_event(self, event: Event, *, topic: str | None = None) -> None:
        """Write a checked event, confirmed.  Raises SenderFault or Unavailable."""
        ...

    async def publish_input(self, given: Input) -> None:
        """Write an input, confirmed.  Raises Unavailable."""
        ...

    async def note_number(self, source: str, told: Numbered | None, at: datetime) -> None:
        """Say that a numbered message is here, confirmed.  Raises Unavailable."""
        ...

    async def quarantine(self, fault: SenderFault, original: Original) -> str:
        """Keep an original, confirmed, and return its quarantine id.  Raises Unavailable."""
        ...


class SignInFirst(Exception):  # noqa: N818  an instruction, not a fault
    """Nobody is signed in.  Answered with the way to the sign-in page."""


class Refusal(Exception):  # noqa: N818  as above
    """A page that cannot be shown or a form that cannot be taken, in words for people.

    Operator action: none.
    """

    def __init__(self, status: int, title: str, remedy: str):
        super().__init__(title)
        self.status = status
        self.title = title
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Desk:
    """The gateway's collaborators."""

    settings: Settings
    engine: Engine
    publisher: Publishes
    directory: Directory
    clock: Clock
    schemas: Schemas
    seal: Seal
    doorman: Doorman
    pages: Environment
    vault: Vault
    """Seals the signing secrets of subscriptions."""
    staff: Mapping[str, StaffMember]
    """Everybody who may sign in, by `person_id`."""
    foretell: type_of_foretell | None = None
    """Says what would come of an event; None where nobody gave it."""
    sandbox: bool = False
    """Whether nothing may come of what is done at this desk."""

    def real_now(self) -> datetime:
        """Real time, for what is tried again whatever a story does to the hub's clock."""
        return datetime.now(UTC)

    async def read(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query that only reads, on a thread, in one snapshot."""

        def run() -> T:
            with reading(self.engine) as conn:
                return query(conn, *args, **kwargs)

        return await run_in_threadpool(run)

    async def write(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query that writes, on a thread, in one transaction."""

        def run() -> T:
            with writing(self.engine) as conn:
                return query(conn, *args, **kwargs)

        return await run_in_threadpool(run)

    def organisation_name(self, ods: str) -> str:
        """The name of an organisation, or its code when the directory does not know it."""
        return self.directory.organisation(ods).name if self.directory.knows(ods) else ods

    def staff_name(self, person_id: str | None) -> str:
        """The name of a member of staff, or the id when the directory does not know it."""
        member = self.staff.get(person_id or "")
        return member.name if member else person_id or ""

    def page(
        self, template: str, viewer: Viewer | None = None, status: int = 200, **values: object
    ) -> HTMLResponse:
        """A rendered page."""
        return HTMLResponse(
            self.pages.get_template(template).render(
                viewer=viewer,
                now=self.clock.now(),
                organisation_name=self.organisation_name,
                staff_name=self.staff_name,
                **values,
            ),
            status_code=status,
        )


def real_time() -> datetime:
    """The time in which sessions end and retries wait, whatever the hub's clock says."""
    return datetime.now(UTC)


def desk_of(request: Request) -> Desk:
    """The desk that `make_app` set up."""
    desk = request.app.state.desk
    assert isinstance(desk, Desk), "make_app sets the desk before the first request"
    return desk


async def viewer_of(request: Request) -> Viewer:
    """Who is signed in.  Raises SignInFirst."""
    found = await viewer_or_none(request)
    if found is None:
        raise SignInFirst
    return found


async def viewer_or_none(request: Request) -> Viewer | None:
    """Who is signed in, if anybody.  The session must be live and its person still on the staff."""
    desk = desk_of(request)
    session_id = desk.seal.open(request.cookies.get(COOKIE, ""))
    if session_id is None:
        return None
    person_id = await desk.read(sessions.person_of, session_id, real_time())
    member = desk.staff.get(person_id or "")
    if member is None:
        return None
    return Viewer(
        person_id=member.person_id,
        name=member.name,
        organisation=member.organisation,
        organisation_name=desk.organisation_name(member.organisation),
        roles=member.roles,
        session_id=session_id,
        csrf=desk.seal.form_token(session_id),
    )


AtDesk = Annotated[Desk, Depends(desk_of)]
SignedIn = Annotated[Viewer, Depends(viewer_of)]


async def form_of(request: Request) -> dict[str, str]:
    """The fields of an urlencoded form; of a repeated field the last.  Raises Refusal."""
    if from_elsewhere(request):
        raise Refusal(
            403, "This form was sent from another site", "Open the page here and try again"
        )
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise Refusal(415, "This is not a form of ours", "Open the page here and try again")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_FORM_BYTES:
            raise Refusal(413, "The form is too large", "Shorten what you wrote and try again")
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=50)
    return {name: values[-1] for name, values in fields.items()}


async def signed_form(request: Request, desk: AtDesk, viewer: SignedIn) -> dict[str, str]:
    """The fields of a form whose token belongs to this session.  Raises Refusal."""
    fields = await form_of(request)
    if not desk.seal.token_fits(viewer.session_id, fields.get("csrf", "")):
        raise Refusal(403, "This form is no longer valid", "Go back, load the page again and retry")
    return fields


SignedForm = Annotated[dict[str, str], Depends(signed_form)]
