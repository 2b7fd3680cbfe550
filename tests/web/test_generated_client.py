"""A client that a third-party generator makes of the OpenAPI publishes a booking."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Thread
from time import monotonic, sleep
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from hub.edges import avro
from hub.ops.clock import RealClock
from hub.ops.kafka_embedded import EmbeddedKafka
from hub.ops.settings import Settings
from hub.ops.topics import create_topics
from hub.store.engine import migrate
from hub.web.app import make_app
from hub.web.openapi_parts import BOOKING
from tests.house.tree import ROOT
from tests.patience import PATIENCE_SECONDS
from tests.topics import all_values
from tests.web.test_gateway_stack import DIRECTORY, PREGNANCY

pytestmark = pytest.mark.stack

TOOLS = ROOT / ".client-venv"
SCRIPT = ROOT / "tests" / "web" / "booking_by_client.py"


@pytest.fixture(scope="module")
def python() -> Path:
    """The interpreter that has the generator, made on first use."""
    made = ["make", "--silent", f"{TOOLS.name}/.setup"]
    subprocess.run(made, cwd=ROOT, check=True, capture_output=True, timeout=300)
    return TOOLS / "bin" / "python"


@contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The gateway on a free port of its own."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    deadline = monotonic() + PATIENCE_SECONDS
    while not server.started:
        assert monotonic() < deadline, "the gateway listens soon"
        sleep(0.05)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE_SECONDS)


def generate(python: Path, app: FastAPI, folder: Path) -> str:
    """The generated package, and what the generator said."""
    described = folder / "openapi.json"
    described.write_text(json.dumps(app.openapi()), encoding="utf-8")
    command = [
        str(python.with_name("openapi-python-client")),
        *("generate", "--path", str(described), "--meta", "none"),
        *("--output-path", str(folder / "hub_client")),
    ]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    return done.stdout + done.stderr


def publish(python: Path, folder: Path, address: str, booking: dict[str, Any]) -> dict[str, Any]:
    """What the client made of the answer."""
    file = folder / f"{booking['id']}.json"
    file.write_text(json.dumps(booking), encoding="utf-8")
    command = [str(python), str(SCRIPT), address, "demo-RXX", str(file)]
    path = {"PYTHONPATH": str(folder)}
    done = subprocess.run(
        command, check=False, env=path, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    assert 0 == done.returncode, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_a_generated_client_publishes_a_booking(
    own_kafka: EmbeddedKafka, tmp_path: Path, python: Path
) -> None:
    """It is on its topic; and a refusal reaches the client as a problem with its remedy."""
    (tmp_path / "directory.toml").write_text(DIRECTORY, encoding="utf-8")
    settings = Settings(
        kafka=own_kafka.bootstrap,
        data_dir=tmp_path,
        directory=tmp_path / "directory.toml",
        secret_key="of the test",
        demo_logins=True,
    )
    asyncio.run(create_topics(own_kafka.bootstrap, settings))
    migrate(settings.real_database_url())
    app = make_app(settings)
    said = generate(python, app, tmp_path)
    assert "Failure to process schema" not in said, "every event type has its class"
    now = RealClock().now()
    due = (now + timedelta(days=180)).date().isoformat()
    booking = {
        **BOOKING,
        "time": now.isoformat(),
        "data": {**BOOKING["data"], "edd": due, "booked_on": now.date().isoformat()},
    }
    with listening(app) as address:
        taken = publish(python, tmp_path, address, booking)
        assert ("EventAccepted", BOOKING["id"]) == (taken["kind"], taken["id"])
        wrong = {
            **booking,
            "id": "wrong",
            "subject": {**BOOKING["subject"], "nhs_number": "9990000019"},
        }
        refused = publish(python, tmp_path, address, wrong)
        assert ("Problem", "subject.nhs_number") == (refused["kind"], refused["field"])
        assert refused["remedy"]
    values = asyncio.run(all_values(own_kafka.bootstrap, PREGNANCY))
    assert [BOOKING["id"]] == [avro.decode_event(value, now).id for value in values]
