"""A sandbox says what is wrong, or who would be told by when, and nothing comes of it."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from starlette.testclient import TestClient

from hub.edges.avro import event_from_json
from hub.edges.directory import directory_from
from hub.edges.schemas import default_schemas
from hub.ops import metrics
from hub.ops.settings import Settings
from hub.policy.loader import load_policy
from hub.roles.sandbox import Foretelling, foretell
from hub.web.app import make_app
from hub.web.openapi_parts import BOOKING
from tests.house.tree import ROOT
from tests.web import scene
from tests.web.conftest import Gateway, Recording, key
from tests.web.test_api import EVENT, without
from tests.web.test_csv import BAD, GOOD, file

SANDBOX = {"Authorization": "Bearer demo-sandbox-RXX"}
ASKED = {**key("RXX"), "Hub-Sandbox": "true"}
EXAMPLES = ROOT / "docs" / "publish" / "examples"


def everything(engine: Engine) -> dict[str, list[Any]]:
    """Every row of every table."""
    tables = sa.MetaData()
    tables.reflect(engine)
    with engine.connect() as conn:
        return {
            name: sorted(map(repr, conn.execute(sa.select(table))))
            for name, table in tables.tables.items()
        }


def nothing_came_of(gateway: Gateway, before: dict[str, list[Any]]) -> None:
    """Neither on Kafka, nor in quarantine, nor in the database."""
    publisher = gateway.publisher
    assert ([], [], []) == (publisher.events, publisher.inputs, publisher.kept)
    assert before == everything(gateway.engine)


@pytest.mark.parametrize("headers", [SANDBOX, ASKED], ids=["key", "header"])
def test_who_would_be_told_by_when(gateway: Gateway, headers: dict[str, str]) -> None:
    """With the reason; and nothing came of it, not even that it was there."""
    client = gateway.browse()
    before = everything(gateway.engine)
    counted = repr(list(metrics.EVENTS_IN.collect()))
    event = {**BOOKING, "data": {**BOOKING["data"], "gp_ods": "Y00001"}}
    answer = client.post("/events", json=event, headers=headers)
    said = answer.json()
    assert (200, True, "perinatal.pregnancy") == (
        answer.status_code,
        said["sandbox"],
        said["topic"],
    )
    told = {each["role"]: each for each in said["would"]["told"]}
    practice = told["GP_PRACTICE"]
    assert ("Y00001", "GP practice") == (practice["organisation"], practice["role_in_words"])
    assert ["opened", "accepted"] == [each["level"] for each in practice["owed"]]
    assert all(datetime.fromisoformat(each["by"]).tzinfo for each in practice["owed"])
    assert practice["because"]
    assert practice["authority"]
    assert said["would"]["follows"]
    assert counted == repr(list(metrics.EVENTS_IN.collect()))
    nothing_came_of(gateway, before)


def test_the_same_event_can_be_sent_in_earnest_afterwards(gateway: Gateway) -> None:
    """The sandbox has not used its id up."""
    client = gateway.browse()
    assert 200 == client.post("/events", json=EVENT, headers=SANDBOX).status_code
    assert 202 == client.post("/events", json=EVENT, headers=key("RXX")).status_code
    assert 1 == len(gateway.publisher.events)


def test_what_is_wrong_is_said_and_not_kept(gateway: Gateway) -> None:
    """The same words as ever, and no quarantine id."""
    client = gateway.browse()
    before = everything(gateway.engine)
    answer = client.post("/events", json=without("edd"), headers=SANDBOX)
    said = answer.json()
    assert (422, "data.edd", None) == (answer.status_code, said["field"], said["quarantine_id"])
    nothing_came_of(gateway, before)


@pytest.mark.parametrize(
    ("path", "content_type", "name"),
    [
        ("/cloudevents", "application/cloudevents+json", "cloudevent-pregnancy-booked.json"),
        ("/fhir", "application/fhir+json", "fhir-appointment-missed.json"),
        ("/fhir", "application/fhir+xml", "itk3-discharge.xml"),
        ("/fhir/$process-message", "application/fhir+json", "fhir-flag-unborn-plan.json"),
    ],
)
def test_every_door_has_its_sandbox(
    gateway: Gateway, path: str, content_type: str, name: str
) -> None:
    """Each in its own language."""
    client = gateway.browse()
    gateway.clock.move(datetime(2026, 12, 1, tzinfo=UTC))
    before = everything(gateway.engine)
    headers = {**SANDBOX, "Content-Type": content_type}
    answer = client.post(path, content=(EXAMPLES / name).read_bytes(), headers=headers)
    assert 200 == answer.status_code, answer.text
    assert "told" in answer.text.lower()
    nothing_came_of(gateway, before)


def test_a_file_has_its_sandbox(gateway: Gateway) -> None:
    """Each row is said to be right or wrong; none is taken, none is kept."""
    client = gateway.browse()
    before = everything(gateway.engine)
    headers = {**SANDBOX, "Content-Type": "text/csv"}
    answer = client.post(
        "/events/csv", params={"type": "contact.missed"}, content=file(GOOD, BAD), headers=headers
    )
    said = answer.json()
    assert (True, 1, 1) == (said["sandbox"], said["accepted"], said["refused"])
    right, wrong = said["answers"]
    assert right["would"]["told"]
    assert right["receipt"] is None
    assert ("subject.nhs_number", None) == (wrong["field"], wrong["quarantine_id"])
    nothing_came_of(gateway, before)


def test_a_slip_of_the_pen_publishes_nothing(gateway: Gateway) -> None:
    """A header that is neither yes nor no is refused."""
    headers = {**key("RXX"), "Hub-Sandbox": "ture"}
    answer = gateway.browse().post("/events", json=EVENT, headers=headers)
    assert (400, "Hub-Sandbox") == (answer.status_code, answer.json()["field"])
    assert [] == gateway.publisher.events


@pytest.mark.parametrize("path", ["/notices/n-gp", "/events/booked-1/coverage"])
def test_a_sandbox_key_reads_nothing_of_anybody(gateway: Gateway, path: str) -> None:
    """It may be in the hands of a supplier who tries something out."""
    ods = "Y00001" if "notices" in path else "RXX"
    sandbox = {"Authorization": f"Bearer demo-sandbox-{ods}"}
    answer = gateway.browse().get(path, headers=sandbox)
    assert (403, "no_sandbox_here") == (answer.status_code, answer.json()["reason"])


def test_what_the_hub_knows_of_her_does_not_show() -> None:
    """A registration of her number changes nothing in the answer."""
    tables: dict[str, Any] = {
        "organisation": [
            {"ods": "RXX", "name": "Invented Trust", "kind": "maternity"},
            {"ods": "Y00001", "name": "Invented Surgery", "kind": "practice"},
        ]
    }
    since = datetime(2020, 1, 1, tzinfo=UTC)
    known = {"nhs_number": scene.NHS_NUMBER, "practice": "Y00001", "since": since}
    event = event_from_json(EVENT, scene.NOW)
    without_her, with_her = (
        foretell(event, scene.NOW, load_policy(), default_schemas(), directory_from(each))
        for each in (tables, {**tables, "registration": [known]})
    )
    assert without_her == with_her


def test_a_sandbox_key_of_the_directory_and_the_real_foretelling(
    tmp_path: Path, engine: Engine
) -> None:
    """As the role composes it: the key is marked in the directory's file."""
    hashed = sha256(b"try me").hexdigest()
    text = (
        '[[organisation]]\nods = "RXX"\nname = "Invented Trust"\nkind = "maternity"\n'
        f'[[publisher]]\nods = "RXX"\nkey_sha256 = "{hashed}"\nsandbox = true\n'
    )
    (tmp_path / "directory.toml").write_text(text, encoding="utf-8")
    settings = Settings(
        data_dir=tmp_path, directory=tmp_path / "directory.toml", secret_key="s" * 32
    )
    publisher = Recording()
    app = make_app(settings, publisher=publisher, engine=engine, foretell=Foretelling(settings))
    with TestClient(app, base_url="http://127.0.0.1:8080") as client:
        headers = {"Authorization": "Bearer try me"}
        event = {**BOOKING, "time": "2026-03-24T10:30:00Z"}
        answer = client.post("/events", json=event, headers=headers)
    assert 200 == answer.status_code
    assert answer.json()["would"]["told"] or answer.json()["would"]["follows"]
    assert [] == publisher.events
