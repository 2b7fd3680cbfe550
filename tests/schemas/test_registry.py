"""The registry's read side, asked by Confluent's own client over a real connection."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
import uvicorn
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext
from fastapi import FastAPI

from hub.edges import avro
from hub.edges.schemas import default_schemas
from hub.web.registry import registry_router
from tests.patience import PATIENCE_SECONDS
from tests.schemas.examples import REPLACEMENT

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SUBJECT = "perinatal.pregnancy-perinatal.PregnancyDated"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The registry under the gateway's prefix, on a port of its own."""
    app = FastAPI()
    app.include_router(registry_router(default_schemas()), prefix="/registry")
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/registry"
    server.should_exit = True
    thread.join(PATIENCE_SECONDS)


@pytest.fixture
def client(url: str) -> Iterator[SchemaRegistryClient]:
    """Confluent's client, as a hospital's integration team would make it."""
    with SchemaRegistryClient({"url": url}) as client:
        yield client


def test_confluents_deserializer_reads_our_event(client: SchemaRegistryClient) -> None:
    """A subscriber with ordinary tools needs nothing from us but the address."""
    written = avro.encode_event(avro.event_from_json(REPLACEMENT, NOW))
    context = SerializationContext("perinatal.pregnancy", MessageField.VALUE)

    read = AvroDeserializer(client)(written, context)

    assert read["envelope"]["id"] == "right-1"
    assert read["edd"].isoformat() == "2026-10-20"


def test_we_read_what_confluents_serializer_writes(client: SchemaRegistryClient) -> None:
    """A publisher with ordinary tools: look-up by schema, our number in the header."""
    written = avro.encode_event(avro.event_from_json(REPLACEMENT, NOW))
    context = SerializationContext("perinatal.pregnancy", MessageField.VALUE)
    value = AvroDeserializer(client)(written, context)
    schema = client.get_latest_version(SUBJECT).schema
    settings = {
        "auto.register.schemas": False,
        "subject.name.strategy": lambda context, name: f"{context.topic}-{name}",
    }

    theirs = AvroSerializer(client, schema.schema_str, conf=settings)(value, context)

    assert written == theirs


def test_the_client_finds_subjects_versions_and_settings(client: SchemaRegistryClient) -> None:
    """Everything the client can read."""
    assert list(default_schemas().subjects()) == client.get_subjects()
    assert [1] == client.get_versions(SUBJECT)
    assert 1004 == client.get_version(SUBJECT, 1).schema_id
    assert "FULL_TRANSITIVE" == client.get_config().compatibility_level
    assert "perinatal.PregnancyDated" == _name(client.get_schema(1004, subject_name="whatever"))


def test_a_schema_is_found_by_its_meaning(client: SchemaRegistryClient) -> None:
    """Reformatted and without its words it is the same schema; with a field more it is not."""
    avsc = default_schemas().avsc("pregnancy.dated")
    bare = json.dumps({key: value for key, value in avsc.items() if key != "doc"}, indent=3)
    more = {**avsc, "fields": [*avsc["fields"], {"name": "x", "type": "int"}]}

    assert 1004 == client.lookup_schema(SUBJECT, Schema(bare, "AVRO")).schema_id
    with pytest.raises(SchemaRegistryError) as caught:
        client.lookup_schema(SUBJECT, Schema(json.dumps(more), "AVRO"))
    assert (404, 40403) == (caught.value.http_status_code, caught.value.error_code)


def test_nothing_can_be_registered(client: SchemaRegistryClient) -> None:
    """A serializer left at its defaults is told what to set."""
    with pytest.raises(SchemaRegistryError, match=r"auto\.register\.schemas") as caught:
        client.register_schema(SUBJECT, Schema('"string"', "AVRO"))

    assert 422 == caught.value.http_status_code


def test_a_correction_is_at_home_in_every_public_family(client: SchemaRegistryClient) -> None:
    """It travels on the topic of the event it speaks of, under one number."""
    found = [one for one in client.get_subjects() if one.endswith("-perinatal.EventCorrected")]

    families = {one.removesuffix("-perinatal.EventCorrected") for one in found}
    assert {"perinatal.pregnancy", "perinatal.conference", "perinatal.loss"} <= families
    assert "hub.receipts" not in families
    assert {1019} == {client.get_latest_version(one).schema_id for one in found}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/schemas/types", ["AVRO"]),
        ("/schemas/ids/1004/versions", [{"subject": SUBJECT, "version": 1}]),
        ("/schemas/ids/1004/subjects", [SUBJECT]),
        ("/subjects?subjectPrefix=:*:hub.dec", ["hub.decisions-value"]),
        (f"/subjects/{SUBJECT}/versions", [1]),
        ("/config", {"compatibilityLevel": "FULL_TRANSITIVE"}),
        (f"/config/{SUBJECT}?defaultToGlobal=true", {"compatibilityLevel": "FULL_TRANSITIVE"}),
        ("/mode", {"mode": "READONLY"}),
    ],
)
def test_plain_answers(url: str, path: str, expected: object) -> None:
    """The answers of the read side that hold no schema."""
    answer = httpx.get(url + path)

    assert expected == answer.json()
    assert "application/vnd.schemaregistry.v1+json" == answer.headers["content-type"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/schemas/ids/7", 404, 40403),
        ("/schemas/ids/x", 404, 40403),
        ("/schemas/ids/7/versions", 404, 40403),
        ("/subjects/nothing/versions", 404, 40401),
        ("/subjects/nothing/versions/1", 404, 40401),
        (f"/subjects/{SUBJECT}/versions/9", 404, 40402),
        (f"/subjects/{SUBJECT}/versions/x", 422, 42202),
    ],
)
def test_faults_have_the_registrys_form(url: str, path: str, status: int, code: int) -> None:
    """Clients tell faults apart by these numbers."""
    answer = httpx.get(url + path)

    assert (status, code) == (answer.status_code, answer.json()["error_code"])
    assert {"error_code", "message"} == set(answer.json())


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b'{"schema": 7}', b'{"schema": "{"}', b"\xff", b"x" * 300_000]
)
def test_a_lookup_that_holds_no_schema_is_refused(url: str, body: bytes) -> None:
    """Neither rubbish nor size brings the registry down."""
    answer = httpx.post(f"{url}/subjects/{SUBJECT}", content=body)

    assert (422, 42201) == (answer.status_code, answer.json()["error_code"])


def _name(schema: Schema) -> str:
    avsc = json.loads(schema.schema_str or "{}")
    return f"{avsc['namespace']}.{avsc['name']}"
