"""The gateway, composed: API, registry and pages over one database and one publisher.

Rules: nothing is fetched from outside, no page is kept by a browser, and the gateway does not open
itself to a network without credentials of its own.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from fastapi import FastAPI
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, FileSystemLoader, PackageLoader
from sqlalchemy import Engine
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from hub.edges import avro
from hub.edges.directory import Directory, load_directory
from hub.edges.publish import Publisher
from hub.edges.schemas import Schemas, schemas_in
from hub.ops.clock import Clock, clock_from
from hub.ops.settings import Settings
from hub.store.engine import make_engine
from hub.store.sealing import Vault
from hub.web import (
    accepted,
    api,
    api_cda,
    api_cloudevents,
    api_cover,
    api_csv,
    api_events,
    api_fhir,
    api_returns,
    api_rota,
    api_subscription,
    drafts,
    health,
    openapi,
    pages_aloud,
    pages_audit,
    pages_cover,
    pages_deliveries,
    pages_door,
    pages_family,
    pages_gaps,
    pages_quarantine,
    pages_reconcile,
    pages_report,
    pages_returns,
    pages_scorecard,
    pages_subscriptions,
    pages_upload,
    pages_worklist,
    registry,
    words,
)
from hub.web.auth import Doorman, Seal
from hub.web.bounds import LARGEST_REQUEST_BYTES, Budget
from hub.web.desk import Desk, Publishes
from hub.web.errors import answer_errors
from hub.web.foretold import type_of_foretell
from hub.web.listening import check_listening
from hub.web.receipts import RecentlyTold

HERE = Path(__file__).parent

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


def make_app(
    settings: Settings,
    *,
    publisher: Publishes | None = None,
    engine: Engine | None = None,
    directory: Directory | None = None,
    clock: Clock | None = None,
    foretell: type_of_foretell | None = None,
) -> FastAPI:
    """The gateway for these settings; collaborators that are given replace those of the settings.

    Raises RefusesToListen when it would be open to a network without credentials.
    """
    desk = replace(_desk(settings, publisher, engine, directory, clock), foretell=foretell)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        _own_tables(desk.engine)
        await desk.publisher.start()
        try:
            yield
        finally:
            await desk.publisher.stop()
            if engine is None:
                desk.engine.dispose()

    app = FastAPI(
        title="Perinatal information-sharing hub",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        max_body_size=LARGEST_REQUEST_BYTES,
    )
    app.state.desk, app.state.told, app.state.budget = desk, RecentlyTold(), Budget()
    _routes(app, desk.schemas)
    answer_errors(app)
    app.middleware("http")(_with_headers)
    return app


def _own_tables(engine: Engine) -> None:
    """The tables that belong to the gateway and to no other role."""
    accepted.prepare(engine)
    drafts.prepare(engine)


def _desk(
    settings: Settings,
    publisher: Publishes | None,
    engine: Engine | None,
    directory: Directory | None,
    clock: Clock | None,
) -> Desk:
    known = directory or load_directory(settings.directory)
    check_listening(settings, known)
    secret = settings.secret()
    schemas = schemas_in(settings.schemas_dir)
    avro.use_schemas(schemas)
    return Desk(
        settings=settings,
        engine=engine or make_engine(settings.real_database_url()),
        publisher=publisher
        or Publisher(
            settings.kafka,
            secret,
            client_id="hub-gateway",
            schemas=schemas,
            login=settings.shown_to_kafka(),
        ),
        directory=known,
        clock=clock or clock_from(settings.clock),
        schemas=schemas,
        seal=Seal(secret),
        vault=Vault(*settings.sealing()),
        doorman=Doorman(known, demo_logins=settings.demo_logins),
        pages=templates(),
        staff={member.person_id: member for member in known.staff_members.values()},
    )


def templates() -> Environment:
    """Our pages on top of the design system's; its macros need chainable undefined values."""
    made = Environment(
        loader=ChoiceLoader(
            [FileSystemLoader(HERE / "templates"), PackageLoader("nhsuk_frontend_jinja")]
        ),
        undefined=ChainableUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(words.FOR_PAGES)
    return made


def _routes(app: FastAPI, schemas: Schemas) -> None:
    for part in (
        api_subscription,
        api_events,
        api_csv,
        api_fhir,
        api_cloudevents,
        api_cda,
        api,
        api_returns,
        api_rota,
        api_cover,
        health,
    ):
        app.include_router(part.router)
    app.include_router(
        registry.registry_router(schemas), prefix="/registry", include_in_schema=False
    )
    for page in (
        pages_door,
        pages_worklist,
        pages_cover,
        pages_family,
        pages_aloud,
        pages_gaps,
        pages_quarantine,
        pages_returns,
        pages_audit,
        pages_deliveries,
        pages_reconcile,
        pages_subscriptions,
        pages_scorecard,
        pages_report,
        pages_upload,
    ):
        app.include_router(page.router, include_in_schema=False)
    app.mount("/static", GZipMiddleware(StaticFiles(directory=HERE / "static")), name="static")
    # FastAPI documents this way of replacing the description.
    setattr(app, "openapi", lambda: openapi.describe(app, schemas))  # noqa: B010  mypy refuses to assign a method


async def _with_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    answer = await call_next(request)
    for name, value in HEADERS.items():
        answer.headers.setdefault(name, value)
    # Pages hold identities and must not stay behind on a shared computer; the style sheet may.
    kept = "public, max-age=86400" if request.url.path.startswith("/static/") else "no-store"
    answer.headers["Cache-Control"] = kept
    return answer
