"""Every way in which an answer can be another than the one hoped for.

Machines get problem documents, people get pages; neither ever sees a stack, a value that was sent
or an address inside the hub.
"""

import random

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from hub.core.faults import FaultReason
from hub.edges.publish import Unavailable
from hub.ops import limits
from hub.ops.logs import log
from hub.web.desk import Refusal, SignInFirst, desk_of, viewer_or_none
from hub.web.fhir_answers import is_fhir, outcome_of
from hub.web.pages_door import way_in
from hub.web.problem import Problem

FAULTS_OF_ADDRESS = {404: "no_such_address", 413: FaultReason.OVERSIZE.value}
"""What is wrong when an address cannot take a request; else it is `not_possible`."""

API_PATHS = (
    "/events",
    "/fhir",
    "/cloudevents",
    "/receipts",
    "/notices",
    "/returns",
    "/absences",
    "/cda",
    "/registry",
    "/health",
    "/openapi.json",
)
"""Addresses for machines, whose errors are problem documents; all others are pages."""


def answer_errors(app: FastAPI) -> None:
    """Give each kind of error its one answer."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(SignInFirst, _sign_in)
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(OperationalError, _no_database)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _other)


def is_for_machines(request: Request) -> bool:
    """Whether an address belongs to the API."""
    return request.url.path.startswith(API_PATHS)


def retry_seconds() -> int:
    """What 'try again later' means this time: spread, so that not all come back at once."""
    return random.randint(limits.RETRY_LEAST_SECONDS, limits.RETRY_MOST_SECONDS)  # noqa: S311  no secret


def _answer(request: Request, problem: Problem) -> Response:
    """The same problem in the words that the address speaks."""
    return outcome_of(request, problem) if is_fhir(request) else problem.response()


async def _problem(request: Request, raised: Exception) -> Response:
    assert isinstance(raised, Problem), "registered for it"
    return _answer(request, raised)


async def _sign_in(request: Request, _: Exception) -> Response:
    return RedirectResponse(way_in(request), status_code=303)


async def _refusal(request: Request, raised: Exception) -> Response:
    assert isinstance(raised, Refusal), "registered for it"
    viewer = await viewer_or_none(request)
    page = {"title": raised.title, "remedy": raised.remedy}
    return desk_of(request).page("refusal.jinja", viewer, raised.status, **page)


async def _unavailable(request: Request, _: Exception) -> Response:
    seconds = retry_seconds()
    if is_for_machines(request):
        return _answer(
            request,
            Problem(
                503,
                "unavailable",
                "The hub cannot take this at the moment",
                "Kafka did not confirm the write, so nothing is promised.",
                remedy=f"Send the same again, with the same id, in {seconds} seconds.",
                retry_after_seconds=seconds,
            ),
        )
    said = Refusal(
        503,
        "The hub cannot record this at the moment",
        "Nothing is confirmed. Go back and try again in a few seconds.",
    )
    answer = await _refusal(request, said)
    answer.headers["Retry-After"] = str(seconds)
    return answer


async def _no_database(request: Request, raised: Exception) -> Response:
    """The database is away or locked too long: said in words, and in the log as an error."""
    log().error("the database could not be used", reason=type(raised).__name__)
    seconds = retry_seconds()
    if is_for_machines(request):
        return _answer(
            request,
            Problem(
                503,
                "unavailable",
                "The hub cannot answer this at the moment",
                "The database could not be used; what was sent may or may not have been taken.",
                remedy=f"Send the same again, with the same id, in {seconds} seconds.",
                retry_after_seconds=seconds,
            ),
        )
    # Who is signed in stands in the database too, so the page is that of a stranger.
    page = {"title": "The hub cannot answer at the moment", "remedy": "Try again in a few seconds."}
    return desk_of(request).page("refusal.jinja", None, 503, **page)


async def _invalid(request: Request, raised: Exception) -> Response:
    """The first field at fault, without the value that was sent."""
    assert isinstance(raised, RequestValidationError), "registered for it"
    first = raised.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part != "body")
    return _answer(
        request,
        Problem(
            422,
            "schema_violation",
            "The content does not fit",
            str(first["msg"]),
            field=place,
            remedy="See /openapi.json for the fields and their form.",
        ),
    )


async def _other(request: Request, raised: Exception) -> Response:
    assert isinstance(raised, HTTPException), "registered for it"
    if not is_for_machines(request):
        said = Refusal(raised.status_code, "There is no such page", "Start from the home page.")
        return await _refusal(request, said)
    return _answer(
        request,
        Problem(
            raised.status_code,
            FAULTS_OF_ADDRESS.get(raised.status_code, "not_possible"),
            "The hub has nothing for this request",
            str(raised.detail),
            remedy="See /openapi.json for what there is.",
            headers=raised.headers,
        ),
    )
