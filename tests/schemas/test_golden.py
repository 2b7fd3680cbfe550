"""Golden bytes: what was written once is readable for ever, and means the same."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.edges import avro
from hub.edges.access import access_codec
from hub.edges.links import link_codec
from hub.edges.schemas import Released, default_schemas
from tests.schemas.regenerate import GOLDEN, golden_name, read_plainly, readable, write_plainly

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SCHEMAS = default_schemas()
RELEASED = sorted(
    {one.id: one for held in SCHEMAS.subjects().values() for one in held}.values(),
    key=lambda one: one.id,
)
INNER: dict[str, tuple[Any, Any]] = {
    "hub.input": (avro.decode_input, avro.encode_input),
    "hub.decision": (avro.decode_decision, avro.encode_decision),
    "hub.notice": (avro.decode_notice, avro.encode_notice),
    "hub.quarantine": (avro.decode_quarantine, avro.encode_quarantine),
    "hub.link": (link_codec(SCHEMAS).decode, link_codec(SCHEMAS).encode),
    "hub.access": (access_codec(SCHEMAS).decode, access_codec(SCHEMAS).encode),
}
EVERY_VERSION = pytest.mark.parametrize("one", RELEASED, ids=golden_name)


def _golden(one: Released) -> tuple[list[bytes], Any]:
    path = GOLDEN / f"{golden_name(one)}.hex"
    written = [bytes.fromhex(line) for line in path.read_text(encoding="ascii").split()]
    return written, json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


@EVERY_VERSION
def test_golden_bytes_still_mean_what_they_meant(one: Released) -> None:
    """A full and a sparse record of every released version, beside the values they stand for."""
    written, values = _golden(one)

    assert len(written) == 2
    assert values == [readable(read_plainly(one, each)) for each in written]


@EVERY_VERSION
def test_golden_bytes_are_written_again_identically(one: Released) -> None:
    """Reading and writing lose nothing: inner records through the codec, events by fastavro."""
    written, _ = _golden(one)
    for each in written:
        if one.event:
            assert each == write_plainly(one, read_plainly(one, each))
        elif one is SCHEMAS.current(one.stem):
            decode, encode = INNER[one.stem]
            assert each == encode(decode(each))


@EVERY_VERSION
def test_the_codec_reads_golden_bytes_of_every_version(one: Released) -> None:
    """The newest code reads the oldest bytes, with the newest schema's fields all present."""
    written, values = _golden(one)
    for each, value in zip(written, values, strict=True):
        if one.event:
            event = avro.decode_event(each, NOW)
            fields = {field["name"] for field in SCHEMAS.avsc(one.stem)["fields"]}
            assert fields - {"envelope"} == set(event.body)
            assert value["envelope"]["id"] == event.id
        else:
            decode, _ = INNER[one.stem]
            assert decode(each) is not None


@pytest.mark.parametrize(
    "one", [it for it in RELEASED if it.event and it is SCHEMAS.current(it.stem)], ids=golden_name
)
def test_a_full_golden_event_keeps_all_but_what_the_core_has_no_place_for(one: Released) -> None:
    """Only the name of the schema and the code of the lawful basis are not written again."""
    written, values = _golden(one)
    envelope = values[0]["envelope"]

    event = avro.decode_event(written[0], NOW)

    assert {"dataschema", "basis"} == {
        name
        for name, value in envelope.items()
        if value != readable(read_plainly(one, avro.encode_event(event)))["envelope"][name]
    }
