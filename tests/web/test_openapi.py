"""Every answer of the API is one that its OpenAPI describes, whatever is sent."""

import os
import socket
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi import checks
from starlette.testclient import TestClient

from hub.ops.clock import HeldClock
from hub.ops.settings import Settings
from hub.store.engine import make_engine, migrate_engine, writing
from hub.web.app import make_app
from hub.web.openapi_parts import OPERATIONS
from tests.effort import cases
from tests.web import scene
from tests.web.conftest import Recording, key

EXAMPLES = int(os.environ.get("CASES", cases(30)))
"""Of what fits the description of an address, and of what does not; `CASES=2000` for a night."""

ANSWER_SECONDS = 60
"""A machine that runs much else at once may keep a test's database waiting longer than usual."""

CHECKS: list[CheckFunction] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.negative_data_rejection,
    checks.allow_header_conformance,
]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    """The real gateway with its scene, and what it says of itself."""
    folder = tmp_path_factory.mktemp("openapi")
    broker = socket.create_server(("127.0.0.1", 0))
    engine = make_engine(f"sqlite:///{folder / 'hub.db'}")
    migrate_engine(engine)
    with writing(engine) as conn:
        scene.play(conn)
    clock = HeldClock(folder / "clock")
    clock.move(scene.NOW)
    app = make_app(
        Settings(
            data_dir=folder,
            secret_key="s" * 32,
            demo_logins=True,
            kafka=f"127.0.0.1:{broker.getsockname()[1]}",
        ),
        publisher=Recording(),
        engine=engine,
        directory=scene.directory(),
        clock=clock,
    )
    with TestClient(app, base_url="http://127.0.0.1:8080"):
        # Built before it is asked for: the loader waits ten seconds, whoever else is at work.
        app.openapi()
        yield schemathesis.openapi.from_asgi("/openapi.json", app)
    engine.dispose()
    broker.close()


def test_every_address_is_held_to_its_description(described: schemathesis.BaseSchema) -> None:
    """The list below is that of the document; a new address comes into it by itself or fails."""
    found = {(each.ok().path, each.ok().method) for each in described.get_all_operations()}
    assert set(OPERATIONS) == found


def can_go_wrong(path: str, method: str) -> bool:
    """Whether an address takes anything that could be other than described."""
    return method == "post" or "{" in path


@pytest.mark.parametrize(
    ("path", "method", "mode"),
    [
        pytest.param(path, method, mode, id=f"{method} {path} {mode.value}")
        for path, method in OPERATIONS
        for mode in GenerationMode
        if mode is GenerationMode.POSITIVE or can_go_wrong(path, method)
    ],
)
def test_every_answer_is_as_described(
    described: schemathesis.BaseSchema, path: str, method: str, mode: GenerationMode
) -> None:
    """No 5xx; status, content type, headers and body are as the OpenAPI says."""
    operation = described[path][method.upper()]
    statuses: set[int] = set()
    cases = operation.as_strategy(generation_mode=mode)

    @given(data=st.data())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def holds(data: st.DataObject) -> None:
        case: Case = data.draw(cases)
        if (path, mode) == ("/events", GenerationMode.POSITIVE):
            in_time(case)
        answer = case.call(headers=key("RXX"), timeout=ANSWER_SECONDS)
        statuses.add(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    holds()
    if (path, mode) == ("/events", GenerationMode.POSITIVE):
        assert {202, 403} <= statuses, "the fuzzing gets through the door as well"


def in_time(case: Case) -> None:
    """Every other event comes from the key's organisation and from before now."""
    if isinstance(case.body, dict) and len(str(case.body.get("id"))) % 2:
        case.body["source"] = "RXX:TEST"
        case.body["time"] = "2026-03-24T16:30:00Z"


@pytest.mark.parametrize(
    ("path", "name", "there"),
    [
        ("/notices/{notice_id}", "notice_id", "n-gp"),
        ("/events/{event_id}/coverage", "event_id", "booked-1"),
    ],
)
def test_what_is_there_is_as_described(
    described: schemathesis.BaseSchema, path: str, name: str, there: str
) -> None:
    """Invented ids are never there; these are."""
    ods = {"n-gp": "Y00001", "booked-1": "RXX"}[there]
    case = described[path]["GET"].Case(path_parameters={name: there})
    answer = case.call(headers=key(ods))
    assert 200 == answer.status_code
    case.validate_response(answer, checks=CHECKS)


def test_cover_that_is_arranged_is_as_described(described: schemathesis.BaseSchema) -> None:
    """The organisation of the fuzzing has no staff; this one has."""
    asked = {"person": "hv-1", "since": "2026-03-26T00:00:00Z", "until": "2026-03-27T00:00:00Z"}
    rota = "person,first_day,last_day\nhv-1,2026-04-01,2026-04-02\nzoe,2026-04-01,2026-04-02\n"
    arrange = described["/absences"]["POST"]
    cases = [
        (201, arrange.Case(body=asked, media_type="application/json")),
        (200, arrange.Case(body=asked, media_type="application/json")),
        (200, described["/absences"]["GET"].Case()),
        (200, described["/absences/rota"]["POST"].Case(body=rota, media_type="text/csv")),
    ]
    for status, case in cases:
        answer = case.call(headers=key("RYX"))
        assert status == answer.status_code
        case.validate_response(answer, checks=CHECKS)
    made = answer_id(described)
    case = described["/absences/{absence_id}/end"]["POST"].Case(
        path_parameters={"absence_id": made}
    )
    answer = case.call(headers=key("RYX"))
    assert 200 == answer.status_code
    case.validate_response(answer, checks=CHECKS)


def answer_id(described: schemathesis.BaseSchema) -> str:
    """The absence that is listed."""
    (found,) = described["/absences"]["GET"].Case().call(headers=key("RYX")).json()["absences"]
    return str(found["absence_id"])
